using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Octet.Cli.Measurement;

/// <summary>
/// How fast this machine reads memory, which bounds the speed of decoding: every thread reads its own part of a buffer much larger than
/// the caches several times, in turns from end to end and as four streams from its quarters. Some machines want the one, some the other: the
/// better one counts.
/// </summary>
static unsafe partial class MemoryBandwidth
{
    internal const string Method = "threads read their parts of a buffer larger than the caches, in one stream and in four; the fastest of eight passes, and the median of those of the better kind";
    const int Passes = 8;
    const double EnoughSeconds = 1;
    const long Enough = 512L << 20;
    const long PerThread = 64L << 20;
    const int HugePage = 2 << 20;
    const int AdviseHugePages = 14;

    internal static ReadRate Measure(int threads, CancellationToken cancellationToken)
    {
        // An eighth of what is there: a machine that is nearly full is measured with less rather than made to swap.
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        long wanted = Math.Max(Enough, PerThread * threads);
        long bytes = Math.Max(PerThread, Math.Min(wanted, (memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes) / 8));
        long part = bytes / threads / 4096 * 4096;
        byte* buffer = (byte*)NativeMemory.AlignedAlloc((nuint)(part * threads), HugePage);
        try
        {
            if (OperatingSystem.IsLinux())
            {
                // Small pages cost a tenth of the speed on some machines. Refused: then the pages stay small.
                _ = Advise(buffer, (nuint)(part * threads), AdviseHugePages);
            }

            return Measure(buffer, part, threads, cancellationToken);
        }
        finally
        {
            NativeMemory.AlignedFree(buffer);
        }
    }

    static ReadRate Measure(byte* buffer, long part, int threads, CancellationToken cancellationToken)
    {
        List<double> streams = [], quarters = [];
        bool finished = false;
        using var barrier = new Barrier(threads + 1);
        ulong[] sinks = new ulong[threads * 8];

        // Taken by the workers: this thread may wait for a processor while they read.
        long[] begun = new long[threads];
        long[] ended = new long[threads];
        var workers = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            int index = i;
            workers[i] = new Thread(() =>
            {
                byte* start = buffer + index * part;

                // First touch by the thread that reads it, so that its pages lie near it.
                NativeMemory.Fill(start, (nuint)part, (byte)index);
                for (int pass = 0; ; pass++)
                {
                    barrier.SignalAndWait(CancellationToken.None);
                    if (Volatile.Read(ref finished))
                    {
                        return;
                    }

                    begun[index] = Stopwatch.GetTimestamp();
                    sinks[index * 8] ^= pass % 2 == 0 ? ReadStream(start, part) : ReadQuarters(start, part);
                    ended[index] = Stopwatch.GetTimestamp();
                    barrier.SignalAndWait(CancellationToken.None);
                }
            })
            { IsBackground = true };
            workers[i].Start();
        }

        double elapsed = 0;
        for (int pass = 0; ; pass++)
        {
            Volatile.Write(ref finished, pass == Passes || elapsed > EnoughSeconds || cancellationToken.IsCancellationRequested);
            barrier.SignalAndWait(CancellationToken.None);
            if (finished)
            {
                break;
            }

            barrier.SignalAndWait(CancellationToken.None);
            double seconds = Stopwatch.GetElapsedTime(begun.Min(), ended.Max()).TotalSeconds;
            elapsed += seconds;
            (pass % 2 == 0 ? streams : quarters).Add(part * threads / seconds);
        }

        foreach (Thread worker in workers)
        {
            worker.Join();
        }

        GC.KeepAlive(sinks);
        cancellationToken.ThrowIfCancellationRequested();
        Spread[] kinds = [.. new[] { streams, quarters }.Where(kind => kind.Count > 0).Select(kind => Spread.Of([.. kind]))];
        return new ReadRate(kinds.Max(kind => kind.Max), kinds.Max(kind => kind.Median));
    }

    /// <summary>The exclusive or of all words: too little work to hide behind the reads. Four sums, so that no load waits for another.</summary>
    static ulong ReadStream(byte* start, long length)
    {
        int width = Vector<byte>.Count;
        return Read(start, start + length, 4 * width, width);
    }

    static ulong ReadQuarters(byte* start, long length) => Read(start, start + length / 4, Vector<byte>.Count, (nint)(length / 4));

    static ulong Read(byte* start, byte* end, nint step, nint apart)
    {
        Vector<ulong> a = default, b = default, c = default, d = default;
        for (byte* at = start; at < end; at += step)
        {
            a ^= Vector.LoadAligned((ulong*)at);
            b ^= Vector.LoadAligned((ulong*)(at + apart));
            c ^= Vector.LoadAligned((ulong*)(at + 2 * apart));
            d ^= Vector.LoadAligned((ulong*)(at + 3 * apart));
        }

        return Vector.Sum(a ^ b ^ c ^ d);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(byte* address, nuint length, int advice);
}
