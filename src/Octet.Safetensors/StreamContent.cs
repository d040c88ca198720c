namespace Octet.Safetensors;

/// <summary>A stream that cannot seek, read to its end into memory.</summary>
static class StreamContent
{
    const int FirstPiece = 1 << 16;

    /// <summary>Grows with what was read: what the stream's header claims is not looked at.</summary>
    /// <param name="stream">Read from where it stands.</param>
    /// <param name="name">What errors call the stream.</param>
    /// <param name="limit">The most bytes that are kept.</param>
    internal static ReadOnlyMemory<byte> ReadAll(Stream stream, string name, int limit)
    {
        byte[] content = new byte[Math.Min(FirstPiece, limit)];
        int length = 0;
        try
        {
            while (true)
            {
                if (length == content.Length)
                {
                    if (length == limit)
                    {
                        return stream.ReadByte() < 0 ? content : throw TooLong(name, limit);
                    }

                    Array.Resize(ref content, (int)Math.Min(2L * length, limit));
                }

                int read = stream.Read(content.AsSpan(length));
                if (read == 0)
                {
                    return content.AsMemory(0, length);
                }

                length += read;
            }
        }
        catch (IOException e) when (e is not SafetensorsException)
        {
            throw new SafetensorsException(
                SafetensorsError.IoError,
                $"{SafetensorsException.Line(name)}: reading the stream failed after {length} bytes: {SafetensorsException.Line(e.Message)}",
                name,
                innerException: e);
        }
    }

    static SafetensorsException TooLong(string name, int limit) => new(
        SafetensorsError.IoError,
        $"{SafetensorsException.Line(name)}: the stream cannot seek and has more than {limit} bytes, which do not fit in memory in one piece: save it to a file and open that",
        name);
}
