using System.Text;

namespace Octet.Tokenizers;

/// <summary>
/// What one call of the tokenizer needs: the tokens written so far, where the text at hand comes from, and buffers for the steps that
/// rewrite it. One for each thread, used again by the next call.
/// </summary>
sealed class TokenWriter
{
    // What a call on a very long text leaves behind is given to the garbage collector.
    const int MostKept = 1 << 20;

    [ThreadStatic]
    static TokenWriter? s_free;

    readonly List<TextBuffer> _buffers = [];
    int _rented;
    int[] _ids = new int[256];
    int[] _starts = [];
    int[] _ends = [];
    int _count;
    byte[] _original = [];
    int[] _originalStarts = [];
    int[] _originalEnds = [];

    /// <summary>Whether the place of each token in the original text is kept.</summary>
    internal bool Tracks { get; private set; }

    /// <summary>The origins of the text that the pieces are cut from, by its bytes. Only where <see cref="Tracks"/>.</summary>
    internal int[] OriginStarts { get; set; } = [];

    internal int[] OriginEnds { get; set; } = [];

    /// <summary>Whether the text at hand begins where the original text does, for those who do not track.</summary>
    internal bool AtStart { get; set; }

    internal int Count => _count;

    internal ReadOnlySpan<int> Ids => _ids.AsSpan(0, _count);

    internal ReadOnlySpan<int> Starts => _starts.AsSpan(0, _count);

    internal ReadOnlySpan<int> Ends => _ends.AsSpan(0, _count);

    internal static TokenWriter Rent(bool tracks)
    {
        TokenWriter writer = s_free ?? new TokenWriter();
        s_free = null;
        writer.Tracks = tracks;
        writer._count = 0;
        writer._rented = 0;
        return writer;
    }

    /// <summary>Gives it back to the thread. One that an exception kept from coming back is forgotten.</summary>
    internal void Return()
    {
        if (_ids.Length > MostKept)
        {
            _ids = new int[256];
        }

        if (_starts.Length > MostKept)
        {
            _starts = [];
            _ends = [];
        }

        if (_original.Length > MostKept)
        {
            _original = [];
            _originalStarts = [];
            _originalEnds = [];
        }

        OriginStarts = [];
        OriginEnds = [];
        _buffers.RemoveAll(static buffer => buffer.Capacity > MostKept);
        s_free = this;
    }

    /// <summary>Takes the original text.</summary>
    internal AlignedText Begin(ReadOnlySpan<char> text)
    {
        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (most > _original.Length)
        {
            // The bound is three times what most texts have.
            int exact = most > MostKept ? Encoding.UTF8.GetByteCount(text) : most;
            _original = exact > _original.Length ? new byte[exact] : _original;
        }

        int length = Encoding.UTF8.GetBytes(text, _original); // replaces lone surrogates
        AtStart = true;
        if (!Tracks)
        {
            return new AlignedText(_original.AsSpan(0, length), default, default);
        }

        if (_originalStarts.Length < length)
        {
            _originalStarts = new int[_original.Length];
            _originalEnds = new int[_original.Length];
        }

        int at = 0;
        int character = 0;
        foreach (Rune value in text.EnumerateRunes())
        {
            int end = character + value.Utf16SequenceLength;
            for (int i = value.Utf8SequenceLength; i > 0; i--)
            {
                _originalStarts[at] = character;
                _originalEnds[at++] = end;
            }

            character = end;
        }

        BackToOriginal();
        return new AlignedText(_original.AsSpan(0, length), _originalStarts.AsSpan(0, length), _originalEnds.AsSpan(0, length));
    }

    /// <summary>Makes the original text the one at hand.</summary>
    internal void BackToOriginal()
    {
        AtStart = true;
        (OriginStarts, OriginEnds) = (_originalStarts, _originalEnds);
    }

    /// <summary>Makes another text the one at hand.</summary>
    internal void Switch(TextBuffer text, bool atStart)
    {
        AtStart = atStart;
        (OriginStarts, OriginEnds) = (text.Starts, text.Ends);
    }

    /// <summary>A buffer for this call, given back by <see cref="ReturnBuffers"/>.</summary>
    internal TextBuffer RentBuffer()
    {
        if (_rented == _buffers.Count)
        {
            _buffers.Add(new TextBuffer());
        }

        return _buffers[_rented++];
    }

    internal int RentedBuffers => _rented;

    /// <summary>Gives back all but the first so many buffers.</summary>
    internal void ReturnBuffers(int kept) => _rented = kept;

    internal void Add(int id)
    {
        if (_count == _ids.Length)
        {
            Grow(1);
        }

        _ids[_count++] = id;
    }

    internal void Add(ReadOnlySpan<int> ids)
    {
        if (ids.Length > _ids.Length - _count)
        {
            Grow(ids.Length);
        }

        // Most pieces are one or two tokens, for which a call costs more than the copy.
        int[] all = _ids;
        int count = _count;
        for (int i = 0; i < ids.Length; i++)
        {
            all[count + i] = ids[i];
        }

        _count = count + ids.Length;
    }

    /// <summary>Adds a token that stands for a stretch of the text at hand, where <see cref="Tracks"/>; otherwise only the id.</summary>
    internal void Add(int id, int from, int to)
    {
        Add(id);
        if (Tracks)
        {
            if (to > from)
            {
                SetOrigin(OriginStarts[from], OriginEnds[to - 1]);
            }
            else
            {
                int at = from < OriginStarts.Length && from > 0 ? OriginEnds[from - 1] : 0;
                SetOrigin(at, at);
            }
        }
    }

    /// <summary>Takes back all but the first so many tokens.</summary>
    internal void Drop(int kept) => _count = kept;

    void SetOrigin(int start, int end)
    {
        if (_starts.Length < _ids.Length)
        {
            Array.Resize(ref _starts, _ids.Length);
            Array.Resize(ref _ends, _ids.Length);
        }

        _starts[_count - 1] = start;
        _ends[_count - 1] = end;
    }

    void Grow(int more) => Array.Resize(ref _ids, checked((int)Math.Min(Array.MaxLength, Math.Max(2L * _ids.Length, (long)_count + more))));
}
