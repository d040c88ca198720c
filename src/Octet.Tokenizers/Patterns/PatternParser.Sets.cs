using System.Globalization;

namespace Octet.Tokenizers.Patterns;

/// <summary>Brackets, and the escapes that stand for characters.</summary>
partial class PatternParser
{
    const int LongestPosixName = 20;

    /// <summary>A class, behind its opening bracket.</summary>
    /// <param name="ignoreCase">Whether the variants of what it names belong to it. That is so for the whole class, not for classes within it.</param>
    ScalarSet Class(bool ignoreCase)
    {
        int start = _at - 1;
        Enter();
        bool isNegated = Take("^");
        ScalarSet? before = null;
        ScalarSet set = ScalarSet.Empty;
        List<(int First, int Last)> ranges = [];

        // A bracket that would close an empty class is a character, if another one can close it.
        bool isFirst = !AtEnd && _text[_at] == ']' && _text.IndexOf(']', _at + 1) >= 0;
        while (isFirst || !Take("]"))
        {
            if (AtEnd)
            {
                throw Problem("a class that does not end", null, start);
            }

            if (Take("&&"))
            {
                set = set.Union(ScalarSet.Union(ranges));
                before = before?.Intersect(set) ?? set;
                set = ScalarSet.Empty;
                ranges = [];
            }
            else if (Posix() is { } named)
            {
                set = set.Union(named);
                RefuseRange();
            }
            else if (Take("["))
            {
                set = set.Union(Class(ignoreCase: false));
                TakeHyphen(ranges);
            }
            else if (_text[_at] == '\\' && EscapedClass() is { } escaped)
            {
                set = set.Union(escaped);
                RefuseRange();
            }
            else
            {
                Range(ranges);
            }

            isFirst = false;
        }

        if (_at == start + (isNegated ? 3 : 2))
        {
            throw Problem("a class of nothing", null, start);
        }

        set = set.Union(ScalarSet.Union(ranges));
        set = before?.Intersect(set) ?? set;
        set = ignoreCase ? CaseVariants.Close(set) : set;
        _depth--;
        return isNegated ? set.Negate() : set;
    }

    ScalarSet? EscapedClass()
    {
        int start = _at++;
        if (AtEnd)
        {
            throw Problem("a backslash at the end", null, start);
        }

        ScalarSet? set = EscapedSet(isInBrackets: true);
        _at = set is null ? start : _at;
        return set;
    }

    /// <summary>A character, or two with a hyphen between them.</summary>
    void Range(List<(int First, int Last)> ranges)
    {
        int start = _at;
        int first = Member();
        if (!IsHyphen(out bool isRange))
        {
            ranges.Add((first, first));
            return;
        }

        _at++;
        if (!isRange)
        {
            ranges.Add((first, first));
            ranges.Add(('-', '-'));
            return;
        }

        if (_text[_at] == '[' || (_text[_at] == '\\' && EscapedClass() is not null))
        {
            throw Problem("a range that ends in a class", null, start);
        }

        int last = Member();
        ranges.Add(first <= last ? (first, last) : throw Problem("a range of nothing", "the smaller character first", start));
        TakeHyphen(ranges);
    }

    int Member()
    {
        if (_text[_at] != '\\')
        {
            return Scalar();
        }

        int start = _at++;
        return !AtEnd ? EscapedScalar(start, isInBrackets: true) : throw Problem("a backslash at the end", null, start);
    }

    /// <summary>Whether a hyphen comes, and whether something that it leads to comes behind it.</summary>
    bool IsHyphen(out bool isRange)
    {
        bool isHyphen = !AtEnd && _text[_at] == '-';
        isRange = isHyphen && _at + 1 < _text.Length && _text[_at + 1] != ']' && string.CompareOrdinal(_text, _at + 1, "&&", 0, 2) != 0;
        return isHyphen;
    }

    /// <summary>Behind a range or a class a hyphen is a character.</summary>
    void TakeHyphen(List<(int First, int Last)> ranges)
    {
        if (Take("-"))
        {
            ranges.Add(('-', '-'));
        }
    }

    void RefuseRange()
    {
        if (IsHyphen(out bool isRange) && isRange)
        {
            throw Problem("a range that begins with a class");
        }
    }

