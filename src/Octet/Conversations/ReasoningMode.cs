namespace Octet;

/// <summary>What becomes of what a model thinks before it answers, which it writes between marks such as <c>&lt;think&gt;</c> and <c>&lt;/think&gt;</c>.</summary>
public enum ReasoningMode
{
    /// <summary>It stays in the text, marks included.</summary>
    Keep,

    /// <summary>It comes apart from the text, without its marks: <see cref="GenerationUpdate.Reasoning"/>.</summary>
    Separate,

    /// <summary>It is left out.</summary>
    Hide,
}
