using System.Runtime.CompilerServices;

namespace Octet.Backends.Cpu;

sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    const int PageTokens = KvCacheLayout.PageTokens;

    // Scratch: keys of a page [32][size], values of a page [32][size], scores [32], running maximum and total of each query.
    internal override int AttentionScratch(int size, int group) => 2 * PageTokens * size + PageTokens + 2 * AttentionTile.MaxRows * group;

    /// <summary>
    /// A page of keys and values is widened once for all queries of the tile. For each query: scores of the page's visible tokens, the
    /// running maximum m and total l of exp(score - m), and the weighted values, all rescaled when m rises.
    /// </summary>
    internal override void Attend(in AttentionTile work)
    {
        KvCacheLayout layout = work.Cache.Layout;
        int size = layout.HeadDim;
        if (size % TSimd.Count != 0)
        {
            ScalarKernels.Instance.Attend(work);
            return;
        }

        float* keys = work.Scratch;
        float* values = keys + PageTokens * size;
        float* scores = values + PageTokens * size;
        float* maxima = scores + PageTokens;
        float* totals = maxima + work.Rows * work.Group;
        new Span<float>(maxima, work.Rows * work.Group).Fill(float.NegativeInfinity);
        new Span<float>(totals, work.Rows * work.Group).Clear();
        for (int row = 0; row < work.Rows; row++)
        {
            new Span<float>(work.Output + (nint)row * work.OutputStride, work.Group * size).Clear();
        }

        float scale = 1 / MathF.Sqrt(size);
        int positions = work.Position + work.Rows;
        for (int first = 0; first < positions; first += PageTokens)
        {
            byte* page = work.Cache.Keys(work.Sequence.Page(first / PageTokens), work.Layer, work.Head);
            int count = Math.Min(PageTokens, positions - first);
            float* pageKeys = Widen(page, keys, count * size, layout.Type);
            float* pageValues = Widen(page + work.Cache.ValueOffset, values, count * size, layout.Type);
            for (int row = 0; row < work.Rows; row++)
            {
                int visible = Math.Min(count, work.Position + row + 1 - first);
                if (visible <= 0)
                {
                    continue;
                }

                for (int g = 0; g < work.Group; g++)
                {
                    float* query = work.Query + (nint)row * work.QueryStride + g * size;
                    float* output = work.Output + (nint)row * work.OutputStride + g * size;
                    int index = row * work.Group + g;
                    float max = Math.Max(Scores(query, pageKeys, size, visible, scale, scores), maxima[index]);
                    float keep = MathF.Exp(maxima[index] - max);
                    maxima[index] = max;
                    totals[index] = totals[index] * keep + Exponentials(scores, visible, max);
                    Accumulate(output, scores, pageValues, size, visible, keep);
                }
            }
        }

        for (int row = 0; row < work.Rows; row++)
        {
            for (int g = 0; g < work.Group; g++)
            {
                float* output = work.Output + (nint)row * work.OutputStride + g * size;
                TVector factor = TSimd.Broadcast(1 / totals[row * work.Group + g]);
                for (int i = 0; i < size; i += TSimd.Count)
                {
                    TSimd.Store(output + i, TSimd.Multiply(TSimd.Load(output + i), factor));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float* Widen(byte* source, float* destination, int count, KvCacheType type)
    {
        if (type == KvCacheType.Float32)
        {
            return (float*)source;
        }

        for (int i = 0; i < count; i += TSimd.Count)
        {
            TSimd.Store(destination + i, TSimd.WidenBFloat16((ushort*)source + i));
        }

        return destination;
    }

    /// <summary>scores[j] = scale * query . key j; returns the largest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Scores(float* query, float* keys, int size, int count, float scale, float* scores)
    {
        float max = float.NegativeInfinity;
        for (int j = 0; j < count; j += 4)
        {
            // Past the last key the same key again: its score is dropped.
            float* k0 = keys + (nint)j * size;
            float* k1 = j + 1 < count ? k0 + size : k0;
            float* k2 = j + 2 < count ? k1 + size : k0;
            float* k3 = j + 3 < count ? k2 + size : k0;
            TVector s0 = TSimd.Zero, s1 = TSimd.Zero, s2 = TSimd.Zero, s3 = TSimd.Zero;
            for (int i = 0; i < size; i += TSimd.Count)
            {
                TVector q = TSimd.Load(query + i);
                s0 = TSimd.MultiplyAdd(q, TSimd.Load(k0 + i), s0);
                s1 = TSimd.MultiplyAdd(q, TSimd.Load(k1 + i), s1);
                s2 = TSimd.MultiplyAdd(q, TSimd.Load(k2 + i), s2);
                s3 = TSimd.MultiplyAdd(q, TSimd.Load(k3 + i), s3);
            }

            // PageTokens is a multiple of 4, so all four slots exist.
            scores[j] = TSimd.Sum(s0) * scale;
            scores[j + 1] = TSimd.Sum(s1) * scale;
            scores[j + 2] = TSimd.Sum(s2) * scale;
            scores[j + 3] = TSimd.Sum(s3) * scale;
            for (int i = j; i < Math.Min(j + 4, count); i++)
            {
                max = Math.Max(max, scores[i]);
            }
        }

        return max;
    }

    /// <summary>scores[j] = exp(scores[j] - max), zero past count; returns their sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Exponentials(float* scores, int count, float max)
    {
        for (int j = count; j < PageTokens; j++)
        {
            scores[j] = float.NegativeInfinity;
        }

        TVector shift = TSimd.Broadcast(-max);
        TVector sum = TSimd.Zero;
        for (int j = 0; j < PageTokens; j += TSimd.Count)
        {
            TVector e = TSimd.Exp(TSimd.Add(TSimd.Load(scores + j), shift));
            TSimd.Store(scores + j, e);
            sum = TSimd.Add(sum, e);
        }

        return TSimd.Sum(sum);
    }

    /// <summary>output = output * keep + sum over j of weights[j] * value j.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Accumulate(float* output, float* weights, float* values, int size, int count, float keep)
    {
        TVector factor = TSimd.Broadcast(keep);
        int i = 0;
        for (; i + 4 * TSimd.Count <= size; i += 4 * TSimd.Count)
        {
            TVector s0 = TSimd.Multiply(TSimd.Load(output + i), factor);
            TVector s1 = TSimd.Multiply(TSimd.Load(output + i + TSimd.Count), factor);
            TVector s2 = TSimd.Multiply(TSimd.Load(output + i + 2 * TSimd.Count), factor);
            TVector s3 = TSimd.Multiply(TSimd.Load(output + i + 3 * TSimd.Count), factor);
            float* value = values + i;
            for (int j = 0; j < count; j++, value += size)
            {
                TVector w = TSimd.Broadcast(weights[j]);
                s0 = TSimd.MultiplyAdd(w, TSimd.Load(value), s0);
                s1 = TSimd.MultiplyAdd(w, TSimd.Load(value + TSimd.Count), s1);
                s2 = TSimd.MultiplyAdd(w, TSimd.Load(value + 2 * TSimd.Count), s2);
                s3 = TSimd.MultiplyAdd(w, TSimd.Load(value + 3 * TSimd.Count), s3);
            }

            TSimd.Store(output + i, s0);
            TSimd.Store(output + i + TSimd.Count, s1);
            TSimd.Store(output + i + 2 * TSimd.Count, s2);
            TSimd.Store(output + i + 3 * TSimd.Count, s3);
        }

        for (; i < size; i += TSimd.Count)
        {
            TVector sum = TSimd.Multiply(TSimd.Load(output + i), factor);
            for (int j = 0; j < count; j++)
            {
                sum = TSimd.MultiplyAdd(TSimd.Broadcast(weights[j]), TSimd.Load(values + (nint)j * size + i), sum);
            }

            TSimd.Store(output + i, sum);
        }
    }
}
