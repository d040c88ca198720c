using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Octet.Backends.Cpu.MachineCode;
using Octet.Numerics;

namespace Octet.Backends.Cpu;

/// <summary>The kernels for one vector width: norms, rotation and gating here, linear layers and attention in files of their own. <typeparamref name="TE4M3"/> is the quickest way from codes to float32.</summary>
/// <param name="name">The name in <see cref="InstructionSet"/>.</param>
/// <param name="dots">Generated code for decode, asked for when it is wanted; null for none.</param>
/// <param name="fourBits">The same for 4-bit codes, of vectors as wide as <typeparamref name="TVector"/>.</param>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>(string name, Func<DotsFunctions?>? dots = null, Func<E2M1DotsFunctions?>? fourBits = null) : CpuKernels
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TE4M3 : struct, IWeightFormat<TVector>
{
    internal override string Name { get; } = name;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void AddRmsNorm(float* residual, float* delta, float* norm, float epsilon, float* output, int count)
    {
        int whole = count - count % TSimd.Count;
        TVector squares = TSimd.Zero;
        for (int i = 0; i < whole; i += TSimd.Count)
        {
            TVector value = TSimd.Load(residual + i);
            if (delta is not null)
            {
                value = TSimd.Add(value, TSimd.Load(delta + i));
                TSimd.Store(residual + i, value);
            }

            squares = TSimd.MultiplyAdd(value, value, squares);
        }

        float sum = TSimd.Sum(squares);
        for (int i = whole; i < count; i++)
        {
            residual[i] += delta is null ? 0 : delta[i];
            sum += residual[i] * residual[i];
        }

        float scale = 1 / MathF.Sqrt(sum / count + epsilon);
        TVector factor = TSimd.Broadcast(scale);
        for (int i = 0; i < whole; i += TSimd.Count)
        {
            TSimd.Store(output + i, TSimd.Multiply(TSimd.Multiply(TSimd.Load(residual + i), factor), TSimd.Load(norm + i)));
        }

        for (int i = whole; i < count; i++)
        {
            output[i] = residual[i] * scale * norm[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void NormRotate(float* head, float* norm, float epsilon, float* cos, float* sin, int size, int pairs, bool neighbours)
    {
        if (norm is not null)
        {
            AddRmsNorm(head, null, norm, epsilon, head, size);
        }

        if (neighbours || pairs % TSimd.Count != 0)
        {
            ScalarKernels.Instance.NormRotate(head, null, epsilon, cos, sin, size, pairs, neighbours);
            return;
        }

        TVector minus = TSimd.Broadcast(-1);
        for (int i = 0; i < pairs; i += TSimd.Count)
        {
            TVector a = TSimd.Load(head + i);
            TVector b = TSimd.Load(head + pairs + i);
            TVector c = TSimd.Load(cos + i);
            TVector s = TSimd.Load(sin + i);
            TSimd.Store(head + i, TSimd.MultiplyAdd(a, c, TSimd.Multiply(TSimd.Multiply(b, s), minus)));
            TSimd.Store(head + pairs + i, TSimd.MultiplyAdd(b, c, TSimd.Multiply(a, s)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Store(float* source, byte* destination, int count, KvCacheType type, float scale)
    {
        if (type is KvCacheType.Float8E4M3 or KvCacheType.Float8E5M2)
        {
            StoreFloat8(source, destination, count, type, scale);
            return;
        }

        if (type == KvCacheType.Float32)
        {
            Buffer.MemoryCopy(source, destination, (long)count * sizeof(float), (long)count * sizeof(float));
            return;
        }

        int whole = count - count % TSimd.Count;
        for (int i = 0; i < whole; i += TSimd.Count)
        {
            TSimd.NarrowBFloat16(TSimd.Load(source + i), (ushort*)destination + i);
        }

        if (whole < count)
        {
            ScalarKernels.Instance.Store(source + whole, destination + whole * 2L, count - whole, type, scale);
        }
    }

    static void StoreFloat8(float* source, byte* destination, int count, KvCacheType type, float scale)
    {
        const int Chunk = 128;
        float* quotients = stackalloc float[Chunk];
        for (int i = 0; i < count; i += Chunk)
        {
            int length = Math.Min(Chunk, count - i);
            Span<float> scaled = new(quotients, length);
            TensorPrimitives.Divide(new ReadOnlySpan<float>(source + i, length), scale, scaled);
            if (type == KvCacheType.Float8E4M3)
            {
                Float8E4M3FN.ConvertFromSingle(scaled, new Span<Float8E4M3FN>(destination + i, length), OverflowMode.SaturateFinite);
            }
            else
            {
                Float8E5M2.ConvertFromSingle(scaled, new Span<Float8E5M2>(destination + i, length), OverflowMode.SaturateFinite);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Gate(Gating gating, float* gate, float* up, int count)
    {
        int whole = count - count % TSimd.Count;
        switch (gating.Kind)
        {
            case GatingKind.Silu:
                for (int i = 0; i < whole; i += TSimd.Count)
                {
                    TVector x = TSimd.Load(gate + i);
                    TSimd.Store(gate + i, TSimd.Multiply(TimesLogistic(x, x), TSimd.Load(up + i)));
                }

                break;
            case GatingKind.Gelu:
                for (int i = 0; i < whole; i += TSimd.Count)
                {
                    TSimd.Store(gate + i, TSimd.Multiply(VectorErf.Gelu<TSimd, TVector>(TSimd.Load(gate + i)), TSimd.Load(up + i)));
                }

                break;
            case GatingKind.GeluTanh:
                for (int i = 0; i < whole; i += TSimd.Count)
                {
                    TVector x = TSimd.Load(gate + i);
                    TSimd.Store(gate + i, TSimd.Multiply(TimesLogistic(x, TanhSlope(x)), TSimd.Load(up + i)));
                }

                break;
            case GatingKind.Swish:
                TVector alpha = TSimd.Broadcast(gating.Alpha);
                for (int i = 0; i < whole; i += TSimd.Count)
                {
                    TVector x = TSimd.Load(gate + i);
                    TSimd.Store(gate + i, TSimd.Multiply(TimesLogistic(x, TSimd.Multiply(x, alpha)), TSimd.Load(up + i)));
                }

                break;
            default:
                ClampedSwiGlu(gating, gate, up, whole);
                break;
        }

        ScalarKernels.Instance.Gate(gating, gate + whole, up + whole, count - whole);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void ClampedSwiGlu(Gating gating, float* gate, float* up, int count)
    {
        TVector minus = TSimd.Broadcast(-1);
        TVector limit = TSimd.Broadcast(gating.Limit);
        TVector lower = TSimd.Broadcast(-gating.Limit);
        TVector alpha = TSimd.Broadcast(gating.Alpha);
        TVector one = TSimd.Broadcast(1);
        for (int i = 0; i < count; i += TSimd.Count)
        {
            TVector g = Least(TSimd.Load(gate + i), limit, minus);
            TVector u = TSimd.Max(Least(TSimd.Load(up + i), limit, minus), lower);
            TSimd.Store(gate + i, TSimd.Multiply(TimesLogistic(g, TSimd.Multiply(g, alpha)), TSimd.Add(u, one)));
        }

        // The smaller of two, of the larger.
        static TVector Least(TVector a, TVector b, TVector minus) => TSimd.Multiply(TSimd.Max(TSimd.Multiply(a, minus), TSimd.Multiply(b, minus)), minus);
    }

    /// <summary>What GELU with its tanh takes the logistic function of: 2 * sqrt(2 / pi) * (x + 0.044715 * x^3).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector TanhSlope(TVector x)
        => TSimd.Multiply(TSimd.Multiply(x, TSimd.Broadcast(2 * MathF.Sqrt(2 / MathF.PI))), TSimd.MultiplyAdd(TSimd.Multiply(x, x), TSimd.Broadcast(0.044715f), TSimd.Broadcast(1)));

    /// <summary>x / (1 + exp(-z)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector TimesLogistic(TVector x, TVector z)
        => TSimd.Divide(x, TSimd.Add(TSimd.Broadcast(1), VectorExp.Exp<TSimd, TVector>(TSimd.Multiply(z, TSimd.Broadcast(-1)))));
}
