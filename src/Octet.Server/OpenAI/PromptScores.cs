using System.Numerics.Tensors;

namespace Octet.Server.OpenAI;

/// <summary>How likely a model finds a prompt, token by token: what evaluation harnesses ask for.</summary>
static class PromptScores
{
    // Exponentials are summed in float32 by so many, and the sums in double.
    const int Stretch = 1024;

    /// <summary>Computes them in one pass.</summary>
    /// <param name="model">By what.</param>
    /// <param name="ids">The prompt.</param>
    /// <param name="alternatives">How many of the likeliest tokens are told at each place.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    internal static ScoredToken[] Compute(LanguageModel model, int[] ids, int alternatives, CancellationToken cancellationToken)
    {
        var tokens = new ScoredToken[ids.Length];
        if (ids.Length > 0)
        {
            tokens[0] = new ScoredToken(ids[0], null, []);
        }

        if (ids.Length > 1)
        {
            model.Score(
                ids,
                (position, logits) =>
                {
                    if (position + 1 < ids.Length)
                    {
                        tokens[position + 1] = Score(ids[position + 1], logits, alternatives);
                    }
                },
                cancellationToken);
        }

        return tokens;
    }

    static ScoredToken Score(int token, ReadOnlySpan<float> logits, int alternatives)
    {
        float max = TensorPrimitives.Max(logits);
        double sum = 0;
        Span<float> stretch = stackalloc float[Stretch];
        for (int at = 0; at < logits.Length; at += Stretch)
        {
            ReadOnlySpan<float> part = logits.Slice(at, Math.Min(Stretch, logits.Length - at));
            Span<float> room = stretch[..part.Length];
            TensorPrimitives.Subtract(part, max, room);
            TensorPrimitives.Exp(room, room);
            sum += TensorPrimitives.Sum<float>(room);
        }

        float total = (float)(max + Math.Log(sum));
        List<int> likeliest = Likeliest(logits, alternatives);
        if (!likeliest.Contains(token))
        {
            likeliest.Add(token);
        }

        var places = new TokenAlternative[likeliest.Count];
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = new TokenAlternative(likeliest[i], logits[likeliest[i]] - total);
        }

        return new ScoredToken(token, logits[token] - total, places);
    }

    /// <summary>The ids of the largest logits, the largest first.</summary>
    static List<int> Likeliest(ReadOnlySpan<float> logits, int count)
    {
        var ids = new List<int>(count + 1);
        for (int id = 0; id < logits.Length && count > 0; id++)
        {
            if (ids.Count == count && logits[id] <= logits[ids[^1]])
            {
                continue;
            }

            int at = ids.Count;
            while (at > 0 && logits[id] > logits[ids[at - 1]])
            {
                at--;
            }

            ids.Insert(at, id);
            if (ids.Count > count)
            {
                ids.RemoveAt(count);
            }
        }

        return ids;
    }
}
