using Microsoft.Win32.SafeHandles;

namespace Octet.Safetensors;

/// <summary>Opens a path that leads to a regular file, or says what it leads to instead.</summary>
static class LocalFile
{
    /// <summary>The file's data is not read.</summary>
    internal static FileBytes Open(string path, SafetensorsReadMode mode)
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
            RequireLength(file.Length, path);
            return OpenRegular(path, mode);
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

    static FileBytes OpenRegular(string path, SafetensorsReadMode mode)
    {
        SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        try
        {
            long length = RandomAccess.GetLength(handle);
            RequireLength(length, path);
            return mode == SafetensorsReadMode.MemoryMap
                ? new MappedBytes(handle, length)
                : new RangedBytes(new FileRangeReader(handle, length, path));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    static void RequireLength(long length, string path)
    {
        if (length < Header.LengthSize)
        {
            throw Header.TooSmall(length, path);
        }
    }
}
