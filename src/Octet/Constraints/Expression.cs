using System.Text;

namespace Octet.Constraints;

/// <summary>What texts a part of a constraint allows. Every front (schema, pattern, grammar) comes down to these; see <see cref="NetworkBuilder"/> for what becomes of them.</summary>
abstract class Expression
{
    /// <summary>The empty text.</summary>
    internal static Expression Empty { get; } = new SequenceExpression([]);

    /// <summary>No text at all.</summary>
    internal static Expression Nothing { get; } = new ChoiceExpression([]);

    internal static Expression Literal(string text) => new LiteralExpression(Encoding.UTF8.GetBytes(text));

    internal static Expression Sequence(params IReadOnlyList<Expression> parts) => parts.Count == 1 ? parts[0] : new SequenceExpression(parts);

    internal static Expression Choice(params IReadOnlyList<Expression> parts) => parts.Count == 1 ? parts[0] : new ChoiceExpression(parts);

    internal static Expression Optional(Expression part) => new RepeatExpression(part, 0, 1);

    internal static Expression Any(Expression part) => new RepeatExpression(part, 0, null);
}

/// <summary>These bytes.</summary>
sealed class LiteralExpression(byte[] bytes) : Expression
{
    internal byte[] Bytes => bytes;
}

/// <summary>A mark of a model's format, such as <c>&lt;tool_call&gt;</c>: the token where a tokenizer has it as one that is no text, else the text.</summary>
sealed class MarkExpression(string text) : Expression
{
    internal string Text => text;
}

/// <summary>One character of a set, as UTF-8.</summary>
sealed class SetExpression(CharacterSet set) : Expression
{
    internal CharacterSet Set => set;
}

/// <summary>Parts one after another.</summary>
sealed class SequenceExpression(IReadOnlyList<Expression> parts) : Expression
{
    internal IReadOnlyList<Expression> Parts => parts;
}

/// <summary>One of several parts.</summary>
sealed class ChoiceExpression(IReadOnlyList<Expression> parts) : Expression
{
    internal IReadOnlyList<Expression> Parts => parts;
}

/// <summary>A part so many times; <paramref name="most"/> null is without end.</summary>
sealed class RepeatExpression(Expression part, int least, int? most) : Expression
{
    internal Expression Part => part;

    internal int Least => least;

    internal int? Most => most;
}

/// <summary>The ways through a graph from node 0 to the last one; an edge without an expression takes nothing.</summary>
sealed class GraphExpression(int nodes, IReadOnlyList<(int From, Expression? With, int To)> edges) : Expression
{
    internal int Nodes => nodes;

    internal IReadOnlyList<(int From, Expression? With, int To)> Edges => edges;
}

/// <summary>A named part, which may hold itself.</summary>
/// <param name="name">For messages.</param>
sealed class Rule(string name) : Expression
{
    internal string Name => name;

    internal Expression Body { get; set; } = Nothing;

    /// <summary>
    /// Whether the masks of tokens are kept for the places in this rule alone, whoever uses it (<see cref="TokenMasks"/>). False for what is
    /// smaller than a token, such as one character of a string.
    /// </summary>
    internal bool KeepsMasks { get; init; } = true;
}

/// <summary>The beginning or the end of the text; exists while a pattern is read, and not behind that.</summary>
sealed class AnchorExpression(bool isStart, int offset) : Expression
{
    internal bool IsStart => isStart;

    internal int Offset => offset;
}
