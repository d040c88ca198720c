namespace Octet.Extensions.AI;

/// <summary>What holds for every call of a chat client.</summary>
public sealed record ChatClientOptions
{
    /// <summary>The name that the model has in answers and metadata, and that a call may ask for. Null: its id where it lies in the cache, which a call may give with a revision too; otherwise the name of its directory.</summary>
    public string? ModelId { get; init; }

    /// <summary>
    /// How to generate where a call does not say it. Reasoning and calls of tools come apart whatever this says; <see cref="ReasoningMode.Hide"/> leaves the reasoning out
    /// where a call does not ask for it.
    /// </summary>
    public GenerationOptions Generation { get; init; } = new();

    /// <summary>Whether to dispose of the client disposes of the model too.</summary>
    public bool OwnsModel { get; init; }

    /// <summary>Checks every value against the range its property states.</summary>
    /// <exception cref="ArgumentException">A value is outside its range.</exception>
    public void Validate()
    {
        if (ModelId is { } id && string.IsNullOrWhiteSpace(id))
        {
            throw new ArgumentException("ModelId is empty; expected a name, or null for the model's own", nameof(ModelId));
        }

        ArgumentNullException.ThrowIfNull(Generation);
        Generation.Validate();
    }
}