    /// <summary><c>[:name:]</c> or <c>[:^name:]</c>; null, and nothing read, where none begins.</summary>
    ScalarSet? Posix()
    {
        int start = _at;
        if (!Take("[:"))
        {
            return null;
        }

        bool isNegated = Take("^");
        int end = _text.IndexOf(":]", _at, Math.Min(LongestPosixName, _text.Length - _at), StringComparison.Ordinal);
        string name = end < 0 ? "" : _text[_at..end];
        if (name.Length == 0 || !name.All(char.IsAsciiLetter))
        {
            _at = start;
            return null;
        }

        ScalarSet set = UnicodeSets.Posix(name) ?? throw Problem($"the class {name}", "alnum, alpha, ascii, blank, cntrl, digit, graph, lower, print, punct, space, upper, xdigit or word", start);
        _at = end + 2;
        return isNegated ? set.Negate() : set;
    }

    /// <summary>What <c>\d</c>, <c>\p{...}</c> and so on stand for, from behind the backslash; null, and nothing read, where the escape is of another kind.</summary>
    ScalarSet? EscapedSet(bool isInBrackets)
    {
        char letter = _text[_at];
        ScalarSet? set = letter switch
        {
            'd' or 'D' => UnicodeSets.Digit,
            'h' or 'H' => UnicodeSets.HexDigit,
            's' or 'S' => UnicodeSets.Space,
            'w' or 'W' => isInBrackets ? UnicodeSets.Posix("word") : UnicodeSets.Word,
            'p' or 'P' => Property(),
            _ => null,
        };
        if (set is null)
        {
            return null;
        }

        _at++;
        return char.IsAsciiLetterUpper(letter) ? set.Negate() : set;
    }

    /// <summary>From the letter on; stops at the last character.</summary>
    ScalarSet Property()
    {
        int start = _at - 1;
        if (_at + 1 == _text.Length)
        {
            throw Problem("a property without a name", "\\p{...}", start);
        }

        ReadOnlySpan<char> name = _text.AsSpan(++_at, 1);
        bool isNegated = false;
        if (_text[_at] == '{')
        {
            isNegated = _at + 1 < _text.Length && _text[_at + 1] == '^';
            int first = _at + (isNegated ? 2 : 1);
            _at = _text.IndexOf('}', _at);
            if (_at < 0)
            {
                _at = start;
                throw Problem("a property whose name does not end", "\\p{...}", start);
            }

            name = _text.AsSpan(first, _at - first);
        }

        ScalarSet set = UnicodeSets.Property(name)
            ?? throw Problem($"the property {OneLine.Of(name.ToString())}", "a general category, a script or a property such as Alphabetic", start);
        return isNegated ? set.Negate() : set;
    }

    /// <summary>The character of an escape, from behind the backslash.</summary>
    int EscapedScalar(int start, bool isInBrackets = false)
    {
        char letter = _text[_at];
        switch (letter)
        {
            case 't':
                _at++;
                return '\t';
            case 'n':
                _at++;
                return '\n';
            case 'r':
                _at++;
                return '\r';
            case 'f':
                _at++;
                return '\f';
            case 'v':
                _at++;
                return '\v';
            case 'a':
                _at++;
                return '\a';
            case 'e':
                _at++;
                return '\e';
            case 'b' when isInBrackets:
                _at++;
                return '\b';
            case 'u':
                _at++;
                return Valid(Hex(4, 4), start);
            case 'x':
                _at++;
                return HexScalar(start);
            case >= '0' and <= '9':
                return letter == '0' && !(_at + 1 < _text.Length && char.IsAsciiDigit(_text[_at + 1]))
                    ? _text[_at++] - '0'
                    : throw Problem($"\\{letter}", "a code point as \\x{...}", start);
            case 'c' or 'C' or 'M' or 'o':
                throw Problem($"\\{letter}", "a code point as \\x{...}", start);
            default:
                return Scalar();
        }
    }

    int HexScalar(int start)
    {
        if (!Take("{"))
        {
            // A byte; those above are parts of characters.
            return Hex(1, 2) is { } value and < 0x80 ? value : throw Problem("\\x", "\\x{...}, or two digits up to 7F", start);
        }

        int? point = Hex(1, 8);
        return Take("}") ? Valid(point, start) : throw Problem("\\x{", "hexadecimal digits, then }", start);
    }

    int Valid(int? point, int start)
        => point is (>= 0 and < 0xD800) or (> 0xDFFF and <= ScalarSet.Last) ? point.Value : throw Problem("a code point that is none", "hexadecimal digits of a character", start);

    int? Hex(int least, int most)
    {
        int first = _at;
        while (_at < _text.Length && _at < first + most && char.IsAsciiHexDigit(_text[_at]))
        {
            _at++;
        }

        return _at - first >= least && int.TryParse(_text.AsSpan(first, _at - first), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out int value) ? value : null;
    }
}
