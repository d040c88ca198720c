namespace Octet.Safetensors;

/// <summary>
/// Where a slice's elements lie in its tensor: runs of elements that follow one another without a gap, the first of them, and
/// the dimensions in which such runs repeat, slowest first.
/// </summary>
readonly record struct SliceLayout(long First, long Run, IReadOnlyList<(long Count, long Stride)> Outer)
{
    internal static SliceLayout Of(ReadOnlySpan<long> shape, ReadOnlySpan<SliceAxis> axes)
    {
        (long first, long run, long size) = (0, 1, 1);
        List<(long Count, long Stride)> outer = [];
        for (int i = axes.Length - 1; i >= 0; i--)
        {
            SliceAxis axis = axes[i];
            first += axis.Start * size;
            long stride = axis.Step * size;
            if (stride == run)
            {
                run *= axis.Count;
            }
            else if (axis.Count > 1)
            {
                outer.Insert(0, (axis.Count, stride));
            }

            size *= shape[i];
        }

        return new SliceLayout(first, run, outer);
    }

    /// <summary>The first element of each run.</summary>
    internal IEnumerable<long> RunStarts()
    {
        long element = First;
        long[] index = new long[Outer.Count];
        while (true)
        {
            yield return element;
            int i = index.Length - 1;
            for (; i >= 0; i--)
            {
                element += Outer[i].Stride;
                if (++index[i] < Outer[i].Count)
                {
                    break;
                }

                element -= Outer[i].Count * Outer[i].Stride;
                index[i] = 0;
            }

            if (i < 0)
            {
                yield break;
            }
        }
    }
}
