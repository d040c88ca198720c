using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Octet.Backends.Cpu;

/// <summary>
/// State spaces. The recurrence of each element of a state is its own, so several tokens go through a few elements one after the other while these are in
/// registers: a state is read and written once for four tokens. What an element goes through is the same whatever tokens come together.
/// </summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    /// <summary>The state lies in blocks of two vectors of the head's elements, [state][element] each, then of one where they are odd.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void StateSpace(in StateSpaceRun run)
    {
        if (run.HeadDim % TSimd.Count != 0)
        {
            ScalarKernels.Instance.StateSpace(run);
            return;
        }

        int width = run.HeadDim;
        float* written = run.Scratch;
        float* decays = stackalloc float[StateSpaceRun.TileRows];
        for (int first = 0; first < run.Rows; first += StateSpaceRun.TileRows)
        {
            int rows = Math.Min(StateSpaceRun.TileRows, run.Rows - first);
            nint at = (nint)first * run.Stride;
            for (int row = 0; row < rows; row++)
            {
                (double step, double decay) = run.At(first + row);
                decays[row] = (float)decay;
                TensorPrimitives.Multiply(new ReadOnlySpan<float>(run.X + at + (nint)row * run.Stride, width), (float)step, new Span<float>(written + row * width, width));
            }

            float* b = run.B + at;
            float* c = run.C + at;
            float* output = run.Output + (nint)first * run.OutputStride;
            for (int p = 0; p < width;)
            {
                float* state = run.State + (nint)p * run.StateDim;
                bool two = p + 2 * TSimd.Count <= width;
                if (two && rows == StateSpaceRun.TileRows)
                {
                    WalkFour(state, b, c, run.Stride, decays, written + p, width, output + p, run.OutputStride, run.StateDim);
                }
                else
                {
                    for (int row = 0; row < rows; row++)
                    {
                        nint shared = (nint)row * run.Stride;
                        float* read = output + (nint)row * run.OutputStride + p;
                        if (two)
                        {
                            WalkTwo(state, b + shared, c + shared, decays[row], written + row * width + p, read, run.StateDim);
                        }
                        else
                        {
                            WalkOne(state, b + shared, c + shared, decays[row], written + row * width + p, read, run.StateDim);
                        }
                    }
                }

                p += two ? 2 * TSimd.Count : TSimd.Count;
            }

            for (int row = 0; row < rows; row++)
            {
                Span<float> read = new(output + (nint)row * run.OutputStride, width);
                TensorPrimitives.MultiplyAdd(new ReadOnlySpan<float>(run.X + at + (nint)row * run.Stride, width), run.Skip, read, read);
            }
        }
    }

    /// <summary>Four tokens through two vectors of elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void WalkFour(float* state, float* b, float* c, int stride, float* decays, float* written, int width, float* output, int outputStride, int size)
    {
        int n = TSimd.Count;
        TVector decay0 = TSimd.Broadcast(decays[0]), decay1 = TSimd.Broadcast(decays[1]), decay2 = TSimd.Broadcast(decays[2]), decay3 = TSimd.Broadcast(decays[3]);
        TVector y00 = TSimd.Zero, y01 = TSimd.Zero, y10 = TSimd.Zero, y11 = TSimd.Zero;
        TVector y20 = TSimd.Zero, y21 = TSimd.Zero, y30 = TSimd.Zero, y31 = TSimd.Zero;
        float* b1 = b + stride;
        float* b2 = b1 + stride;
        float* b3 = b2 + stride;
        float* c1 = c + stride;
        float* c2 = c1 + stride;
        float* c3 = c2 + stride;
        float* written1 = written + width;
        float* written2 = written1 + width;
        float* written3 = written2 + width;
        for (int i = 0; i < size; i++, state += 2 * n)
        {
            TVector s0 = TSimd.Load(state);
            TVector s1 = TSimd.Load(state + n);
            TVector k = TSimd.Broadcast(b[i]);
            TVector q = TSimd.Broadcast(c[i]);
            s0 = TSimd.MultiplyAdd(k, TSimd.Load(written), TSimd.Multiply(s0, decay0));
            s1 = TSimd.MultiplyAdd(k, TSimd.Load(written + n), TSimd.Multiply(s1, decay0));
            y00 = TSimd.MultiplyAdd(s0, q, y00);
            y01 = TSimd.MultiplyAdd(s1, q, y01);
            k = TSimd.Broadcast(b1[i]);
            q = TSimd.Broadcast(c1[i]);
            s0 = TSimd.MultiplyAdd(k, TSimd.Load(written1), TSimd.Multiply(s0, decay1));
            s1 = TSimd.MultiplyAdd(k, TSimd.Load(written1 + n), TSimd.Multiply(s1, decay1));
            y10 = TSimd.MultiplyAdd(s0, q, y10);
            y11 = TSimd.MultiplyAdd(s1, q, y11);
            k = TSimd.Broadcast(b2[i]);
            q = TSimd.Broadcast(c2[i]);
            s0 = TSimd.MultiplyAdd(k, TSimd.Load(written2), TSimd.Multiply(s0, decay2));
            s1 = TSimd.MultiplyAdd(k, TSimd.Load(written2 + n), TSimd.Multiply(s1, decay2));
            y20 = TSimd.MultiplyAdd(s0, q, y20);
            y21 = TSimd.MultiplyAdd(s1, q, y21);
            k = TSimd.Broadcast(b3[i]);
            q = TSimd.Broadcast(c3[i]);
            s0 = TSimd.MultiplyAdd(k, TSimd.Load(written3), TSimd.Multiply(s0, decay3));
            s1 = TSimd.MultiplyAdd(k, TSimd.Load(written3 + n), TSimd.Multiply(s1, decay3));
            y30 = TSimd.MultiplyAdd(s0, q, y30);
            y31 = TSimd.MultiplyAdd(s1, q, y31);
            TSimd.Store(state, s0);
            TSimd.Store(state + n, s1);
        }

        TSimd.Store(output, y00);
        TSimd.Store(output + n, y01);
        output += outputStride;
        TSimd.Store(output, y10);
        TSimd.Store(output + n, y11);
        output += outputStride;
        TSimd.Store(output, y20);
        TSimd.Store(output + n, y21);
        output += outputStride;
        TSimd.Store(output, y30);
        TSimd.Store(output + n, y31);
    }

    /// <summary>One token through two vectors of elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void WalkTwo(float* state, float* b, float* c, float decay, float* written, float* output, int size)
    {
        int n = TSimd.Count;
        TVector a = TSimd.Broadcast(decay);
        TVector x0 = TSimd.Load(written);
        TVector x1 = TSimd.Load(written + n);
        TVector y0 = TSimd.Zero;
        TVector y1 = TSimd.Zero;
        for (int i = 0; i < size; i++, state += 2 * n)
        {
            TVector k = TSimd.Broadcast(b[i]);
            TVector q = TSimd.Broadcast(c[i]);
            TVector s0 = TSimd.MultiplyAdd(k, x0, TSimd.Multiply(TSimd.Load(state), a));
            TVector s1 = TSimd.MultiplyAdd(k, x1, TSimd.Multiply(TSimd.Load(state + n), a));
            y0 = TSimd.MultiplyAdd(s0, q, y0);
            y1 = TSimd.MultiplyAdd(s1, q, y1);
            TSimd.Store(state, s0);
            TSimd.Store(state + n, s1);
        }

        TSimd.Store(output, y0);
        TSimd.Store(output + n, y1);
    }

    /// <summary>One token through one vector of elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void WalkOne(float* state, float* b, float* c, float decay, float* written, float* output, int size)
    {
        TVector a = TSimd.Broadcast(decay);
        TVector x = TSimd.Load(written);
        TVector y = TSimd.Zero;
        for (int i = 0; i < size; i++, state += TSimd.Count)
        {
            TVector s = TSimd.MultiplyAdd(TSimd.Broadcast(b[i]), x, TSimd.Multiply(TSimd.Load(state), a));
            y = TSimd.MultiplyAdd(s, TSimd.Broadcast(c[i]), y);
            TSimd.Store(state, s);
        }

        TSimd.Store(output, y);
    }
}
