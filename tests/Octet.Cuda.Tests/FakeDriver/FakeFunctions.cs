using System.Runtime.InteropServices;
using System.Text;
using PtxEmulator;

namespace Octet.Cuda.Tests.FakeDriver;

/// <summary>The driver's functions: what they do at once, by the driver's manual. An exception must not leave one, so each ends in a code.</summary>
static unsafe partial class FakeFunctions
{
    [ThreadStatic]
    static FakeCard? s_context;

    /// <summary>The thread's.</summary>
    internal static FakeCard? Context => s_context;

    [UnmanagedCallersOnly]
    internal static int cuInit(uint flags) => flags == 0 ? FakeCuda.Current?.InitResult ?? Code.NoDevice : Code.InvalidValue;

    [UnmanagedCallersOnly]
    internal static int cuDriverGetVersion(int* version)
    {
        *version = FakeCuda.Current?.Version ?? 0;
        return Code.Success;
    }

    [UnmanagedCallersOnly]
    internal static int cuGetErrorName(int code, byte** text) => Text(code, text, name: true);

    [UnmanagedCallersOnly]
    internal static int cuGetErrorString(int code, byte** text) => Text(code, text, name: false);

    [UnmanagedCallersOnly]
    internal static int cuDeviceGetCount(int* count) => Global("cuDeviceGetCount", driver => *count = driver.Cards.Count);

    [UnmanagedCallersOnly]
    internal static int cuDeviceGet(int* device, int ordinal) => FakeCuda.Current is not { } driver
        ? Code.NoDevice
        : (uint)ordinal < (uint)driver.Cards.Count ? Global("cuDeviceGet", _ => *device = driver.Cards[ordinal].Device) : Code.InvalidDevice;

    [UnmanagedCallersOnly]
    internal static int cuDeviceGetName(byte* name, int length, int device) => Device("cuDeviceGetName", device, card => Put(card.Name, name, length));

    [UnmanagedCallersOnly]
    internal static int cuDeviceGetPCIBusId(byte* id, int length, int device) => Device("cuDeviceGetPCIBusId", device, card => Put($"0000:0{device % 16}:00.0", id, length));

    [UnmanagedCallersOnly]
    internal static int cuDeviceGetUuid_v2(byte* uuid, int device) => Device("cuDeviceGetUuid_v2", device, card =>
    {
        for (int i = 0; i < 16; i++)
        {
            uuid[i] = (byte)((16 * (device % 16)) + i);
        }
    });

    [UnmanagedCallersOnly]
    internal static int cuDeviceTotalMem_v2(nuint* bytes, int device) => Device("cuDeviceTotalMem_v2", device, card => *bytes = (nuint)card.TotalBytes);

    [UnmanagedCallersOnly]
    internal static int cuDeviceGetAttribute(int* value, int attribute, int device) => Device("cuDeviceGetAttribute", device, card => *value = attribute switch
    {
        16 => card.Multiprocessors,
        38 => card.L2Bytes,
        75 => card.Major,
        76 => card.Minor,
        97 => card.SharedBytesPerBlock,
        _ => 0,
    });

    [UnmanagedCallersOnly]
    internal static int cuDevicePrimaryCtxRetain(nint* context, int device) => Device("cuDevicePrimaryCtxRetain", device, card =>
    {
        card.Context = card.Context == 0 ? FakeCuda.Add(card) : card.Context;
        card.Holders++;
        *context = card.Context;
    });

    [UnmanagedCallersOnly]
    internal static int cuDevicePrimaryCtxRelease_v2(int device) => Device("cuDevicePrimaryCtxRelease_v2", device, card =>
    {
        if (--card.Holders == 0)
        {
            FakeCuda.Remove(card.Context);
            card.Context = 0;
        }
    }, gives: true);

    [UnmanagedCallersOnly]
    internal static int cuCtxSetCurrent(nint context)
    {
        if (context != 0 && FakeCuda.Get<FakeCard>(context) is null)
        {
            return Code.InvalidContext;
        }

        s_context = context == 0 ? null : FakeCuda.Get<FakeCard>(context);
        return Code.Success;
    }

    [UnmanagedCallersOnly]
    internal static int cuCtxSynchronize() => Waiting("cuCtxSynchronize", card => card.Drain());

