using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using Octet.Numerics;

namespace Octet.Safetensors;

/// <summary>
/// The header's bytes as the reference writes them (<c>serialize</c> in <c>safetensors/src/tensor.rs</c>): compact JSON,
/// metadata first, tensors in the order of their bytes, spaces at the end. Metadata keys are sorted, where the reference
/// leaves their order to chance, so that equal input gives equal bytes.
/// </summary>
sealed class HeaderWriter
{
    static readonly SearchValues<char> s_escaped =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(unit => (char)unit), '"', '\\']);

    readonly ArrayBufferWriter<byte> _buffer = new();

    HeaderWriter() => _buffer.Write(new byte[Header.LengthSize]);

    /// <returns>The length field and the header. The tensors must be in <see cref="FileOrder"/>.</returns>
    internal static ReadOnlyMemory<byte> Write(IReadOnlyList<TensorSource> tensors, IReadOnlyDictionary<string, string> metadata, int alignment)
    {
        HeaderWriter writer = new();
        writer.WriteJson(tensors, metadata);
        int padding = -writer._buffer.WrittenCount & (alignment - 1);
        writer._buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        writer._buffer.Advance(padding);
        int length = writer._buffer.WrittenCount - Header.LengthSize;
        RequireLength(length);
        byte[] bytes = writer._buffer.WrittenSpan.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)length);
        return bytes;
    }

    /// <returns>The entry of the metadata alone, <c>"__metadata__":{...}</c>; nothing where there is none.</returns>
    internal static ReadOnlySpan<byte> WriteMetadataEntry(IReadOnlyDictionary<string, string> metadata)
    {
        HeaderWriter writer = new();
        if (metadata.Count > 0)
        {
            writer.WriteMetadata(metadata);
        }

        return writer._buffer.WrittenSpan[Header.LengthSize..];
    }

    internal static void RequireLength(long length)
    {
        if (length > Header.MaxLength)
        {
            throw new SafetensorsException(
                SafetensorsError.HeaderTooLarge,
                $"the header would exceed {Header.MaxLength} bytes, which readers refuse: write fewer tensors to a file, shorter names or less metadata");
        }
    }

    /// <summary>Larger types first, which aligns every tensor without gaps; then by name.</summary>
    internal static TensorSource[] FileOrder(IEnumerable<TensorSource> tensors) =>
        [.. tensors.OrderByDescending(tensor => tensor.DataType).ThenBy(tensor => tensor.Name, Utf8Order.Instance)];

    void WriteJson(IReadOnlyList<TensorSource> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        Raw("{"u8);
        ReadOnlySpan<byte> separator = ""u8;
        if (metadata.Count > 0)
        {
            WriteMetadata(metadata);
            separator = ","u8;
        }

        long offset = 0;
        foreach (TensorSource tensor in tensors)
        {
            Raw(separator);
            separator = ","u8;
            WriteEntry(tensor, offset);
            offset = checked(offset + tensor.ByteLength);
            RequireLength(_buffer.WrittenCount);
        }

        Raw("}"u8);
    }

    void WriteMetadata(IReadOnlyDictionary<string, string> metadata)
    {
        Raw("\"__metadata__\":"u8);
        ReadOnlySpan<byte> separator = "{"u8;
        foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, Utf8Order.Instance))
        {
            if (value is null)
            {
                throw new ArgumentException($"the metadata {SafetensorsException.Quote(key)} is null: expected a text", nameof(metadata));
            }

            if (!Utf8Order.IsWellFormed(key) || !Utf8Order.IsWellFormed(value))
            {
                throw new SafetensorsException(
                    SafetensorsError.InvalidMetadata, $"the metadata {SafetensorsException.Quote(key)} is not valid Unicode (half a surrogate pair)");
            }

            Raw(separator);
            separator = ","u8;
            Text(key);
            Raw(":"u8);
            Text(value);
            RequireLength(_buffer.WrittenCount);
        }

        Raw("}"u8);
    }

    void WriteEntry(TensorSource tensor, long offset)
    {
        Text(tensor.Name);
        Raw(":{\"dtype\":\""u8);
        Raw(Encoding.ASCII.GetBytes(tensor.DataType.SafetensorsName()));
        Raw("\",\"shape\":["u8);
        for (int i = 0; i < tensor.Shape.Length; i++)
        {
            Raw(i == 0 ? ""u8 : ","u8);
            Number(tensor.Shape[i]);
        }

        Raw("],\"data_offsets\":["u8);
        Number(offset);
        Raw(","u8);
        Number(checked(offset + tensor.ByteLength));
        Raw("]}"u8);
    }

    // serde_json's escapes, not those of Utf8JsonWriter, which escapes more: the quote, the backslash and the controls.
    void Text(string text)
    {
        RequireLength(text.Length);
        Raw("\""u8);
        ReadOnlySpan<char> rest = text;
        while (!rest.IsEmpty)
        {
            int plain = rest.IndexOfAny(s_escaped);
            plain = plain < 0 ? rest.Length : plain;
            Encoding.UTF8.GetBytes(rest[..plain], _buffer);
            rest = rest[plain..];
            if (!rest.IsEmpty)
            {
                Raw(Encoding.ASCII.GetBytes(Escape(rest[0])));
                rest = rest[1..];
            }
        }

        Raw("\""u8);
    }

    static string Escape(char unit) => unit switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\f' => "\\f",
        '\r' => "\\r",
        _ => $"\\u{(int)unit:x4}",
    };

    void Raw(ReadOnlySpan<byte> bytes) => _buffer.Write(bytes);

    void Number(long value)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(value, digits, out int written);
        Raw(digits[..written]);
    }
}
