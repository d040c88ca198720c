namespace Octet.Backends.Cpu;

/// <summary>
/// Cosines and sines of the angles of a <see cref="Rotary"/>. Angles are taken in double and rounded once: a float32 angle is off
/// by position * 2^-24, which a long context would see. Blocks of positions are made when first needed.
/// </summary>
sealed class RotaryAngles(Rotary rotary)
{
    const int BlockPositions = 256;

    readonly int _pairs = rotary.Frequencies.Length;
    readonly List<float[]> _blocks = [];

    /// <summary>Makes the angles of every position up to <paramref name="position"/>; not thread-safe.</summary>
    internal void Reach(int position)
    {
        while (_blocks.Count <= position / BlockPositions)
        {
            _blocks.Add(Make(_blocks.Count * BlockPositions));
        }
    }

    /// <summary>A cosine for each pair, then a sine for each.</summary>
    internal ReadOnlySpan<float> At(int position)
        => _blocks[position / BlockPositions].AsSpan(position % BlockPositions * 2 * _pairs, 2 * _pairs);

    float[] Make(int first)
    {
        float[] block = GC.AllocateUninitializedArray<float>(BlockPositions * 2 * _pairs);
        for (int p = 0; p < BlockPositions; p++)
        {
            for (int i = 0; i < _pairs; i++)
            {
                (double sin, double cos) = Math.SinCos((first + p) * rotary.Frequencies[i]);
                block[p * 2 * _pairs + i] = (float)(cos * rotary.Factor);
                block[p * 2 * _pairs + _pairs + i] = (float)(sin * rotary.Factor);
            }
        }

        return block;
    }
}
