using System.Runtime.InteropServices;

namespace Octet;

/// <summary>
/// What the file system says of a file without reading it. As long as all of it is the same nobody has written to the file: on Linux the
/// time of the last change of its inode, which no program can set, is part of it; elsewhere the times that are there.
/// </summary>
/// <param name="Length">Its bytes.</param>
/// <param name="Modified">When it was written, in units of 100 ns; of Linux in ns.</param>
/// <param name="Changed">When its inode was changed, in ns; elsewhere when it was made.</param>
/// <param name="Inode">Its number on its device; 0 where that is not known.</param>
/// <param name="Device">The device; 0 where that is not known.</param>
/// <param name="Links">The names that the file has (hard links); 1 where that is not known.</param>
readonly partial record struct FileStamp(long Length, long Modified, long Changed, ulong Inode, ulong Device, uint Links)
{
    const int AtCurrentDirectory = -100;

    // STATX_BASIC_STATS.
    const uint BasicFields = 0x7FF;

    /// <summary>Of a file, through links; null: there is none.</summary>
    internal static FileStamp? Of(string path) => RepositoryCache.Length(path) is long length
        ? (OperatingSystem.IsLinux() ? OfLinux(path) : null) ?? OfTimes(path, length)
        : null;

    static FileStamp OfTimes(string path, long length)
    {
        string final = RepositoryCache.Final(path);
        return new FileStamp(length, File.GetLastWriteTimeUtc(final).Ticks, File.GetCreationTimeUtc(final).Ticks, 0, 0, 1);
    }

    static unsafe FileStamp? OfLinux(string path)
    {
        Statx found;
        try
        {
            return StatX(AtCurrentDirectory, path, 0, BasicFields, &found) == 0
                ? new FileStamp((long)found.Size, Nanoseconds(found.Modified), Nanoseconds(found.Changed), found.Inode, ((ulong)found.DeviceMajor << 32) | found.DeviceMinor, found.Links)
                : null;
        }
        catch (EntryPointNotFoundException)
        {
            // glibc before 2.28.
            return null;
        }
    }

    static long Nanoseconds(Time time) => unchecked((time.Seconds * 1_000_000_000) + time.Fraction);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int directory, string path, int flags, uint mask, Statx* result);

    [StructLayout(LayoutKind.Sequential)]
    readonly struct Time
    {
        internal readonly long Seconds;
        internal readonly uint Fraction;
        readonly int _reserved;
    }

    // struct statx of linux/stat.h: the same on every architecture.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    readonly struct Statx
    {
        [FieldOffset(16)]
        internal readonly uint Links;

        [FieldOffset(32)]
        internal readonly ulong Inode;

        [FieldOffset(40)]
        internal readonly ulong Size;

        [FieldOffset(96)]
        internal readonly Time Changed;

        [FieldOffset(112)]
        internal readonly Time Modified;

        [FieldOffset(136)]
        internal readonly uint DeviceMajor;

        [FieldOffset(140)]
        internal readonly uint DeviceMinor;
    }
}
