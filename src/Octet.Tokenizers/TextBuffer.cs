using System.Buffers;

namespace Octet.Tokenizers;

/// <summary>A stretch of UTF-8 and, where offsets are asked for, the characters of the original text that each of its bytes comes from.</summary>
/// <param name="bytes">Valid UTF-8.</param>
/// <param name="starts">For each byte the first character of its origin; empty where nobody asks.</param>
/// <param name="ends">For each byte the end of its origin.</param>
readonly ref struct AlignedText(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> starts, ReadOnlySpan<int> ends)
{
    internal ReadOnlySpan<byte> Bytes { get; } = bytes;

    internal ReadOnlySpan<int> Starts { get; } = starts;

    internal ReadOnlySpan<int> Ends { get; } = ends;

    internal bool Tracks => !Starts.IsEmpty;

    internal int Length => Bytes.Length;

    internal AlignedText Slice(int start, int length) => Tracks
        ? new AlignedText(Bytes.Slice(start, length), Starts.Slice(start, length), Ends.Slice(start, length))
        : new AlignedText(Bytes.Slice(start, length), default, default);
}

/// <summary>Text that a step writes: stretches of its input, and bytes that stand for a place of it. Used again and again.</summary>
sealed class TextBuffer
{
    byte[] _bytes = [];
    int[] _starts = [];
    int[] _ends = [];
    int _length;
    long _limit;
    bool _tracks;

    internal AlignedText Text => _tracks
        ? new AlignedText(_bytes.AsSpan(0, _length), _starts.AsSpan(0, _length), _ends.AsSpan(0, _length))
        : new AlignedText(_bytes.AsSpan(0, _length), default, default);

    internal int Length => _length;

    internal int[] Starts => _starts;

    internal int[] Ends => _ends;

    /// <summary>Bytes held, used or not.</summary>
    internal int Capacity => _bytes.Length;

    /// <param name="limit">The most bytes that may be written; beyond it <see cref="Normalizers.TextLimit"/> refuses.</param>
    /// <param name="tracks">Whether origins are kept.</param>
    internal void Clear(long limit, bool tracks)
    {
        _length = 0;
        _limit = limit;
        _tracks = tracks;
    }

    /// <summary>Copies a stretch of the input.</summary>
    internal void Keep(AlignedText source, int start, int length)
    {
        Reserve(length);
        source.Bytes.Slice(start, length).CopyTo(_bytes.AsSpan(_length));
        if (_tracks)
        {
            source.Starts.Slice(start, length).CopyTo(_starts.AsSpan(_length));
            source.Ends.Slice(start, length).CopyTo(_ends.AsSpan(_length));
        }

        _length += length;
    }

    /// <summary>Writes bytes that come from one byte of the input.</summary>
    internal void Put(AlignedText source, ReadOnlySpan<byte> bytes, int origin)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        if (_tracks)
        {
            (int start, int end) = origin < 0 ? (0, 0) : (source.Starts[origin], source.Ends[origin]);
            _starts.AsSpan(_length, bytes.Length).Fill(start);
            _ends.AsSpan(_length, bytes.Length).Fill(end);
        }

        _length += bytes.Length;
    }

    /// <summary>Room for bytes without origins, to be filled and then taken by <see cref="Advance"/>.</summary>
    internal Span<byte> Room(int length)
    {
        Reserve(length);
        return _bytes.AsSpan(_length);
    }

    internal void Advance(int length) => _length += length;

    /// <summary>Sets the origins of the bytes written last.</summary>
    internal void SetOrigin(int from, int start, int end)
    {
        _starts.AsSpan(from, _length - from).Fill(start);
        _ends.AsSpan(from, _length - from).Fill(end);
    }

    void Reserve(int length)
    {
        long needed = (long)_length + length;
        if (needed > _limit)
        {
            Normalizers.TextLimit.Require(needed, _limit);
        }

        if (needed > _bytes.Length)
        {
            int capacity = (int)Math.Min(Array.MaxLength, Math.Max(needed, Math.Max(256, 2L * _bytes.Length)));
            Array.Resize(ref _bytes, capacity);
        }

        if (_tracks && _starts.Length < _bytes.Length)
        {
            Array.Resize(ref _starts, _bytes.Length);
            Array.Resize(ref _ends, _bytes.Length);
        }
    }
}
