using System.Diagnostics;
using System.Numerics;

namespace Octet.Generation;

/// <summary>
/// The tokens still in the draw and their probabilities. A token has an offset x = (logit - largest logit) / temperature, at most 0, and a
/// weight e^x; probabilities are weights over their sum, so no filter has to renormalise. Sums are in double, in a fixed order, and the
/// exponential is <see cref="PortableExp"/>: the same logits and seed give the same token on every machine.
/// </summary>
sealed partial class Candidates
{
    readonly GenerationSettings _settings;
    readonly double _temperature;
    readonly double _topP;
    readonly double _minP;
    readonly double _typicalP;
    readonly int _capacity;
    readonly TopK? _topK;

    // One entry per candidate, padded to whole vectors for the exponential.
    readonly int[] _ids;
    readonly double[] _offsets;
    readonly double[] _weights;

    // Scratch of the filters that sort: keys of top-p; distances and indices of typical-p.
    readonly ulong[] _keys;
    readonly double[] _distances;
    readonly int[] _order;

    int _count;

    /// <param name="settings">What the generation goes by.</param>
    /// <param name="tokenizerSize">The most tokens that a row has.</param>
    /// <param name="most">The most that are looked at; null: all that a row has.</param>
    internal Candidates(GenerationSettings settings, int tokenizerSize, int? most = null)
    {
        Debug.Assert(settings.Temperature > 0, "greedy needs no candidates");
        _settings = settings;
        _temperature = settings.Temperature;
        _topP = settings.TopP;
        _minP = settings.MinP;
        _typicalP = settings.TypicalP;
        bool selects = Selects(settings, tokenizerSize);
        _topK = selects && most is null ? new TopK(settings.TopK) : null;
        _capacity = most ?? (selects ? settings.TopK : tokenizerSize);
        int padded = (_capacity + Vector<double>.Count - 1) / Vector<double>.Count * Vector<double>.Count;
        _ids = new int[padded];
        _offsets = new double[padded];
        _weights = new double[padded];
        _keys = _topP < 1 ? new ulong[_capacity] : [];
        _distances = _typicalP < 1 ? new double[_capacity] : [];
        _order = _typicalP < 1 ? new int[_capacity] : [];
    }

    /// <summary>Filters and draws.</summary>
    /// <param name="scores">Logits after bias and penalties; minus infinity is out.</param>
    /// <param name="maximum">The largest of them, finite.</param>
    /// <param name="random">Uniform, from 0, below 1.</param>
    internal int Draw(ReadOnlySpan<float> scores, float maximum, double random)
    {
        bool isSorted = Fill(scores, maximum);
        double total = Total();
        if (_topP < 1)
        {
            if (!isSorted)
            {
                SortForTopP(scores, total);
            }

            KeepTopP(total);
        }

        if (_minP > 0)
        {
            KeepMinP();
        }

        if (_typicalP < 1)
        {
            KeepTypical();
        }

        return Draw(random);
    }

    /// <summary>Takes the k best, best first (true), or all, by id (false); leaves out those of weight 0.</summary>
    bool Fill(ReadOnlySpan<float> scores, float maximum)
    {
        if (_topK is not null && _capacity < scores.Length)
        {
            ReadOnlySpan<ulong> best = _topK.Select(scores);
            for (int i = 0; i < best.Length; i++)
            {
                int id = TopK.Id(best[i]);
                _ids[i] = id;
                _offsets[i] = (scores[id] - (double)maximum) / _temperature;
            }

            _count = best.Length;
            Weigh();
            return true;
        }

        for (int id = 0; id < scores.Length; id++)
        {
            _ids[id] = id;
            _offsets[id] = (scores[id] - (double)maximum) / _temperature;
        }

        _count = scores.Length;
        Weigh();
        return false;
    }

    void Weigh()
    {
        PortableExp.Compute(_offsets, _weights, _count);
        KeepAbove(_weights, double.Epsilon);
    }

    double Total()
    {
        double total = 0;
        foreach (double weight in _weights.AsSpan(0, _count))
        {
            total += weight;
        }

        return total;
    }

