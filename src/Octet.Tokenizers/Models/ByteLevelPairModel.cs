using System.Buffers;

namespace Octet.Tokenizers.Models;

/// <summary>Byte pair encoding over bytes: the model of ByteLevel tokenizers, whose vocabulary has a token for every byte.</summary>
sealed class ByteLevelPairModel(Vocabulary vocabulary, MergeTable merges, bool ignoreMerges) : TokenModel(vocabulary)
{
    readonly int[] _byteIds = ByteIds(vocabulary);
    readonly PieceCache _cache = new();

    internal override void Take(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        if (writer.Tracks)
        {
            TakeTracking(piece, at, writer);
            return;
        }

        if (piece.Length == 1)
        {
            writer.Add(_byteIds[piece[0]]);
            return;
        }

        bool cached = piece.Length <= PieceCache.LongestPiece;
        ulong hash = cached ? ByteHash.Compute(piece) : 0;
        if (cached && _cache.TryGet(piece, hash, out ReadOnlySpan<int> known))
        {
            writer.Add(known);
            return;
        }

        int whole = ignoreMerges ? Vocabulary.FindBytes(piece) : -1;
        if (whole >= 0)
        {
            writer.Add(whole);
            if (cached)
            {
                _cache.Put(piece, hash, [whole]);
            }

            return;
        }

        int[]? rented = piece.Length > PairMerger.Short ? ArrayPool<int>.Shared.Rent(piece.Length) : null;
        Span<int> symbols = rented is null ? stackalloc int[piece.Length] : rented.AsSpan(0, piece.Length);
        for (int i = 0; i < piece.Length; i++)
        {
            symbols[i] = _byteIds[piece[i]];
        }

        symbols = symbols[..PairMerger.Merge(merges, symbols, [])];
        writer.Add(symbols);
        if (cached)
        {
            _cache.Put(piece, hash, symbols);
        }

        if (rented is not null)
        {
            ArrayPool<int>.Shared.Return(rented);
        }
    }

    void TakeTracking(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        int whole = ignoreMerges ? Vocabulary.FindBytes(piece) : -1;
        if (whole >= 0)
        {
            writer.Add(whole, at, at + piece.Length);
            return;
        }

        int[] symbols = ArrayPool<int>.Shared.Rent(piece.Length);
        for (int i = 0; i < piece.Length; i++)
        {
            symbols[i] = _byteIds[piece[i]];
        }

        int count = PairMerger.Merge(merges, symbols.AsSpan(0, piece.Length), []);
        foreach (int symbol in symbols.AsSpan(0, count))
        {
            int length = Vocabulary.Bytes(symbol).Length;
            writer.Add(symbol, at, at + length);
            at += length;
        }

        ArrayPool<int>.Shared.Return(symbols);
    }

    /// <summary>The bytes that a text may hold and a vocabulary has no token for.</summary>
    internal static bool LacksBytes(Vocabulary vocabulary)
    {
        // C0, C1 and F5 to FF do not occur in UTF-8. Every other byte may occur in a text, and needs a symbol.
        for (int value = 0; value < 0xF5; value++)
        {
            if (value is not (0xC0 or 0xC1) && vocabulary.FindBytes([(byte)value]) < 0)
            {
                return true;
            }
        }

        return false;
    }

    static int[] ByteIds(Vocabulary vocabulary)
    {
        int[] ids = new int[256];
        for (int value = 0; value < 256; value++)
        {
            ids[value] = vocabulary.FindBytes([(byte)value]);
        }

        return ids;
    }
}
