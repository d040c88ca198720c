using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Safetensors;

namespace Octet.Cuda.Memory;

/// <summary>
/// Brings weights to the card: one of two pinned buffers is filled from the file, or by a function, while the other is being copied, in a queue of its
/// own. Short pieces share a buffer. What was sent is only there after <see cref="Finish"/>. Not thread-safe.
/// </summary>
sealed unsafe class Uploader : IDisposable
{
    /// <summary>Fills a part of what is sent.</summary>
    /// <param name="offset">Where the part begins in it.</param>
    /// <param name="destination">The part, to be filled whole.</param>
    internal delegate void Filler(long offset, Span<byte> destination);

    const int DefaultBuffer = 64 << 20;

    // Where the next piece begins in a buffer.
    const int Alignment = 256;

    // What a thread reads at a time: some pages' faults cost less than taking turns.
    const int ReadPiece = 4 << 20;

    readonly CudaStream _stream;
    readonly Buffer[] _buffers;
    readonly int _threads;
    int _current;
    bool _disposed;

    /// <param name="context">The card.</param>
    /// <param name="bufferBytes">Of each of the two buffers.</param>
    /// <param name="threads">Threads that read a file, the caller's among them: page faults of one do not keep up with the card.</param>
    /// <exception cref="CudaException">There is no memory for the buffers.</exception>
    internal Uploader(CudaContext context, int bufferBytes = DefaultBuffer, int threads = 4)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferBytes, Alignment);
        _threads = Math.Clamp(Environment.ProcessorCount, 1, threads);
        _stream = context.CreateStream();
        _buffers = new Buffer[2];
        try
        {
            for (int i = 0; i < _buffers.Length; i++)
            {
                _buffers[i] = new Buffer(context, bufferBytes);
            }
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>Bytes that were put in the queue.</summary>
    internal long BytesSent { get; private set; }

    /// <summary>Sends bytes from memory.</summary>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="OperationCanceledException">Some of it may have been sent.</exception>
    /// <exception cref="CudaException">A copy failed, this one or one before.</exception>
    internal void Send(DeviceSpan destination, ReadOnlySpan<byte> source, CancellationToken cancellationToken = default)
    {
        RequireLength(destination, source.Length);
        fixed (byte* first = source)
        {
            byte* start = first;
            Send(destination, (offset, part) => new ReadOnlySpan<byte>(start + offset, part.Length).CopyTo(part), cancellationToken: cancellationToken);
        }
    }

    /// <summary>Sends bytes of a tensor, <paramref name="destination"/> as long as they are. Pages of a mapped file are given back once they are read.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="tensor">Whose.</param>
    /// <param name="offset">The first of its bytes that is sent.</param>
    /// <param name="cancellationToken">Looked at between pieces.</param>
    /// <exception cref="ArgumentOutOfRangeException">The tensor does not have so many bytes.</exception>
    /// <exception cref="SafetensorsException">The file cannot be read; some of it may have been sent.</exception>
    /// <exception cref="OperationCanceledException">Some of it may have been sent.</exception>
    /// <exception cref="CudaException">A copy failed, this one or one before.</exception>
    internal void Send(DeviceSpan destination, TensorView tensor, long offset = 0, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, tensor.ByteLength - destination.Bytes);
        Send(destination, (at, part) => Read(tensor, offset + at, part), cancellationToken: cancellationToken);
    }

    /// <summary>Sends what a function gives, which is called for one part after another, from the first byte to the last.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="fill">Gives the bytes. What it throws is thrown on; then some of it may have been sent.</param>
    /// <param name="unit">Every part but the last is a multiple of so many bytes: a row, for who makes rows.</param>
    /// <param name="cancellationToken">Looked at between parts.</param>
    /// <exception cref="ArgumentOutOfRangeException">A unit does not fit into a buffer.</exception>
    /// <exception cref="OperationCanceledException">Some of it may have been sent.</exception>
    /// <exception cref="CudaException">A copy failed, this one or one before.</exception>
    internal void Send(DeviceSpan destination, Filler fill, int unit = 1, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfLessThan(unit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(unit, _buffers[0].Capacity);
        for (long sent = 0; sent < destination.Bytes;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long left = destination.Bytes - sent;
            Buffer buffer = BufferWithRoom((int)Math.Min(left, unit));
            int count = (int)Math.Min(left, buffer.Room);
            count -= count < left ? count % unit : 0;
            fill(sent, buffer.Next(count));
            _stream.CopyToDevice(destination.Address + (ulong)sent, buffer.NextPointer, count);
            buffer.Advance(count);
            BytesSent += count;
            sent += count;
        }
    }

    /// <summary>Waits until all that was sent is on the card.</summary>
    /// <exception cref="CudaException">A copy failed.</exception>
    internal void Finish()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _stream.Synchronize();
        foreach (Buffer buffer in _buffers)
        {
            buffer.Reuse();
        }
    }

    /// <summary>Waits for copies under way, which read the buffers, and gives all back.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _stream.Settle();
            Release();
        }
    }

    static void RequireLength(DeviceSpan destination, long bytes)
    {
        if (destination.Bytes != bytes)
        {
            throw new ArgumentException($"{bytes} bytes for a place of {destination.Bytes}: expected as many", nameof(destination));
        }
    }

    // The buffer that is being filled, or the next one as soon as its copies are done.
    Buffer BufferWithRoom(int bytes)
    {
        Buffer buffer = _buffers[_current];
        if (buffer.Room >= bytes)
        {
            return buffer;
        }

        buffer.Close(_stream);
        _current = (_current + 1) % _buffers.Length;
        buffer = _buffers[_current];
        buffer.Await();
        return buffer;
    }

    void Read(TensorView tensor, long offset, Span<byte> destination)
    {
        if (_threads > 1 && destination.Length > ReadPiece)
        {
            fixed (byte* first = destination)
            {
                byte* start = first;
                int length = destination.Length;
                ParallelRead(piece => tensor.Read(offset + piece, new Span<byte>(start + piece, (int)Math.Min(ReadPiece, length - piece))), length);
            }
        }
        else
        {
            tensor.Read(offset, destination);
        }

        if (tensor.IsMapped)
        {
            MemoryAdvice.Release(tensor.DangerousGetPointer() + offset, destination.Length);
        }
    }

    void ParallelRead(Action<long> read, int length)
    {
        try
        {
            Parallel.For(0, (length + ReadPiece - 1) / ReadPiece, new ParallelOptions { MaxDegreeOfParallelism = _threads }, i => read((long)i * ReadPiece));
        }
        catch (AggregateException errors)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(errors.InnerExceptions[0]);
        }
    }

    void Release()
    {
        foreach (Buffer? buffer in _buffers)
        {
            buffer?.Dispose();
        }

        _stream.Dispose();
    }

    sealed class Buffer : IDisposable
    {
        readonly PinnedBlock _memory;
        readonly CudaEvent _copied;
        int _used;
        bool _closed;

        internal Buffer(CudaContext context, int bytes)
        {
            _memory = context.AllocatePinned(bytes);
            try
            {
                _copied = context.CreateEvent();
            }
            catch
            {
                _memory.Dispose();
                throw;
            }
        }

        internal int Capacity => (int)_memory.Bytes;

        internal int Room => _closed ? 0 : Capacity - _used;

        internal byte* NextPointer => _memory.Pointer + _used;

        internal Span<byte> Next(int bytes) => _memory.Span(_used, bytes);

        internal void Advance(int bytes) => _used = (int)Math.Min(Capacity, ((long)_used + bytes + Alignment - 1) & -Alignment);

        /// <summary>Nothing is put in any more until its copies are done.</summary>
        internal void Close(CudaStream stream)
        {
            _copied.Record(stream);
            _closed = true;
        }

        internal void Await()
        {
            if (_closed)
            {
                _copied.Synchronize();
                Reuse();
            }
        }

        internal void Reuse()
        {
            _closed = false;
            _used = 0;
        }

        public void Dispose()
        {
            _copied.Dispose();
            _memory.Dispose();
        }
    }
}
