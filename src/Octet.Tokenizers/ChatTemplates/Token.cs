namespace Octet.Tokenizers.ChatTemplates;

enum TokenKind
{
    Text,
    PrintBegin,
    PrintEnd,
    BlockBegin,
    BlockEnd,
    Name,
    String,
    Integer,
    Float,
    Operator,
    End,
}

/// <summary>A piece of a template. <paramref name="Value"/> is the text, the name, the operator, or the literal's value.</summary>
readonly record struct Token(TokenKind Kind, object? Value, int Line)
{
    internal string Text => Value as string ?? "";

    internal bool IsName(string name) => Kind == TokenKind.Name && Text == name;

    internal bool IsOperator(string symbol) => Kind == TokenKind.Operator && Text == symbol;

    internal string Described => Kind switch
    {
        TokenKind.PrintEnd => "end of print statement",
        TokenKind.BlockEnd => "end of statement block",
        TokenKind.BlockBegin => "begin of statement block",
        TokenKind.PrintBegin => "begin of print statement",
        TokenKind.Text => "template data",
        TokenKind.End => "end of template",
        TokenKind.Name or TokenKind.Operator => Text,
        TokenKind.String => "string",
        TokenKind.Integer => "integer",
        _ => "float",
    };
}
