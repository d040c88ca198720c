using System.Runtime.InteropServices;
using PtxEmulator;

namespace Octet.Cuda.Tests.FakeDriver;

static unsafe partial class FakeFunctions
{
    // What results are where somebody reads them too early.
    const byte Poison = 0xCD;

    // How long copies take: bytes a nanosecond to the card, to the host, and read and written on the card.
    const double ToDevice = 50;
    const double ToHost = 40;
    const double OnDevice = 1000;

    [UnmanagedCallersOnly]
    internal static int cuMemAlloc_v2(ulong* address, nuint bytes) => Unrecorded("cuMemAlloc_v2", card =>
    {
        if (bytes == 0)
        {
            return Code.InvalidValue;
        }

        if ((long)bytes > card.TotalBytes - card.BytesInUse || card.Refuses?.Invoke((long)bytes) == true)
        {
            return Code.OutOfMemory;
        }

        *address = card.Memory.Allocate((long)bytes);
        card.Allocations.Add(*address, (long)bytes);
        return Code.Success;
    });

    /// <summary>The rules of its manual; what only newer kinds of maps have is refused.</summary>
    [UnmanagedCallersOnly]
    internal static int cuTensorMapEncodeTiled(
        byte* map, int type, uint rank, ulong address, ulong* sizes, ulong* strides, uint* box, uint* steps, int interleave, int swizzle, int promotion, int fill)
        => Call("cuTensorMapEncodeTiled", card =>
        {
            if ((nint)map % 64 != 0 || rank is < 1 or > 5 || interleave != 0 || swizzle is < 0 or > 3 || promotion is < 0 or > 3 || fill != 0)
            {
                return Code.InvalidValue;
            }

            for (int i = 0; i < rank; i++)
            {
                if (steps[i] != 1 || box[i] > 256)
                {
                    return Code.InvalidValue;
                }
            }

            var tensor = new TensorMap
            {
                Address = address,
                ElementBytes = TensorMap.ElementBytesOf(type),
                Dimensions = new ReadOnlySpan<ulong>(sizes, (int)rank).ToArray(),
                Strides = new ReadOnlySpan<ulong>(strides, (int)rank - 1).ToArray(),
                Box = [.. new ReadOnlySpan<uint>(box, (int)rank).ToArray().Select(extent => (int)extent)],
                Swizzle = (TensorMapSwizzle)swizzle,
            };
            if (tensor.Error() is not null)
            {
                return Code.InvalidValue;
            }

            tensor.WriteTo(new Span<byte>(map, TensorMap.Bytes));
            return Code.Success;
        });

    [UnmanagedCallersOnly]
    internal static int cuMemFree_v2(ulong address) => Release("cuMemFree_v2", card =>
    {
        if (!card.Allocations.Remove(address))
        {
            return false;
        }

        card.Drain();
        card.Memory.Free(address);
        return true;
    });

    [UnmanagedCallersOnly]
    internal static int cuMemHostAlloc(void** address, nuint bytes, uint flags) => Unrecorded("cuMemHostAlloc", card =>
    {
        if (bytes == 0)
        {
            return Code.InvalidValue;
        }

        *address = (void*)card.Owner.AllocatePinned((long)bytes);
        return Code.Success;
    });

    [UnmanagedCallersOnly]
    internal static int cuMemFreeHost(void* address) => Release("cuMemFreeHost", card =>
    {
        // Its manual promises no waiting.
        card.Owner.EarlyFrees += card.Streams.Any(stream => stream.Uses((nint)address, card.Owner.PinnedBytes((nint)address))) ? 1 : 0;
        card.Drain();
        return card.Owner.FreePinned((nint)address);
    });

    [UnmanagedCallersOnly]
    internal static int cuMemcpyHtoDAsync_v2(ulong destination, void* source, nuint bytes, nint stream) => Queue("cuMemcpyHtoDAsync_v2", stream, queue =>
    {
        // The driver copies pageable memory before it returns, pinned memory when the queue comes to it; a graph reads either when it is launched.
        byte[]? copied = queue.Capture is null && !queue.Card.Owner.IsPinned((nint)source, (long)bytes) ? new ReadOnlySpan<byte>(source, (int)bytes).ToArray() : null;
        queue.Card.Owner.PageableCopies += copied is null ? 0 : 1;
        return new FakeOperation("cuMemcpyHtoDAsync_v2", () => Guard(queue.Card, () =>
        {
            queue.Card.Clock += bytes / ToDevice;
            queue.Card.Memory.Write(destination, copied ?? new ReadOnlySpan<byte>(source, (int)bytes));
        }))
        {
            Host = copied is null ? (nint)source : 0,
        };
    });

    [UnmanagedCallersOnly]
    internal static int cuMemcpyDtoHAsync_v2(void* destination, ulong source, nuint bytes, nint stream)
    {
        bool waits = false;
        int result = Queue("cuMemcpyDtoHAsync_v2", stream, queue =>
        {
            waits = queue.Capture is null && !queue.Card.Owner.IsPinned((nint)destination, (long)bytes);
            return new FakeOperation("cuMemcpyDtoHAsync_v2", () => Guard(queue.Card, () =>
            {
                queue.Card.Clock += bytes / ToHost;
                queue.Card.BytesToHost += (long)bytes;
                queue.Card.Memory.Read(source, new Span<byte>(destination, (int)bytes), allowUnwritten: true);
            }))
            {
                Queued = () => NativeMemory.Fill(destination, bytes, Poison),
                Host = (nint)destination,
            };
        });
        return result != Code.Success || !waits
            ? result
            : Call("cuMemcpyDtoHAsync_v2 (end)", card =>
            {
                FakeCuda.Get<FakeStream>(stream)!.Drain();
                return Code.Success;
            });
    }

    [UnmanagedCallersOnly]
    internal static int cuMemcpyDtoDAsync_v2(ulong destination, ulong source, nuint bytes, nint stream) => Queue("cuMemcpyDtoDAsync_v2", stream, queue => new FakeOperation("cuMemcpyDtoDAsync_v2", () => Guard(queue.Card, () =>
    {
        queue.Card.Clock += 2 * bytes / OnDevice;
        queue.Card.Memory.Copy(destination, source, (long)bytes);
    })));

    [UnmanagedCallersOnly]
    internal static int cuMemsetD8Async(ulong destination, byte value, nuint bytes, nint stream) => Queue("cuMemsetD8Async", stream, queue => new FakeOperation("cuMemsetD8Async", () => Guard(queue.Card, () =>
    {
        queue.Card.Clock += bytes / OnDevice;
        queue.Card.Memory.Fill(destination, value, (long)bytes);
    })));

    [UnmanagedCallersOnly]
    internal static int cuMemsetD32Async(ulong destination, uint value, nuint count, nint stream) => destination % 4 != 0 ? Code.InvalidValue : Queue("cuMemsetD32Async", stream, queue => new FakeOperation("cuMemsetD32Async", () => Guard(queue.Card, () =>
    {
        queue.Card.Clock += 4 * count / OnDevice;
        uint[] words = new uint[count];
        Array.Fill(words, value);
        queue.Card.Memory.Write(destination, MemoryMarshal.AsBytes(words.AsSpan()));
    })));
}
