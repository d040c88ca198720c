namespace Octet.Server.Answers;

/// <summary>The form that a text must have; the default value is any.</summary>
/// <param name="Path">Where the request says it.</param>
/// <param name="Key">What tells it from other forms.</param>
/// <param name="Make">Makes what a generation is held to.</param>
readonly record struct OutputForm(string Path, string Key, Func<OutputConstraint>? Make)
{
    internal bool IsAny => Make is null;
}
