using System.Buffers;
using System.Text;

namespace Octet.Cli.IO;

/// <summary>The lines of a stream, each as soon as it has come; the end of the stream ends the last one.</summary>
sealed class LineReader(Stream stream)
{
    const byte LineFeed = (byte)'\n';

    readonly byte[] _buffer = new byte[64 << 10];
    readonly ArrayBufferWriter<byte> _pending = new();
    int _start;
    int _end;

    /// <returns>The bytes of the next line, without its line feed; null at the end.</returns>
    internal byte[]? ReadBytes()
    {
        for (; ; )
        {
            int length = _buffer.AsSpan(_start, _end - _start).IndexOf(LineFeed);
            if (length >= 0)
            {
                _pending.Write(_buffer.AsSpan(_start, length));
                _start += length + 1;
                return Take();
            }

            _pending.Write(_buffer.AsSpan(_start, _end - _start));
            _start = _end = 0;
            _end = stream.Read(_buffer);
            if (_end == 0)
            {
                return _pending.WrittenCount > 0 ? Take() : null;
            }
        }
    }

    /// <returns>The next line of a stream of UTF-8, without <c>\n</c> or <c>\r\n</c>; null at the end.</returns>
    internal string? ReadText()
    {
        if (ReadBytes() is not { } line)
        {
            return null;
        }

        return Encoding.UTF8.GetString(line.AsSpan().EndsWith("\r"u8) ? line.AsSpan(..^1) : line);
    }

    byte[] Take()
    {
        byte[] line = _pending.WrittenSpan.ToArray();
        _pending.ResetWrittenCount();
        return line;
    }
}
