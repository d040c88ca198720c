using Octet.Generation;

namespace Octet;

/// <summary>The probability of texts.</summary>
public sealed partial class LanguageModel
{
    /// <summary>Sums -ln p over the tokens of a text, each predicted from those before it; a text longer than the context in windows, see <see cref="ScoreOptions"/>.</summary>
    /// <param name="ids">At least one id.</param>
    /// <param name="logits">Receives the logits after every token; null where they are not wanted. The callback may use this model too.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    /// <exception cref="ModelException">An id is out of range.</exception>
    public ScoreResult Score(ReadOnlySpan<int> ids, LogitsCallback? logits = null, CancellationToken cancellationToken = default)
        => Score(ids, new ScoreOptions(), logits, cancellationToken);

    /// <summary>Sums -ln p over the tokens of a text, each predicted from those before it in its window.</summary>
    /// <param name="ids">At least one id.</param>
    /// <param name="options">The windows.</param>
    /// <param name="logits">Receives the logits after every token, once each and in order, from the window in which the next token counts; null where they are not wanted. The callback may use this model too.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    /// <exception cref="ModelException">An id or a window's length is out of range.</exception>
    public ScoreResult Score(ReadOnlySpan<int> ids, ScoreOptions options, LogitsCallback? logits = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        int[] tokens = ids.ToArray();
        int predicted = 0;
        double sum = 0;
        using InferenceSession session = CreateSession();
        foreach (TextWindow window in options.Cut(tokens.Length, ContextLength))
        {
            session.Truncate(0);
            session.Evaluate(tokens.AsSpan(window.Begin, window.FirstRow - window.Begin), [], cancellationToken);
            session.Score(
                tokens.AsSpan(window.FirstRow, window.End - window.FirstRow),
                (position, row) =>
                {
                    position += window.Begin;
                    if (position >= window.EndRow)
                    {
                        return;
                    }

                    logits?.Invoke(position, row);
                    if (position + 1 < window.End)
                    {
                        sum -= LogProbability(row, tokens[position + 1]);
                        predicted++;
                    }
                },
                cancellationToken);
        }

        return new ScoreResult(predicted, sum);
    }

    static double LogProbability(ReadOnlySpan<float> logits, int token)
    {
        double max = double.NegativeInfinity;
        foreach (float logit in logits)
        {
            max = Math.Max(max, logit);
        }

        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - max);
        }

        return logits[token] - max - Math.Log(sum);
    }
}
