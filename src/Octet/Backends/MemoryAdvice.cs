using System.Runtime.InteropServices;
using Octet.Safetensors;

namespace Octet.Backends;

/// <summary>What the system is told about memory. Advice: where it is not taken, or the system is not Linux, nothing happens.</summary>
static unsafe partial class MemoryAdvice
{
    // The size of a huge page on x64, and on Arm64 with pages of 4 KB.
    const nuint HugePage = 2 << 20;

    // What is read ahead beyond its end is then little beside it.
    const long LargeTensor = 4 << 20;

    // The same numbers on every architecture that .NET runs on.
    const int Normal = 0;
    const int Random = 1;
    const int DontNeed = 4;
    const int HugePages = 14;
    const int NoHugePages = 15;

    /// <summary>
    /// Memory that a copy of a weight or a page of keys and values lies in: in huge pages where it fills some. Measured on 148 MiB and
    /// one thread of a virtual machine, reading is a fifth to a third faster than in pages of 4 KB, and the first write takes a third
    /// of the time. A page lies on the node of the thread that first writes it. Free it with <see cref="NativeMemory.AlignedFree"/>.
    /// </summary>
    internal static void* Allocate(nuint bytes)
    {
        if (bytes < HugePage)
        {
            return NativeMemory.AlignedAlloc(Math.Max(bytes, 64), 64);
        }

        void* memory = NativeMemory.AlignedAlloc(bytes, HugePage);

        // The last part of a huge page stays in small ones: it must not take more than was asked for.
        Advise((nuint)memory, bytes / HugePage * HugePage, HugePages);
        return memory;
    }

    /// <summary>
    /// Takes the pages of a part of a mapped file out of this process; they come back when they are touched. Only for files that are
    /// mapped read-only: other memory would lose what it holds.
    /// </summary>
    internal static void Release(byte* start, long length)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint first = (nuint)start / page * page;
        nuint end = ((nuint)start + checked((nuint)length) + page - 1) / page * page;
        Advise(first, end - first, DontNeed);
    }

    /// <summary>The same of a tensor's pages, where it is mapped.</summary>
    internal static void Release(TensorView tensor)
    {
        if (tensor.IsMapped && tensor.ByteLength > 0)
        {
            Advise(Pages(tensor), DontNeed);
        }
    }

    /// <summary>
    /// Until what is returned is disposed of, a touch of the checkpoint's files reads a page and none of those after it: scales lie between
    /// the codes of experts, which may be more than memory holds and of which nobody knows yet whether they will be used.
    /// </summary>
    internal static IDisposable ReadSinglePages(SafetensorsCheckpoint checkpoint)
    {
        List<(nuint Start, nuint Length)> ranges = Mapped(checkpoint);
        ranges.ForEach(range => Advise(range, Random));
        return new SinglePages(ranges);
    }

    /// <summary>
    /// What of the checkpoint's files is not in memory yet comes in huge pages, where their system has them: for weights that are all read for every token, or all kept in
    /// memory. What is there already, because it was written or copied for example, stays in small ones.
    /// </summary>
    internal static void ReadHugePages(SafetensorsCheckpoint checkpoint) => Mapped(checkpoint).ForEach(range => Advise(range, HugePages));

    /// <summary>Not this tensor: a token needs one row of an embedding, and the disk may be slow.</summary>
    internal static void ReadSmallPages(TensorView tensor)
    {
        if (tensor.IsMapped && tensor.ByteLength > 0)
        {
            Advise(Pages(tensor), NoHugePages);
        }
    }

    /// <summary>
    /// Lets the system read ahead in a large tensor, though it was told to read single pages: one that is about to be read whole, such as the
    /// scales of all experts of a layer, of which four of gpt-oss-120b took 9 s in single reads.
    /// </summary>
    internal static void ReadAhead(TensorView tensor)
    {
        if (tensor.IsMapped && tensor.ByteLength >= LargeTensor)
        {
            Advise(Pages(tensor), Normal);
        }
    }

    // From the beginning of a page.
    static (nuint Start, nuint Length) Pages(TensorView tensor)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint start = (nuint)tensor.DangerousGetPointer();
        return (start / page * page, start % page + (nuint)tensor.ByteLength);
    }

    // Of each file that is mapped, what lies between its first tensor and its last.
    static List<(nuint Start, nuint Length)> Mapped(SafetensorsCheckpoint checkpoint)
    {
        var ranges = new List<(nuint Start, nuint Length)>();
        foreach (SafetensorsFile file in checkpoint.Files)
        {
            TensorView[] tensors = [.. file.Tensors.Where(tensor => tensor.IsMapped && tensor.ByteLength > 0)];
            if (tensors.Length > 0)
            {
                nuint page = (nuint)Environment.SystemPageSize;
                nuint start = tensors.Min(tensor => (nuint)tensor.DangerousGetPointer()) / page * page;
                nuint end = tensors.Max(tensor => (nuint)tensor.DangerousGetPointer() + (nuint)tensor.ByteLength);
                ranges.Add((start, end - start));
            }
        }

        return ranges;
    }

    static void Advise((nuint Start, nuint Length) range, int advice) => Advise(range.Start, range.Length, advice);

    static void Advise(nuint start, nuint length, int advice)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Madvise(start, length, advice);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(nuint start, nuint length, int advice);

    sealed class SinglePages(List<(nuint Start, nuint Length)> ranges) : IDisposable
    {
        public void Dispose() => ranges.ForEach(range => Advise(range, Normal));
    }
}
