namespace Octet.Safetensors.Tests;

/// <summary>A slice as the lists of indices that it takes of each dimension; elements are gathered one by one.</summary>
sealed class NaiveSlice(long[] shape)
{
    readonly (long[] Indices, bool Dropped)[] _axes =
        [.. shape.Select(dimension => (Enumerable.Range(0, (int)dimension).Select(i => (long)i).ToArray(), false))];

    internal long[] Shape => [.. _axes.Where(axis => !axis.Dropped).Select(axis => (long)axis.Indices.Length)];

    /// <summary>Cuts both slices the same, at random.</summary>
    internal TensorSlice Cut(TensorSlice slice, Random random)
    {
        int[] kept = [.. Enumerable.Range(0, _axes.Length).Where(i => !_axes[i].Dropped)];
        if (kept.Length == 0)
        {
            return slice;
        }

        int dimension = random.Next(kept.Length);
        long[] indices = _axes[kept[dimension]].Indices;
        int size = indices.Length;
        int start = random.Next(size + 1);
        int end = random.Next(start, size + 1);
        int step = random.Next(1, 4);
        TensorRange[] before = [.. Enumerable.Repeat<TensorRange>(.., dimension)];
        long[] taken = [.. indices[start..end].Where((_, i) => i % step == 0)];
        switch (random.Next(size > 0 ? 5 : 3))
        {
            case 0:
                _axes[kept[dimension]].Indices = taken;
                return slice.Narrow(dimension, start, taken.Length, step);
            case 1:
                _axes[kept[dimension]].Indices = taken;
                return slice[[.. before, new TensorRange(start, end, step)]];
            case 2:
                _axes[kept[dimension]].Indices = taken;
                return slice[[.. before, new TensorRange(new Range(^(size - start), ^(size - end)), step)]];
            case 3:
                int index = random.Next(size);
                _axes[kept[dimension]] = ([indices[index]], true);
                return slice.Select(dimension, index);
            default:
                int fromEnd = random.Next(1, size + 1);
                _axes[kept[dimension]] = ([indices[^fromEnd]], true);
                return slice[[.. before, ^fromEnd]];
        }
    }

    /// <summary>The elements' numbers in the tensor, in the slice's order.</summary>
    internal IEnumerable<long> Elements()
    {
        IEnumerable<long> elements = [0];
        for (int i = 0; i < _axes.Length; i++)
        {
            (long dimension, long[] indices) = (shape[i], _axes[i].Indices);
            elements = elements.SelectMany(element => indices.Select(index => (element * dimension) + index));
        }

        return elements;
    }

    /// <summary>The longest runs of numbers that follow one another.</summary>
    internal static IEnumerable<(long First, long Count)> Runs(long[] elements)
    {
        for (int i = 0; i < elements.Length;)
        {
            int first = i;
            while (++i < elements.Length && elements[i] == elements[i - 1] + 1)
            {
            }

            yield return (elements[first], i - first);
        }
    }

    /// <summary>Bit by bit; the first element's bits are the lowest of a byte.</summary>
    internal static byte[] Gather(byte[] data, long[] elements, int bits)
    {
        byte[] gathered = new byte[elements.Length * bits / 8];
        for (int i = 0; i < elements.Length; i++)
        {
            for (int bit = 0; bit < bits; bit++)
            {
                long from = (elements[i] * bits) + bit;
                int to = (i * bits) + bit;
                gathered[to / 8] |= (byte)(((data[from / 8] >> (int)(from % 8)) & 1) << (to % 8));
            }
        }

        return gathered;
    }
}
