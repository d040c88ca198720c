using System.Runtime.CompilerServices;
using Octet.Output;

namespace Octet.Server.Answers;

/// <summary>One answer while it is generated: counts, and how it ended.</summary>
/// <param name="index">Which of the request's.</param>
/// <param name="model">Who answers.</param>
/// <param name="prompt">The prompt's tokens.</param>
/// <param name="options">How.</param>
/// <param name="calls">Which calls of tools it may hold.</param>
sealed class Answer(int index, LanguageModel model, IReadOnlyList<int> prompt, GenerationOptions options, CallMode calls)
{
    readonly ForcedCall? _forced = calls == CallMode.Forced ? new ForcedCall() : null;
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

    /// <summary>Generates; what a caller gets has been counted already.</summary>
    internal async IAsyncEnumerable<GenerationUpdate> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (GenerationUpdate made in model.GenerateAsync(prompt, null, options, cancellationToken))
        {
            GenerationUpdate update = _forced?.Read(made) ?? made;
            Count(update);
            yield return update;
            if (calls == CallMode.One && _calls > 0 && End is null)
            {
                End = AnswerEnd.ToolCalls;
                yield break;
            }
        }
    }

    void Count(GenerationUpdate update)
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
            End = reason != FinishReason.Stop ? AnswerEnd.Length : _calls > 0 ? AnswerEnd.ToolCalls : byRequest ? AnswerEnd.StopSequence : AnswerEnd.Stop;
        }
    }
}
