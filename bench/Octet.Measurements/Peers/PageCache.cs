using System.Runtime.InteropServices;

namespace Octet.Measurements.Peers;

/// <summary>The system's cache of files.</summary>
static partial class PageCache
{
    const int DontNeed = 4;

    /// <summary>
    /// Takes a file, or those of a directory, out of it, as after a start of the machine: what a script has written in pieces lies there in small pages, which
    /// are mapped as such. Nothing happens where the system is not Linux.
    /// </summary>
    internal static void Forget(string path)
    {
        foreach (string file in Directory.Exists(path) ? Directory.EnumerateFiles(path) : [path])
        {
            if (OperatingSystem.IsLinux())
            {
                using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite);

                // What has not reached the disk yet would stay.
                RandomAccess.FlushToDisk(handle);
                _ = Advise(handle, 0, 0, DontNeed);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeHandle file, long offset, long length, int advice);
}
