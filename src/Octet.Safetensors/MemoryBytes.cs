using System.Buffers;

namespace Octet.Safetensors;

/// <summary>A file in memory; pinned from the first time its address is asked for.</summary>
sealed unsafe class MemoryBytes(ReadOnlyMemory<byte> memory) : FileBytes
{
    readonly Lock _lock = new();
    MemoryHandle _pin;
    bool _pinned;

    internal override long Length => memory.Length;

    internal override bool InPlace => true;

    internal override byte* Pointer
    {
        get
        {
            lock (_lock)
            {
                ThrowIfDisposed();
                if (!_pinned)
                {
                    _pin = memory.Pin();
                    _pinned = true;
                }

                return (byte*)_pin.Pointer;
            }
        }
    }

    internal override ReadOnlySpan<byte> Span(long offset, int length)
    {
        ThrowIfDisposed();
        return memory.Span.Slice((int)offset, length);
    }

    protected override void Read(long offset, Span<byte> destination) => Span(offset, destination.Length).CopyTo(destination);

    protected override ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Read(offset, destination.Span);
        return ValueTask.CompletedTask;
    }

    // Under the lock: a pointer may be asked for at the same time.
    protected override void Free()
    {
        lock (_lock)
        {
            _pin.Dispose();
        }
    }
}
