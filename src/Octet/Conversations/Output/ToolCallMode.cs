namespace Octet;

/// <summary>What becomes of the calls of tools that a model writes.</summary>
public enum ToolCallMode
{
    /// <summary>They stay in the text as the model wrote them.</summary>
    Keep,

    /// <summary>They come apart from the text: <see cref="GenerationUpdate.Pieces"/>.</summary>
    Separate,
}
