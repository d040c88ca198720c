using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Octet.Safetensors;

/// <summary>
/// A file mapped read-only. The view is held until <see cref="FileBytes.Dispose"/>, not until finalization: a span into it keeps
/// no object alive, so an unmapping by the garbage collector could pull the memory from under one. A file never disposed of
/// costs address space only.
/// </summary>
sealed unsafe class MappedBytes : FileBytes
{
    readonly MemoryMappedFile _map;
    readonly SafeMemoryMappedViewHandle _view;
    readonly byte* _pointer;

    /// <summary>Takes the handle over; its file has at least one byte.</summary>
    internal MappedBytes(SafeFileHandle handle, long length)
    {
        Length = length;
        _map = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        try
        {
            _view = _map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read).SafeMemoryMappedViewHandle;
        }
        catch
        {
            _map.Dispose();
            throw;
        }

        _view.AcquirePointer(ref _pointer);
    }

    internal override long Length { get; }

    internal override bool InPlace => true;

    internal override byte* Pointer
    {
        get
        {
            ThrowIfDisposed();
            return _pointer;
        }
    }

    internal override ReadOnlySpan<byte> Span(long offset, int length) => new(Pointer + offset, length);

    protected override void Read(long offset, Span<byte> destination) => Span(offset, destination.Length).CopyTo(destination);

    protected override ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Read(offset, destination.Span);
        return ValueTask.CompletedTask;
    }

    protected override void Free()
    {
        _view.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }
}
