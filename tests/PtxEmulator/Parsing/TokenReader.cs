namespace PtxEmulator;

/// <summary>A place in a list of tokens.</summary>
sealed class TokenReader(List<Token> tokens)
{
    int _at;

    public Token Peek => tokens[_at];

    public Token PeekAt(int ahead) => tokens[Math.Min(_at + ahead, tokens.Count - 1)];

    public Token Next()
    {
        Token token = tokens[_at];
        if (token.Kind != TokenKind.End)
        {
            _at++;
        }

        return token;
    }

    public bool Accept(string text)
    {
        if (!Peek.Is(text))
        {
            return false;
        }

        _at++;
        return true;
    }

    public void Expect(string text)
    {
        if (!Accept(text))
        {
            throw new PtxException(PtxError.Syntax, Peek.Line, $"'{text}' is expected, not {Peek}");
        }
    }

    public string Word()
    {
        Token token = Next();
        return token.Kind == TokenKind.Word ? token.Text : throw new PtxException(PtxError.Syntax, token.Line, $"a name is expected, not {token}");
    }

    public void SkipLine(int line)
    {
        while (Peek.Kind != TokenKind.End && Peek.Line == line)
        {
            _at++;
        }
    }

    public void SkipStatement()
    {
        while (!Accept(";"))
        {
            RefuseEnd();
            _at++;
        }
    }

    public void RefuseEnd()
    {
        if (Peek.Kind == TokenKind.End)
        {
            throw new PtxException(PtxError.Syntax, Peek.Line, "the text ends inside of a declaration");
        }
    }
}
