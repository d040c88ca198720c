using System.Buffers;
using System.Globalization;
using System.Text;

namespace Octet.Tokenizers.Patterns;

/// <summary>
/// Reads a pattern in the syntax of Oniguruma, which the Rust library reads <c>tokenizer.json</c> with (its ONIG_SYNTAX_ONIGURUMA):
/// <c>^</c> and <c>$</c> are of lines, <c>(?m)</c> lets the dot match line breaks, <c>(?i)</c> reaches over the alternatives behind it.
/// </summary>
sealed partial class PatternParser
{
    // Of groups, brackets and quantifiers on quantifiers in each other. What reads and compiles them calls itself so deep.
    const int MaxDepth = 200;

    // Published patterns have a few hundred characters.
    const int MaxLength = 1 << 16;

    // Oniguruma's own limit.
    const int MaxRepeat = 100_000;

    readonly string _text;
    int _at;
    int _depth;

    PatternParser(string text) => _text = text;

    [Flags]
    enum Options
    {
        None = 0,
        IgnoreCase = 1,
        DotAll = 2,
        Extended = 4,
    }

    /// <exception cref="PatternException">The pattern is broken or not supported.</exception>
    internal static Node Parse(string text)
    {
        PatternParser parser = new(text);
        if (text.Length > MaxLength)
        {
            throw parser.Problem($"{text.Length} characters, the first of them", $"at most {MaxLength}");
        }

        Node node = parser.Choice(Options.None);
        return parser.AtEnd ? node : throw parser.Problem("a closing parenthesis that no group opens");
    }

    bool AtEnd => _at == _text.Length;

    /// <summary>Alternatives up to the end of the group or of the pattern.</summary>
    Node Choice(Options options)
    {
        Enter();
        List<Node> branches = [];
        List<Node> items = [];
        while (!AtEnd && _text[_at] != ')')
        {
            if (_text[_at] == '|')
            {
                _at++;
                branches.Add(Nodes.Sequence(items));
                items = [];
            }
            else if (!Skip(options))
            {
                items.Add(Quantified(Atom(options), options));
            }
        }

        branches.Add(Nodes.Sequence(items));
        _depth--;
        return Nodes.Choice(branches);
    }

    /// <summary>Passes a comment, or with (?x) white space; false where there is none.</summary>
    bool Skip(Options options)
    {
        if (Take("(?#"))
        {
            int opened = _at - 3;
            while (!AtEnd && _text[_at] != ')')
            {
                _at += _text[_at] == '\\' && _at + 1 < _text.Length ? 2 : 1;
            }

            return Take(")") ? true : throw Problem("a comment that does not end", null, opened);
        }

        if ((options & Options.Extended) == 0)
        {
            return false;
        }

        if (_text[_at] == '#')
        {
            int end = _text.IndexOf('\n', _at);
            _at = end < 0 ? _text.Length : end + 1;
            return true;
        }

        if (_text[_at] is (>= '\t' and <= '\r') or ' ')
        {
            _at++;
            return true;
        }

        return false;
    }

    Node Quantified(Node node, Options options)
    {
        int stacked = 0;
        while (true)
        {
            while (!AtEnd && Skip(options))
            {
            }

            int start = _at;
            if (AtEnd || !Quantifier(out int least, out int? most, out bool isInterval, out bool isFixed))
            {
                return node;
            }

            if (++stacked + _depth > MaxDepth)
            {
                throw Problem("quantifiers on quantifiers", $"at most {MaxDepth} in each other", start);
            }

            // Of {n} neither a lazy nor a possessive form exists, of {n,m} no possessive one: what follows is a quantifier of its own.
            bool isLazy = !isFixed && Take("?");
            bool isPossessive = !isInterval && !isLazy && Take("+");
            node = Nodes.Repeat(node, least, most, isLazy);
            node = isPossessive ? Nodes.Atomic(node) : node;
        }
    }

    /// <summary>False, and nothing read, where no quantifier is; a brace that begins none is a character.</summary>
    bool Quantifier(out int least, out int? most, out bool isInterval, out bool isFixed)
    {
        int start = _at;
        isFixed = false;
        isInterval = _text[_at] == '{';
        switch (_text[_at++])
        {
            case '?':
                (least, most) = (0, 1);
                return true;
            case '*':
                (least, most) = (0, null);
                return true;
            case '+':
                (least, most) = (1, null);
                return true;
            case '{':
                int? low = Number(start);
                isFixed = Take("}");
                if (isFixed && low is { } count)
                {
                    (least, most) = (count, count);
                    return true;
                }

                if (!isFixed && Take(","))
                {
                    int? high = Number(start);
                    if ((low ?? high) is not null && Take("}"))
                    {
                        (least, most) = (low ?? 0, high);
                        return least <= (high ?? least) ? true : throw Problem($"a repetition from {least} to {high}", "the smaller number first", start);
                    }
                }

                break;
        }

        _at = start;
        (least, most) = (0, null);
        return false;
    }

    int? Number(int start)
    {
        int first = _at;
        int value = 0;
        while (!AtEnd && char.IsAsciiDigit(_text[_at]))
        {
            value = (value * 10) + _text[_at++] - '0';
            if (value > MaxRepeat)
            {
                throw Problem("a repetition", $"numbers up to {MaxRepeat}", start);
            }
        }

        return _at == first ? null : value;
    }

