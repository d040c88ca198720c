using System.Buffers;

namespace Octet.Safetensors;

/// <summary>
/// The bytes of a whole file: in memory (mapped or given), or read on demand. Ranges are the caller's to check. What the
/// bytes rest on is freed when the last copy under way has ended, so that a disposal on another thread is safe.
/// </summary>
abstract class FileBytes : IDisposable
{
    const int InPlacePiece = 1 << 20;

    // Larger, since a read from elsewhere costs a round trip.
    const int ReadPiece = 4 << 20;

    readonly Lock _lock = new();
    int _leases;
    volatile bool _disposed;

    internal abstract long Length { get; }

    /// <summary>Whether <see cref="Pointer"/> and <see cref="Span"/> give the bytes; elsewhere they throw.</summary>
    internal abstract bool InPlace { get; }

    /// <summary>Valid until disposal.</summary>
    internal abstract unsafe byte* Pointer { get; }

    internal abstract ReadOnlySpan<byte> Span(long offset, int length);

    /// <summary>A disposal on another thread waits for the copy or makes it throw.</summary>
    internal void CopyTo(long offset, Span<byte> destination)
    {
        using Lease lease = Hold();
        Read(offset, destination);
    }

    internal async ValueTask CopyToAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        using Lease lease = Hold();
        await ReadAsync(offset, destination, cancellationToken).ConfigureAwait(false);
    }

    internal void CopyTo(long offset, long length, Stream destination)
    {
        using Lease lease = Hold();
        byte[] buffer = InPlace ? [] : ArrayPool<byte>.Shared.Rent((int)Math.Min(length, ReadPiece));
        try
        {
            for (long at = 0; at < length;)
            {
                int count = (int)Math.Min(InPlace ? InPlacePiece : buffer.Length, length - at);
                if (InPlace)
                {
                    destination.Write(Span(offset + at, count));
                }
                else
                {
                    Read(offset + at, buffer.AsSpan(0, count));
                    destination.Write(buffer, 0, count);
                }

                at += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    internal async ValueTask CopyToAsync(long offset, long length, Stream destination, CancellationToken cancellationToken)
    {
        using Lease lease = Hold();
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, InPlace ? InPlacePiece : ReadPiece));
        try
        {
            for (long at = 0; at < length;)
            {
                int count = (int)Math.Min(buffer.Length, length - at);
                await ReadAsync(offset + at, buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
                await destination.WriteAsync(buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
                at += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, typeof(SafetensorsFile));

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            if (_leases > 0)
            {
                return;
            }
        }

        Free();
    }

    /// <summary>Fills the destination; the caller holds a lease.</summary>
    protected abstract void Read(long offset, Span<byte> destination);

    /// <inheritdoc cref="Read"/>
    protected abstract ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Called once, when nobody copies any more.</summary>
    protected abstract void Free();

    Lease Hold()
    {
        lock (_lock)
        {
            ThrowIfDisposed();
            _leases++;
        }

        return new Lease(this);
    }

    void Release()
    {
        lock (_lock)
        {
            if (--_leases > 0 || !_disposed)
            {
                return;
            }
        }

        Free();
    }

    readonly struct Lease(FileBytes bytes) : IDisposable
    {
        public void Dispose() => bytes.Release();
    }
}
