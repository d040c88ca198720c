using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Octet.Tokenizers;

namespace Octet.Constraints;

/// <summary>
/// The bytes of all tokens as one tree, laid out depth first: a node is followed by its children, and <see cref="Skip"/> leads past them. Tokens that
/// are no text (special tokens, and others that a file adds to its vocabulary) are not in it, but for the marks of calls and channels: each is a byte
/// that no text has.
/// </summary>
sealed class TokenTrie
{
    // Longer tokens, of which published vocabularies have none, are never allowed.
    const int MostBytes = 1024;

    static readonly ConditionalWeakTable<Tokenizer, TokenTrie> s_tries = [];

    // Bytes from here on occur nowhere in UTF-8.
    internal const byte FirstCode = 0xF5;

    readonly byte[]?[] _bytes;
    readonly Dictionary<string, byte> _codes;

    TokenTrie(byte[]?[] bytes, Dictionary<string, byte> codes)
    {
        _bytes = bytes;
        _codes = codes;
        int[] ids = Sorted(bytes);
        List<byte> label = [0];
        List<ushort> depth = [0];
        List<int> skip = [0];
        List<int> first = [0];
        List<int> way = [0];
        ReadOnlySpan<byte> last = default;
        for (int i = 0; i < ids.Length; i++)
        {
            ReadOnlySpan<byte> token = bytes[ids[i]];
            int common = token.CommonPrefixLength(last);
            for (; way.Count - 1 > common; way.RemoveAt(way.Count - 1))
            {
                skip[way[^1]] = label.Count;
            }

            for (int at = common; at < token.Length; at++)
            {
                way.Add(label.Count);
                label.Add(token[at]);
                depth.Add((ushort)(at + 1));
                skip.Add(0);
                first.Add(i);
            }

            last = token;
            Longest = Math.Max(Longest, token.Length);
            if (token.Length == 1)
            {
                IsWritable[token[0]] = true;
            }
        }

        foreach (int node in way)
        {
            skip[node] = label.Count;
        }

        first.Add(ids.Length);
        (Label, Depth, Skip, FirstToken, Tokens) = ([.. label], [.. depth], [.. skip], [.. first], ids);
    }

    /// <summary>By node, its byte; node 0 is the root, which has none.</summary>
    internal byte[] Label { get; }

    /// <summary>By node, how many bytes lead to it.</summary>
    internal ushort[] Depth { get; }

    /// <summary>By node, the first node behind its children.</summary>
    internal int[] Skip { get; }

    /// <summary>By node, where its tokens begin in <see cref="Tokens"/>; one more at the end.</summary>
    internal int[] FirstToken { get; }

    internal int[] Tokens { get; }

    /// <summary>The bytes of the longest token.</summary>
    internal int Longest { get; }

    /// <summary>By byte, whether there is a token of it alone. A text of such bytes can always be written, however it is cut.</summary>
    internal bool[] IsWritable { get; } = new bool[256];

    /// <summary>One more than the highest id.</summary>
    internal int VocabularySize => _bytes.Length;

    /// <summary>The bytes of a token; empty where it is no text.</summary>
    internal ReadOnlySpan<byte> Bytes(int token) => (uint)token < (uint)_bytes.Length ? _bytes[token] : default;

    /// <summary>The tree of a tokenizer, made once.</summary>
    internal static TokenTrie Of(Tokenizer tokenizer) => s_tries.GetValue(tokenizer, static key =>
    {
        byte[]?[] bytes = new byte[]?[key.VocabularySize];
        for (int id = 0; id < bytes.Length; id++)
        {
            // What begins with a byte that no text has is none that a text could need.
            bytes[id] = key.GetTextBytes(id) is { } text && text is not [>= FirstCode, ..] ? text : null;
        }

        // A model has the marks of one format: no tokenizer of a published model comes near the end.
        Dictionary<string, byte> codes = new(StringComparer.Ordinal);
        foreach (string mark in OutputFormat.All.SelectMany(static format => format.Marks).Distinct())
        {
            if (FirstCode + codes.Count <= byte.MaxValue && key.GetId(mark) is { } id && id < bytes.Length && bytes[id] is null && !codes.ContainsKey(mark))
            {
                byte code = (byte)(FirstCode + codes.Count);
                codes.Add(mark, code);
                bytes[id] = [code];
            }
        }

        return new TokenTrie(bytes, codes);
    });

    /// <param name="bytes">By id; null or empty: no text.</param>
    internal static TokenTrie Of(byte[]?[] bytes) => new(bytes, []);

    /// <summary>The byte that stands for a mark; null where the tokenizer writes it as text.</summary>
    internal byte? Code(string mark) => _codes.TryGetValue(mark, out byte code) ? code : null;

    /// <summary>The token of a mark by its byte; null: it is none's.</summary>
    internal int? MarkOf(byte code) => code >= FirstCode && Child(0, code) is >= 0 and var node && IsMark(Tokens[FirstToken[node]]) ? Tokens[FirstToken[node]] : null;

    /// <summary>Whether a token is a mark that has a byte of its own.</summary>
    internal bool IsMark(int token) => Bytes(token) is [>= FirstCode and var code] && _codes.ContainsValue(code);

    /// <summary>The child of a node by its byte; -1 where there is none.</summary>
    internal int Child(int node, byte value)
    {
        for (int child = node + 1; child < Skip[node]; child = Skip[child])
        {
            if (Label[child] == value)
            {
                return child;
            }
        }

        return -1;
    }

    /// <summary>The ids by their bytes: first by eight of them as a number, which settles most, then by the rest.</summary>
    static int[] Sorted(byte[]?[] bytes)
    {
        int[] ids = [.. Enumerable.Range(0, bytes.Length).Where(id => bytes[id] is { Length: > 0 and <= MostBytes })];
        ulong[] keys = [.. ids.Select(id => Key(bytes[id]))];
        Array.Sort(keys, ids);
        for (int start = 0; start < ids.Length;)
        {
            int end = start + 1;
            while (end < ids.Length && keys[end] == keys[start])
            {
                end++;
            }

            if (end - start > 1)
            {
                ids.AsSpan(start, end - start).Sort((a, b) => bytes[a].AsSpan().SequenceCompareTo(bytes[b]) is var order and not 0 ? order : a.CompareTo(b));
            }

            start = end;
        }

        return ids;
    }

    static ulong Key(ReadOnlySpan<byte> bytes)
    {
        Span<byte> key = stackalloc byte[8];
        bytes[..Math.Min(8, bytes.Length)].CopyTo(key);
        return BinaryPrimitives.ReadUInt64BigEndian(key);
    }
}
