using System.Buffers;
using System.Text;

namespace Octet.Tokenizers.Models;

/// <summary>Byte pair encoding over characters: each that is a token begins as a symbol, others as bytes or as the unknown token.</summary>
/// <remarks>
/// Where no merge joins what ends like one symbol to what begins like the next, none ever crosses between the two. A long piece is cut there
/// into parts that are merged each by itself: pieces of models without a pre-tokenizer are whole texts.
/// </remarks>
sealed class CharacterPairModel : TokenModel
{
    const int FewSymbols = 4; // for which cutting does not pay

    // Finding the joints takes a time like that for so many symbols, which a program that encodes little text need not spend.
    const int FreeSymbols = 1 << 13;

    readonly MergeTable _merges;
    readonly CharacterPairOptions _options;
    readonly byte[] _prefix;
    readonly byte[] _suffix;
    readonly bool _affixed;
    readonly int[]? _bytes;
    readonly int[] _ascii = new int[128]; // symbols of single characters without prefix and suffix
    readonly int[][] _asciiEnds = new int[128][];
    readonly Lazy<SymbolPairs> _joints;
    readonly PieceCache _cache = new();
    int _symbolsSeen; // several threads may lose some

    internal CharacterPairModel(Vocabulary vocabulary, MergeTable merges, CharacterPairOptions options)
        : base(vocabulary)
    {
        _merges = merges;
        _options = options;
        _prefix = Encoding.UTF8.GetBytes(options.Prefix);
        _suffix = Encoding.UTF8.GetBytes(options.Suffix);
        _affixed = _prefix.Length + _suffix.Length > 0;
        _bytes = options.ByteFallback ? ByteTokens.Find(vocabulary) : null;
        for (int value = 0; value < _ascii.Length; value++)
        {
            _ascii[value] = vocabulary.FindBytes([(byte)value]);
            _asciiEnds[value] = _ascii[value] < 0 ? [] : [_ascii[value]];
        }

        _joints = new(FindJoints);
    }

    internal override void Take(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        bool cached = !writer.Tracks && piece.Length <= PieceCache.LongestPiece;
        ulong hash = cached ? ByteHash.Compute(piece) : 0;
        if (cached && _cache.TryGet(piece, hash, out ReadOnlySpan<int> known))
        {
            writer.Add(known);
            return;
        }

        int before = writer.Count;
        int whole = _options.IgnoreMerges ? Vocabulary.FindBytes(piece) : -1;
        if (whole >= 0)
        {
            writer.Add(whole, at, at + piece.Length);
        }
        else
        {
            Encode(piece, at, writer);
        }

        if (cached)
        {
            _cache.Put(piece, hash, writer.Ids[before..]);
        }
    }

    void Encode(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        // Each byte is a symbol at most, and so is each of the affixes where they fall back to bytes.
        int most = checked(piece.Length + _suffix.Length + (_prefix.Length * piece.Length) + 1);
        int[] symbols = ArrayPool<int>.Shared.Rent(most);
        int[] starts = ArrayPool<int>.Shared.Rent(most);
        try
        {
            int count = Symbols(piece, symbols, starts, out bool inPlace);
            if (count <= FewSymbols || _affixed || !KnowsJoints(count))
            {
                Merge(symbols.AsSpan(0, count), starts.AsSpan(0, count), piece.Length, at, writer);
                return;
            }

            bool caches = inPlace && !writer.Tracks && !_options.IgnoreMerges;
            SymbolPairs joints = _joints.Value;
            int start = 0;
            for (int i = 1; i <= count; i++)
            {
                if (i == count || !joints.Contains(symbols[i - 1], symbols[i]))
                {
                    Span<int> part = symbols.AsSpan(start, i - start);
                    int end = i < count ? starts[i] : piece.Length;
                    if (caches && part.Length > 1 && end - starts[start] <= PieceCache.LongestPiece)
                    {
                        MergeCached(piece[starts[start]..end], part, writer);
                    }
                    else
                    {
                        Merge(part, starts.AsSpan(start, i - start), end, at, writer);
                    }

                    start = i;
                }
            }
        }
        finally
        {
            ArrayPool<int>.Shared.Return(symbols);
            ArrayPool<int>.Shared.Return(starts);
        }
    }

    void MergeCached(ReadOnlySpan<byte> text, Span<int> symbols, TokenWriter writer)
    {
        ulong hash = ByteHash.Compute(text);
        if (_cache.TryGet(text, hash, out ReadOnlySpan<int> known))
        {
            writer.Add(known);
            return;
        }

        symbols = symbols[..PairMerger.Merge(_merges, symbols, [])];
        writer.Add(symbols);
        _cache.Put(text, hash, symbols);
    }

    void Merge(Span<int> symbols, Span<int> starts, int end, int at, TokenWriter writer)
    {
        int count = PairMerger.Merge(_merges, symbols, writer.Tracks ? starts : []);
        if (!writer.Tracks)
        {
            writer.Add(symbols[..count]);
            return;
        }

        for (int i = 0; i < count; i++)
        {
            writer.Add(symbols[i], at + starts[i], at + (i + 1 < count ? starts[i + 1] : end));
        }
    }

