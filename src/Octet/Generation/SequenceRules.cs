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

        int before = settings.NoRepeatNgramSize - 1;
        if (before >= 0 && tokens.Length > before)
        {
            BanRepetition(tokens, tokens[^before..], scores);
        }
    }

    /// <summary>Bans what has followed <paramref name="last"/>, the newest tokens, wherever they came before.</summary>
    static void BanRepetition(ReadOnlySpan<int> tokens, ReadOnlySpan<int> last, Span<float> scores)
    {
        ReadOnlySpan<int> rest = tokens;
        while (true)
        {
            int found = last.IsEmpty ? 0 : rest.IndexOf(last);
            int next = found + last.Length;
            if (found < 0 || next >= rest.Length)
            {
                return;
            }

            if ((uint)rest[next] < (uint)scores.Length)
            {
                scores[rest[next]] = float.NegativeInfinity;
            }

            rest = rest[(found + 1)..];
        }
    }
}
