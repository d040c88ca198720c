using System.Globalization;
using System.Numerics;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>
/// Cuts a template into tokens with jinja2's rules for white space under <c>trim_blocks</c> and <c>lstrip_blocks</c>, which
/// transformers sets: a block or comment alone on its line leaves nothing of the line. One newline at the very end is dropped.
/// </summary>
sealed class Lexer
{
    /// <summary>To look a name up takes one step, whatever its length.</summary>
    const int MaxNameLength = 128;

    /// <summary>The operators, longer ones before those they begin with.</summary>
    internal static IReadOnlyList<string> Operators => s_operators;

    static readonly string[] s_operators =
    [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";",
    ];

    readonly string _name;
    readonly string _source;
    readonly List<Token> _tokens = [];

    /// <summary>The names so far, of which each is one string, so that equal ones are soon found to be so.</summary>
    readonly HashSet<string> _names = new(StringComparer.Ordinal);
    int _at;
    int _line = 1;
    int _lineCountedTo;

    Lexer(string source, string name)
    {
        _name = name;
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _source = source.EndsWith('\n') ? source[..^1] : source;
    }

    internal static List<Token> Read(string source, string name)
    {
        Lexer lexer = new(source, name);
        lexer.ReadAll();
        return lexer._tokens;
    }

    void ReadAll()
    {
        bool lineStarts = true;
        while (_at < _source.Length)
        {
            int open = NextTag();
            if (open < 0)
            {
                AddText(_source[_at..]);
                _at = _source.Length;
                break;
            }

            char kind = _source[open + 1];
            char sign = open + 2 < _source.Length && _source[open + 2] is '-' or '+' ? _source[open + 2] : '\0';
            string text = _source[_at..open];
            if (sign == '-')
            {
                text = CodePoints.Trim(text, start: false);
            }
            else if (sign == '\0' && kind != '{')
            {
                int lineStart = text.LastIndexOf('\n') + 1;
                if ((lineStart > 0 || lineStarts) && CodePoints.Trim(text[lineStart..]).Length == 0)
                {
                    text = text[..lineStart];
                }
            }

            AddText(text);
            _at = open + (sign == '\0' ? 2 : 3);
            if (kind == '#')
            {
                SkipComment(open);
            }
            else if (kind == '%' && TryRaw(out int body))
            {
                ReadRaw(open, body);
            }
            else
            {
                ReadTag(kind == '{');
            }

            lineStarts = _at > 0 && _source[_at - 1] == '\n';
        }

        Add(TokenKind.End, null, _source.Length);
    }

    int NextTag()
    {
        int from = _at;
        while (true)
        {
            int open = _source.IndexOf('{', from);
            if (open < 0 || open + 1 >= _source.Length)
            {
                return -1;
            }

            if (_source[open + 1] is '{' or '%' or '#')
            {
                return open;
            }

            from = open + 1;
        }
    }

    void AddText(string text)
    {
        if (text.Length > 0)
        {
            Add(TokenKind.Text, text, _at);
        }
    }

    void SkipComment(int open)
    {
        int close = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (close < 0)
        {
            throw Error("Missing end of comment tag", open);
        }

        char sign = close > _at ? _source[close - 1] : '\0';
        _at = close + 2;
        AfterTag(sign, trimNewline: true);
    }

    /// <summary>White space after a tag that ended with this sign.</summary>
    void AfterTag(char sign, bool trimNewline)
    {
        if (sign == '-')
        {
            while (_at < _source.Length && CodePoints.IsSpace(_source[_at]))
            {
                _at++;
            }
        }
        else if (trimNewline && sign != '+' && _at < _source.Length && _source[_at] == '\n')
        {
            _at++;
        }
    }

