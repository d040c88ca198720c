using System.Numerics.Tensors;
using Octet.Backends;

namespace Octet.Generation;

/// <summary>The logarithms of the probabilities that a row of logits stands for.</summary>
sealed class LogProbabilities(int alternatives)
{
    readonly PriorityQueue<int, (float Logit, int Before)> _best = new();

    // The logits of the row, as a sampler overwrites them.
    float[] _row = [];
    double _total;

    // Where the row lies on a device, what was found there.
    RowChoice? _found;

    /// <summary>Takes a row before the sampler changes it.</summary>
    internal void Read(ReadOnlySpan<float> logits)
    {
        if (_row.Length != logits.Length)
        {
            _row = new float[logits.Length];
        }

        _found = null;
        logits.CopyTo(_row);
        float max = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - max);
        }

        _total = max + Math.Log(sum);
    }

    /// <summary>What is wanted of a row that lies on a device.</summary>
    internal void Ask(RowChoice choice, int width) => choice.Likeliest = Math.Clamp(alternatives, 1, width);

    /// <summary>Takes what was found there.</summary>
    internal void Read(RowChoice found)
    {
        _found = found;
        _total = found.LikeliestTokens[0].Logit + Math.Log(found.PlainTotal);
    }

    /// <summary>What the row says of <paramref name="token"/> and of the likeliest ones; of equal ones the lowest id comes first.</summary>
    internal TokenLogProbability Of(int token)
    {
        if (_found is not null)
        {
            TokenAlternative[] found = [.. _found.LikeliestTokens.Take(Math.Min(alternatives, _found.Likeliest)).Select(best => new TokenAlternative(best.Id, Log(best.Logit)))];
            return new TokenLogProbability(token, Log(_found.PlainLogit(token)), found);
        }

        _best.Clear();
        for (int id = 0; id < _row.Length && alternatives > 0; id++)
        {
            if (_best.Count < alternatives)
            {
                _best.Enqueue(id, (_row[id], -id));
            }
            else if (_best.TryPeek(out _, out var least) && _row[id] > least.Logit)
            {
                _best.DequeueEnqueue(id, (_row[id], -id));
            }
        }

        var likeliest = new TokenAlternative[_best.Count];
        for (int i = likeliest.Length - 1; i >= 0; i--)
        {
            int id = _best.Dequeue();
            likeliest[i] = new TokenAlternative(id, Log(_row[id]));
        }

        return new TokenLogProbability(token, Log(_row[token]), likeliest);
    }

    float Log(float logit) => Math.Min(0, (float)(logit - _total));
}
