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
    long _step;

    /// <summary>Masks that were sent.</summary>
    internal long Sent { get; private set; }

    /// <summary>Those of the step before are not needed any more.</summary>
    internal void Begin() => _step++;

    /// <summary>Where a mask lies, until the next step begins.</summary>
    /// <param name="mask">Told from others by which array it is: it does not change.</param>
    internal ulong Place(ulong[] mask)
    {
        if (!_places.TryGetValue(mask, out Slot? slot))
        {
            slot = Free();
            slot.Mask = mask;
            _places.Add(mask, slot);
            int length = Math.Min(bytes, mask.Length * sizeof(ulong));
            fixed (ulong* source = mask)
            {
                stream.CopyToDevice(slot.Address, source, length);
            }

            stream.Zero(slot.Address + (ulong)length, bytes - length);
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
