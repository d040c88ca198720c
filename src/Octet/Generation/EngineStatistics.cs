namespace Octet;

/// <summary>What a model's engine does and has done since it was loaded.</summary>
public readonly record struct EngineStatistics
{
    /// <summary>Generations that are computed now.</summary>
    public int Running { get; init; }

    /// <summary>Generations that wait.</summary>
    public int Waiting { get; init; }

    /// <summary>Pages of keys and values that sequences hold, sessions among them.</summary>
    public int PagesInUse { get; init; }

    /// <summary>Pages that are kept for prompts that begin in the same way, and given to others when they are needed.</summary>
    public int PagesCached { get; init; }

    /// <summary>The most pages there may be.</summary>
    public int PagesTotal { get; init; }

    /// <summary>Tokens of prompts that were computed.</summary>
    public long PromptTokens { get; init; }

    /// <summary>Tokens of prompts that were found computed.</summary>
    public long CachedPromptTokens { get; init; }

    /// <summary>Tokens drawn.</summary>
    public long GeneratedTokens { get; init; }

    /// <summary>How often tokens of a sequence were guessed (<see cref="Speculation"/>).</summary>
    public long Guesses { get; init; }

    /// <summary>Tokens that were guessed.</summary>
    public long GuessedTokens { get; init; }

    /// <summary>Tokens that were guessed and then came: each is a step less. <c>1 + AcceptedTokens / Guesses</c> are drawn in a step with a guess.</summary>
    public long AcceptedTokens { get; init; }

    /// <summary>Why nothing is guessed any more: what the draft model failed with. Null where it did not.</summary>
    public string? GuessError { get; init; }

    /// <summary>Generations that ended, in whatever way.</summary>
    public long Finished { get; init; }

    /// <summary>How often a generation had to give its pages to another, to go on later.</summary>
    public long Preemptions { get; init; }

    /// <summary>Steps computed.</summary>
    public long Steps { get; init; }

    /// <summary>What the steps took, all in all.</summary>
    public TimeSpan StepTime { get; init; }

    /// <summary>The part of <see cref="StepTime"/> that the model took.</summary>
    public TimeSpan ForwardTime { get; init; }
}
