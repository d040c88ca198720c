using System.Buffers;

namespace Octet.Tokenizers.Models;

/// <summary>
/// Unigram: of all ways to cut a piece into tokens the one whose scores add up to most, by the dynamic program of Viterbi. A character that
/// no token stands for costs ten more than the worst of them; such characters that touch are one unknown token, or their bytes.
/// </summary>
sealed class UnigramModel : TokenModel
{
    const double UnknownPenalty = 10;

    readonly ByteTrie _trie = new();
    readonly double[] _scores;
    readonly double _unknownScore;
    readonly UnknownToken _unknown;
    readonly int[]? _bytes; // the tokens <0x00> to <0xFF>, -1 where one is missing
    readonly PieceCache _cache = new();

    /// <param name="vocabulary">The tokens, ids from 0 on.</param>
    /// <param name="scores">Their scores, by id.</param>
    /// <param name="unknown">The token for what no other stands for.</param>
    /// <param name="byteFallback">Whether bytes stand for what no token stands for.</param>
    /// <param name="worst">The worst score that counts; null: that of all tokens.</param>
    /// <param name="matches">Which tokens are found in texts; null: all.</param>
    internal UnigramModel(Vocabulary vocabulary, double[] scores, UnknownToken unknown, bool byteFallback, double? worst = null, Func<int, bool>? matches = null)
        : base(vocabulary)
    {
        _scores = scores;
        _unknown = unknown;
        _unknownScore = (worst ?? (scores.Length == 0 ? double.PositiveInfinity : scores.Min())) - UnknownPenalty;
        _bytes = byteFallback ? ByteTokens.Find(vocabulary) : null;
        for (int id = 0; id < vocabulary.Size; id++)
        {
            if (!vocabulary.Bytes(id).IsEmpty && matches?.Invoke(id) != false)
            {
                _trie.Add(vocabulary.Bytes(id), id);
            }
        }
    }

    /// <summary>The bytes of the longest token, which no step looks beyond.</summary>
    internal int Longest => _trie.Longest;

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
        Cut(piece, at, writer);
        if (cached)
        {
            _cache.Put(piece, hash, writer.Ids[before..]);
        }
    }

    void Cut(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        // Where a path ends: its score, where its last token begins, and that token.
        int places = piece.Length + 1;
        double[] best = ArrayPool<double>.Shared.Rent(places);
        int[] starts = ArrayPool<int>.Shared.Rent(places);
        int[] tokens = ArrayPool<int>.Shared.Rent(places);
        starts.AsSpan(0, places).Fill(-1);
        best[0] = 0;
        try
        {
            for (int start = 0; start < piece.Length;)
            {
                int length = CharacterLength(piece[start]);
                Extend(piece, start, length, best, starts, tokens);
                start += length;
            }

            // The path from its end, kept in place: starts[i] becomes where the token that begins at i ends.
            int end = piece.Length;
            int following = -1;
            while (end > 0)
            {
                int start = starts[end];
                starts[end] = following;
                following = end;
                end = start;
            }

            starts[0] = following;
            Write(piece, at, starts, tokens, writer);
        }
        finally
        {
            ArrayPool<double>.Shared.Return(best);
            ArrayPool<int>.Shared.Return(starts);
            ArrayPool<int>.Shared.Return(tokens);
        }
    }

    /// <summary>Takes the paths that end at a place on by one token.</summary>
    void Extend(ReadOnlySpan<byte> piece, int start, int length, double[] best, int[] starts, int[] tokens)
    {
        double here = best[start];
        bool single = false; // whether a token stands for this character alone
        int node = ByteTrie.Root;
        for (int i = start; i < piece.Length; i++)
        {
            node = _trie.Step(node, piece[i]);
            if (node == ByteTrie.None)
            {
                break;
            }

            int token = _trie.Token(node);
            if (token != ByteTrie.None)
            {
                single |= i + 1 - start == length;
                Reach(i + 1, _scores[token] + here, token);
            }
        }

        // A file without an unknown token is refused only where the best path needs one.
        double score = _unknownScore + here;
        if (!single && (starts[start + length] < 0 || score > best[start + length]))
        {
            Reach(start + length, score, _unknown.Require());
        }

        void Reach(int end, double score, int token)
        {
            if (starts[end] < 0 || score > best[end])
            {
                best[end] = score;
                starts[end] = start;
                tokens[end] = token;
            }
        }
    }

    void Write(ReadOnlySpan<byte> piece, int at, int[] ends, int[] tokens, TokenWriter writer)
    {
        int start = 0;
        while (start < piece.Length)
        {
            int end = ends[start];
            int token = tokens[end];
            if (token != _unknown.Id)
            {
                writer.Add(token, at + start, at + end);
                start = end;
                continue;
            }

            while (end < piece.Length && tokens[ends[end]] == token)
            {
                end = ends[end];
            }

            WriteUnknown(piece[start..end], at + start, writer);
            start = end;
        }
    }

    void WriteUnknown(ReadOnlySpan<byte> text, int at, TokenWriter writer)
    {
        // All of it together may be a token again, such as the unknown one itself.
        int whole = Vocabulary.FindBytes(text);
        if (whole < 0 && _bytes is not null && ByteTokens.Cover(_bytes, text))
        {
            foreach (byte value in text)
            {
                writer.Add(_bytes[value], at, at + text.Length);
            }

            return;
        }

        writer.Add(whole >= 0 ? whole : _unknown.Require(), at, at + text.Length);
    }

    static int CharacterLength(byte first) => first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}
