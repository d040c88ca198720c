using System.Runtime.CompilerServices;
using Octet.Output;

namespace Octet.Server.Answers;

/// <summary>One answer while it is generated: counts, and how it ended, as far as its updates have been taken in.</summary>
/// <param name="index">Which of the request's.</param>
/// <param name="model">Who answers.</param>
/// <param name="prompt">The prompt's tokens.</param>
/// <param name="options">How.</param>
/// <param name="isForced">Whether it is a call that is no call of the model's own form.</param>
sealed class Answer(int index, LanguageModel model, IReadOnlyList<int> prompt, GenerationOptions options, bool isForced)
{
    readonly ForcedCall? _forced = isForced ? new ForcedCall() : null;
    int _calls;

    internal int Index => index;

    /// <summary>The whole of it so far.</summary>
    internal OutputCollector Output { get; } = new();

    /// <summary>How likely each token was, the one that ended the text left out; null: that is not wanted.</summary>
    internal List<TokenLogProbability>? LogProbabilities { get; } = options.LogProbabilities is null ? null : [];

    /// <summary>The same of the token that ended the text; null: none did.</summary>
    internal TokenLogProbability? EndProbability { get; private set; }

    internal int CompletionTokens { get; private set; }

    internal int ReasoningTokens { get; private set; }

    internal int CachedTokens { get; private set; }

    /// <summary>Null as long as it goes on.</summary>
    internal AnswerEnd? End { get; private set; }

    /// <summary>The stop string that ended it; null: none did.</summary>
    internal string? StopString { get; private set; }

    /// <summary>How long prompt and answer took by the engine's clock; null until it is known.</summary>
    internal GenerationStatistics? Statistics { get; private set; }

    /// <summary>Generates. What comes is not counted yet: it may be far ahead of who reads it.</summary>
    internal async IAsyncEnumerable<GenerationUpdate> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (GenerationUpdate made in model.GenerateAsync(prompt, null, options, cancellationToken))
        {
            yield return _forced?.Read(made) ?? made;
        }
    }

    /// <summary>Takes the next update in: the answer is as far as that says, and no further.</summary>
    internal void Count(GenerationUpdate update)
    {
        if (update.TokenId is not null)
        {
            CompletionTokens++;
        }

        if (update.LogProbability is { } likely)
        {
            if (update.StopTokenId is null)
            {
                LogProbabilities?.Add(likely);
            }
            else
            {
                EndProbability = likely;
            }
        }

        foreach (OutputPiece piece in update.Pieces)
        {
            Output.Add(piece);
            _calls += piece is { Kind: OutputKind.CallEnd, IsBroken: false } ? 1 : 0;

            // The marks around it are tokens too, and the last one is behind it.
            ReasoningTokens = piece.Kind == OutputKind.Reasoning ? CompletionTokens : ReasoningTokens;
        }

        if (update.Statistics is { } statistics)
        {
            Statistics = statistics;
            CompletionTokens = statistics.Usage.CompletionTokens;
            CachedTokens = statistics.Usage.CachedTokens;
        }

        if (update.FinishReason is { } reason)
        {
            StopString = update.StopString;
            bool byRequest = update.StopString is not null || (update.StopTokenId is { } id && options.StopTokenIds?.Contains(id) == true);
            End = reason != FinishReason.Stop ? (CompletionTokens < options.MaxTokens ? AnswerEnd.Context : AnswerEnd.Length) : _calls > 0 ? AnswerEnd.ToolCalls : byRequest ? AnswerEnd.StopSequence : AnswerEnd.Stop;
        }
    }
}