    bool TryRaw(out int body)
    {
        body = SkipSpace(_at);
        if (!_source.AsSpan(body).StartsWith("raw"))
        {
            return false;
        }

        body = SkipSpace(body + 3);
        if (_source.AsSpan(body).StartsWith("-%}"))
        {
            body = SkipSpace(body + 3);
            return true;
        }

        body += 2;
        return body <= _source.Length && _source.AsSpan(body - 2, 2) is "%}";
    }

    void ReadRaw(int open, int body)
    {
        for (int from = body; ; from += 2)
        {
            int end = _source.IndexOf("{%", from, StringComparison.Ordinal);
            if (end < 0)
            {
                throw Error("Missing end of raw directive", open);
            }

            from = end;
            char sign = end + 2 < _source.Length && _source[end + 2] is '-' or '+' ? _source[end + 2] : '\0';
            int at = SkipSpace(end + (sign == '\0' ? 2 : 3));
            if (!_source.AsSpan(at).StartsWith("endraw"))
            {
                continue;
            }

            at = SkipSpace(at + 6);
            char last = at < _source.Length && _source[at] is '-' or '+' ? _source[at] : '\0';
            at += last == '\0' ? 0 : 1;
            if (!_source.AsSpan(at).StartsWith("%}"))
            {
                continue;
            }

            string text = _source[body..end];
            if (sign == '-')
            {
                text = CodePoints.Trim(text, start: false);
            }
            else if (sign == '\0')
            {
                int lineStart = text.LastIndexOf('\n') + 1;
                if (lineStart > 0 && CodePoints.Trim(text[lineStart..]).Length == 0)
                {
                    text = text[..lineStart];
                }
            }

            _at = body;
            AddText(text);
            _at = at + 2;
            AfterTag(last, trimNewline: true);
            return;
        }
    }

    int SkipSpace(int at)
    {
        while (at < _source.Length && CodePoints.IsSpace(_source[at]))
        {
            at++;
        }

        return at;
    }

    void ReadTag(bool print)
    {
        Add(print ? TokenKind.PrintBegin : TokenKind.BlockBegin, null, _at);
        Stack<char> brackets = new();
        string close = print ? "}}" : "%}";
        while (true)
        {
            _at = SkipSpace(_at);
            if (_at >= _source.Length)
            {
                Add(TokenKind.End, null, _at);
                return;
            }

            char c = _source[_at];
            if (brackets.Count == 0)
            {
                char sign = c == '-' || (c == '+' && !print) ? c : '\0';
                int end = sign == '\0' ? _at : _at + 1;
                if (_source.AsSpan(end).StartsWith(close))
                {
                    Add(print ? TokenKind.PrintEnd : TokenKind.BlockEnd, null, _at);
                    _at = end + 2;
                    AfterTag(sign, trimNewline: !print);
                    return;
                }
            }

            if (char.IsAsciiDigit(c))
            {
                ReadNumber();
            }
            else if (c == '_' || char.IsLetter(c))
            {
                int start = _at;
                while (_at < _source.Length && (_source[_at] == '_' || char.IsLetterOrDigit(_source[_at])))
                {
                    _at++;
                }

                if (_at - start > MaxNameLength)
                {
                    throw Error($"a name is longer than {MaxNameLength} characters", start);
                }

                Add(TokenKind.Name, Interned(_source.AsSpan(start, _at - start)), start);
            }
            else if (c is '\'' or '"')
            {
                ReadString(c);
            }
            else
            {
                ReadOperator(brackets);
            }
        }
    }

    string Interned(ReadOnlySpan<char> name)
    {
        if (!_names.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out string? known))
        {
            known = name.ToString();
            _names.Add(known);
        }

