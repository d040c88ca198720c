namespace PtxEmulator;

/// <summary>
/// Cuts PTX text into tokens. An opcode and its modifiers are one word (<c>cp.async.cg.shared.global</c>,
/// <c>mbarrier::complete_tx::bytes</c>), and so are directives, registers, labels and numbers.
/// </summary>
sealed class Lexer(string text)
{
    const string ImplicitDefinition = "// implicit-def: ";

    int _at;
    int _line = 1;

    public List<Token> ReadAll()
    {
        var tokens = new List<Token>(text.Length / 4);
        while (true)
        {
            Token token = Read();
            tokens.Add(token);
            if (token.Kind == TokenKind.End)
            {
                return tokens;
            }
        }
    }

    Token Read()
    {
        while (_at < text.Length)
        {
            char c = text[_at];
            if (c == '\n')
            {
                _line++;
                _at++;
            }
            else if (char.IsWhiteSpace(c))
            {
                _at++;
            }
            else if (c == '/' && Peek(1) == '/')
            {
                if (Comment() is { } definition)
                {
                    return definition;
                }
            }
            else if (c == '/' && Peek(1) == '*')
            {
                SkipBlockComment();
            }
            else if (c == '"')
            {
                int start = ++_at;
                _at = text.IndexOf('"', start);
                if (_at < 0)
                {
                    throw new PtxException(PtxError.Syntax, _line, "a string has no end");
                }

                return new Token(TokenKind.Text, text[start.._at++], _line);
            }
            else if (IsWordPart(c))
            {
                return Word();
            }
            else
            {
                _at++;
                return new Token(TokenKind.Symbol, c.ToString(), _line);
            }
        }

        return new Token(TokenKind.End, "", _line);
    }

    Token Word()
    {
        int start = _at;
        while (_at < text.Length && (IsWordPart(text[_at]) || (text[_at] == ':' && Peek(1) == ':')))
        {
            _at += text[_at] == ':' ? 2 : 1;
        }

        return new Token(TokenKind.Word, text[start.._at], _line);
    }

    Token? Comment()
    {
        int end = text.IndexOf('\n', _at);
        end = end < 0 ? text.Length : end;
        ReadOnlySpan<char> comment = text.AsSpan(_at, end - _at);
        _at = end;
        return comment.StartsWith(ImplicitDefinition)
            ? new Token(TokenKind.ImplicitDefinition, comment[ImplicitDefinition.Length..].Trim().ToString(), _line)
            : null;
    }

    void SkipBlockComment()
    {
        int end = text.IndexOf("*/", _at + 2, StringComparison.Ordinal);
        if (end < 0)
        {
            throw new PtxException(PtxError.Syntax, _line, "a comment has no end");
        }

        _line += text.AsSpan(_at, end - _at).Count('\n');
        _at = end + 2;
    }

    char Peek(int ahead) => _at + ahead < text.Length ? text[_at + ahead] : '\0';

    static bool IsWordPart(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '$' or '%' or '.';
}
