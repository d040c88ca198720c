using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;

namespace Octet;

/// <summary>
/// Knows which files of a repository's cache hold what their hash says. Whatever this process has not written itself is hashed, once: the
/// result is remembered with the file's <see cref="FileStamp"/> in <c>octet-checked</c>, beside <c>blobs</c>, where no other tool looks,
/// and holds as long as the stamp does. Safe to use from several threads.
/// </summary>
sealed class CheckedContent(RepositoryCache cache)
{
    internal const string FileName = "octet-checked";
    const string Format = "octet-checked 1";
    const int BufferBytes = 1 << 20;

    // A file that is written again within one tick of the file system's clock keeps its stamp: what was just written is not remembered.
    static readonly TimeSpan s_settled = TimeSpan.FromSeconds(2);

    readonly ConcurrentDictionary<string, (string Hash, FileStamp Stamp)> _right = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, (string Hash, FileStamp Stamp)> _wrong = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, (string Hash, FileStamp Stamp)> _unsettled = new(StringComparer.Ordinal);
    readonly Lock _loading = new();
    volatile bool _loaded;

    /// <summary>Whether a file is there and is what its hash says.</summary>
    /// <param name="path">The file, or a link to it.</param>
    /// <param name="hash">SHA-256 of the content, or git's own id of it.</param>
    /// <param name="size">Its bytes; null: any number.</param>
    /// <param name="anew">Read it even if it is known.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    internal bool IsRight(string path, string hash, long? size, bool anew, CancellationToken cancellationToken)
    {
        if (FileStamp.Of(path) is not { } stamp || (size is not null && stamp.Length != size))
        {
            return false;
        }

        Load();
        string key = Key(path);
        if (!anew)
        {
            if (Is(_right) || Is(_unsettled))
            {
                return true;
            }

            if (Is(_wrong))
            {
                return false;
            }
        }

        bool isRight = Matches(path, hash, stamp.Length, cancellationToken);
        if (FileStamp.Of(path) != stamp)
        {
            return isRight;
        }

        Forget(key);
        (isRight ? IsSettled(stamp) ? _right : _unsettled : _wrong)[key] = (hash, stamp);
        return isRight;

        bool Is(ConcurrentDictionary<string, (string Hash, FileStamp Stamp)> known) => known.TryGetValue(key, out (string Hash, FileStamp Stamp) entry) && entry == (hash, stamp);
    }

    /// <summary>Whether the file was hashed, and is not what its hash says. One that another process has put there since is not.</summary>
    internal bool IsKnownWrong(string path, string hash)
        => FileStamp.Of(path) is { } stamp && _wrong.TryGetValue(Key(path), out (string Hash, FileStamp Stamp) entry) && entry == (hash, stamp);

    /// <summary>This process has written the file, and hashed what it wrote.</summary>
    internal void Note(string path, string hash)
    {
        if (FileStamp.Of(path) is { } stamp)
        {
            Load();
            string key = Key(path);
            Forget(key);
            _right[key] = (hash, stamp);
        }
    }

    /// <summary>The hash that a file was found to have, whatever happened to it since; null: it was never hashed.</summary>
    internal string? HashOf(string path)
    {
        Load();
        return _right.TryGetValue(Key(path), out (string Hash, FileStamp Stamp) entry) ? entry.Hash : null;
    }

    /// <summary>Remembers for other processes. A cache that may not be written to is hashed again by the next one.</summary>
    internal void Save()
    {
        if (_right.IsEmpty || !Directory.Exists(cache.Root))
        {
            return;
        }

        string path = Path.Combine(cache.Root, FileName);
        string temporary = $"{path}.{Path.GetRandomFileName()}";
        try
        {
            File.WriteAllLines(temporary, [Format, .. _right.Where(pair => FileStamp.Of(FullPath(pair.Key)) is not null).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(Line)]);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            try
            {
                File.Delete(temporary);
            }
            catch (Exception second) when (second is IOException or UnauthorizedAccessException)
            {
                // It could not be made either.
            }
        }
    }

    void Load()
    {
        if (_loaded)
        {
            return;
        }

        lock (_loading)
        {
            if (_loaded)
            {
                return;
            }

            string path = Path.Combine(cache.Root, FileName);
            try
            {
                string[] lines = File.Exists(path) ? File.ReadAllLines(path) : [];
                if (lines is [Format, ..])
                {
                    foreach (string line in lines.AsSpan(1))
                    {
                        if (Parse(line) is { } entry)
                        {
                            _right.TryAdd(entry.Key, (entry.Hash, entry.Stamp));
                        }
                    }
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Then everything is hashed.
            }

            _loaded = true;
        }
    }

    void Forget(string key)
    {
        _right.TryRemove(key, out _);
        _wrong.TryRemove(key, out _);
        _unsettled.TryRemove(key, out _);
    }

    // Links: one file, one entry.
    string Key(string path) => Path.GetRelativePath(RepositoryCache.Final(cache.Root), RepositoryCache.Final(path)).Replace('\\', '/');

    string FullPath(string key) => Path.Combine(RepositoryCache.Final(cache.Root), key);

    static string Line(KeyValuePair<string, (string Hash, FileStamp Stamp)> pair)
    {
        (string hash, FileStamp stamp) = pair.Value;
        return string.Create(CultureInfo.InvariantCulture, $"{hash} {stamp.Length} {stamp.Modified} {stamp.Changed} {stamp.Inode} {stamp.Device} {stamp.Links} {pair.Key}");
    }

    static (string Key, string Hash, FileStamp Stamp)? Parse(string line)
    {
        string[] fields = line.Split(' ', 8);
        return fields.Length == 8
            && long.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out long length)
            && long.TryParse(fields[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long modified)
            && long.TryParse(fields[3], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long changed)
            && ulong.TryParse(fields[4], NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode)
            && ulong.TryParse(fields[5], NumberStyles.None, CultureInfo.InvariantCulture, out ulong device)
            && uint.TryParse(fields[6], NumberStyles.None, CultureInfo.InvariantCulture, out uint links)
            ? (fields[7], fields[0], new FileStamp(length, modified, changed, inode, device, links))
            : null;
    }

    static bool IsSettled(FileStamp stamp)
    {
        long ticks = OperatingSystem.IsLinux() && stamp.Inode != 0 ? DateTime.UnixEpoch.Ticks + (Math.Max(stamp.Modified, stamp.Changed) / 100) : stamp.Modified;
        return DateTime.UtcNow.Ticks - ticks > s_settled.Ticks;
    }

    static bool Matches(string path, string hash, long length, CancellationToken cancellationToken)
    {
        using var content = new ContentHash(hash, length);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
            for (int read; (read = file.Read(buffer)) > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                content.Append(buffer.AsSpan(0, read));
            }

            return content.Matches();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
