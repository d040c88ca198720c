using Octet.Backends;

namespace Octet.Generation;

/// <summary>
/// The stream of hidden states of two models after each layer and after the final norm, x and y over all positions: 10 log10 of
/// sum x^2 / sum (x - y)^2, in decibels. The first model's states of some rows are kept, then the second one's are compared with them.
/// A model may take the rows in several batches.
/// </summary>
sealed class LayerNoise(int layers, int width, int rows)
{
    readonly float[] _kept = new float[checked((layers + 1) * rows * width)];
    readonly double[] _signal = new double[layers + 1];
    readonly double[] _noise = new double[layers + 1];
    readonly int[] _done = new int[layers + 1];
    readonly float[] _state = new float[width];
    readonly float[] _delta = new float[width];

    internal double[] Layers => [.. Enumerable.Range(0, layers).Select(Ratio)];

    internal double FinalNorm => Ratio(layers);

    /// <summary>The next rows that come are the first again.</summary>
    internal void Restart() => Array.Clear(_done);

    internal void Keep(int place, Activations states, Activations? delta, int count)
    {
        for (int row = 0; row < count; row++)
        {
            Read(states, delta, row, Kept(place));
        }
    }

    internal void Compare(int place, Activations states, Activations? delta, int count)
    {
        for (int row = 0; row < count; row++)
        {
            ReadOnlySpan<float> kept = Kept(place);
            Read(states, delta, row, _state);
            double signal = 0, noise = 0;
            for (int i = 0; i < kept.Length; i++)
            {
                double value = kept[i], difference = value - _state[i];
                signal += value * value;
                noise += difference * difference;
            }

            _signal[place] += signal;
            _noise[place] += noise;
        }
    }

    Span<float> Kept(int place) => _kept.AsSpan((place * rows + _done[place]++) * width, width);

    void Read(Activations states, Activations? delta, int row, Span<float> destination)
    {
        states.CopyRow(row, destination);
        if (delta is null)
        {
            return;
        }

        delta.CopyRow(row, _delta);
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] += _delta[i];
        }
    }

    double Ratio(int place) => _noise[place] == 0 ? double.PositiveInfinity : 10 * Math.Log10(_signal[place] / _noise[place]);
}