    Node Atom(Options options)
    {
        int start = _at;
        switch (_text[_at])
        {
            case '(':
                return Group(options);
            case '[':
                _at++;
                return new SetNode(Class((options & Options.IgnoreCase) != 0));
            case '.':
                _at++;
                return new SetNode((options & Options.DotAll) != 0 ? ScalarSet.All : UnicodeSets.NewLine.Negate());
            case '^':
                _at++;
                return Nodes.LineStart;
            case '$':
                _at++;
                return Nodes.LineEnd;
            case '\\':
                return Escape(options);
            case '*' or '+' or '?':
                throw Problem("a quantifier with nothing in front of it");
            case '{' when Quantifier(out _, out _, out _, out _):
                throw Problem("a quantifier with nothing in front of it", null, start);
            default:
                return Literal(Scalar(), options);
        }
    }

    static SetNode Literal(int value, Options options)
    {
        ScalarSet set = ScalarSet.Of(value);
        return new((options & Options.IgnoreCase) != 0 ? CaseVariants.Close(set) : set);
    }

    Node Group(Options options)
    {
        int start = _at++;
        if (Take("*"))
        {
            throw Problem("(*...), a callout,", null, start);
        }

        if (!Take("?") || Take(":"))
        {
            return Closed(Choice(options), start);
        }

        if (Take(">"))
        {
            return Nodes.Atomic(Closed(Choice(options), start));
        }

        if (Take("<=") || Take("<!"))
        {
            bool isNegative = _text[_at - 1] == '!';
            return Nodes.Look(Closed(Choice(options), start), isAhead: false, isNegative);
        }

        if (Take("=") || Take("!"))
        {
            bool isNegative = _text[_at - 1] == '!';
            return Nodes.Look(Closed(Choice(options), start), isAhead: true, isNegative);
        }

        if (!AtEnd && _text[_at] is '<' or '\'')
        {
            // The name of a group makes no difference: nothing refers to it.
            char close = _text[_at] == '<' ? '>' : '\'';
            int end = _text.IndexOf(close, _at + 1);
            int ends = _text.IndexOf(')', _at + 1);
            if (end <= _at + 1 || (ends >= 0 && ends < end) || !(char.IsLetter(_text[_at + 1]) || _text[_at + 1] == '_'))
            {
                throw Problem("a group's name that is none", "a letter first", start);
            }

            _at = end + 1;
            return Closed(Choice(options), start);
        }

        return Switched(options, start);
    }

    /// <summary><c>(?i-x:...)</c>, or without a colon, where it holds for what is left of the group, alternatives included.</summary>
    Node Switched(Options options, int start)
    {
        bool isOff = false;
        while (!AtEnd)
        {
            char letter = _text[_at++];
            Options option = letter switch
            {
                'i' => Options.IgnoreCase,

                // Other engines call it s.
                'm' or 's' => Options.DotAll,
                'x' => Options.Extended,
                _ => Options.None,
            };
            if (option != Options.None)
            {
                options = isOff ? options & ~option : options | option;
            }
            else if (letter == '-' && !isOff)
            {
                isOff = true;
            }
            else if (letter == ':')
            {
                return Closed(Choice(options), start);
            }
            else if (letter == ')')
            {
                return Choice(options);
            }
            else
            {
                break;
            }
        }

        int length = Math.Min(_at, _text.Length) - start;
        throw Problem(
            $"{_text.Substring(start, length)}...", "(?:), (?=), (?!), (?<=), (?<!), (?>), (?<name>), (?#) or the options i, m, s and x", start);
    }

    Node Closed(Node node, int start) => Take(")") ? node : throw Problem("a group that does not end", null, start);

    Node Escape(Options options)
    {
        int start = _at++;
        if (AtEnd)
        {
            throw Problem("a backslash at the end", null, start);
        }

        char letter = _text[_at];
        if (EscapedSet(isInBrackets: false) is { } set)
        {
            return new SetNode(set);
        }

        switch (letter)
        {
            case 'b' or 'B':
                _at++;
                return Nodes.WordBoundary(isNegative: letter == 'B');
            case 'A':
                _at++;
                return Nodes.TextStart;
            case 'z':
                _at++;
                return Nodes.TextEnd;
            case 'Z':
                _at++;
                return Nodes.LastLineEnd;
            case 'R':
                _at++;
                return Nodes.LineBreak;
            case 'N' or 'O':
                _at++;
                return new SetNode(letter == 'O' ? ScalarSet.All : UnicodeSets.NewLine.Negate());
            case >= '1' and <= '9':
                throw Problem($"\\{letter}, a back-reference,", null, start);
            case 'k' or 'g' or 'K' or 'G' or 'X' or 'y' or 'Y':
                throw Problem($"\\{letter}", null, start);
            default:
                return Literal(EscapedScalar(start), options);
        }
    }

    void Enter()
    {
        if (++_depth > MaxDepth)
        {
            throw Problem("groups in groups", $"at most {MaxDepth} in each other");
        }
    }

    bool Take(string text)
    {
        if (string.CompareOrdinal(_text, _at, text, 0, text.Length) != 0)
        {
            return false;
        }

        _at += text.Length;
        return true;
    }

    /// <summary>The next character as it stands.</summary>
    int Scalar()
    {
        if (Rune.DecodeFromUtf16(_text.AsSpan(_at), out Rune value, out int length) != OperationStatus.Done)
        {
            throw Problem("half of a surrogate pair");
        }

        _at += length;
        return value.Value;
    }

    PatternException Problem(string what, string? expected = null, int? at = null)
        => new(string.Create(
            CultureInfo.InvariantCulture,
            $"the pattern has {OneLine.Of(what)} at character {(at ?? _at) + 1}, which is not supported{(expected is null ? "" : $": expected {expected}")}"));
}
