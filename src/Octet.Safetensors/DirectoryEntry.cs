using System.Runtime.InteropServices;

namespace Octet.Safetensors;

/// <summary>
/// Brings a rename to the disk. On Unix the new name belongs to the directory, and the flush of a file does not include it: after a
/// power cut the old file could be back under the name. .NET opens no directories, hence the three calls of the C library.
/// </summary>
static partial class DirectoryEntry
{
    const int ReadOnly = 0;

    /// <returns>Whether the directory was flushed. Windows and some file systems do not know how, and the rename stands all the same.</returns>
    internal static bool TryFlush(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        try
        {
            int descriptor = Open(directory, ReadOnly);
            bool flushed = descriptor >= 0 && Synchronize(descriptor) == 0;
            if (descriptor >= 0)
            {
                _ = Close(descriptor);
            }

            return flushed;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Synchronize(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
