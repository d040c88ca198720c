using System.Buffers.Binary;
using System.Text.Unicode;

namespace Octet.Safetensors;

/// <summary>
/// A file's header, validated in the order of the reference (<c>SafeTensors::read_metadata</c> and
/// <c>Metadata::validate</c> in <c>safetensors/src/tensor.rs</c>), so that the first error found is the same.
/// </summary>
sealed class Header
{
    internal const int LengthSize = 8;
    internal const int MaxLength = 100_000_000;

    // Of a header that has to be read: one piece for nearly all; beyond, memory grows with what has come.
    const int FirstPiece = 8 << 20;

    Header(long dataOffset, HeaderEntry[] entries, Dictionary<string, string> metadata)
    {
        DataOffset = dataOffset;
        Entries = entries;
        Metadata = metadata;
    }

    internal long DataOffset { get; }

    /// <summary>In the order of their bytes; without gaps, overlaps or anything outside the file.</summary>
    internal HeaderEntry[] Entries { get; }

    internal Dictionary<string, string> Metadata { get; }

    internal static Header Read(FileBytes file, string path)
    {
        try
        {
            return ReadAll(file, path);
        }
        catch (SafetensorsException e) when (MayBeForeign(e) && file.Length >= LengthSize)
        {
            byte[] beginning = new byte[(int)Math.Min(file.Length, ForeignContent.BeginningBytes)];
            file.CopyTo(0, beginning);
            throw Foreign(e, beginning, file.Length, path) ?? e;
        }
    }

