namespace Octet.Safetensors;

/// <summary>
/// A file that appears whole or not at all: written beside its destination under another name, then renamed over it. Who
/// has the old file mapped keeps the old bytes. Disposed of without <see cref="Commit"/>, it leaves nothing behind.
/// </summary>
sealed class AtomicFile : IDisposable
{
    readonly string _path;
    readonly string _temporary;
    readonly FileStream _stream;
    bool _committed;

    /// <summary>Creates the temporary file and reserves its length, so that a full disk shows before the work.</summary>
    internal AtomicFile(string path, long length)
    {
        _path = path;
        string directory = Path.GetDirectoryName(path)!;
        _temporary = Path.Combine(directory, $".{Path.GetFileName(path)}.{Path.GetRandomFileName()}.tmp");
        if (Directory.Exists(path))
        {
            throw new SafetensorsException(
                SafetensorsError.IoError, $"{SafetensorsException.Line(path)}: this is a directory, expected a file name to write to", path);
        }

        if (!Directory.Exists(directory))
        {
            throw new SafetensorsException(
                SafetensorsError.FileNotFound, $"{SafetensorsException.Line(directory)}: there is no such directory to write to: create it", path);
        }

        try
        {
            _stream = new FileStream(_temporary, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.None,
                BufferSize = BlockStream.BlockBytes,
                PreallocationSize = length,
            });
            Stream = new BlockStream(_stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(path, e);
        }
    }

    internal Stream Stream { get; }

    internal static SafetensorsException Failed(string path, Exception e) => new(
        SafetensorsError.IoError,
        $"{SafetensorsException.Line(path)}: the file cannot be written: {SafetensorsException.Line(e.Message)}",
        path,
        innerException: e);

    /// <summary>Writes bytes at a place of the file. Safe to call from several threads; not together with <see cref="Stream"/>.</summary>
    internal void WriteAt(long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(_stream.SafeFileHandle, bytes, offset);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(_path, e);
        }
    }

    /// <summary>Brings the bytes to the disk and closes the temporary file.</summary>
    internal void Complete()
    {
        try
        {
            KeepMode();
            _stream.Flush(flushToDisk: true);
            _stream.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(_path, e);
        }
    }

    /// <summary>Renames the completed file to its destination, replacing what is there, and brings the new name to the disk.</summary>
    internal void Commit()
    {
        try
        {
            File.Move(_temporary, _path, overwrite: true);
            _committed = true;
            DirectoryEntry.TryFlush(Path.GetDirectoryName(_path)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(_path, e);
        }
    }

    public void Dispose()
    {
        if (_committed)
        {
            return;
        }

        try
        {
            _stream.Dispose();
        }
        catch (IOException)
        {
            // The last buffer of a file that is given up need not reach the disk.
        }

        try
        {
            File.Delete(_temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error that led here says more than this one would.
        }
    }

    void KeepMode()
    {
        if (!OperatingSystem.IsWindows() && File.Exists(_path))
        {
            // Of a link, those of the file that it leads to.
            string replaced = File.ResolveLinkTarget(_path, returnFinalTarget: true)?.FullName ?? _path;
            File.SetUnixFileMode(_stream.SafeFileHandle, File.GetUnixFileMode(replaced));
        }
    }
}
