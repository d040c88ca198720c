using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Octet;

/// <summary>
/// Has the system write to the disk what a file has received while more comes in. Left alone it begins when the file is flushed, and
/// the whole file is waited for. Linux alone can be asked; elsewhere, or refused, nothing happens.
/// </summary>
static partial class WriteBehind
{
    /// <summary>Bytes that are worth a request of their own.</summary>
    internal const long StepBytes = 4 << 20;

    // SYNC_FILE_RANGE_WRITE: begin, do not wait.
    const uint Begin = 2;

    internal static void Start(SafeFileHandle file, long offset, long length)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = SyncFileRange(file, offset, length, Begin);
        }
    }

    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);
}
