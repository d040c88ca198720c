namespace Octet;

/// <summary>
/// A lock between processes: an empty file of the cache's <c>.locks</c>, locked by flock as Python's filelock does it (on Windows: opened
/// for nobody else), so that huggingface_hub and Octet keep out of each other's way. The system lets go of it when a process dies; the file
/// stays, because removing it would let a third process in beside one that waits.
/// </summary>
sealed class CacheLock : IDisposable
{
    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    readonly FileStream _file;

    CacheLock(FileStream file) => _file = file;

    /// <returns>Null: another has it.</returns>
    internal static CacheLock? TryAcquire(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            // As huggingface_hub makes them, so that the users of a shared cache can wait for each other.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead;
        }

        try
        {
            var file = new FileStream(path, options);
            if (File.Exists(path))
            {
                return new CacheLock(file);
            }

            // Some versions of filelock remove the file as they let go of it: this lock is one that nobody else would find.
            file.Dispose();
            return null;
        }
        catch (IOException e) when (IsHeld(e))
        {
            return null;
        }
    }

    /// <summary>Waits for it.</summary>
    internal static async Task<CacheLock> AcquireAsync(string path, CancellationToken cancellationToken)
    {
        for (; ; )
        {
            if (TryAcquire(path) is { } acquired)
            {
                return acquired;
            }

            await Task.Delay(s_pause, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose() => _file.Dispose();

    // EWOULDBLOCK of Linux and of the BSDs; the sharing and the lock violation of Windows.
    static bool IsHeld(IOException e) => OperatingSystem.IsWindows() ? (e.HResult & 0xFFFF) is 32 or 33 : e.HResult is 11 or 35;
}
