using System.Globalization;
using System.Text;

namespace Octet.Constraints.Grammars;

/// <summary>
/// Reads GBNF as llama.cpp documents it (<c>grammars/README.md</c>): rules <c>name ::= …</c>, the text is what <c>root</c> allows; texts in quotes,
/// classes, <c>.</c>, groups, <c>|</c>, <c>* + ? {m,n}</c>, comments with <c>#</c>. A rule ends with its line, but not in a group nor behind <c>|</c>.
/// </summary>
sealed class GrammarReader
{
    const int MostCharacters = 1 << 20;
    const int MostDepth = 200;
    const int MostRepetitions = 100_000;

    readonly string _text;
    readonly Dictionary<string, Rule> _rules = new(StringComparer.Ordinal);
    readonly Dictionary<string, int> _used = new(StringComparer.Ordinal);
    readonly HashSet<string> _defined = new(StringComparer.Ordinal);
    int _at;
    int _depth;

    GrammarReader(string text) => _text = text;

    /// <exception cref="ConstraintException">The grammar is broken, or not supported.</exception>
    internal static Rule Read(string text)
    {
        GrammarReader reader = new(text);
        if (text.Length > MostCharacters)
        {
            throw Problem(ConstraintError.TooLarge, 0, $"the grammar has {text.Length} characters; expected at most {MostCharacters}");
        }

        reader.Skip(lines: true);
        while (!reader.IsAtEnd)
        {
            reader.Definition();
            reader.Skip(lines: true);
        }

        foreach ((string name, int at) in reader._used)
        {
            if (!reader._defined.Contains(name))
            {
                throw Problem(ConstraintError.Invalid, at, $"found the name '{name}', which no rule defines; expected one that does");
            }
        }

        return reader._defined.Contains("root") ? reader._rules["root"] : throw Problem(ConstraintError.Invalid, 0, "found no rule 'root'; expected one: it is the whole text");
    }

    bool IsAtEnd => _at == _text.Length;

    void Definition()
    {
        int start = _at;
        string name = Name() ?? throw Broken(start, "the name of a rule");
        Skip(lines: false);
        if (!Take("::="))
        {
            throw Broken(_at, "::=");
        }

        if (!_defined.Add(name))
        {
            throw Problem(ConstraintError.Invalid, start, $"found a second rule '{name}'; expected one with all its alternatives");
        }

        Skip(lines: true);
        RuleOf(name).Body = Alternatives(isInside: false);
        Skip(lines: false);
        if (!IsAtEnd && _text[_at] is not ('\n' or '\r'))
        {
            throw Broken(_at, "the end of the line");
        }
    }

    Expression Alternatives(bool isInside)
    {
        if (++_depth > MostDepth)
        {
            throw Problem(ConstraintError.TooLarge, _at, $"groups in more than {MostDepth} others; expected fewer");
        }

        List<Expression> branches = [Sequence(isInside)];
        while (Take("|"))
        {
            Skip(lines: true);
            branches.Add(Sequence(isInside));
        }

        _depth--;
        return Expression.Choice(branches);
    }

    Expression Sequence(bool isInside)
    {
        List<Expression> parts = [];
        while (Item() is { } item)
        {
            Skip(isInside);
            parts.Add(Quantified(item, isInside));
        }

        // A rule may go on in the next line where that begins with another alternative.
        int end = _at;
        Skip(lines: true);
        if (IsAtEnd || _text[_at] != '|')
        {
            _at = end;
        }

        return Expression.Sequence(parts);
    }

    Expression? Item()
    {
        int start = _at;
        switch (IsAtEnd ? '\0' : _text[_at])
        {
            case '"':
                return Quoted();
            case '[':
                return new SetExpression(Class());
            case '.':
                _at++;
                return new SetExpression(CharacterSet.All);
            case '<' or '!':
                throw Problem(ConstraintError.Unsupported, start, "tokens in a grammar are not supported; expected their text in quotes");
            case '(':
                _at++;
                Skip(lines: true);
                Expression group = Alternatives(isInside: true);
                Skip(lines: true);
                return Take(")") ? group : throw Broken(start, "a closing parenthesis for this one");
            default:
                if (Name() is not { } name)
                {
                    return null;
                }

                _used.TryAdd(name, start);
                return RuleOf(name);
        }
    }

    /// <summary>An item and the one quantifier that may stand behind it.</summary>
    Expression Quantified(Expression item, bool isInside)
    {
        int start = _at;
        int least = 0;
        int? most = null;
        switch (IsAtEnd ? '\0' : _text[_at])
        {
            case '*':
                break;
            case '+':
                least = 1;
                break;
            case '?':
                most = 1;
                break;
            case '{':
                _at++;
                least = Number() ?? throw Broken(_at, "a number");
                most = Take(",") ? Number() : least;
                if (IsAtEnd || _text[_at] != '}' || most < least)
                {
                    throw Broken(start, "{m}, {m,} or {m,n}");
                }

                break;
            default:
                return item;
        }

        _at++;
        Skip(isInside);
        return new RepeatExpression(item, least, most);
    }

