using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Octet.Safetensors;

/// <summary>
/// A file mapped read-only. The view is held until <see cref="Dispose"/>, not until finalization: a span into it keeps no
/// object alive, so an unmapping by the garbage collector could pull the memory from under one. A file never disposed of
/// costs address space only.
/// </summary>
sealed unsafe class MappedBytes : FileBytes
{
    readonly MemoryMappedFile _map;
    readonly SafeMemoryMappedViewHandle _view;
    readonly Lock _lock = new();
    volatile nint _pointer;

    MappedBytes(MemoryMappedFile map, long length)
    {
        _map = map;
        Length = length;
        _view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read).SafeMemoryMappedViewHandle;
        byte* pointer = null;
        _view.AcquirePointer(ref pointer);
        _pointer = (nint)pointer;
    }

    internal override long Length { get; }

    internal override byte* Pointer
    {
        get
        {
            nint pointer = _pointer;
            ObjectDisposedException.ThrowIf(pointer == 0, typeof(SafetensorsFile));
            return (byte*)pointer;
        }
    }

    internal override ReadOnlySpan<byte> Span(long offset, int length) => new(Pointer + offset, length);

    internal override void CopyTo(long offset, Span<byte> destination)
    {
        bool held = false;
        try
        {
            _view.DangerousAddRef(ref held);
            Span(offset, destination.Length).CopyTo(destination);
        }
        catch (ObjectDisposedException)
        {
            throw new ObjectDisposedException(typeof(SafetensorsFile).FullName);
        }
        finally
        {
            if (held)
            {
                _view.DangerousRelease();
            }
        }
    }

    public override void Dispose()
    {
        lock (_lock)
        {
            if (_pointer != 0)
            {
                _pointer = 0;
                _view.ReleasePointer();
                _view.Dispose();
                _map.Dispose();
            }
        }
    }

    /// <summary>Maps the file; its data is not read.</summary>
    internal static MappedBytes Open(string path)
    {
        string line = SafetensorsException.Line(path);
        try
        {
            // Before opening: opening a named pipe would wait for a writer. Pipes and devices have no length.
            FileSystemInfo? target = File.ResolveLinkTarget(path, returnFinalTarget: true);
            if (Directory.Exists(path))
            {
                throw new SafetensorsException(
                    SafetensorsError.IoError, $"{line}: this is a directory, expected a safetensors file", path);
            }

            FileInfo file = target is null ? new FileInfo(path) : new FileInfo(target.FullName);
            if (file.Length < Header.LengthSize)
            {
                throw Header.TooSmall(file.Length, path);
            }

            return Map(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SafetensorsException(SafetensorsError.FileNotFound, $"{line}: there is no such file", path, innerException: e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new SafetensorsException(SafetensorsError.IoError, $"{line}: no permission to read this file", path, innerException: e);
        }
        catch (IOException e) when (e is not SafetensorsException)
        {
            throw new SafetensorsException(
                SafetensorsError.IoError, $"{line}: the file cannot be opened: {SafetensorsException.Line(e.Message)}", path, innerException: e);
        }
    }

    static MappedBytes Map(string path)
    {
        SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        MemoryMappedFile? map = null;
        try
        {
            long length = RandomAccess.GetLength(handle);
            if (length < Header.LengthSize)
            {
                throw Header.TooSmall(length, path);
            }

            map = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            return new MappedBytes(map, length);
        }
        catch
        {
            map?.Dispose();
            handle.Dispose();
            throw;
        }
    }
}
