namespace Octet;

/// <summary>Files of a model, which stand in a directory of unknown origin: what is there under a file's name need not be a file, nor end.</summary>
static class RegularFile
{
    /// <summary>
    /// The longest file that is read into memory as a text: sixteen times a template that is allowed by itself, and more than ten times the longest
    /// published configuration.
    /// </summary>
    internal const int MaxBytes = 64 << 20;

    /// <summary>Refuses a named pipe: opening it to read would wait for somebody who writes, perhaps for ever.</summary>
    /// <exception cref="IOException">It is one.</exception>
    internal static void Require(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // Pipes have no length, as files without content have none. Opened to write too, neither waits.
        FileSystemInfo? target = File.ResolveLinkTarget(path, returnFinalTarget: true);
        FileInfo file = new(target?.FullName ?? path);
        if (!file.Exists || file.Length > 0)
        {
            return;
        }

        try
        {
            using FileStream both = new(file.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            if (both.CanSeek)
            {
                return;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A file or device that may only be read, or not even that, as opening it tells.
            return;
        }

        throw new IOException("it is a pipe, expected a file");
    }

    /// <summary>The file's bytes; null where there are more than <see cref="MaxBytes"/>. What has no length, such as a device, is read until then.</summary>
    /// <param name="path">A file that is there.</param>
    internal static byte[]? Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        if (file.CanSeek && file.Length > MaxBytes)
        {
            return null;
        }

        using MemoryStream into = new(file.CanSeek ? (int)file.Length : 0);
        byte[] buffer = new byte[Math.Clamp(into.Capacity + 1, 1 << 12, 1 << 16)];
        for (int count = file.Read(buffer); count > 0; count = file.Read(buffer))
        {
            if (into.Length + count > MaxBytes)
            {
                return null;
            }

            into.Write(buffer, 0, count);
        }

        return into.ToArray();
    }
}
