using System.Diagnostics;
using System.Numerics;
using System.Runtime.Intrinsics;

namespace Octet.Cli.Measurement;

/// <summary>How many float32 operations a second this machine's vector units do: what bounds prefill where no matrix unit or narrower type helps.</summary>
static class ArithmeticPeak
{
    internal const string Method = "every thread runs independent chains of float32 multiply-adds in registers; the fastest of several passes counts";
    const int Passes = 8;

    // About 25 ms a pass: longer than what a core's clock takes to settle.
    const int Steps = 8_000_000;

    // Enough to fill two units of four cycles latency, few enough for 16 registers.
    const int Chains = 12;

    /// <summary>Operations per second, a multiply-add being two.</summary>
    internal static double Measure(int threads, CancellationToken cancellationToken)
    {
        // Vector<float> stays at 256 bits on machines with 512 unless the runtime is told otherwise.
        bool wide = Vector512.IsHardwareAccelerated;
        int lanes = wide ? Vector512<float>.Count : Vector<float>.Count;
        double best = 0;
        float[] sinks = new float[threads * 16];
        for (int pass = 0; pass < Passes; pass++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var start = new Barrier(threads);
            long[] begun = new long[threads], ended = new long[threads];
            var workers = new Thread[threads];
            for (int i = 0; i < threads; i++)
            {
                int index = i;
                workers[i] = new Thread(() =>
                {
                    start.SignalAndWait(CancellationToken.None);
                    begun[index] = Stopwatch.GetTimestamp();
                    sinks[index * 16] += wide ? Run512(1e-3f * index) : RunVector(1e-3f * index);
                    ended[index] = Stopwatch.GetTimestamp();
                });
                workers[i].Start();
            }

            foreach (Thread worker in workers)
            {
                worker.Join();
            }

            double seconds = Stopwatch.GetElapsedTime(begun.Min(), ended.Max()).TotalSeconds;
            best = Math.Max(best, 2.0 * lanes * Chains * Steps * threads / seconds);
        }

        GC.KeepAlive(sinks);
        return best;
    }

    static float RunVector(float seed)
    {
        Vector<float> x = new(0.999f), y = new(seed);
        Vector<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (int step = 0; step < Steps; step++)
        {
            a = Vector.MultiplyAddEstimate(a, x, y);
            b = Vector.MultiplyAddEstimate(b, x, y);
            c = Vector.MultiplyAddEstimate(c, x, y);
            d = Vector.MultiplyAddEstimate(d, x, y);
            e = Vector.MultiplyAddEstimate(e, x, y);
            f = Vector.MultiplyAddEstimate(f, x, y);
            g = Vector.MultiplyAddEstimate(g, x, y);
            h = Vector.MultiplyAddEstimate(h, x, y);
            i = Vector.MultiplyAddEstimate(i, x, y);
            j = Vector.MultiplyAddEstimate(j, x, y);
            k = Vector.MultiplyAddEstimate(k, x, y);
            l = Vector.MultiplyAddEstimate(l, x, y);
        }

        return Vector.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    static float Run512(float seed)
    {
        Vector512<float> x = Vector512.Create(0.999f), y = Vector512.Create(seed);
        Vector512<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (int step = 0; step < Steps; step++)
        {
            a = Vector512.MultiplyAddEstimate(a, x, y);
            b = Vector512.MultiplyAddEstimate(b, x, y);
            c = Vector512.MultiplyAddEstimate(c, x, y);
            d = Vector512.MultiplyAddEstimate(d, x, y);
            e = Vector512.MultiplyAddEstimate(e, x, y);
            f = Vector512.MultiplyAddEstimate(f, x, y);
            g = Vector512.MultiplyAddEstimate(g, x, y);
            h = Vector512.MultiplyAddEstimate(h, x, y);
            i = Vector512.MultiplyAddEstimate(i, x, y);
            j = Vector512.MultiplyAddEstimate(j, x, y);
            k = Vector512.MultiplyAddEstimate(k, x, y);
            l = Vector512.MultiplyAddEstimate(l, x, y);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