        return known;
    }

    void ReadOperator(Stack<char> brackets)
    {
        foreach (string symbol in s_operators)
        {
            if (!_source.AsSpan(_at).StartsWith(symbol))
            {
                continue;
            }

            char c = symbol[0];
            if (c is '(' or '[' or '{')
            {
                brackets.Push(c == '(' ? ')' : c == '[' ? ']' : '}');
            }
            else if (c is ')' or ']' or '}')
            {
                if (brackets.Count == 0)
                {
                    throw Error($"unexpected '{c}'", _at);
                }

                char expected = brackets.Pop();
                if (expected != c)
                {
                    throw Error($"unexpected '{c}', expected '{expected}'", _at);
                }
            }

            Add(TokenKind.Operator, symbol, _at);
            _at += symbol.Length;
            return;
        }

        throw Error($"unexpected char {PythonText.Quote(_source[_at].ToString())} at {_at}", _at);
    }

    void ReadString(char quote)
    {
        int start = ++_at;
        while (_at < _source.Length && _source[_at] != quote)
        {
            _at += _source[_at] == '\\' ? 2 : 1;
        }

        if (_at >= _source.Length)
        {
            throw Error($"unexpected char {PythonText.Quote(quote.ToString())} at {start - 1}", start - 1);
        }

        string body = _source[start.._at];
        string text = StringEscapes.Decode(body) ?? throw Error("a string has an escape that does not decode", start);
        Add(TokenKind.String, text, start - 1);
        _at++;
    }

    void ReadNumber()
    {
        int start = _at;
        if (_source[_at] == '0' && _at + 1 < _source.Length && (_source[_at + 1] | 0x20) is 'x' or 'o' or 'b')
        {
            int radix = (_source[_at + 1] | 0x20) switch { 'x' => 16, 'o' => 8, _ => 2 };
            _at += 2;
            Digits(c => char.IsAsciiHexDigit(c) && (char.IsAsciiDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10) < radix);
            Add(TokenKind.Integer, NumberText.Parse(_source.AsSpan(start, _at - start), radix) ?? throw Error("invalid number", start), start);
            return;
        }

        Digits(char.IsAsciiDigit);
        int whole = _at;
        bool afterDot = start > 0 && _source[start - 1] == '.';
        if (!afterDot && _at + 1 < _source.Length && _source[_at] == '.' && char.IsAsciiDigit(_source[_at + 1]))
        {
            _at++;
            Digits(char.IsAsciiDigit);
        }

        if (!afterDot && _at < _source.Length && _source[_at] is 'e' or 'E')
        {
            int exponent = _at + 1;
            exponent += exponent < _source.Length && _source[exponent] is '+' or '-' ? 1 : 0;
            if (exponent < _source.Length && char.IsAsciiDigit(_source[exponent]))
            {
                _at = exponent;
                Digits(char.IsAsciiDigit);
            }
        }

        if (_at == whole && _source[start] == '0')
        {
            // jinja2 reads zeros, and what is behind them as the next number.
            _at = start;
            Digits(static c => c == '0');
        }

        string text = _source[start.._at].Replace("_", "", StringComparison.Ordinal);
        if (_at > whole)
        {
            Add(TokenKind.Float, double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture), start);
            return;
        }

        if (text.Length > 4300)
        {
            throw Error("an integer literal has more than 4300 digits", start);
        }

        Add(TokenKind.Integer, PythonType.FromBig(BigInteger.Parse(text, CultureInfo.InvariantCulture)), start);
    }

    void Digits(Func<char, bool> accepts)
    {
        while (_at < _source.Length && (accepts(_source[_at]) || (_source[_at] == '_' && _at + 1 < _source.Length && accepts(_source[_at + 1]))))
        {
            _at++;
        }
    }

    void Add(TokenKind kind, object? value, int at) => _tokens.Add(new Token(kind, value, LineOf(at)));

    int LineOf(int at)
    {
        if (at > _lineCountedTo)
        {
            _line += _source.AsSpan(_lineCountedTo, at - _lineCountedTo).Count('\n');
            _lineCountedTo = at;
        }

        return _line;
    }

    ChatTemplateException Error(string reason, int at) => new(_name, LineOf(at), "TemplateSyntaxError", reason);
}
