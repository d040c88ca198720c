using System.Globalization;
using System.Text;

namespace Octet.Constraints.Patterns;

/// <summary>
/// Reads a regular expression in the usual syntax (ECMA-262, which JSON Schema names, and what .NET has in common with it). What is not regular,
/// looks around and references back, is refused by name, and so is what would need flags.
/// </summary>
sealed partial class PatternReader
{
    const int MostCharacters = 1 << 16;
    const int MostDepth = 200;
    const int MostRepetitions = 100_000;

    readonly string _text;
    readonly string _place;
    int _at;
    int _depth;

    PatternReader(string text, string place)
    {
        _text = text;
        _place = place;
    }

    /// <summary>Reads a pattern; its anchors are in the result and mean nothing yet (<see cref="PatternAnchors"/>).</summary>
    /// <param name="text">The pattern.</param>
    /// <param name="place">What errors name in front of the offset: a pointer into a schema; empty where the pattern is the whole.</param>
    /// <exception cref="ConstraintException">It is broken, or not supported.</exception>
    internal static Expression Read(string text, string place)
    {
        PatternReader reader = new(text, place);
        if (text.Length > MostCharacters)
        {
            throw reader.Problem(ConstraintError.TooLarge, 0, string.Create(CultureInfo.InvariantCulture, $"the pattern has {text.Length} characters; expected at most {MostCharacters}"));
        }

        Expression read = reader.Choice();
        return reader.IsAtEnd ? read : throw reader.Broken(reader._at, "a closing parenthesis that no group opens");
    }

    bool IsAtEnd => _at == _text.Length;

    Expression Choice()
    {
        if (++_depth > MostDepth)
        {
            throw Problem(ConstraintError.TooLarge, _at, string.Create(CultureInfo.InvariantCulture, $"groups in more than {MostDepth} others; expected fewer"));
        }

        List<Expression> branches = [];
        List<Expression> parts = [];
        for (; !IsAtEnd && _text[_at] != ')';)
        {
            if (Take("|"))
            {
                branches.Add(Expression.Sequence([.. parts]));
                parts.Clear();
            }
            else
            {
                parts.Add(Quantified(Atom()));
            }
        }

        branches.Add(Expression.Sequence([.. parts]));
        _depth--;
        return Expression.Choice(branches);
    }

    Expression Quantified(Expression part)
    {
        int start = _at;
        if (!TryQuantifier(out int least, out int? most))
        {
            return part;
        }

        if (part is AnchorExpression)
        {
            throw Broken(start, "a quantifier behind an anchor");
        }

        // The same texts, whether a quantifier takes many or few of them first.
        if (!Take("?") && Take("+"))
        {
            throw Unsupported(start, "possessive quantifiers");
        }

        int behind = _at;
        return TryQuantifier(out _, out _) ? throw Broken(behind, "a quantifier behind a quantifier") : new RepeatExpression(part, least, most);
    }

    /// <summary>False, and nothing read, where there is none; a brace that begins none is a character.</summary>
    bool TryQuantifier(out int least, out int? most)
    {
        (least, most) = (0, null);
        if (IsAtEnd)
        {
            return false;
        }

        int start = _at;
        switch (_text[_at++])
        {
            case '*':
                return true;
            case '+':
                least = 1;
                return true;
            case '?':
                most = 1;
                return true;
            case '{' when Number(start) is { } low:
                least = low;
                most = low;
                if (Take(","))
                {
                    most = Number(start);
                }

                if (Take("}"))
                {
                    return most is null || most >= least ? true : throw Broken(start, $"a repetition from {least} to {most}");
                }

                break;
        }

        _at = start;
        return false;
    }

    int? Number(int start)
    {
        int first = _at;
        int value = 0;
        for (; !IsAtEnd && char.IsAsciiDigit(_text[_at]); _at++)
        {
            value = value * 10 + _text[_at] - '0';
            if (value > MostRepetitions)
            {
                throw Problem(ConstraintError.TooLarge, start, string.Create(CultureInfo.InvariantCulture, $"a repetition of more than {MostRepetitions}; expected fewer"));
            }
        }

        return _at == first ? null : value;
    }

    Expression Atom()
    {
        int start = _at;
        switch (_text[_at])
        {
            case '(':
                return Group();
            case '[':
                return new SetExpression(Class());
            case '.':
                _at++;
                return new SetExpression(PatternSets.NoLineBreak);
            case '^' or '$':
                return new AnchorExpression(_text[_at++] == '^', start);
            case '*' or '+' or '?':
                throw Broken(start, $"the quantifier {_text[_at]} with nothing in front of it");
            case '\\':
                return Escape();
            case '{' when TryQuantifier(out _, out _):
                throw Broken(start, "a repetition with nothing in front of it");
            default:
                return new SetExpression(CharacterSet.Of(Character()));
        }
    }

    Expression Group()
    {
        int start = _at++;
        if (Take("?"))
        {
            if (Take("=") || Take("!") || Take("<=") || Take("<!"))
            {
                throw Unsupported(start, "looks around");
            }

            if (Take(">"))
            {
                throw Unsupported(start, "atomic groups");
            }

            if (Take("<") || Take("P<"))
            {
                int end = _text.IndexOf('>', _at);
                _at = end > _at ? end + 1 : throw Broken(start, "a group whose name does not end");
            }
            else if (!Take(":"))
            {
                throw Unsupported(start, "flags, comments and conditions in groups");
            }
        }

        Expression inner = Choice();
        return Take(")") ? inner : throw Broken(start, "a group that does not end");
    }

    Expression Escape()
    {
        int start = _at;
        if (start + 1 == _text.Length)
        {
            throw Broken(start, "a backslash at the end");
        }

        switch (_text[start + 1])
        {
            case 'A':
                _at += 2;
                return new AnchorExpression(true, start);
            case 'z' or 'Z':
                _at += 2;
                return new AnchorExpression(false, start);
            case 'b' or 'B':
                throw Unsupported(start, "word boundaries");
            case 'G' or 'K' or 'R' or 'X':
                throw Unsupported(start, $"\\{_text[start + 1]}");
            case 'k' or (>= '1' and <= '9'):
                throw Unsupported(start, "references back");
            default:
                return new SetExpression(EscapedSet());
        }
    }

    /// <summary>The character here, be it two of the text's.</summary>
    int Character()
    {
        if (Rune.TryGetRuneAt(_text, _at, out Rune rune))
        {
            _at += rune.Utf16SequenceLength;
            return rune.Value;
        }

        throw Broken(_at, "half of a surrogate pair");
    }

    bool Take(string text)
    {
        bool isHere = string.CompareOrdinal(_text, _at, text, 0, text.Length) == 0;
        _at += isHere ? text.Length : 0;
        return isHere;
    }

    ConstraintException Broken(int at, string found) => Problem(ConstraintError.Invalid, at, $"found {found}; expected a regular expression");

    ConstraintException Unsupported(int at, string what) => Problem(ConstraintError.Unsupported, at, $"{what} are not supported; expected what a finite automaton can follow");

    ConstraintException Problem(ConstraintError error, int at, string message)
        => new(error, string.Create(CultureInfo.InvariantCulture, $"{(_place.Length > 0 ? _place + ", " : "")}offset {at}"), message);
}
