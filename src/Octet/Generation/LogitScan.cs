using System.Numerics;
using System.Runtime.InteropServices;

namespace Octet.Generation;

/// <summary>The two scans over a whole vocabulary that every token pays for.</summary>
static class LogitScan
{
    /// <summary>The largest value; NaN where any value is NaN, as IEEE 754's maximum has it.</summary>
    internal static float Maximum(ReadOnlySpan<float> values)
    {
        float maximum = float.NegativeInfinity;
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        if (vectors.Length > 0)
        {
            var largest = new Vector<float>(maximum);
            Vector<int> isNumber = Vector<int>.AllBitsSet;
            foreach (Vector<float> vector in vectors)
            {
                largest = Vector.ConditionalSelect(Vector.GreaterThan(vector, largest), vector, largest);
                isNumber &= Vector.Equals(vector, vector);
            }

            if (isNumber != Vector<int>.AllBitsSet)
            {
                return float.NaN;
            }

            for (int lane = 0; lane < Vector<float>.Count; lane++)
            {
                maximum = MathF.Max(maximum, largest[lane]);
            }
        }

        foreach (float value in values[(vectors.Length * Vector<float>.Count)..])
        {
            maximum = MathF.Max(maximum, value);
        }

        return maximum;
    }

    /// <summary>The lowest index that holds the value; -1 where none does.</summary>
    internal static int IndexOf(ReadOnlySpan<float> values, float value)
    {
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        var wanted = new Vector<float>(value);
        int at = 0;
        while (at < vectors.Length && !Vector.EqualsAny(vectors[at], wanted))
        {
            at++;
        }

        for (int i = at * Vector<float>.Count; i < values.Length; i++)
        {
            if (values[i] == value)
            {
                return i;
            }
        }

        return -1;
    }
}
