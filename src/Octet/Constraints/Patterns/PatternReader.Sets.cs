using System.Globalization;

namespace Octet.Constraints.Patterns;

/// <summary>Classes and escapes: what stands for one character.</summary>
sealed partial class PatternReader
{
    CharacterSet Class()
    {
        int start = _at++;
        bool isNegated = Take("^");
        CharacterSet set = CharacterSet.Empty;
        while (!IsAtEnd && _text[_at] != ']')
        {
            int from = _at;
            if (_text[_at] == '[' && from > start + 1 && _text[from - 1] == '-')
            {
                throw Unsupported(from, "differences of classes");
            }

            if (string.CompareOrdinal(_text, _at, "[:", 0, 2) == 0)
            {
                throw Unsupported(from, "POSIX classes");
            }

            CharacterSet first = ClassItem(out int low);
            if (low >= 0 && !IsAtEnd && _text[_at] == '-' && _at + 1 < _text.Length && _text[_at + 1] is not (']' or '['))
            {
                _at++;
                ClassItem(out int high);
                if (high < low)
                {
                    throw Broken(from, high < 0 ? "a range that ends with a class" : "a range whose end is before its beginning");
                }

                first = CharacterSet.Of((low, high));
            }

            set = set.Union(first);
        }

        if (!Take("]"))
        {
            throw Broken(start, "a class that does not end");
        }

        set = isNegated ? set.Negate() : set;
        return set.IsEmpty ? throw Broken(start, "a class without a character") : set;
    }

    /// <summary>A character, or an escape that stands for several; of a single one its value, else -1.</summary>
    CharacterSet ClassItem(out int character)
    {
        CharacterSet set;
        if (_text[_at] != '\\')
        {
            set = CharacterSet.Of(Character());
        }
        else if (string.CompareOrdinal(_text, _at, "\\b", 0, 2) == 0)
        {
            _at += 2;
            set = CharacterSet.Of('\b');
        }
        else
        {
            set = EscapedSet();
        }

        character = set.Ranges is [var (first, last)] && first == last ? first : -1;
        return set;
    }

    CharacterSet EscapedSet()
    {
        int start = _at++;
        if (IsAtEnd)
        {
            throw Broken(start, "a backslash at the end");
        }

        char letter = _text[_at++];
        switch (letter)
        {
            case 'd':
                return PatternSets.Digit;
            case 'D':
                return PatternSets.Digit.Negate();
            case 'w':
                return PatternSets.Word;
            case 'W':
                return PatternSets.Word.Negate();
            case 's':
                return PatternSets.Space;
            case 'S':
                return PatternSets.Space.Negate();
            case 'p' or 'P':
                int end = _text.IndexOf('}', _at);
                string name = Take("{") && end >= 0 ? _text[_at..end] : throw Broken(start, "a property without a name in braces");
                _at = end + 1;
                CharacterSet set = PatternSets.Category(name) ?? throw Problem(
                    ConstraintError.Unsupported, start, $"the property '{OneLine.Of(name)}' is not supported; expected a general category such as L, Lu, N or Nd");
                return letter == 'p' ? set : set.Negate();
            case 't':
                return CharacterSet.Of('\t');
            case 'n':
                return CharacterSet.Of('\n');
            case 'r':
                return CharacterSet.Of('\r');
            case 'f':
                return CharacterSet.Of('\f');
            case 'v':
                return CharacterSet.Of('\v');
            case 'a':
                return CharacterSet.Of('\a');
            case 'e':
                return CharacterSet.Of(0x1B);
            case '0' when IsAtEnd || !char.IsAsciiDigit(_text[_at]):
                return CharacterSet.Of(0);
            case 'c' when !IsAtEnd && char.IsAsciiLetter(_text[_at]):
                return CharacterSet.Of(_text[_at++] % 32);
            case 'x':
                return CharacterSet.Of(Hexadecimal(start, 2));
            case 'u':
                return CharacterSet.Of(UnicodeEscape(start));
            default:
                if (char.IsAsciiLetterOrDigit(letter))
                {
                    throw Broken(start, $"\\{letter}, which means nothing,");
                }

                _at--;
                return CharacterSet.Of(Character());
        }
    }

    int UnicodeEscape(int start)
    {
        if (Take("{"))
        {
            int end = _text.IndexOf('}', _at);
            if (end < 0 || !int.TryParse(_text.AsSpan(_at, end - _at), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
                || value is < 0 or > CharacterSet.Last or (>= 0xD800 and <= 0xDFFF))
            {
                throw Broken(start, "\\u{ without the number of a character");
            }

            _at = end + 1;
            return value;
        }

        int unit = Hexadecimal(start, 4);
        if (char.IsHighSurrogate((char)unit) && Take("\\u"))
        {
            int low = Hexadecimal(start, 4);
            if (char.IsLowSurrogate((char)low))
            {
                return char.ConvertToUtf32((char)unit, (char)low);
            }
        }

        return char.IsSurrogate((char)unit) ? throw Broken(start, "half of a surrogate pair") : unit;
    }

    int Hexadecimal(int start, int digits)
    {
        if (_at + digits > _text.Length || !int.TryParse(_text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value))
        {
            throw Broken(start, $"an escape without {digits} hexadecimal digits");
        }

        _at += digits;
        return value;
    }
}
