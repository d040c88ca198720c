using Octet.Numerics;

namespace Octet.Backends.Cpu;

/// <summary>The plain definition: one element at a time, sums in double. What the vector kernels are held against.</summary>
sealed unsafe partial class ScalarKernels : CpuKernels
{
    internal static ScalarKernels Instance { get; } = new();

    internal override string Name => "scalar";

    internal override int LinearScratch(int columns) => 0;

    internal override int AttentionScratch(int headDim, int rows, int group) => 0;

    internal override void Linear(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
    {
        for (long row = first; row < end; row++)
        {
            byte* data = weight.Row(row);
            float* scales = weight.Scales(row);
            for (int t = 0; t < x.Rows; t++)
            {
                float* input = x.Data + (nint)t * x.Stride;
                float* inputScales = x.Scales is null ? null : x.Scales + (nint)t * x.ScaleStride;
                double total = 0;
                for (int k = 0; k < weight.Columns; k++)
                {
                    double scale = scales is null ? 1 : scales[k / weight.BlockColumns];
                    if (inputScales is not null)
                    {
                        scale *= inputScales[k / ActivationGroup];
                    }

                    total += (double)Widen(weight.Format, data, k) * input[k] * scale;
                }

                y[(nint)t * yStride + row] = (float)total;
            }
        }
    }

    internal override void AddRmsNorm(float* residual, float* delta, float* norm, float epsilon, float* output, int count)
    {
        double squares = 0;
        for (int i = 0; i < count; i++)
        {
            if (delta is not null)
            {
                residual[i] += delta[i];
            }

            squares += (double)residual[i] * residual[i];
        }

        float scale = (float)(1 / Math.Sqrt(squares / count + epsilon));
        for (int i = 0; i < count; i++)
        {
            output[i] = residual[i] * scale * norm[i];
        }
    }

    internal override void NormRotate(float* head, float* norm, float epsilon, float* cos, float* sin, int size, int pairs, bool neighbours)
    {
        if (norm is not null)
        {
            AddRmsNorm(head, null, norm, epsilon, head, size);
        }

        (int step, int other) = neighbours ? (2, 1) : (1, pairs);
        for (int i = 0; i < pairs; i++, head += step)
        {
            float a = head[0];
            float b = head[other];
            head[0] = a * cos[i] - b * sin[i];
            head[other] = b * cos[i] + a * sin[i];
        }
    }

    internal override void Store(float* source, byte* destination, int count, KvCacheType type, float scale)
    {
        for (int i = 0; i < count; i++)
        {
            switch (type)
            {
                case KvCacheType.Float32: ((float*)destination)[i] = source[i]; break;
                case KvCacheType.BFloat16: ((BFloat16*)destination)[i] = (BFloat16)source[i]; break;
                case KvCacheType.Float8E4M3: ((Float8E4M3FN*)destination)[i] = Float8E4M3FN.FromSingle(source[i] / scale, OverflowMode.SaturateFinite); break;
                default: ((Float8E5M2*)destination)[i] = Float8E5M2.FromSingle(source[i] / scale, OverflowMode.SaturateFinite); break;
            }
        }
    }

    internal override void Attend(in AttentionTile work)
    {
        CpuKvCache cache = work.Cache;
        int size = cache.Layout.HeadDim;
        int valueSize = cache.Layout.ValueDim;
        double[] sums = new double[valueSize];
        for (int row = 0; row < work.Rows; row++)
        {
            int positions = work.End(row);
            int from = work.First(row);
            double[] scores = new double[positions];
            for (int g = 0; g < work.Group; g++)
            {
                float* query = work.Query + (nint)row * work.QueryStride + g * size;
                float* output = work.Output + (nint)row * work.OutputStride + g * valueSize;
                double sink = work.Sinks is null ? double.NegativeInfinity : work.Sinks[g];
                double max = sink;
                for (int p = from; p < positions; p++)
                {
                    double dot = 0;
                    for (int i = 0; i < size; i++)
                    {
                        dot += (double)query[i] * Cached(work, p, 0, i);
                    }

                    scores[p] = dot * work.Scale;
                    scores[p] = work.Cap == 0 ? scores[p] : work.Cap * Math.Tanh(scores[p] / work.Cap);
                    max = Math.Max(max, scores[p]);
                }

                double total = Math.Exp(sink - max);
                Array.Clear(sums);
                for (int p = from; p < positions; p++)
                {
                    double weight = Math.Exp(scores[p] - max);
                    total += weight;
                    for (int i = 0; i < valueSize; i++)
                    {
                        sums[i] += weight * Cached(work, p, cache.ValueOffset, i);
                    }
                }

                for (int i = 0; i < valueSize; i++)
                {
                    output[i] = (float)(sums[i] / total);
                }
            }
        }
    }

    internal override void Gate(Gating gating, float* gate, float* up, int count)
    {
        for (int i = 0; i < count; i++)
        {
            gate[i] = (float)Gate(gating, gate[i], up[i]);
        }
    }

    static double Gate(Gating gating, double gate, double up)
    {
        switch (gating.Kind)
        {
            case GatingKind.Gelu:
                return Gelu(gate) * up;
            case GatingKind.GeluTanh:
                return GeluTanh(gate) * up;
            case GatingKind.ClampedSwiGlu:
                gate = Math.Min(gate, gating.Limit);
                return gate * Logistic(gating.Alpha * gate) * (Math.Clamp(up, -gating.Limit, gating.Limit) + 1);
            case GatingKind.Swish:
                return gate * Logistic(gating.Alpha * gate) * up;
            default:
                return gate * Logistic(gate) * up;
        }
    }

    static double Logistic(double x) => 1 / (1 + Math.Exp(-x));

    static double Cached(in AttentionTile work, int position, long offset, int i)
    {
        KvCacheLayout layout = work.Cache.Layout;
        byte* head = work.Cache.Keys(work.Sequence.Page(position / KvCacheLayout.PageTokens), work.Layer, work.Head) + offset;
        long at = (long)(position % KvCacheLayout.PageTokens) * layout.HeadDim + i;
        KvScale scale = layout.Scale(work.Layer, work.Head);
        return layout.Type switch
        {
            KvCacheType.Float32 => ((float*)head)[at],
            KvCacheType.BFloat16 => (float)((BFloat16*)head)[at],
            KvCacheType.Float8E4M3 => (double)(float)((Float8E4M3FN*)head)[at] * (offset == 0 ? scale.Key : scale.Value),
            _ => (float)((Float8E5M2*)head)[at],
        };
    }

    static float Widen(WeightFormat format, byte* data, long k) => format switch
    {
        WeightFormat.E4M3 => (float)((Float8E4M3FN*)data)[k],
        WeightFormat.BFloat16 => (float)((BFloat16*)data)[k],
        WeightFormat.Float16 => (float)((Half*)data)[k],
        _ => ((float*)data)[k],
    };
}
