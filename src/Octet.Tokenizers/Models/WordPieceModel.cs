using System.Text;

namespace Octet.Tokenizers.Models;

/// <summary>
/// WordPiece: the longest token that a word begins with, then the longest with the prefix that continues it, and so on; a word that does
/// not come out is the unknown token, and so is one that is too long.
/// </summary>
sealed class WordPieceModel : TokenModel
{
    readonly UnknownToken _unknown;
    readonly int _mostCharacters;
    readonly ByteTrie _first = new();
    readonly ByteTrie _following;
    readonly PieceCache _cache = new();

    internal WordPieceModel(Vocabulary vocabulary, UnknownToken unknown, string prefix, int mostCharacters)
        : base(vocabulary)
    {
        _unknown = unknown;
        _mostCharacters = mostCharacters;
        byte[] utf8 = Encoding.UTF8.GetBytes(prefix);
        _following = utf8.Length == 0 ? _first : new ByteTrie();
        for (int id = 0; id < vocabulary.Size; id++)
        {
            ReadOnlySpan<byte> bytes = vocabulary.Bytes(id);
            if (bytes.IsEmpty)
            {
                continue;
            }

            _first.Add(bytes, id);
            if (utf8.Length > 0 && bytes.Length > utf8.Length && bytes.StartsWith(utf8))
            {
                _following.Add(bytes[utf8.Length..], id);
            }
        }
    }

    /// <summary>The bytes of the longest token, which a step never looks beyond.</summary>
    internal int Longest => Math.Max(_first.Longest, _following.Longest);

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
        if (TooLong(piece) || !TryCut(piece, at, writer))
        {
            writer.Drop(before);
            writer.Add(_unknown.Require(), at, at + piece.Length);
        }

        if (cached)
        {
            _cache.Put(piece, hash, writer.Ids[before..]);
        }
    }

    bool TooLong(ReadOnlySpan<byte> piece)
    {
        if (piece.Length <= _mostCharacters)
        {
            return false;
        }

        int characters = 0;
        foreach (byte value in piece)
        {
            characters += (value & 0xC0) != 0x80 ? 1 : 0;
        }

        return characters > _mostCharacters;
    }

    bool TryCut(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        ByteTrie trie = _first;
        int start = 0;
        while (start < piece.Length)
        {
            int found = ByteTrie.None;
            int end = start;
            int node = ByteTrie.Root;
            for (int i = start; i < piece.Length; i++)
            {
                node = trie.Step(node, piece[i]);
                if (node == ByteTrie.None)
                {
                    break;
                }

                if (trie.Token(node) is var token and not ByteTrie.None)
                {
                    found = token;
                    end = i + 1;
                }
            }

            if (found == ByteTrie.None)
            {
                return false;
            }

            writer.Add(found, at + start, at + end);
            start = end;
            trie = _following;
        }

        return true;
    }
}