    int? Number()
    {
        int first = _at;
        int value = 0;
        for (; !IsAtEnd && char.IsAsciiDigit(_text[_at]); _at++)
        {
            value = value * 10 + _text[_at] - '0';
            if (value > MostRepetitions)
            {
                throw Problem(ConstraintError.TooLarge, first, $"a repetition of more than {MostRepetitions}; expected fewer");
            }
        }

        return first == _at ? null : value;
    }

    Expression Quoted()
    {
        int start = _at++;
        StringBuilder text = new();
        while (!IsAtEnd && _text[_at] is not ('"' or '\n'))
        {
            text.Append(Character());
        }

        return Take("\"") ? Expression.Literal(text.ToString()) : throw Broken(start, "a closing quote for this one");
    }

    CharacterSet Class()
    {
        int start = _at++;
        bool isNegated = Take("^");
        List<(int, int)> ranges = [];
        while (!IsAtEnd && _text[_at] != ']')
        {
            int from = _at;
            int low = Character().Value;
            int high = low;
            if (_at + 1 < _text.Length && _text[_at] == '-' && _text[_at + 1] != ']')
            {
                _at++;
                high = Character().Value;
            }

            ranges.Add(high >= low ? (low, high) : throw Broken(from, "a range whose end is not before its beginning"));
        }

        if (!Take("]"))
        {
            throw Broken(start, "a closing bracket for this one");
        }

        CharacterSet set = CharacterSet.Of([.. ranges]);
        return isNegated ? set.Negate() : set;
    }

    Rune Character()
    {
        int start = _at;
        if (_text[_at] != '\\')
        {
            return Rune.TryGetRuneAt(_text, _at, out Rune rune) ? Passed(rune.Utf16SequenceLength, rune) : throw Broken(start, "whole characters");
        }

        char letter = _at + 1 < _text.Length ? _text[_at + 1] : '\0';
        return letter switch
        {
            'n' => Passed(2, new Rune('\n')),
            'r' => Passed(2, new Rune('\r')),
            't' => Passed(2, new Rune('\t')),
            '\\' or '"' or '[' or ']' or '-' or '^' => Passed(2, new Rune(letter)),
            'x' => Hexadecimal(2),
            'u' => Hexadecimal(4),
            'U' => Hexadecimal(8),
            _ => throw Broken(start, "an escape: \\n \\r \\t \\\\ \\\" \\[ \\] \\xNN \\uNNNN \\UNNNNNNNN"),
        };

        Rune Hexadecimal(int digits)
            => start + 2 + digits <= _text.Length
                && int.TryParse(_text.AsSpan(start + 2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) && Rune.IsValid(value)
                ? Passed(2 + digits, new Rune(value))
                : throw Broken(start, $"an escape with {digits} hexadecimal digits of a character");

        Rune Passed(int length, Rune rune)
        {
            _at += length;
            return rune;
        }
    }

    Rule RuleOf(string name)
    {
        if (!_rules.TryGetValue(name, out Rule? rule))
        {
            _rules.Add(name, rule = new Rule(name));
        }

        return rule;
    }

    string? Name()
    {
        int first = _at;
        while (!IsAtEnd && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '-' or '_'))
        {
            _at++;
        }

        return _at == first ? null : _text[first.._at];
    }

    /// <summary>Passes white space and comments, beyond the end of the line where that does not count.</summary>
    void Skip(bool lines)
    {
        while (!IsAtEnd && (_text[_at] is ' ' or '\t' or '#' || (lines && _text[_at] is '\n' or '\r')))
        {
            if (_text[_at] == '#')
            {
                int end = _text.IndexOf('\n', _at);
                _at = end < 0 ? _text.Length : end;
            }
            else
            {
                _at++;
            }
        }
    }

    bool Take(string text)
    {
        bool isHere = string.CompareOrdinal(_text, _at, text, 0, text.Length) == 0;
        _at += isHere ? text.Length : 0;
        return isHere;
    }

    ConstraintException Broken(int at, string expected)
        => Problem(ConstraintError.Invalid, at, $"found {(at < _text.Length ? $"'{OneLine.Of(_text[at..Math.Min(_text.Length, at + 20)])}'" : "the end")}; expected {expected}");

    static ConstraintException Problem(ConstraintError error, int at, string message) => new(error, string.Create(CultureInfo.InvariantCulture, $"offset {at}"), message);
}