    internal static async ValueTask<Header> ReadAsync(FileBytes file, string path, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAllAsync(file, path, cancellationToken).ConfigureAwait(false);
        }
        catch (SafetensorsException e) when (MayBeForeign(e) && file.Length >= LengthSize)
        {
            byte[] beginning = new byte[(int)Math.Min(file.Length, ForeignContent.BeginningBytes)];
            await file.CopyToAsync(0, beginning, cancellationToken).ConfigureAwait(false);
            throw Foreign(e, beginning, file.Length, path) ?? e;
        }
    }

    /// <summary>Whether a file that is no safetensors at all gives this error.</summary>
    static bool MayBeForeign(SafetensorsException e) => e.Error is SafetensorsError.HeaderTooSmall or SafetensorsError.HeaderTooLarge
        or SafetensorsError.InvalidHeaderLength or SafetensorsError.InvalidHeader or SafetensorsError.InvalidHeaderDeserialization;

    /// <summary>The error once more, saying what the file is instead.</summary>
    static SafetensorsException? Foreign(SafetensorsException e, ReadOnlySpan<byte> beginning, long length, string path)
        => ForeignContent.Describe(beginning, length) is { } what
            ? new SafetensorsException(e.Error, $"{SafetensorsException.Line(path)}: this is not a safetensors file: {what}", path, innerException: e)
            : null;

    static Header ReadAll(FileBytes file, string path)
    {
        Span<byte> first = stackalloc byte[LengthSize];
        RequireFirst(file, path);
        file.CopyTo(0, first);
        int length = ReadLength(first, file.Length, path);
        if (file.InPlace)
        {
            return Parse(file.Span(LengthSize, length), file.Length, path);
        }

        byte[] json = new byte[Math.Min(length, FirstPiece)];
        for (int read = 0; read < length;)
        {
            file.CopyTo(LengthSize + read, json.AsSpan(read));
            read = json.Length;
            Array.Resize(ref json, (int)Math.Min(length, 2L * read));
        }

        return Parse(json, file.Length, path);
    }

    static async ValueTask<Header> ReadAllAsync(FileBytes file, string path, CancellationToken cancellationToken)
    {
        byte[] first = new byte[LengthSize];
        RequireFirst(file, path);
        await file.CopyToAsync(0, first, cancellationToken).ConfigureAwait(false);
        int length = ReadLength(first, file.Length, path);
        byte[] json = new byte[Math.Min(length, FirstPiece)];
        for (int read = 0; read < length;)
        {
            await file.CopyToAsync(LengthSize + read, json.AsMemory(read), cancellationToken).ConfigureAwait(false);
            read = json.Length;
            Array.Resize(ref json, (int)Math.Min(length, 2L * read));
        }

        return Parse(json, file.Length, path);
    }

    static void RequireFirst(FileBytes file, string path)
    {
        if (file.Length < LengthSize)
        {
            throw TooSmall(file.Length, path);
        }
    }

    static int ReadLength(ReadOnlySpan<byte> first, long fileLength, string path)
    {
        string line = SafetensorsException.Line(path);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(first);
        if (length > MaxLength)
        {
            throw new SafetensorsException(
                SafetensorsError.HeaderTooLarge,
                $"{line}: the first 8 bytes announce a header of {length} bytes, the limit is {MaxLength}: this is not a safetensors file, or it is damaged",
                path);
        }

        ulong needed = LengthSize + length;
        if (needed > (ulong)fileLength)
        {
            throw new SafetensorsException(
                SafetensorsError.InvalidHeaderLength,
                $"{line}: the header needs {needed} bytes, the file has {fileLength}: it is cut off or not safetensors; download it again",
                path);
        }

        return (int)length;
    }

    static Header Parse(ReadOnlySpan<byte> json, long fileLength, string path)
    {
        if (!Utf8.IsValid(json))
        {
            throw new SafetensorsException(
                SafetensorsError.InvalidHeader,
                $"{SafetensorsException.Line(path)}: the header is not UTF-8 text: this is not a safetensors file, or it is damaged",
                path);
        }

        List<HeaderEntry> read = HeaderReader.Read(json, path, out Dictionary<string, string> metadata);
        HeaderEntry[] entries = InOffsetOrder(read);
        ulong end = Walk(entries, path);
        long dataOffset = LengthSize + json.Length;
        UInt128 promised = (UInt128)end + (ulong)dataOffset;
        if (promised != (ulong)fileLength)
        {
            throw Incomplete(promised, (ulong)fileLength, path);
        }

        return new Header(dataOffset, entries, metadata);
    }

    internal static SafetensorsException TooSmall(long length, string path) => new(
        SafetensorsError.HeaderTooSmall,
        length == 0
            ? $"{SafetensorsException.Line(path)}: the file is empty, or not a regular file; a safetensors file has at least {LengthSize} bytes: download it again, for instance with octet pull ID"
            : $"{SafetensorsException.Line(path)}: the file has {length} bytes, a safetensors file has at least {LengthSize}: it is cut off or not a regular file; download it again",
        path);

    // By (begin, end); equal ranges, which only empty tensors may share, stay in the order of the header.
    static HeaderEntry[] InOffsetOrder(List<HeaderEntry> entries)
    {
        bool ordered = true;
        for (int i = 1; i < entries.Count && ordered; i++)
        {
            ordered = (entries[i - 1].Begin, entries[i - 1].End).CompareTo((entries[i].Begin, entries[i].End)) <= 0;
        }

        return ordered ? [.. entries] : [.. entries.OrderBy(entry => (entry.Begin, entry.End))];
    }

    /// <returns>Where the last tensor ends, relative to the data.</returns>
    static ulong Walk(HeaderEntry[] entries, string path)
    {
        ulong expected = 0;
        foreach (HeaderEntry entry in entries)
        {
            if (entry.Begin != expected || entry.End < entry.Begin)
            {
                string found = entry.End < entry.Begin ? $"ends at {entry.End}, before its begin at {entry.Begin}" : $"begins at {entry.Begin}";
                string rule = entry.End < entry.Begin ? "" : $", the tensor before it ends at {expected}: tensors must follow one another without gap or overlap";
                throw Invalid(SafetensorsError.InvalidOffset, entry, $"{found}{rule}", path);
            }

            if (!TensorSize.TryGetBitLength(entry.Shape, entry.DataType, out ulong bits))
            {
                throw Invalid(SafetensorsError.ValidationOverflow, entry, "has a shape whose size does not fit in 64 bits", path);
            }

            if (bits % 8 != 0)
            {
                throw Invalid(SafetensorsError.MisalignedSlice, entry, $"takes {bits} bits, which is not a whole number of bytes", path);
            }

            if (entry.End - entry.Begin != bits / 8)
            {
                string needed = $"needs {bits / 8} bytes for {TensorSize.Describe(entry.DataType, entry.Shape)}";
                throw Invalid(SafetensorsError.TensorInvalidInfo, entry, $"{needed}, its data_offsets span {entry.End - entry.Begin}", path);
            }

            expected = entry.End;
        }

        return expected;
    }

    static SafetensorsException Incomplete(UInt128 promised, ulong found, string path)
    {
        string line = SafetensorsException.Line(path);
        string message = promised > found
            ? $"{line}: the file is {promised - found} bytes short (the header promises {promised}, the file has {found}): download it again"
            : $"{line}: the file is {found - promised} bytes too long (the header promises {promised}, the file has {found}): download it again";
        return new SafetensorsException(SafetensorsError.MetadataIncompleteBuffer, message, path);
    }

    static SafetensorsException Invalid(SafetensorsError error, HeaderEntry entry, string problem, string path) => new(
        error,
        $"{SafetensorsException.Line(path)}: tensor {SafetensorsException.Quote(entry.Name)} {problem}: the file is damaged or was written wrongly",
        path,
        entry.Name);
}
