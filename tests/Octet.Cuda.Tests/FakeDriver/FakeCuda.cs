using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeLibrary;

namespace Octet.Cuda.Tests.FakeDriver;

/// <summary>
/// A driver with cards of its own, whose kernels the emulator runs. Work is done when somebody waits for it (<see cref="Eager"/> aside), so that a result that is read too early is
/// not there and a pinned buffer that is filled again too early sends the wrong bytes. Every handle is checked; what was not given back is counted; errors come where they are asked for.
/// Several may exist at a time: functions that get no handle belong to the one made last in the same test.
/// </summary>
sealed class FakeCuda : IDisposable
{
    static readonly AsyncLocal<FakeCuda?> s_current = new();
    static readonly ConcurrentDictionary<int, FakeCuda> s_all = new();
    static readonly ConcurrentDictionary<nint, object> s_handles = new();
    static int s_drivers;
    static long s_lastHandle = 0x1000;

    readonly int _number = Interlocked.Increment(ref s_drivers);
    readonly Dictionary<int, nint> _texts = [];
    readonly Dictionary<nint, long> _pinned = [];

    /// <param name="cards">Its cards; none: one as <see cref="FakeCard"/> is by itself.</param>
    internal FakeCuda(params FakeCard[] cards)
    {
        Cards = cards.Length == 0 ? [new FakeCard()] : cards;
        for (int i = 0; i < Cards.Count; i++)
        {
            Cards[i].Owner = this;
            Cards[i].Device = (_number * 16) + i;
        }

        s_all[_number] = this;
        s_current.Value = this;
    }

    /// <summary>The one that functions without a handle belong to.</summary>
    internal static FakeCuda? Current => s_current.Value;

    internal IReadOnlyList<FakeCard> Cards { get; private init; }

    internal FakeCard Card => Cards[0];

    /// <summary>What it implements: 12040 is CUDA 12.4.</summary>
    internal int Version { get; init; } = 13000;

    /// <summary>What <c>cuInit</c> returns.</summary>
    internal int InitResult { get; init; }

    /// <summary>Functions that it does not have.</summary>
    internal HashSet<string> Missing { get; init; } = [];

    /// <summary>Whether work is done as soon as it is queued.</summary>
    internal bool Eager { get; init; }

    internal FakeFaults Faults { get; } = new();

    /// <summary>The library that multiplies on its cards; null: there is none.</summary>
    internal FakeCublasLt? Library { get; set; }

    /// <summary>What a kernel did wrong, or a caller of the driver; null: nothing.</summary>
    internal Exception? Fault { get; set; }

    internal Lock Gate { get; } = new();

    /// <summary>Handles that were made and not given back, of all kinds.</summary>
    internal int LiveHandles => s_handles.Values.Count(IsMine);

    /// <summary>Allocations of pinned memory that were not given back.</summary>
    internal int LivePinned => _pinned.Count;

    /// <summary>Allocations of all cards that were not given back.</summary>
    internal int LiveAllocations => Cards.Sum(card => card.Allocations.Count);

    /// <summary>Copies to a card from memory that is not pinned, which a driver may read after the call.</summary>
    internal int PageableCopies { get; set; }

    /// <summary>How often pinned memory was given back that work still under way copies from or to.</summary>
    internal int EarlyFrees { get; set; }

    /// <summary>Whether everything was given back, contexts too, and nothing too early.</summary>
    internal bool IsClean => LiveHandles + LivePinned + LiveAllocations + Cards.Sum(card => card.Holders) + EarlyFrees == 0;

    /// <summary>What a program finds when it looks for a driver.</summary>
    internal DriverProbe Probe => DriverProbe.Initialize("libfake.so.1", Find);

    /// <summary>The functions, as a program calls them.</summary>
    internal CudaDriver Table => field ??= Probe.Driver ?? throw new InvalidOperationException(Probe.Reason);

    internal static FakeCard? CardOf(int device) => s_all.TryGetValue(device / 16, out FakeCuda? driver) ? driver.Cards.ElementAtOrDefault(device % 16) : null;

    internal static nint Add(object value)
    {
        var handle = (nint)Interlocked.Add(ref s_lastHandle, 16);
        s_handles[handle] = value;
        return handle;
    }

    internal static T? Get<T>(nint handle)
        where T : class => s_handles.TryGetValue(handle, out object? value) ? value as T : null;

    internal static bool Remove(nint handle) => s_handles.TryRemove(handle, out _);

    internal nint Find(string name) => Missing.Contains(name) ? 0 : FakeExports.All.GetValueOrDefault(name);

    /// <summary>A text that stays where it is, for <c>cuGetErrorString</c>.</summary>
    internal nint TextOf(int code, string text)
    {
        lock (_texts)
        {
            string whole = Fault is { } fault && Cards.Any(card => card.Sticky == code) ? $"{text}: {fault.Message}" : text;
            if (!_texts.TryGetValue(code, out nint address) || Marshal.PtrToStringUTF8(address) != whole)
            {
                _texts[code] = address = Marshal.StringToCoTaskMemUTF8(whole);
            }

            return address;
        }
    }

    internal unsafe nint AllocatePinned(long bytes)
    {
        var address = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 4096);
        NativeMemory.Fill((void*)address, (nuint)bytes, 0xA5);
        _pinned.Add(address, bytes);
        return address;
    }

    internal unsafe bool FreePinned(nint address)
    {
        if (!_pinned.Remove(address))
        {
            return false;
        }

        NativeMemory.AlignedFree((void*)address);
        return true;
    }

    /// <summary>How many bytes are pinned from an address on; 0: it is none that was given.</summary>
    internal long PinnedBytes(nint address) => _pinned.GetValueOrDefault(address);

    /// <summary>Whether bytes of the host are pinned.</summary>
    internal bool IsPinned(nint address, long bytes) => _pinned.Any(block => address >= block.Key && address + bytes <= block.Key + block.Value);

    /// <summary>Frees what the test left: a real process ends.</summary>
    public void Dispose()
    {
        s_all.TryRemove(_number, out _);
        foreach (nint address in _pinned.Keys.ToArray())
        {
            FreePinned(address);
        }

        foreach (KeyValuePair<nint, object> handle in s_handles.Where(pair => IsMine(pair.Value)).ToArray())
        {
            Remove(handle.Key);
        }
    }

    bool IsMine(object value) => value switch
    {
        FakeCard card => card.Owner == this,
        FakeStream stream => stream.Card.Owner == this,
        FakeEvent mark => mark.Card.Owner == this,
        FakeGraph graph => graph.Card.Owner == this,
        FakeModule module => module.Card.Owner == this,
        FakeObject made => made.Card.Owner == this,

        // A function belongs to its module and is given back with it.
        _ => false,
    };
}
