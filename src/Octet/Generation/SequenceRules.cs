using System.Runtime.InteropServices;

namespace Octet.Generation;

/// <summary>
/// Rules that look at the tokens in front of the next one, prompt and output alike: biases and bans of sequences (Transformers'
/// <c>SequenceBiasLogitsProcessor</c> and <c>NoBadWordsLogitsProcessor</c>) and sequences that may not come again
/// (<c>NoRepeatNGramLogitsProcessor</c>).
/// </summary>
sealed class SequenceRules(GenerationSettings settings)
{
    readonly List<int> _tokens = new(1024);
    readonly List<int> _banned = [];

    /// <summary>Whether some sequence is neither banned nor free, but has a bias.</summary>
    internal bool HasBiases { get; } = settings.SequenceBias.Any(static entry => !float.IsNegativeInfinity(entry.Bias));

    internal void Add(ReadOnlySpan<int> tokens) => _tokens.AddRange(tokens);

    internal void Add(int token) => _tokens.Add(token);

    internal void Apply(Span<float> scores)
    {
        ReadOnlySpan<int> tokens = CollectionsMarshal.AsSpan(_tokens);
        foreach ((int[] ids, float bias) in settings.SequenceBias)
        {
            if (ids[^1] < scores.Length && tokens.EndsWith(ids.AsSpan(0, ids.Length - 1)))
            {
                // A ban is infinite; a bias as large as any must not become one.
                float score = scores[ids[^1]] + bias;
                scores[ids[^1]] = float.IsFinite(bias) && float.IsFinite(scores[ids[^1]]) ? Math.Clamp(score, float.MinValue, float.MaxValue) : score;
            }
        }

        _banned.Clear();
        AddRepetitions(_banned, scores.Length);
        foreach (int token in _banned)
        {
            scores[token] = float.NegativeInfinity;
        }
    }

    /// <summary>Adds the tokens below <paramref name="columns"/> that may not come next: all that <see cref="Apply"/> does where there are no biases.</summary>
    internal void AddBans(List<int> banned, int columns)
    {
        ReadOnlySpan<int> tokens = CollectionsMarshal.AsSpan(_tokens);
        foreach ((int[] ids, _) in settings.SequenceBias)
        {
            if (ids[^1] < columns && tokens.EndsWith(ids.AsSpan(0, ids.Length - 1)))
            {
                banned.Add(ids[^1]);
            }
        }

        AddRepetitions(banned, columns);
    }

    /// <summary>Adds what has followed the newest tokens wherever they came before.</summary>
    void AddRepetitions(List<int> banned, int columns)
    {
        int before = settings.NoRepeatNgramSize - 1;
        ReadOnlySpan<int> rest = CollectionsMarshal.AsSpan(_tokens);
        if (before < 0 || rest.Length <= before)
        {
            return;
        }

        ReadOnlySpan<int> last = rest[^before..];
        while (true)
        {
            int found = last.IsEmpty ? 0 : rest.IndexOf(last);
            int next = found + last.Length;
            if (found < 0 || next >= rest.Length)
            {
                return;
            }

            if ((uint)rest[next] < (uint)columns)
            {
                banned.Add(rest[next]);
            }

            rest = rest[(found + 1)..];
        }
    }
}
