using System.Numerics;
using System.Runtime.InteropServices;

namespace Octet.Quantization;

/// <summary>
/// What an encoding lost, in sums of squares. Taken in float64, weight by weight: the square of a large float32 overflows float32 and that of
/// a small one is zero there.
/// </summary>
/// <param name="Signal">The sum of the squares of the weights.</param>
/// <param name="Error">The sum of the squares of the differences to what they became.</param>
/// <param name="NotFinite">Weights that are NaN or infinite, which neither sum has.</param>
readonly record struct RoundingLoss(double Signal, double Error, long NotFinite)
{
    /// <param name="values">The weights.</param>
    /// <param name="decoded">What they became.</param>
    internal static RoundingLoss Of(ReadOnlySpan<float> values, ReadOnlySpan<float> decoded)
    {
        ReadOnlySpan<Vector<float>> before = MemoryMarshal.Cast<float, Vector<float>>(values);
        ReadOnlySpan<Vector<float>> after = MemoryMarshal.Cast<float, Vector<float>>(decoded);
        Vector<double> signals = Vector<double>.Zero;
        Vector<double> errors = Vector<double>.Zero;
        for (int i = 0; i < before.Length; i++)
        {
            Vector.Widen(before[i], out Vector<double> low, out Vector<double> high);
            Vector.Widen(after[i], out Vector<double> lowAfter, out Vector<double> highAfter);
            signals += (low * low) + (high * high);
            errors += ((low - lowAfter) * (low - lowAfter)) + ((high - highAfter) * (high - highAfter));
        }

        int rest = before.Length * Vector<float>.Count;
        RoundingLoss tail = One(values[rest..], decoded[rest..]);
        var sum = new RoundingLoss(Vector.Sum(signals) + tail.Signal, Vector.Sum(errors) + tail.Error, tail.NotFinite);

        // Finite float32 cannot make these sums overflow.
        return double.IsFinite(sum.Signal) && double.IsFinite(sum.Error) ? sum : One(values, decoded);
    }

    public static RoundingLoss operator +(RoundingLoss a, RoundingLoss b) => new(a.Signal + b.Signal, a.Error + b.Error, a.NotFinite + b.NotFinite);

    static RoundingLoss One(ReadOnlySpan<float> values, ReadOnlySpan<float> decoded)
    {
        double signal = 0, error = 0;
        long notFinite = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                notFinite++;
                continue;
            }

            double difference = (double)values[i] - decoded[i];
            signal += (double)values[i] * values[i];
            error += difference * difference;
        }

        return new RoundingLoss(signal, error, notFinite);
    }
}
