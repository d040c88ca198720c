using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Cuda.Driver;

namespace Octet.Cuda.Sampling;

/// <summary>
/// Masks of tokens on the card. Constraints come back to the same states, and with them to the same masks: one that was sent lately is there. Not thread-safe.
/// </summary>
/// <param name="context">The card.</param>
/// <param name="stream">The queue of whoever reads them.</param>
/// <param name="bytes">Of one mask, 0 behind its end.</param>
sealed unsafe class DeviceMasks(CudaContext context, CudaStream stream, int bytes) : IDisposable
{
    /// <summary>Masks that are kept where a step needs no more.</summary>
    internal const int MostKept = 256;

    const int BlockSlots = 32;

    readonly List<DeviceBlock> _blocks = [];
    readonly List<Slot> _slots = [];
    readonly Dictionary<ulong[], Slot> _places = new(ReferenceEqualityComparer.Instance);

    // A card that reads the host's memory by itself (GH200) may do so after the call that copies from an array, which the collector moves.
    readonly StagedCopy[] _staged = [new(), new()];
    byte* _host;
    int _current;
    long _step;

    /// <summary>Masks that were sent.</summary>
    internal long Sent { get; private set; }

    /// <summary>Those of the step before are not needed any more; there is room for all that these want.</summary>
    internal void Begin(ReadOnlySpan<RowChoice> choices)
    {
        _step++;
        long missing = 0;
        foreach (RowChoice choice in choices)
        {
            missing += Keep(choice.Mask) + Keep(choice.Allowed);
        }

        if (missing > 0)
        {
            _host = _staged[_current ^= 1].Begin(context, missing * bytes);
        }
    }

    /// <summary>Where a mask lies, until the next step begins.</summary>
    /// <param name="mask">Told from others by which array it is: it does not change.</param>
    internal ulong Place(ulong[] mask)
    {
        if (!_places.TryGetValue(mask, out Slot? slot))
        {
            slot = Free();
            ReadOnlySpan<byte> source = MemoryMarshal.AsBytes<ulong>(mask);
            source[..Math.Min(bytes, source.Length)].CopyTo(new Span<byte>(_host, bytes));
            stream.CopyToDevice(slot.Address, _host, bytes);
            _staged[_current].End(context, stream);
            _host += bytes;
            slot.Mask = mask;
            _places.Add(mask, slot);
            Sent++;
        }

        slot.Step = _step;
        return slot.Address;
    }

    public void Dispose()
    {
        _blocks.ForEach(block => block.Dispose());
        _blocks.Clear();
        _slots.Clear();
        _places.Clear();
        foreach (StagedCopy staged in _staged)
        {
            staged.Dispose();
        }
    }

    /// <summary>One that is there stays for this step, whatever takes a place; returns 1 for one that is not.</summary>
    int Keep(ulong[]? mask)
    {
        if (mask is null || !_places.TryGetValue(mask, out Slot? slot))
        {
            return mask is null ? 0 : 1;
        }

        slot.Step = _step;
        return 0;
    }

    Slot Free()
    {
        Slot? oldest = null;
        foreach (Slot slot in _slots)
        {
            if (slot.Step < _step && (oldest is null || slot.Step < oldest.Step))
            {
                oldest = slot;
            }
        }

        // A place that was never used is older than all.
        if (oldest is not null && (oldest.Mask is null || _slots.Count >= MostKept))
        {
            if (oldest.Mask is { } forgotten)
            {
                _places.Remove(forgotten);
            }

            return oldest;
        }

        DeviceBlock block = context.Allocate((long)bytes * BlockSlots);
        _blocks.Add(block);
        for (int i = 0; i < BlockSlots; i++)
        {
            _slots.Add(new Slot(block.Address + ((ulong)i * (ulong)bytes)));
        }

        return _slots[^1];
    }

    sealed class Slot(ulong address)
    {
        internal ulong Address => address;

        internal ulong[]? Mask { get; set; }

        internal long Step { get; set; } = -1;
    }
}