    /// <summary>Fills in the symbols of a piece and where each begins, and returns how many there are.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="symbols">Takes the symbols.</param>
    /// <param name="starts">Takes where each begins, as the reference counts: from the lengths of those before it.</param>
    /// <param name="inPlace">Whether the symbols stand in the order of the text and leave none of it out.</param>
    int Symbols(ReadOnlySpan<byte> piece, int[] symbols, int[] starts, out bool inPlace)
    {
        int count = 0;
        int position = 0;
        int end = piece.Length;
        int unknown = 0; // bytes of the unknown characters that are still to come out
        bool ordered = true;
        byte[] scratch = _affixed ? new byte[_prefix.Length + 4 + _suffix.Length] : [];
        for (int start = 0; start < piece.Length;)
        {
            int length = piece[start] < 0x80 ? 1 : piece[start] < 0xE0 ? 2 : piece[start] < 0xF0 ? 3 : 4;
            ReadOnlySpan<byte> content = _affixed ? Affixed(piece, start, length, scratch) : piece.Slice(start, length);
            int id = content.Length == 1 ? _ascii[content[0]] : Vocabulary.FindBytes(content);
            if (id >= 0)
            {
                PutUnknown();
                Put(id, length);
            }
            else if (_bytes is not null && ByteTokens.Cover(_bytes, content))
            {
                // As in the reference, bytes do not end a run of unknown characters, which then comes out behind them.
                ordered &= unknown == 0;
                foreach (byte value in content)
                {
                    Put(_bytes[value], 1);
                }
            }
            else if (_options.Unknown.IsNamed)
            {
                _options.Unknown.Require();
                if (!_options.FuseUnknown)
                {
                    PutUnknown();
                }

                unknown += length;
            }
            else
            {
                ordered = false;
            }

            start += length;
        }

        PutUnknown();
        inPlace = ordered;
        return count;

        void PutUnknown()
        {
            if (unknown > 0)
            {
                Put(_options.Unknown.Id, unknown);
                unknown = 0;
            }
        }

        void Put(int id, int length)
        {
            symbols[count] = id;
            starts[count++] = Math.Min(position, end);
            position += length;
        }
    }

    ReadOnlySpan<byte> Affixed(ReadOnlySpan<byte> piece, int start, int length, byte[] scratch)
    {
        int written = 0;
        if (start > 0)
        {
            _prefix.CopyTo(scratch, 0);
            written = _prefix.Length;
        }

        piece.Slice(start, length).CopyTo(scratch.AsSpan(written));
        written += length;
        if (start + length == piece.Length)
        {
            _suffix.CopyTo(scratch, written);
            written += _suffix.Length;
        }

        return scratch.AsSpan(0, written);
    }

    bool KnowsJoints(int symbols)
    {
        if (!_joints.IsValueCreated)
        {
            _symbolsSeen += symbols;
            return _symbolsSeen > FreeSymbols;
        }

        return true;
    }

    /// <summary>The last symbol of each merge's left side with the first of its right side.</summary>
    SymbolPairs FindJoints()
    {
        SymbolPairs joints = new();
        int[][] lasts = new int[Vocabulary.Size][];
        int[][] firsts = new int[Vocabulary.Size][];
        foreach ((int left, int right) in _merges.Pairs())
        {
            foreach (int last in lasts[left] ??= Ends(left, atEnd: true))
            {
                foreach (int first in firsts[right] ??= Ends(right, atEnd: false))
                {
                    joints.Add(last, first);
                }
            }
        }

        return joints;
    }

    /// <summary>The symbols that a token may begin or end with: a character, or a token that texts begin with as a whole.</summary>
    int[] Ends(int token, bool atEnd)
    {
        ReadOnlySpan<byte> bytes = Vocabulary.Bytes(token);
        if (bytes.IsEmpty)
        {
            return [];
        }

        // Most end with a letter of ASCII, which the tokens of bytes and the unknown one do not.
        byte edge = atEnd ? bytes[^1] : bytes[0];
        ReadOnlySpan<byte> unknown = Vocabulary.Bytes(_options.Unknown.Id);
        if (edge is < 0x80 and not ((byte)'<' or (byte)'>') && (unknown.IsEmpty || edge != (atEnd ? unknown[^1] : unknown[0])))
        {
            return _asciiEnds[edge];
        }

        List<int> ends = [];
        int character;
        if (atEnd)
        {
            Rune.DecodeLastFromUtf8(bytes, out _, out character);
        }
        else
        {
            Rune.DecodeFromUtf8(bytes, out _, out character);
        }

        AddEnd(bytes, character);
        if (_bytes is not null)
        {
            AddEnd(bytes, "<0x00>".Length);
        }

        AddEnd(bytes, unknown.Length);
        return [.. ends];

        void AddEnd(ReadOnlySpan<byte> bytes, int length)
        {
            if (length <= bytes.Length && length > 0 && Vocabulary.FindBytes(atEnd ? bytes[^length..] : bytes[..length]) is var id and >= 0 && !ends.Contains(id))
            {
                ends.Add(id);
            }
        }
    }
}
