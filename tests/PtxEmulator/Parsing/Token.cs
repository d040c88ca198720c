namespace PtxEmulator;

enum TokenKind
{
    /// <summary>A name, directive, opcode with its modifiers, register or number.</summary>
    Word,
    Symbol,
    Text,

    /// <summary>LLVM's comment that a register holds nothing in particular from here on: its text is the register.</summary>
    ImplicitDefinition,
    End,
}

readonly record struct Token(TokenKind Kind, string Text, int Line)
{
    public bool Is(string text) => Kind is TokenKind.Word or TokenKind.Symbol && Text == text;

    public override string ToString() => Kind == TokenKind.End ? "the end of the text" : $"'{Text}'";
}
