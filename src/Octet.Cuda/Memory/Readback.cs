using Octet.Cuda.Driver;

namespace Octet.Cuda.Memory;

/// <summary>Brings results to the host through pinned memory, one at a time. Not thread-safe.</summary>
sealed unsafe class Readback : IDisposable
{
    readonly PinnedBlock _buffer;
    readonly CudaEvent _done;
    int _bytes = -1;

    /// <param name="context">The card.</param>
    /// <param name="capacity">The most bytes of one result.</param>
    internal Readback(CudaContext context, int capacity)
    {
        _buffer = context.AllocatePinned(capacity);
        try
        {
            _done = context.CreateEvent();
        }
        catch
        {
            _buffer.Dispose();
            throw;
        }
    }

    /// <summary>Has a result copied once all that is in the queue is done.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is longer than the capacity.</exception>
    /// <exception cref="InvalidOperationException">Another one was begun and not ended.</exception>
    internal void Begin(CudaStream stream, DeviceSpan source)
    {
        if (_bytes >= 0)
        {
            throw new InvalidOperationException($"another result is on its way: expected {nameof(End)} first");
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(source.Bytes, _buffer.Bytes, nameof(source));
        stream.CopyToHost(_buffer.Pointer, source.Address, source.Bytes);
        _done.Record(stream);
        _bytes = (int)source.Bytes;
    }

    /// <summary>Waits for the result that was begun. It is valid until the next one begins.</summary>
    /// <exception cref="InvalidOperationException">None was begun.</exception>
    /// <exception cref="CudaException">Work before it failed.</exception>
    internal ReadOnlySpan<byte> End()
    {
        if (_bytes < 0)
        {
            throw new InvalidOperationException($"no result is on its way: expected {nameof(Begin)} first");
        }

        int bytes = _bytes;
        _bytes = -1;
        _done.Synchronize();
        return _buffer.Span(0, bytes);
    }

    /// <summary>Both at once.</summary>
    internal ReadOnlySpan<byte> Read(CudaStream stream, DeviceSpan source)
    {
        Begin(stream, source);
        return End();
    }

    public void Dispose()
    {
        if (_bytes >= 0)
        {
            _done.Settle();
        }

        _done.Dispose();
        _buffer.Dispose();
    }
}
