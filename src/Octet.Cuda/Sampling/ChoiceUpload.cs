using System.Numerics;
using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda.Sampling;

/// <summary>What rows are wanted of, and the lists of tokens that go with it, in one piece of the card's memory that one copy fills.</summary>
/// <param name="context">The card.</param>
/// <param name="stream">Its queue.</param>
sealed unsafe class ChoiceUpload(CudaContext context, CudaStream stream) : IDisposable
{
    const int Alignment = 8;

    readonly StagedCopy[] _slots = [new(), new()];
    DeviceBlock? _memory;
    byte* _host;
    int _slot, _views, _edits, _segments;
    long _editsAt, _used;

    internal ulong Views => _memory!.Address;

    internal ulong Edits => _memory!.Address + (ulong)_editsAt;

    /// <summary>Room for all that is going to be added.</summary>
    internal void Begin(ReadOnlySpan<RowChoice> choices, int views, int edited)
    {
        (_views, _edits, _segments) = (0, 0, 0);
        _editsAt = (long)views * sizeof(RowView);
        _used = _editsAt + ((long)edited * sizeof(RowEdits));
        long bytes = _used;
        foreach (RowChoice choice in choices)
        {
            LogitEdits edits = choice.Edits;
            bytes += Length<int>(choice.Ends.Length) + Length<TokenLogit>(edits.Biases.Count) + Length<TokenCount>(edits.Seen.Count) + Length<int>(edits.Ends.Count) + Length<int>(edits.Banned.Count);
        }

        if (_memory is null || _memory.Bytes < bytes)
        {
            _memory?.Dispose();
            _memory = null;
            _memory = context.Allocate((long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(bytes, StagedCopy.FewestBytes)));
        }

        _host = _slots[_slot ^= 1].Begin(context, bytes);
    }

    /// <summary>The next row that is looked at, of so many segments.</summary>
    internal void Add(RowView view, int segments)
    {
        ((RowView*)_host)[_views++] = view with { FirstSegment = _segments };
        _segments += segments;
    }

    /// <summary>The next row of which single logits change, in a copy.</summary>
    internal void Add(LogitEdits edits, ulong logits, ulong copy, int columns) => ((RowEdits*)(_host + _editsAt))[_edits++] = new RowEdits
    {
        Logits = logits,
        Edited = copy,
        Biases = Add<TokenLogit>(CollectionsMarshal.AsSpan(edits.Biases)),
        Seen = Add<TokenCount>(CollectionsMarshal.AsSpan(edits.Seen)),
        Ends = Add<int>(CollectionsMarshal.AsSpan(edits.Ends)),
        Banned = Add<int>(CollectionsMarshal.AsSpan(edits.Banned)),
        Share = edits.EndShare,
        BiasCount = edits.Biases.Count,
        SeenCount = edits.Seen.Count,
        EndCount = edits.Ends.Count,
        BannedCount = edits.Banned.Count,
        Columns = columns,
        Repetition = edits.Penalties.Repetition,
        Presence = edits.Penalties.Presence,
        Frequency = edits.Penalties.Frequency,
    };

    /// <summary>A list; returns where it will lie.</summary>
    internal ulong Add<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ulong address = _memory!.Address + (ulong)_used;
        values.CopyTo(new Span<T>(_host + _used, values.Length));
        _used += Length<T>(values.Length);
        return address;
    }

    /// <inheritdoc cref="Add{T}(ReadOnlySpan{T})"/>
    internal ulong Add(int[] values) => Add<int>(values);

    /// <summary>Queues the copy.</summary>
    internal void End()
    {
        stream.CopyToDevice(_memory!.Address, _host, _used);
        _slots[_slot].End(context, stream);
    }

    public void Dispose()
    {
        _memory?.Dispose();
        foreach (StagedCopy slot in _slots)
        {
            slot.Dispose();
        }
    }

    static long Length<T>(int count)
        where T : unmanaged
        => (((long)count * sizeof(T)) + Alignment - 1) & -Alignment;
}