    [UnmanagedCallersOnly]
    internal static int cuMemGetInfo_v2(nuint* free, nuint* total) => Call("cuMemGetInfo_v2", card =>
    {
        *total = (nuint)card.TotalBytes;
        *free = (nuint)Math.Max(0, card.TotalBytes - card.BytesInUse);
        return Code.Success;
    });

    static int Text(int code, byte** text, bool name)
    {
        if (Code.Describe(code) is not { } known || FakeCuda.Current is not { } driver)
        {
            return Code.InvalidValue;
        }

        *text = (byte*)(name ? driver.TextOf(-1 - code, known.Name) : driver.TextOf(code, known.Text));
        return Code.Success;
    }

    static void Put(string text, byte* destination, int length)
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes(text), 0];
        bytes.AsSpan(0, Math.Min(bytes.Length, length)).CopyTo(new Span<byte>(destination, length));
    }

    static int Global(string function, Action<FakeCuda> run)
    {
        if (FakeCuda.Current is not { } driver)
        {
            return Code.NoDevice;
        }

        lock (driver.Gate)
        {
            int fault = driver.Faults.Next(function);
            if (fault == 0)
            {
                run(driver);
            }

            return fault;
        }
    }

    /// <summary>A call that needs no context. What gives something back does so whatever else is wrong.</summary>
    static int Device(string function, int device, Action<FakeCard> run, bool gives = false)
    {
        if (FakeCuda.CardOf(device) is not { } card)
        {
            return Code.InvalidDevice;
        }

        lock (card.Owner.Gate)
        {
            int fault = card.Owner.Faults.Next(function);
            if (fault == 0 || gives)
            {
                run(card);
            }

            return fault;
        }
    }

    /// <summary>A call within the thread's context.</summary>
    static int Call(string function, Func<FakeCard, int> run)
    {
        if (s_context is not { } card)
        {
            return Code.InvalidContext;
        }

        lock (card.Owner.Gate)
        {
            int fault = card.Owner.Faults.Next(function);
            if (fault != 0)
            {
                card.Sticky = card.Sticky == 0 && Code.IsSticky(fault) ? fault : card.Sticky;
                return fault;
            }

            if (card.Sticky != 0)
            {
                return card.Sticky;
            }

            try
            {
                int result = run(card);
                return card.Sticky != 0 ? card.Sticky : result;
            }
            catch (Exception error)
            {
                card.Owner.Fault ??= error;
                return Code.Unknown;
            }
        }
    }

    /// <summary>A call that waits, or may: none of those that a thread may make while it records.</summary>
    static int Waiting(string function, Action<FakeCard> run) => Unrecorded(function, card =>
    {
        run(card);
        return Code.Success;
    });

    static int Unrecorded(string function, Func<FakeCard, int> run) => Call(function, card =>
    {
        if (card.Streams.Find(stream => stream.Capture is not null && stream.CapturingThread == Environment.CurrentManagedThreadId) is { } recording)
        {
            recording.CaptureIsBroken = true;
            return Code.StreamCaptureUnsupported;
        }

        return run(card);
    });

    /// <summary>A call that gives something back: that happens whatever else is wrong.</summary>
    static int Release(string function, Func<FakeCard, bool> run)
    {
        if (s_context is not { } card)
        {
            return Code.InvalidContext;
        }

        lock (card.Owner.Gate)
        {
            int fault = card.Owner.Faults.Next(function);
            card.Sticky = card.Sticky == 0 && Code.IsSticky(fault) ? fault : card.Sticky;
            bool known = run(card);
            return fault != 0 ? fault : card.Sticky != 0 ? card.Sticky : known ? Code.Success : Code.InvalidHandle;
        }
    }

    /// <summary>Work that a kernel, or a copy, did wrong ends the context.</summary>
    internal static void Guard(FakeCard card, Action run)
    {
        try
        {
            run();
        }
        catch (PtxException error)
        {
            card.Owner.Fault ??= error;
            card.Sticky = error.Error switch
            {
                PtxError.OutOfBounds => Code.IllegalAddress,
                PtxError.Misaligned => Code.MisalignedAddress,
                PtxError.Trap => Code.IllegalInstruction,
                _ => Code.LaunchFailed,
            };
        }
    }
}
