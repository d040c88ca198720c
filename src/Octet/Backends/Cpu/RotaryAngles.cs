namespace Octet.Backends.Cpu;

/// <summary>
/// Cosine and sine of position * theta^(-2i/size), i in [0, size/2). Angles are taken in double and rounded once: a float32 angle is off
/// by position * 2^-24, which a long context would see. Blocks of positions are made when first needed.
/// </summary>
sealed class RotaryAngles(int size, double theta)
{
    const int BlockPositions = 256;

    readonly int _half = size / 2;
    readonly List<float[]> _blocks = [];

    internal int Size => size;

    internal double Theta => theta;

    /// <summary>Makes the angles of every position up to <paramref name="position"/>; not thread-safe.</summary>
    internal void Reach(int position)
    {
        while (_blocks.Count <= position / BlockPositions)
        {
            _blocks.Add(Make(_blocks.Count * BlockPositions));
        }
    }

    /// <summary>size/2 cosines, then size/2 sines.</summary>
    internal ReadOnlySpan<float> At(int position)
        => _blocks[position / BlockPositions].AsSpan(position % BlockPositions * 2 * _half, 2 * _half);

    float[] Make(int first)
    {
        float[] block = GC.AllocateUninitializedArray<float>(BlockPositions * 2 * _half);
        for (int p = 0; p < BlockPositions; p++)
        {
            for (int i = 0; i < _half; i++)
            {
                (double sin, double cos) = Math.SinCos((first + p) * Math.Pow(theta, -2.0 * i / size));
                block[p * 2 * _half + i] = (float)cos;
                block[p * 2 * _half + _half + i] = (float)sin;
            }
        }

        return block;
    }
}
