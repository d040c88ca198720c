namespace Octet;

/// <summary>What a piece of a model's output is.</summary>
public enum OutputKind
{
    /// <summary>The answer's text.</summary>
    Text,

    /// <summary>What the model thought, without the marks around it.</summary>
    Reasoning,

    /// <summary>A call of a tool begins: its name is known.</summary>
    CallStart,

    /// <summary>More of a call's arguments: a part of the text of a JSON object.</summary>
    CallArguments,

    /// <summary>A call has ended, or turned out to be none (<see cref="OutputPiece.IsBroken"/>).</summary>
    CallEnd,
}
