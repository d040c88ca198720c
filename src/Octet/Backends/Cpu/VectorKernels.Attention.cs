using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Octet.Numerics;

namespace Octet.Backends.Cpu;

/// <summary>
/// Attention with a streaming softmax (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018): page after page,
/// each query keeps the largest score m so far, the sum l of exp(score - m) and the weighted sum of values, rescaled when m rises. Codes
/// are multiplied as they are: the scale of a layer's keys goes into the factor of its scores, that of its values into the last one.
/// </summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    const int PageTokens = KvCacheLayout.PageTokens;

    // For one token: queries and sums in the order of the cache's elements, scores. For several: a page's keys as panels, its values,
    // scores, a tile's sums and a square of lanes. For both: m and l of each query. Values are read a panel at a time, so past their end.
    internal override int AttentionScratch(int size, int rows, int group)
    {
        int queries = rows * group;
        int one = 2 * group * size + group * PageTokens;
        int several = 2 * PageTokens * size + PanelRows + rows * PageTokens + TileTokens * PanelRows + TSimd.Count * TSimd.Count;
        return 2 * queries + Math.Max(one, several);
    }

    internal override void Attend(in AttentionTile work)
    {
        KvCacheLayout layout = work.Cache.Layout;
        int size = layout.HeadDim;
        if (size % TSimd.Count != 0 || layout.ValueDim % TSimd.Count != 0 || PageTokens % PanelRows != 0)
        {
            ScalarKernels.Instance.Attend(work);
        }
        else
        {
            switch (layout.Type)
            {
                case KvCacheType.Float32: Attend<SingleWeights<TSimd, TVector>>(work); break;
                case KvCacheType.BFloat16: Attend<BFloat16Weights<TSimd, TVector>>(work); break;
                case KvCacheType.Float8E5M2: Attend<E5M2Weights<TSimd, TVector>>(work); break;
                case KvCacheType.Float8E4M3 when work.Cache.HoldsNaN && !TE4M3.KeepsNaN: Attend<E4M3Weights<TSimd, TVector>>(work); break;
                default: Attend<TE4M3>(work); break;
            }
        }
    }

    static void Attend<TFormat>(in AttentionTile work)
        where TFormat : struct, IWeightFormat<TVector>
    {
        if (work.Rows > 1 || work.Cache.Layout.HeadDim % Step != 0 || work.Cache.Layout.ValuesInKeys)
        {
            Several<TFormat>(work);
        }
        else
        {
            One<TFormat>(work);
        }
    }

    /// <summary>
    /// One token: bound by reading the cache, so keys and values are widened in registers, for two queries at a time. A head's keys in a page
    /// are too few for the processor to foresee the next: values are prefetched while keys are multiplied, the next keys while values are,
    /// and behind a head's last values the keys that its thread is likely to read after them.
    /// </summary>
    static void One<TFormat>(in AttentionTile work)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int size = work.Cache.Layout.HeadDim;
        int group = work.Group;
        float* queries = work.Scratch;
        float* sums = queries + group * size;
        float* scores = sums + group * size;
        float* maxima = scores + group * PageTokens;
        float* totals = maxima + group;
        Begin(work, maxima, totals, 1);
        new Span<float>(sums, group * size).Clear();
        for (int g = 0; g < group; g++)
        {
            Arrange<TFormat>(work.Query + g * size, size, queries + g * size, TSimd.Count);
        }

        KvScale unit = work.Cache.Layout.Scale(work.Layer, work.Head);
        float scale = work.Scale * unit.Key * TFormat.HalfUnit;
        int positions = work.Position + 1;
        int start = work.First(0);
        for (int first = start / PageTokens * PageTokens; first < positions; first += PageTokens)
        {
            byte* keys = work.Cache.Keys(work.Sequence.Page(first / PageTokens), work.Layer, work.Head);
            int count = Math.Min(PageTokens, positions - first);
            byte* values = keys + work.Cache.ValueOffset;
            byte* nextKeys = first + PageTokens < positions ? work.Cache.Keys(work.Sequence.Page(first / PageTokens + 1), work.Layer, work.Head) : work.NextKeys is null ? values : work.NextKeys;
            for (int g = 0; g < group; g += 2)
            {
                int next = Math.Min(g + 1, group - 1);
                KeyScores<TFormat>(keys, values, queries + g * size, queries + next * size, size, count, scale, scores + g * PageTokens, scores + next * PageTokens);
                if (work.Cap != 0)
                {
                    Cap(scores + g * PageTokens, (1 + next - g) * PageTokens, work.Cap);
                }

                float keep = Softmax(scores + g * PageTokens, PageTokens, start - first, count, ref maxima[g], ref totals[g]);
                float keepNext = next == g ? 0 : Softmax(scores + next * PageTokens, PageTokens, start - first, count, ref maxima[next], ref totals[next]);
                if (TFormat.HalfUnit != 1)
                {
                    Scale(scores + g * PageTokens, (1 + next - g) * PageTokens, TFormat.HalfUnit);
                }

                AddValues<TFormat>(
                    values, nextKeys, size, count, scores + g * PageTokens, keep, sums + g * size,
                    next == g ? null : scores + next * PageTokens, keepNext, sums + next * size);
            }
        }

        for (int g = 0; g < group; g++)
        {
            Restore<TFormat>(sums + g * size, size, unit.Value * TFormat.HalfUnit / totals[g], work.Output + g * size);
        }
    }

    /// <summary>Elements in the order of the cache, times a factor, in their own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Restore<TFormat>(float* widened, int size, float factor, float* output)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int inLane = sizeof(uint) / TFormat.ElementBytes;
        for (int i = 0; i < size; i += inLane * TSimd.Count)
        {
            for (int lane = 0; lane < TSimd.Count; lane++)
            {
                for (int element = 0; element < inLane; element++)
                {
                    output[i + lane * inLane + element] = widened[i + element * TSimd.Count + lane] * factor;
                }
            }
        }
    }

    // As many bytes as are widened at once, by lines of 64.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Prefetch<TFormat>(byte* at)
        where TFormat : struct, IWeightFormat<TVector>
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(at);
            if (4 * TSimd.Count * TFormat.ElementBytes > 64)
            {
                Sse.Prefetch0(at + 64);
            }
        }
    }

    /// <summary>scores[j] = scale * query . key j, for two queries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void KeyScores<TFormat>(byte* keys, byte* ahead, float* query, float* next, int size, int count, float scale, float* scores, float* nextScores)
        where TFormat : struct, IWeightFormat<TVector>
    {
        for (int j = 0; j < count; j++)
        {
            TVector s0 = TSimd.Zero, s1 = TSimd.Zero, t0 = TSimd.Zero, t1 = TSimd.Zero;
            for (int i = 0; i < size; i += 4 * TSimd.Count, keys += 4 * TSimd.Count * TFormat.ElementBytes, ahead += 4 * TSimd.Count * TFormat.ElementBytes)
            {
                Prefetch<TFormat>(ahead);
                TFormat.Widen(keys, out TVector a, out TVector b, out TVector c, out TVector d);
                s0 = TSimd.MultiplyAdd(a, TSimd.Load(query + i), s0);
                t0 = TSimd.MultiplyAdd(a, TSimd.Load(next + i), t0);
                s1 = TSimd.MultiplyAdd(b, TSimd.Load(query + i + TSimd.Count), s1);
                t1 = TSimd.MultiplyAdd(b, TSimd.Load(next + i + TSimd.Count), t1);
                s0 = TSimd.MultiplyAdd(c, TSimd.Load(query + i + 2 * TSimd.Count), s0);
                t0 = TSimd.MultiplyAdd(c, TSimd.Load(next + i + 2 * TSimd.Count), t0);
                s1 = TSimd.MultiplyAdd(d, TSimd.Load(query + i + 3 * TSimd.Count), s1);
                t1 = TSimd.MultiplyAdd(d, TSimd.Load(next + i + 3 * TSimd.Count), t1);
            }

            scores[j] = TSimd.Sum(TSimd.Add(s0, s1)) * scale;
            nextScores[j] = TSimd.Sum(TSimd.Add(t0, t1)) * scale;
        }
    }

    /// <summary>sums = sums * keep + sum over j of weights[j] * value j, for one or two queries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void AddValues<TFormat>(
        byte* values, byte* ahead, int size, int count, float* weights, float keep, float* sums, float* nextWeights, float nextKeep, float* nextSums)
        where TFormat : struct, IWeightFormat<TVector>
    {
        if (nextWeights is null)
        {
            // The second query's results land where they are not read: the first's are stored after them.
            nextWeights = weights;
            nextKeep = keep;
        }

        nint stride = (nint)size * TFormat.ElementBytes;
        for (int i = 0; i < size; i += 4 * TSimd.Count)
        {
            TVector factor = TSimd.Broadcast(keep);
            TVector s0 = TSimd.Multiply(TSimd.Load(sums + i), factor);
            TVector s1 = TSimd.Multiply(TSimd.Load(sums + i + TSimd.Count), factor);
            TVector s2 = TSimd.Multiply(TSimd.Load(sums + i + 2 * TSimd.Count), factor);
            TVector s3 = TSimd.Multiply(TSimd.Load(sums + i + 3 * TSimd.Count), factor);
            factor = TSimd.Broadcast(nextKeep);
            TVector t0 = TSimd.Multiply(TSimd.Load(nextSums + i), factor);
            TVector t1 = TSimd.Multiply(TSimd.Load(nextSums + i + TSimd.Count), factor);
            TVector t2 = TSimd.Multiply(TSimd.Load(nextSums + i + 2 * TSimd.Count), factor);
            TVector t3 = TSimd.Multiply(TSimd.Load(nextSums + i + 3 * TSimd.Count), factor);
            byte* value = values + (nint)i * TFormat.ElementBytes;
            for (int j = 0; j < count; j++, value += stride, ahead += 4 * TSimd.Count * TFormat.ElementBytes)
            {
                Prefetch<TFormat>(ahead);
                TFormat.Widen(value, out TVector a, out TVector b, out TVector c, out TVector d);
                TVector weight = TSimd.Broadcast(weights[j]);
                s0 = TSimd.MultiplyAdd(weight, a, s0);
                s1 = TSimd.MultiplyAdd(weight, b, s1);
                s2 = TSimd.MultiplyAdd(weight, c, s2);
                s3 = TSimd.MultiplyAdd(weight, d, s3);
                weight = TSimd.Broadcast(nextWeights[j]);
                t0 = TSimd.MultiplyAdd(weight, a, t0);
                t1 = TSimd.MultiplyAdd(weight, b, t1);
                t2 = TSimd.MultiplyAdd(weight, c, t2);
                t3 = TSimd.MultiplyAdd(weight, d, t3);
            }

            TSimd.Store(nextSums + i, t0);
            TSimd.Store(nextSums + i + TSimd.Count, t1);
            TSimd.Store(nextSums + i + 2 * TSimd.Count, t2);
            TSimd.Store(nextSums + i + 3 * TSimd.Count, t3);
            TSimd.Store(sums + i, s0);
            TSimd.Store(sums + i + TSimd.Count, s1);
            TSimd.Store(sums + i + 2 * TSimd.Count, s2);
            TSimd.Store(sums + i + 3 * TSimd.Count, s3);
        }
    }

    /// <summary>
    /// Several tokens: bound by arithmetic. Scores and weighted values of a page are two products of the kind that linear layers are:
    /// the page's keys, then its values, are the panel.
    /// </summary>
    static void Several<TFormat>(in AttentionTile work)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int size = work.Cache.Layout.HeadDim;
        int valueSize = work.Cache.Layout.ValueDim;
        float* keys = work.Scratch;
        float* values = keys + PageTokens * size;
        float* scores = values + PageTokens * size + PanelRows;
        float* sums = scores + work.Rows * PageTokens;
        float* square = sums + TileTokens * PanelRows;
        float* maxima = square + TSimd.Count * TSimd.Count;
        float* totals = maxima + work.Rows * work.Group;
        Begin(work, maxima, totals, work.Rows);
        for (int row = 0; row < work.Rows; row++)
        {
            new Span<float>(work.Output + (nint)row * work.OutputStride, work.Group * valueSize).Clear();
        }

        KvScale unit = work.Cache.Layout.Scale(work.Layer, work.Head);
        float* scale = stackalloc float[2 * 16];
        float* inner = stackalloc float[2 * 16];
        float* ones = stackalloc float[2 * 16];
        new Span<float>(scale, PanelRows).Fill(work.Scale * unit.Key * TFormat.HalfUnit);
        new Span<float>(inner, PanelRows).Fill(TFormat.HalfUnit);
        new Span<float>(ones, PanelRows).Fill(1);
        PanelTile score = new() { Stride = PanelRows, Depth = size, Rows = PanelRows, RowFactors = scale, Sums = sums };
        PanelTile value = new() { Stride = size, RowFactors = ones, Sums = sums, Add = true };
        int positions = work.End(work.Rows - 1);
        for (int first = work.First(0) / PageTokens * PageTokens; first < positions; first += PageTokens)
        {
            byte* page = work.Cache.Keys(work.Sequence.Page(first / PageTokens), work.Layer, work.Head);
            int count = Math.Min(PageTokens, positions - first);
            for (int j = 0; j < PageTokens; j += TSimd.Count)
            {
                PackKeys<TFormat>(page, j, size, keys + j / PanelRows * PanelRows * size + j % PanelRows, square, inner);
            }

            WidenValues(page + work.Cache.ValueOffset, count * size, work.Cache.Layout.Type, values);
            value.Depth = count;
            for (int g = 0; g < work.Group; g++)
            {
                for (int j = 0; j < PageTokens; j += PanelRows)
                {
                    score.Weights = keys + j * size;
                    Multiply(score, work.Query + g * size, work.QueryStride, work.Rows, scores + j, PageTokens);
                }

                float* output = work.Output + g * valueSize;
                for (int row = 0; row < work.Rows; row++)
                {
                    int index = row * work.Group + g;
                    int visible = Math.Clamp(work.End(row) - first, 0, count);
                    if (work.Cap != 0)
                    {
                        Cap(scores + row * PageTokens, PageTokens, work.Cap);
                    }

                    float keep = Softmax(scores + row * PageTokens, PageTokens, work.First(row) - first, visible, ref maxima[index], ref totals[index]);
                    if (keep != 1)
                    {
                        Scale(output + (nint)row * work.OutputStride, valueSize, keep);
                    }
                }

                for (int i = 0; i < valueSize; i += PanelRows)
                {
                    value.Weights = values + i;
                    value.Rows = Math.Min(PanelRows, valueSize - i);
                    Multiply(value, scores, PageTokens, work.Rows, output + i, work.OutputStride);
                }
            }
        }

        for (int row = 0; row < work.Rows; row++)
        {
            for (int g = 0; g < work.Group; g++)
            {
                Scale(work.Output + (nint)row * work.OutputStride + g * valueSize, valueSize, unit.Value / totals[row * work.Group + g]);
            }
        }
    }

    // A sink is a score that was seen before all others.
    static void Begin(in AttentionTile work, float* maxima, float* totals, int rows)
    {
        for (int row = 0; row < rows; row++, maxima += work.Group, totals += work.Group)
        {
            Span<float> highest = new(maxima, work.Group);
            if (work.Sinks is null)
            {
                highest.Fill(float.NegativeInfinity);
            }
            else
            {
                new ReadOnlySpan<float>(work.Sinks, work.Group).CopyTo(highest);
            }

            new Span<float>(totals, work.Group).Fill(work.Sinks is null ? 0 : 1);
        }
    }

    /// <summary>panel[i][j] = element i of key first + j times a factor, for one vector of keys; the panel's rows are <see cref="PanelRows"/> apart.</summary>
    static void PackKeys<TFormat>(byte* keys, int first, int size, float* panel, float* square, float* factors)
        where TFormat : struct, IWeightFormat<TVector>
    {
        int count = TSimd.Count;
        int side = count * sizeof(uint) / TFormat.ElementBytes;
        nint stride = (nint)size * TFormat.ElementBytes;
        for (int i = 0; i < size; i += side)
        {
            byte* source = keys + first * stride + (nint)i * TFormat.ElementBytes;
            if (i + side <= size)
            {
                TSimd.Transpose(source, stride, square);
            }
            else
            {
                Edge(source, stride, count, (size - i) * TFormat.ElementBytes, square);
            }

            WidenSquare<TFormat>((byte*)square, Math.Min(side, size - i), factors, panel + (nint)i * PanelRows, PanelRows);
        }
    }

    /// <summary>In their order, without their scale.</summary>
    static void WidenValues(byte* values, int count, KvCacheType type, float* destination)
    {
        Span<float> output = new(destination, count);
        switch (type)
        {
            case KvCacheType.Float32: new ReadOnlySpan<float>(values, count).CopyTo(output); break;
            case KvCacheType.BFloat16: WidenBFloat16((ushort*)values, count, destination); break;
            case KvCacheType.Float8E4M3: Float8E4M3FN.ConvertToSingle(new ReadOnlySpan<Float8E4M3FN>(values, count), output); break;
            default: Float8E5M2.ConvertToSingle(new ReadOnlySpan<Float8E5M2>(values, count), output); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void WidenBFloat16(ushort* values, int count, float* destination)
    {
        for (int i = 0; i < count; i += TSimd.Count)
        {
            TSimd.Store(destination + i, TSimd.WidenBFloat16(values + i));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Scale(float* values, int count, float factor)
    {
        TVector common = TSimd.Broadcast(factor);
        for (int i = 0; i < count; i += TSimd.Count)
        {
            TSimd.Store(values + i, TSimd.Multiply(TSimd.Load(values + i), common));
        }
    }

    // What lies behind the last token is no score, and what becomes of it is not looked at.
    static void Cap(float* scores, int count, float cap)
    {
        Span<float> all = new(scores, count);
        TensorPrimitives.Divide(all, cap, all);
        TensorPrimitives.Tanh(all, all);
        TensorPrimitives.Multiply(all, cap, all);
    }

    /// <summary>
    /// Of <paramref name="count"/> scores, whole vectors of them: scores[j] = exp(scores[j] - m) with the new largest score m, zero before <paramref name="from"/> and from <paramref name="visible"/> on;
    /// adds them to <paramref name="total"/> and returns what earlier sums are to be multiplied with.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Softmax(float* scores, int count, int from, int visible, ref float max, ref float total)
    {
        if (from >= visible)
        {
            new Span<float>(scores, count).Clear();
            return 1;
        }

        for (int j = 0; j < from; j++)
        {
            scores[j] = float.NegativeInfinity;
        }

        for (int j = visible; j < count; j++)
        {
            scores[j] = float.NegativeInfinity;
        }

        TVector highest = TSimd.Load(scores);
        for (int j = TSimd.Count; j < count; j += TSimd.Count)
        {
            highest = TSimd.Max(highest, TSimd.Load(scores + j));
        }

        float* lanes = stackalloc float[16];
        TSimd.Store(lanes, highest);
        float rise = max;
        for (int i = 0; i < TSimd.Count; i++)
        {
            rise = MathF.Max(rise, lanes[i]);
        }

        TVector shift = TSimd.Broadcast(-rise);
        TVector sum = TSimd.Zero;
        for (int j = 0; j < count; j += TSimd.Count)
        {
            TVector e = VectorExp.Exp<TSimd, TVector>(TSimd.Add(TSimd.Load(scores + j), shift));
            TSimd.Store(scores + j, e);
            sum = TSimd.Add(sum, e);
        }

        float keep = rise == max ? 1 : MathF.Exp(max - rise);
        max = rise;
        total = total * keep + TSimd.Sum(sum);
        return keep;
    }
}
