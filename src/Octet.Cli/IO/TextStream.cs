using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace Octet.Cli.IO;

/// <summary>
/// Text from outside as UTF-8 without a byte-order mark. UTF-8 is taken with a mark or without, UTF-16 by its mark. What is neither is
/// refused when its turn comes: the lines before it have been read by then. Nothing is ever replaced by U+FFFD.
/// </summary>
sealed class TextStream(Stream source, string name) : Stream
{
    const int ChunkBytes = 64 << 10;
    const byte LineFeed = (byte)'\n';
    const string Advice = "convert it to UTF-8, for instance with iconv -f WINDOWS-1252 -t UTF-8";

    readonly byte[] _raw = new byte[ChunkBytes];
    readonly char[] _characters = new char[ChunkBytes];
    readonly byte[] _text = new byte[ChunkBytes * 3 / 2];
    Form _form = Form.Unknown;
    int _rawCount;
    bool _isAtEnd;
    ReadOnlyMemory<byte> _ready;
    long _line = 1;
    CommandException? _refusal;

    enum Form
    {
        Unknown,
        Utf8,
        Utf16LittleEndian,
        Utf16BigEndian,
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <exception cref="CommandException">What comes next is not text.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (_ready.IsEmpty && buffer.Length > 0)
        {
            if (_refusal is not null)
            {
                throw _refusal;
            }

            if (_isAtEnd && _rawCount == 0)
            {
                return 0;
            }

            Fill();
        }

        int count = Math.Min(buffer.Length, _ready.Length);
        _ready.Span[..count].CopyTo(buffer);
        _ready = _ready[count..];
        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Takes what comes next, as little as there is: a partner at the other end of a pipe may wait for an answer to it.</summary>
    void Fill()
    {
        if (!_isAtEnd)
        {
            int read = source.Read(_raw.AsSpan(_rawCount));
            _rawCount += read;
            _isAtEnd = read == 0;
        }

        if (_form == Form.Unknown && !Recognise())
        {
            return;
        }

        int used = _form == Form.Utf8 ? TakeUtf8() : TakeUtf16();
        _raw.AsSpan(used, _rawCount - used).CopyTo(_raw);
        _rawCount -= used;
    }

    /// <summary>The form by the mark, which is left out.</summary>
    /// <returns>False: the mark is not complete, or names a form that is refused.</returns>
    bool Recognise()
    {
        ReadOnlySpan<byte> start = _raw.AsSpan(0, _rawCount);
        (byte[] Mark, Form Form)[] forms = [([0xEF, 0xBB, 0xBF], Form.Utf8), ([0xFF, 0xFE, 0, 0], Form.Unknown), ([0, 0, 0xFE, 0xFF], Form.Unknown), ([0xFF, 0xFE], Form.Utf16LittleEndian), ([0xFE, 0xFF], Form.Utf16BigEndian)];
        foreach ((byte[] mark, Form form) in forms)
        {
            if (start.StartsWith(mark))
            {
                if (form == Form.Unknown)
                {
                    Refuse("it is UTF-32: convert it to UTF-8, for instance with iconv -f UTF-32 -t UTF-8");
                    return false;
                }

                _form = form;
                _rawCount -= mark.Length;
                _raw.AsSpan(mark.Length, _rawCount).CopyTo(_raw);
                return true;
            }

            if (!_isAtEnd && mark.AsSpan().StartsWith(start))
            {
                return false;
            }
        }

        _form = Form.Utf8;
        return true;
    }

    int TakeUtf8()
    {
        ReadOnlySpan<byte> raw = _raw.AsSpan(0, _rawCount);
        OperationStatus status = Utf8.ToUtf16(raw, _characters, out int valid, out _, replaceInvalidSequences: false, isFinalBlock: _isAtEnd);
        raw[..valid].CopyTo(_text);
        Offer(valid);
        if (status == OperationStatus.InvalidData)
        {
            Refuse(string.Create(CultureInfo.InvariantCulture, $"it is not UTF-8 (byte 0x{raw[valid]:X2}): {Advice}"));
        }

        return valid;
    }

    int TakeUtf16()
    {
        Span<ushort> units = MemoryMarshal.Cast<byte, ushort>(_raw.AsSpan(0, _rawCount));
        Span<ushort> characters = MemoryMarshal.Cast<char, ushort>(_characters.AsSpan(0, units.Length));
        if ((_form == Form.Utf16LittleEndian) == BitConverter.IsLittleEndian)
        {
            units.CopyTo(characters);
        }
        else
        {
            BinaryPrimitives.ReverseEndianness(units, characters);
        }

        OperationStatus status = Utf8.FromUtf16(_characters.AsSpan(0, units.Length), _text, out int valid, out int written, replaceInvalidSequences: false, isFinalBlock: _isAtEnd);
        Offer(written);
        if (status == OperationStatus.InvalidData)
        {
            Refuse(string.Create(CultureInfo.InvariantCulture, $"it is not the UTF-16 that its byte-order mark announces (0x{(int)_characters[valid]:X4} is half of a character): convert it to UTF-8"));
        }
        else if (_isAtEnd && _rawCount % 2 != 0)
        {
            Refuse("it is UTF-16 by its byte-order mark and ends within a character: it is cut off");
        }

        return valid * 2;
    }

    /// <summary>Offers what was decoded, up to a NUL, which no text holds.</summary>
    void Offer(int count)
    {
        ReadOnlySpan<byte> text = _text.AsSpan(0, count);
        int nul = text.IndexOf((byte)0);
        if (nul >= 0)
        {
            text = text[..nul];
        }

        _ready = _text.AsMemory(0, text.Length);
        _line += text.Count(LineFeed);
        if (nul >= 0)
        {
            Refuse("it holds a NUL byte, as UTF-16 without a byte-order mark does: expected text in UTF-8; convert it, for instance with iconv -f UTF-16LE -t UTF-8");
        }
    }

    // The first reason is the one to tell.
    void Refuse(string what) => _refusal ??= JsonLines.Malformed(name, _line, what);
}
