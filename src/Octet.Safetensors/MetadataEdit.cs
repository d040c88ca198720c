using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Octet.Safetensors;

/// <summary>Exchanges a file's metadata; the tensors' bytes, and the text of their entries, stay as they are.</summary>
static class MetadataEdit
{
    // A page of the page cache and a sector of most disks. Bytes within one are written together; two of them can part at a crash, which
    // would leave a header of two halves, and with it a file that nobody can read.
    const int BlockSize = 4096;

    const int CopySize = 1 << 20;
    const int MinAlignment = 8;
    const int MaxAlignment = 65536;

    internal static void Apply(string path, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellationToken)
    {
        byte[] old = ReadHeader(path);
        byte[] written = WithMetadata(old, metadata);
        RequireWritable(path);
        cancellationToken.ThrowIfCancellationRequested();
        int first = old.AsSpan().CommonPrefixLength(written);
        int last = old.Length - 1;
        while (last >= first && last < written.Length && old[last] == written[last])
        {
            last--;
        }

        // A link is replaced, not followed: what it leads to may be named after its content, as in the Hugging Face cache.
        bool isLink = new FileInfo(path).LinkTarget is not null;
        if (!isLink && old.Length == written.Length && first / BlockSize == last / BlockSize)
        {
            Overwrite(path, written.AsSpan(first..(last + 1)), first);
        }
        else if (isLink || old.Length != written.Length || first <= last)
        {
            Rewrite(path, old.Length, written, cancellationToken);
        }
    }

    /// <summary>The length field and the header of a file that is valid as a whole.</summary>
    static byte[] ReadHeader(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        byte[] header = new byte[file.DataOffset];
        using FileStream stream = OpenToRead(path);
        stream.ReadExactly(header);
        return header;
    }

    static byte[] WithMetadata(byte[] old, IReadOnlyDictionary<string, string> metadata)
    {
        HeaderText text = new(old.AsSpan(Header.LengthSize));
        ReadOnlySpan<byte> entry = HeaderWriter.WriteMetadataEntry(metadata);
        if (text.ReplaceInPlace(entry) is { } same)
        {
            return [.. old.AsSpan(0, Header.LengthSize), .. same];
        }

        // The data moves, and keeps the alignment that it had.
        int alignment = Math.Clamp(old.Length & -old.Length, MinAlignment, MaxAlignment);
        byte[] longer = text.Replace(entry);
        long end = (Header.LengthSize + (long)longer.Length + alignment - 1) & -alignment;
        HeaderWriter.RequireLength(end - Header.LengthSize);
        byte[] written = new byte[end];
        BinaryPrimitives.WriteInt64LittleEndian(written, end - Header.LengthSize);
        HeaderText.Padded(longer, written.Length - Header.LengthSize).CopyTo(written, Header.LengthSize);
        return written;
    }

    static void Overwrite(string path, ReadOnlySpan<byte> changed, int offset)
    {
        try
        {
            using SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            RandomAccess.Write(handle, changed, offset);
            RandomAccess.FlushToDisk(handle);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw AtomicFile.Failed(path, e);
        }
    }

    static void Rewrite(string path, int oldDataOffset, byte[] header, CancellationToken cancellationToken)
    {
        using AtomicFile file = Copy(path, oldDataOffset, header, cancellationToken);
        file.Commit();
    }

    static AtomicFile Copy(string path, int oldDataOffset, byte[] header, CancellationToken cancellationToken)
    {
        using FileStream source = OpenToRead(path);
        AtomicFile file = new(path, header.Length + source.Length - oldDataOffset);
        try
        {
            source.Position = oldDataOffset;
            file.Stream.Write(header);
            byte[] buffer = new byte[CopySize];
            for (int count = source.Read(buffer); count > 0; count = source.Read(buffer))
            {
                cancellationToken.ThrowIfCancellationRequested();
                file.Stream.Write(buffer, 0, count);
            }

            file.Complete();
            return file;
        }
        catch (Exception e)
        {
            file.Dispose();
            if (e is IOException and not SafetensorsException)
            {
                throw AtomicFile.Failed(path, e);
            }

            throw;
        }
    }

    static FileStream OpenToRead(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw AtomicFile.Failed(path, e);
        }
    }

    // A rename would replace a file that its owner has protected.
    static void RequireWritable(string path)
    {
        if (new FileInfo(path).IsReadOnly)
        {
            throw new SafetensorsException(
                SafetensorsError.IoError, $"{SafetensorsException.Line(path)}: the file is marked read-only: make it writable to edit its metadata", path);
        }
    }
}
