using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Octet;

/// <summary>
/// A file on its way: <c>blobs/HASH.parts</c> has its full length from the start, and parts of it are written in any order;
/// <c>blobs/HASH.parts.journal</c> names those that are finished. A killed process loses the parts it was at, no more. The names are not
/// <c>HASH.incomplete</c>, which huggingface_hub takes for a beginning that it may append to.
/// </summary>
sealed class PartialBlob : IDisposable
{
    /// <summary>
    /// What is worth being written at once, from a multiple of it on: Linux keeps it in one huge page while the file is in its cache, and who maps the file reads that faster
    /// than many small ones.
    /// </summary>
    internal const int BlockBytes = 2 << 20;

    const string Extension = ".parts";
    const string JournalExtension = ".parts.journal";
    const string Format = "octet-parts 1";

    readonly string _path;
    readonly string _journalPath;
    readonly long _size;
    readonly long _partBytes;
    readonly long[] _received;
    readonly SafeFileHandle _data;
    readonly FileStream? _journal;

    PartialBlob(string blob, long size, long partBytes, bool resume)
    {
        _path = blob + Extension;
        _journalPath = blob + JournalExtension;
        _size = size;
        _partBytes = partBytes;
        _received = new long[Math.Max(1, (int)((size + partBytes - 1) / partBytes))];
        try
        {
            _data = File.OpenHandle(_path, resume ? FileMode.Open : FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
            if (!resume)
            {
                RandomAccess.SetLength(_data, size);
            }

            // One part is begun again anyway.
            if (Parts > 1)
            {
                _journal = new FileStream(_journalPath, resume ? FileMode.Open : FileMode.Create, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
                if (!resume)
                {
                    Append(string.Create(CultureInfo.InvariantCulture, $"{Format} {size} {partBytes}\n"));
                }
            }
        }
        catch
        {
            _journal?.Dispose();
            _data?.Dispose();
            throw;
        }
    }

    /// <summary>At least one.</summary>
    internal int Parts => _received.Length;

    /// <summary>Bytes that are here, of all parts.</summary>
    internal long ReceivedBytes => _received.Sum();

    /// <summary>Opens what an earlier process left, if it is of this file, or begins anew. The caller has the blob's lock.</summary>
    internal static PartialBlob Open(string blob, long size, int partBytes)
    {
        if (ReadJournal(blob, size) is not { } journal)
        {
            return new PartialBlob(blob, size, partBytes, resume: false);
        }

        var partial = new PartialBlob(blob, size, journal.PartBytes, resume: true);
        foreach (int part in journal.Finished)
        {
            partial._received[part] = partial.Length(part);
        }

        // Behind the last whole line: what a kill has cut off is not added to.
        partial._journal?.SetLength(journal.Length);
        partial._journal?.Seek(0, SeekOrigin.End);
        return partial;
    }

    /// <summary>Bytes of a file that an earlier process has finished.</summary>
    internal static long FinishedBytes(string blob, long size) =>
        ReadJournal(blob, size) is { } journal ? journal.Finished.Sum(part => Math.Min(journal.PartBytes, size - (part * journal.PartBytes))) : 0;

    /// <summary>The unfinished files in a directory of blobs: their own paths, without the extension, and the bytes that are finished.</summary>
    internal static IEnumerable<(string Blob, long Bytes)> All(string blobs)
    {
        foreach (string path in Directory.EnumerateFiles(blobs, "*" + Extension))
        {
            string blob = path[..^Extension.Length];
            yield return (blob, FinishedBytes(blob, new FileInfo(path).Length));
        }
    }

    /// <summary>Removes the journal of a file that is all there, which a process killed at the last moment has left.</summary>
    internal static void Sweep(string blob) => File.Delete(blob + JournalExtension);

    /// <summary>Whether a file of the cache is one of these two kinds.</summary>
    internal static bool IsPartial(string path) => path.EndsWith(Extension, StringComparison.Ordinal) || path.EndsWith(JournalExtension, StringComparison.Ordinal);

    internal long Start(int part) => part * _partBytes;

    internal long Length(int part) => Math.Min(_partBytes, _size - Start(part));

    internal int PartAt(long position) => (int)(position / _partBytes);

    /// <summary>Bytes of a part that are here, from its start on.</summary>
    internal long Received(int part) => Volatile.Read(ref _received[part]);

    internal bool IsFinished(int part) => Received(part) == Length(part);

    /// <summary>Bytes that are here without a gap from the file's start.</summary>
    /// <param name="part">The part up to which that was so before, and is so now.</param>
    internal long Contiguous(ref int part)
    {
        while (part < Parts && IsFinished(part))
        {
            part++;
        }

        return part == Parts ? _size : Start(part) + Received(part);
    }

    /// <summary>Adds bytes to a part, behind those that it has.</summary>
    /// <returns>Whether they count: not if another thread has brought the same bytes meanwhile.</returns>
    internal bool Write(int part, long received, ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(_data, bytes, Start(part) + received);
        if (Interlocked.CompareExchange(ref _received[part], received + bytes.Length, received) != received)
        {
            return false;
        }

        long now = received + bytes.Length;
        long written = received / WriteBehind.StepBytes * WriteBehind.StepBytes;
        if (now - written >= WriteBehind.StepBytes || now == Length(part))
        {
            WriteBehind.Start(_data, Start(part) + written, now - written);
        }

        if (now == Length(part) && _journal is not null)
        {
            Append(string.Create(CultureInfo.InvariantCulture, $"{part}\n"));
        }

        return true;
    }

    /// <summary>Brings to the disk what is here so far.</summary>
    internal void Flush() => RandomAccess.FlushToDisk(_data);

    internal int Read(Span<byte> bytes, long position) => RandomAccess.Read(_data, bytes, position);

    /// <summary>All is here and right: brings it to the disk, then to its name.</summary>
    internal void Commit(string blob)
    {
        RandomAccess.FlushToDisk(_data);
        Dispose();
        File.Move(_path, blob, overwrite: true);
        File.Delete(_journalPath);
    }

    /// <summary>It is not worth going on with.</summary>
    internal void Discard()
    {
        Dispose();
        File.Delete(_journalPath);
        File.Delete(_path);
    }

    public void Dispose()
    {
        _journal?.Dispose();
        _data.Dispose();
    }

    void Append(string line)
    {
        lock (_journal!)
        {
            _journal.Write(System.Text.Encoding.ASCII.GetBytes(line));
        }
    }

    /// <summary>Null: there is nothing to resume.</summary>
    static (long PartBytes, HashSet<int> Finished, int Length)? ReadJournal(string blob, long size)
    {
        if (RepositoryCache.Length(blob + Extension) != size || RepositoryCache.Length(blob + JournalExtension) is null)
        {
            return null;
        }

        string text = File.ReadAllText(blob + JournalExtension);
        int length = text.LastIndexOf('\n') + 1;
        string[] lines = text[..length].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0
            || lines[0].Split(' ') is not [_, _, string stated, string part]
            || !lines[0].StartsWith(Format + " ", StringComparison.Ordinal)
            || !long.TryParse(stated, NumberStyles.None, CultureInfo.InvariantCulture, out long statedSize)
            || !long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long partBytes)
            || statedSize != size
            || partBytes is < 1 or > 1 << 30)
        {
            return null;
        }

        long parts = (size + partBytes - 1) / partBytes;
        HashSet<int> finished = [];
        foreach (string line in lines.AsSpan(1))
        {
            if (!int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out int index) || index >= parts)
            {
                return null;
            }

            finished.Add(index);
        }

        return parts > 1 ? (partBytes, finished, length) : null;
    }
}
