using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Octet.Cli.Measurement;

/// <summary>
/// How fast this machine reads memory, which bounds the speed of decoding: every thread reads its own part of a buffer much larger than
/// the caches, from its first byte to its last, several times; the fastest pass counts.
/// </summary>
static unsafe class MemoryBandwidth
{
    internal const string Method = "threads read their parts of a buffer larger than the caches from end to end; the fastest of several passes counts";
    const int Passes = 6;
    const double EnoughSeconds = 1;
    const long Enough = 256L << 20;
    const long PerThread = 64L << 20;

    /// <summary>Bytes per second.</summary>
    internal static double Measure(int threads, CancellationToken cancellation)
    {
        // An eighth of what is there: a machine that is nearly full is measured with less rather than made to swap.
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        long wanted = Math.Max(Enough, PerThread * threads);
        long bytes = Math.Max(PerThread, Math.Min(wanted, (memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes) / 8));
        long part = bytes / threads / 4096 * 4096;
        byte* buffer = (byte*)NativeMemory.AlignedAlloc((nuint)(part * threads), 4096);
        try
        {
            return Measure(buffer, part, threads, cancellation);
        }
        finally
        {
            NativeMemory.AlignedFree(buffer);
        }
    }

    static double Measure(byte* buffer, long part, int threads, CancellationToken cancellation)
    {
        double best = 0;
        bool finished = false;
        using var barrier = new Barrier(threads + 1);
        ulong[] sinks = new ulong[threads * 8];
        var workers = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            int index = i;
            workers[i] = new Thread(() =>
            {
                byte* start = buffer + index * part;

                // First touch by the thread that reads it, so that its pages lie near it.
                NativeMemory.Fill(start, (nuint)part, (byte)index);
                while (true)
                {
                    barrier.SignalAndWait(CancellationToken.None);
                    if (Volatile.Read(ref finished))
                    {
                        return;
                    }

                    sinks[index * 8] ^= Read(start, part);
                    barrier.SignalAndWait(CancellationToken.None);
                }
            })
            { IsBackground = true };
            workers[i].Start();
        }

        double elapsed = 0;
        for (int pass = 0; ; pass++)
        {
            Volatile.Write(ref finished, pass == Passes || elapsed > EnoughSeconds || cancellation.IsCancellationRequested);
            barrier.SignalAndWait(CancellationToken.None);
            if (finished)
            {
                break;
            }

            long started = Stopwatch.GetTimestamp();
            barrier.SignalAndWait(CancellationToken.None);
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            elapsed += seconds;
            best = Math.Max(best, part * threads / seconds);
        }

        foreach (Thread worker in workers)
        {
            worker.Join();
        }

        GC.KeepAlive(sinks);
        cancellation.ThrowIfCancellationRequested();
        return best;
    }

    /// <summary>The exclusive or of all words: too little work to hide behind the reads. Four sums, so that no load waits for another.</summary>
    static ulong Read(byte* start, long length)
    {
        int width = Vector<byte>.Count;
        Vector<ulong> a = default, b = default, c = default, d = default;
        for (byte* at = start, end = start + length; at < end; at += 4 * width)
        {
            a ^= Vector.LoadAligned((ulong*)at);
            b ^= Vector.LoadAligned((ulong*)(at + width));
            c ^= Vector.LoadAligned((ulong*)(at + 2 * width));
            d ^= Vector.LoadAligned((ulong*)(at + 3 * width));
        }

        return Vector.Sum(a ^ b ^ c ^ d);
    }
}
