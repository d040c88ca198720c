using System.Numerics.Tensors;

namespace Octet.Generation;

/// <summary>The logarithms of the probabilities that a row of logits stands for.</summary>
sealed class LogProbabilities(int alternatives)
{
    readonly PriorityQueue<int, (float Logit, int Before)> _best = new();

    // The logits of the row, as a sampler overwrites them.
    float[] _row = [];
    double _total;

    /// <summary>Takes a row before the sampler changes it.</summary>
    internal void Read(ReadOnlySpan<float> logits)
    {
        if (_row.Length != logits.Length)
        {
            _row = new float[logits.Length];
        }

        logits.CopyTo(_row);
        float max = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - max);
        }

        _total = max + Math.Log(sum);
    }

    /// <summary>What the row says of <paramref name="token"/> and of the likeliest ones; of equal ones the lowest id comes first.</summary>
    internal TokenLogProbability Of(int token)
    {
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
            likeliest[i] = new TokenAlternative(id, Log(id));
        }

        return new TokenLogProbability(token, Log(token), likeliest);
    }

    float Log(int token) => Math.Min(0, (float)(_row[token] - _total));
}
