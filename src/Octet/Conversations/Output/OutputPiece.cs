namespace Octet;

/// <summary>A piece of a model's output, taken apart.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Of text, reasoning and arguments what came next; of the start of a call the tool's name; empty of the end of one.</param>
public readonly record struct OutputPiece(OutputKind Kind, string Text)
{
    /// <summary>Of a call: which one of the output, from 0. Calls come one after another.</summary>
    public int Call { get; init; }

    /// <summary>Of the start or the end of a call the id that the model gave it, where it did: some write it behind the arguments.</summary>
    public string? Id { get; init; }

    /// <summary>
    /// Of the end of a call: it is none, because what the model wrote ended in the middle or is not of the form that it should have. All
    /// that it wrote follows as text, so that what came of the call is to be forgotten.
    /// </summary>
    public bool IsBroken { get; init; }
}
