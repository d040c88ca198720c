using System.Buffers;

namespace Octet.Safetensors;

/// <summary>A file held in memory by the caller; pinned from the first time its address is asked for.</summary>
sealed unsafe class MemoryBytes(ReadOnlyMemory<byte> memory) : FileBytes
{
    readonly Lock _lock = new();
    MemoryHandle _pin;
    bool _pinned;
    volatile bool _disposed;

    internal override long Length => memory.Length;

    internal override byte* Pointer
    {
        get
        {
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, typeof(SafetensorsFile));
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
        ObjectDisposedException.ThrowIf(_disposed, typeof(SafetensorsFile));
        return memory.Span.Slice((int)offset, length);
    }

    internal override void CopyTo(long offset, Span<byte> destination) => Span(offset, destination.Length).CopyTo(destination);

    public override void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            if (_pinned)
            {
                _pin.Dispose();
                _pinned = false;
            }
        }
    }
}
