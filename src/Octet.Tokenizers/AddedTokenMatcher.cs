using System.Buffers;
using System.Text;

namespace Octet.Tokenizers;

/// <summary>Finds added tokens in UTF-8 text, the leftmost first and of those that begin there the longest, with a trie of bytes.</summary>
sealed class AddedTokenMatcher
{
    const int Root = 0;

    readonly Dictionary<int, int> _edges = []; // node << 8 | byte -> node
    readonly List<AddedToken?> _tokens = [null]; // per node: the token that ends here
    readonly SearchValues<byte> _firstBytes;

    /// <param name="tokens">Each token with the UTF-8 that it is found by; a content listed twice belongs to the first.</param>
    internal AddedTokenMatcher(IEnumerable<(byte[] Pattern, AddedToken Token)> tokens)
    {
        HashSet<byte> firsts = [];
        foreach ((byte[] pattern, AddedToken token) in tokens)
        {
            if (pattern.Length == 0)
            {
                continue;
            }

            firsts.Add(pattern[0]);
            int node = Root;
            foreach (byte value in pattern)
            {
                if (!_edges.TryGetValue((node << 8) | value, out int child))
                {
                    child = _tokens.Count;
                    _tokens.Add(null);
                    _edges.Add((node << 8) | value, child);
                }

                node = child;
            }

            _tokens[node] ??= token;
        }

        _firstBytes = SearchValues.Create([.. firsts]);
    }

    /// <summary>Splits text into added tokens and the stretches between them.</summary>
    internal Splits Split(ReadOnlySpan<byte> text) => new(this, text);

    AddedToken? Find(ReadOnlySpan<byte> text, int from, out int start, out int stop)
    {
        for (start = from; ; start++)
        {
            int skip = text[start..].IndexOfAny(_firstBytes);
            if (skip < 0)
            {
                stop = start;
                return null;
            }

            start += skip;
            AddedToken? longest = null;
            stop = start;
            int node = Root;
            for (int at = start; at < text.Length && _edges.TryGetValue((node << 8) | text[at], out node); at++)
            {
                if (_tokens[node] is { } token)
                {
                    longest = token;
                    stop = at + 1;
                }
            }

            if (longest is not null)
            {
                return longest;
            }
        }
    }

    /// <summary>The enumeration of a text's stretches; <see cref="Token"/> is null for plain text.</summary>
    internal ref struct Splits
    {
        readonly AddedTokenMatcher _matcher;
        readonly ReadOnlySpan<byte> _text;
        int _searched;
        int _consumed;
        AddedToken? _pending;

        internal Splits(AddedTokenMatcher matcher, ReadOnlySpan<byte> text)
        {
            _matcher = matcher;
            _text = text;
        }

        internal AddedToken? Token { get; private set; }

        /// <summary>The plain text of this stretch where <see cref="Token"/> is null.</summary>
        internal ReadOnlySpan<byte> Plain { get; private set; }

        internal bool MoveNext()
        {
            Token = _pending;
            if (_pending is not null)
            {
                _pending = null;
                return true;
            }

            while (_matcher.Find(_text, _searched, out int start, out int stop) is { } token)
            {
                _searched = stop;
                if (token.SingleWord && (EndsWithWord(_text[..start]) || StartsWithWord(_text[stop..])))
                {
                    continue;
                }

                if (token.LeftStrip)
                {
                    start = Math.Max(SpaceStart(_text[..start]), _consumed);
                }

                if (token.RightStrip)
                {
                    stop += SpaceLength(_text[stop..]);
                }

                int plainFrom = _consumed;
                _consumed = stop;
                if (plainFrom < start)
                {
                    Plain = _text[plainFrom..start];
                    _pending = token;
                    return true;
                }

                Token = token;
                return true;
            }

            Plain = _text[_consumed..];
            _consumed = _text.Length;
            _searched = _text.Length;
            return Plain.Length > 0;
        }

        static bool EndsWithWord(ReadOnlySpan<byte> text) =>
            Rune.DecodeLastFromUtf8(text, out Rune last, out _) == OperationStatus.Done && WordCharacter.IsWord(last);

        static bool StartsWithWord(ReadOnlySpan<byte> text) =>
            Rune.DecodeFromUtf8(text, out Rune first, out _) == OperationStatus.Done && WordCharacter.IsWord(first);

        static int SpaceStart(ReadOnlySpan<byte> text)
        {
            while (Rune.DecodeLastFromUtf8(text, out Rune last, out int length) == OperationStatus.Done && Rune.IsWhiteSpace(last))
            {
                text = text[..^length];
            }

            return text.Length;
        }

        static int SpaceLength(ReadOnlySpan<byte> text)
        {
            int at = 0;
            while (Rune.DecodeFromUtf8(text[at..], out Rune first, out int length) == OperationStatus.Done && Rune.IsWhiteSpace(first))
            {
                at += length;
            }

            return at;
        }
    }
}
