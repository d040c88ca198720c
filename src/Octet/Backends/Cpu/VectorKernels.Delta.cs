using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Octet.Backends.Cpu;

/// <summary>Recurrent layers.</summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void MultiplyLogistic(float* values, float* gate, int count)
    {
        int whole = count - count % TSimd.Count;
        for (int i = 0; i < whole; i += TSimd.Count)
        {
            TSimd.Store(values + i, TimesLogistic(TSimd.Load(values + i), TSimd.Load(gate + i)));
        }

        ScalarKernels.Instance.MultiplyLogistic(values + whole, gate + whole, count - whole);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Convolve(in ConvolutionRun run)
    {
        // Of fewer taps the first ones are zeros, of inputs that are zeros.
        int whole = run.Channels - run.Channels % TSimd.Count;
        nint step = run.TapStride;
        int before = run.TapCount - 1;
        for (int channel = 0; channel < whole; channel += TSimd.Count)
        {
            float* last = run.History + (before - 1) * step + channel;
            float* lastTap = run.Taps + before * step + channel;
            float* mixed = run.Mixed + channel;
            TVector a = before > 2 ? TSimd.Load(last - 2 * step) : TSimd.Zero;
            TVector b = before > 1 ? TSimd.Load(last - step) : TSimd.Zero;
            TVector c = TSimd.Load(last);
            TVector tapA = before > 2 ? TSimd.Load(lastTap - 3 * step) : TSimd.Zero;
            TVector tapB = before > 1 ? TSimd.Load(lastTap - 2 * step) : TSimd.Zero;
            TVector tapC = TSimd.Load(lastTap - step);
            TVector tapNow = TSimd.Load(lastTap);
            TVector bias = run.Bias is null ? TSimd.Zero : TSimd.Load(run.Bias + channel);
            for (int row = 0; row < run.Rows; row++, mixed += run.Stride)
            {
                TVector now = TSimd.Load(mixed);
                TVector sum = TSimd.MultiplyAdd(a, tapA, bias);
                sum = TSimd.MultiplyAdd(b, tapB, sum);
                sum = TSimd.MultiplyAdd(c, tapC, sum);
                sum = TSimd.MultiplyAdd(now, tapNow, sum);
                TSimd.Store(mixed, run.HasSilu ? TimesLogistic(sum, sum) : sum);
                (a, b, c) = (b, c, now);
            }

            if (before > 2)
            {
                TSimd.Store(last - 2 * step, a);
            }

            if (before > 1)
            {
                TSimd.Store(last - step, b);
            }

            TSimd.Store(last, c);
        }

        if (whole < run.Channels)
        {
            ScalarKernels.Instance.Convolve(run.From(whole));
        }
    }

    /// <summary>
    /// The state lies in blocks of as many columns as <see cref="WalkFour{TDecay}"/> takes, [key][column] each: a block stays in the first level of the
    /// cache while the tokens of a tile pass.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void GatedDelta(in DeltaRun run)
    {
        if (run.ValueDim % TSimd.Count != 0)
        {
            ScalarKernels.Instance.GatedDelta(run);
            return;
        }

        if (run.DecaysChannels)
        {
            GatedDelta<ChannelDecay>(run);
        }
        else
        {
            GatedDelta<HeadDecay>(run);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void GatedDelta<TDecay>(in DeltaRun run)
        where TDecay : struct, IDecay
    {
        int size = run.KeyDim;
        float* queries = run.Scratch;
        float* keys = queries + DeltaRun.TileRows * size;
        float* met = TDecay.IsOfChannels ? keys + DeltaRun.TileRows * size : keys;
        float* decays = keys + 2 * DeltaRun.TileRows * size;
        int room = TDecay.IsOfChannels ? size : 0;
        Span<double> steps = stackalloc double[room];
        Span<double> powers = stackalloc double[room];
        DeltaGates* gates = stackalloc DeltaGates[DeltaRun.TileRows];
        float length = 1 / MathF.Sqrt(size);
        for (int first = 0; first < run.Rows; first += DeltaRun.TileRows)
        {
            int rows = Math.Min(DeltaRun.TileRows, run.Rows - first);
            for (int row = 0; row < rows; row++)
            {
                ReadOnlySpan<float> query = new(run.Query + (nint)(first + row) * run.Stride, size);
                ReadOnlySpan<float> key = new(run.Key + (nint)(first + row) * run.Stride, size);
                Span<float> unitQuery = new(queries + row * size, size);
                Span<float> unitKey = new(keys + row * size, size);
                TensorPrimitives.Multiply(query, DeltaRun.Normalizer(query) * length, unitQuery);
                TensorPrimitives.Multiply(key, DeltaRun.Normalizer(key), unitKey);
                float product = TensorPrimitives.Dot(unitQuery, unitKey);
                if (TDecay.IsOfChannels)
                {
                    // The state before it has decayed meets what has decayed in its place.
                    Span<float> own = new(decays + row * size, size);
                    run.Decays(first + row, own, steps, powers);
                    TensorPrimitives.Multiply(unitKey, own, new Span<float>(met + row * size, size));
                    TensorPrimitives.Multiply(unitQuery, own, unitQuery);
                }

                gates[row] = new DeltaGates(TDecay.IsOfChannels ? 1 : (float)run.Decay(first + row), (float)run.Strength(first + row), product);
            }

            for (int column = 0; column < run.ValueDim;)
            {
                float* state = run.State + column * size;
                float* values = run.Value + (nint)first * run.Stride + column;
                float* output = run.Output + (nint)first * run.OutputStride + column;
                if (column + 4 * TSimd.Count <= run.ValueDim)
                {
                    WalkFour<TDecay>(state, queries, keys, met, decays, gates, values, run.Stride, output, run.OutputStride, rows, size);
                    column += 4 * TSimd.Count;
                }
                else
                {
                    WalkOne<TDecay>(state, queries, keys, met, decays, gates, values, run.Stride, output, run.OutputStride, rows, size);
                    column += TSimd.Count;
                }
            }
        }
    }

    /// <summary>
    /// Four vectors of columns through the tokens of a tile. One pass over the state gives S^T k and S^T q before the token; with
    /// d = strength * (v - decay * S^T k) the output is decay * S^T q + (k q) d, and a second pass makes S the next one. Where channels decay by
    /// themselves, <paramref name="met"/> and <paramref name="query"/> are k and q with the decays in them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void WalkFour<TDecay>(float* state, float* query, float* key, float* met, float* decays, DeltaGates* gates, float* value, int stride, float* output, int outputStride, int rows, int size)
        where TDecay : struct, IDecay
    {
        int n = TSimd.Count;
        int width = 4 * n;
        for (int row = 0; row < rows; row++, query += size, key += size, met += size, decays += size, value += stride, output += outputStride)
        {
            TVector held0 = TSimd.Zero, held1 = TSimd.Zero, held2 = TSimd.Zero, held3 = TSimd.Zero;
            TVector read0 = TSimd.Zero, read1 = TSimd.Zero, read2 = TSimd.Zero, read3 = TSimd.Zero;
            float* s = state;
            for (int i = 0; i < size; i++, s += width)
            {
                TVector k = TSimd.Broadcast(met[i]);
                TVector q = TSimd.Broadcast(query[i]);
                TVector s0 = TSimd.Load(s);
                held0 = TSimd.MultiplyAdd(s0, k, held0);
                read0 = TSimd.MultiplyAdd(s0, q, read0);
                TVector s1 = TSimd.Load(s + n);
                held1 = TSimd.MultiplyAdd(s1, k, held1);
                read1 = TSimd.MultiplyAdd(s1, q, read1);
                TVector s2 = TSimd.Load(s + 2 * n);
                held2 = TSimd.MultiplyAdd(s2, k, held2);
                read2 = TSimd.MultiplyAdd(s2, q, read2);
                TVector s3 = TSimd.Load(s + 3 * n);
                held3 = TSimd.MultiplyAdd(s3, k, held3);
                read3 = TSimd.MultiplyAdd(s3, q, read3);
            }

            DeltaGates gate = gates[row];
            TVector d0 = Written(value, held0, gate);
            TVector d1 = Written(value + n, held1, gate);
            TVector d2 = Written(value + 2 * n, held2, gate);
            TVector d3 = Written(value + 3 * n, held3, gate);
            TSimd.Store(output, Read(read0, d0, gate));
            TSimd.Store(output + n, Read(read1, d1, gate));
            TSimd.Store(output + 2 * n, Read(read2, d2, gate));
            TSimd.Store(output + 3 * n, Read(read3, d3, gate));
            TVector decay = TSimd.Broadcast(gate.Decay);
            s = state;
            for (int i = 0; i < size; i++, s += width)
            {
                TVector k = TSimd.Broadcast(key[i]);
                if (TDecay.IsOfChannels)
                {
                    decay = TSimd.Broadcast(decays[i]);
                }

                TSimd.Store(s, TSimd.MultiplyAdd(k, d0, TSimd.Multiply(TSimd.Load(s), decay)));
                TSimd.Store(s + n, TSimd.MultiplyAdd(k, d1, TSimd.Multiply(TSimd.Load(s + n), decay)));
                TSimd.Store(s + 2 * n, TSimd.MultiplyAdd(k, d2, TSimd.Multiply(TSimd.Load(s + 2 * n), decay)));
                TSimd.Store(s + 3 * n, TSimd.MultiplyAdd(k, d3, TSimd.Multiply(TSimd.Load(s + 3 * n), decay)));
            }
        }
    }

    /// <summary>As <see cref="WalkFour{TDecay}"/>, one vector of columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void WalkOne<TDecay>(float* state, float* query, float* key, float* met, float* decays, DeltaGates* gates, float* value, int stride, float* output, int outputStride, int rows, int size)
        where TDecay : struct, IDecay
    {
        for (int row = 0; row < rows; row++, query += size, key += size, met += size, decays += size, value += stride, output += outputStride)
        {
            TVector held = TSimd.Zero;
            TVector read = TSimd.Zero;
            float* s = state;
            for (int i = 0; i < size; i++, s += TSimd.Count)
            {
                held = TSimd.MultiplyAdd(TSimd.Load(s), TSimd.Broadcast(met[i]), held);
                read = TSimd.MultiplyAdd(TSimd.Load(s), TSimd.Broadcast(query[i]), read);
            }

            DeltaGates gate = gates[row];
            TVector d = Written(value, held, gate);
            TSimd.Store(output, Read(read, d, gate));
            TVector decay = TSimd.Broadcast(gate.Decay);
            s = state;
            for (int i = 0; i < size; i++, s += TSimd.Count)
            {
                if (TDecay.IsOfChannels)
                {
                    decay = TSimd.Broadcast(decays[i]);
                }

                TSimd.Store(s, TSimd.MultiplyAdd(TSimd.Broadcast(key[i]), d, TSimd.Multiply(TSimd.Load(s), decay)));
            }
        }
    }

    /// <summary>strength * (v - decay * S^T k).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector Written(float* value, TVector held, DeltaGates gate)
        => TSimd.Multiply(TSimd.MultiplyAdd(held, TSimd.Broadcast(-gate.Decay), TSimd.Load(value)), TSimd.Broadcast(gate.Strength));

    /// <summary>decay * S^T q + (k q) d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector Read(TVector read, TVector written, DeltaGates gate)
        => TSimd.MultiplyAdd(written, TSimd.Broadcast(gate.KeyQuery), TSimd.Multiply(read, TSimd.Broadcast(gate.Decay)));

    /// <summary>What decays: a head as a whole, or every channel of its keys by itself. Types, so that each has code of its own.</summary>
    interface IDecay
    {
        static abstract bool IsOfChannels { get; }
    }

    readonly struct HeadDecay : IDecay
    {
        public static bool IsOfChannels => false;
    }

    readonly struct ChannelDecay : IDecay
    {
        public static bool IsOfChannels => true;
    }

    /// <summary>What a token does to a head: what is left of the state, how much is written, and the product of its key and query.</summary>
    readonly record struct DeltaGates(float Decay, float Strength, float KeyQuery);
}