    /// <summary>
    /// Puts the candidates that top-p can keep in order, best first. All those less likely than (1 - p) / count together weigh less than
    /// 1 - p, so the others already reach p: the rest needs no sorting. Half of that bound leaves room for the rounding of the sum.
    /// </summary>
    void SortForTopP(ReadOnlySpan<float> scores, double total)
    {
        double least = 0.5 * (1 - _topP) * total / _count;
        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            if (_weights[i] >= least)
            {
                _ids[kept] = _ids[i];
                _offsets[kept] = _offsets[i];
                _keys[kept] = TopK.Key(scores[_ids[i]], kept);
                kept++;
            }
        }

        Span<ulong> keys = _keys.AsSpan(0, kept);
        keys.Sort();

        // The keys hold positions; the weights, not needed any more, carry the offsets over to the new order.
        _offsets.AsSpan(0, kept).CopyTo(_weights);
        for (int i = 0; i < kept; i++)
        {
            int from = TopK.Id(keys[i]);
            _offsets[i] = _weights[from];
            keys[i] = (uint)_ids[from];
        }

        for (int i = 0; i < kept; i++)
        {
            _ids[i] = (int)keys[i];
        }

        _count = kept;
        PortableExp.Compute(_offsets, _weights, _count);
    }

    /// <summary>
    /// Nucleus sampling (Holtzman et al. 2020) as Transformers' <c>TopPLogitsWarper</c> has it: the fewest best candidates whose probability
    /// reaches p, the one that crosses p included. False where all of them do not.
    /// </summary>
    bool KeepTopP(double total)
    {
        double reached = 0;
        for (int i = 0; i < _count; i++)
        {
            reached += _weights[i];
            if (reached >= _topP * total)
            {
                _count = i + 1;
                return true;
            }
        }

        return false;
    }

    /// <summary>Min-p (Nguyen et al. 2024): at least p times as likely as the best, whose weight is 1.</summary>
    void KeepMinP() => KeepAbove(_weights, _minP);

    /// <summary>
    /// Locally typical sampling (Meister et al. 2023) as Transformers' <c>TypicalLogitsWarper</c> has it: by rising distance of the information
    /// -ln P from its mean, the entropy H, until their probability reaches p; equal distances go together. With ln P = x - ln Z, H is
    /// ln Z - E[x], so the distance |-ln P - H| is |E[x] - x| and no logarithm is needed.
    /// </summary>
    void KeepTypical()
    {
        double total = 0;
        double mean = 0;
        for (int i = 0; i < _count; i++)
        {
            total += _weights[i];
            mean += _weights[i] * _offsets[i];
        }

        mean /= total;
        Span<double> distances = _distances.AsSpan(0, _count);
        Span<int> order = _order.AsSpan(0, _count);
        for (int i = 0; i < _count; i++)
        {
            distances[i] = Math.Abs(mean - _offsets[i]);
            order[i] = i;
        }

        distances.Sort(order);
        double reached = 0;
        int last = 0;
        while (last < _count && (reached += _weights[order[last]]) < _typicalP * total)
        {
            last++;
        }

        double farthest = distances[Math.Min(last, _count - 1)];
        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            if (Math.Abs(mean - _offsets[i]) <= farthest)
            {
                Move(i, kept++);
            }
        }

        _count = kept;
    }

    int Draw(double random)
    {
        double target = random * Total();
        double reached = 0;
        for (int i = 0; i < _count - 1; i++)
        {
            reached += _weights[i];
            if (reached > target)
            {
                return _ids[i];
            }
        }

        return _ids[_count - 1];
    }

    void KeepAbove(double[] values, double least)
    {
        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            if (values[i] >= least)
            {
                Move(i, kept++);
            }
        }

        _count = kept;
    }

    void Move(int from, int to)
    {
        if (from == to)
        {
            return;
        }

        _ids[to] = _ids[from];
        _offsets[to] = _offsets[from];
        _weights[to] = _weights[from];
    }
}
