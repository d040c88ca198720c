namespace Octet.Tokenizers;

/// <summary>An end of a text.</summary>
public enum TokenSide
{
    /// <summary>Its beginning.</summary>
    Left,

    /// <summary>Its end.</summary>
    Right,
}
