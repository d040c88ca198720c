using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Octet.Tokenizers.Normalizers;

/// <summary>
/// Precompiled: a table of SentencePiece that rewrites characters and short sequences of them, kept as a double-array trie (darts-clone)
/// and the replacements one after the other, each ended by a zero byte.
/// </summary>
/// <remarks>
/// As the reference has it, the text is taken in extended grapheme clusters: one of at most 5 bytes is looked up as a whole, where its
/// shortest beginning that the table has decides; any other character by character.
/// </remarks>
sealed class PrecompiledNormalizer : Normalizer
{
    const int LongestCluster = 5;

    readonly uint[] _units;
    readonly byte[] _replacements;
    readonly SearchValues<byte> _stops; // ASCII that changes or joins what follows, and all bytes of other characters

    PrecompiledNormalizer(uint[] units, byte[] replacements)
    {
        _units = units;
        _replacements = replacements;
        _stops = SearchValues.Create([.. Enumerable.Range(0, 256).Where(value => value is >= 0x80 or '\r' || Find([(byte)value], out _, out _)).Select(static value => (byte)value)]);
    }

    /// <summary>Reads the table.</summary>
    /// <exception cref="FormatException">It is not one; the message says why.</exception>
    internal static PrecompiledNormalizer Parse(ReadOnlySpan<byte> table)
    {
        if (table.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(table) is var size && (size > table.Length - 4 || size % 4 != 0 || size == 0))
        {
            throw new FormatException("expected the size of a trie and the trie itself");
        }

        uint[] units = new uint[size / 4];
        for (int i = 0; i < units.Length; i++)
        {
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(table[(4 + (4 * i))..]);
        }

        byte[] replacements = table[(int)(4 + size)..].ToArray();
        if (!Utf8.IsValid(replacements))
        {
            throw new FormatException("its replacements are not UTF-8");
        }

        var normalizer = new PrecompiledNormalizer(units, replacements);
        normalizer.RequirePlaces();
        return normalizer;
    }

    internal override bool Rewrite(AlignedText text, TextBuffer into)
    {
        ReadOnlySpan<byte> bytes = text.Bytes;
        int copied = 0;
        bool any = false;
        for (int at = 0; at < bytes.Length;)
        {
            // ASCII is a cluster by itself where ASCII follows, but for the line break of two characters.
            int skip = bytes[at..].IndexOfAny(_stops);
            if (skip < 0)
            {
                break;
            }

            at += skip;
            if (bytes[at] >= 0x80 && at > 0 && bytes[at - 1] < 0x80 && at > copied && skip > 0)
            {
                at--; // what is not ASCII may belong to the character before
            }

            // Clusters are found in UTF-16. ASCII with ASCII on both sides is none of theirs.
            int end = StretchEnd(bytes, at);
            any |= RewriteStretch(text, at, end, ref copied, into);
            at = end;
        }

        if (any)
        {
            into.Keep(text, copied, bytes.Length - copied);
        }

        return any;
    }

    static int StretchEnd(ReadOnlySpan<byte> bytes, int start)
    {
        int end = start + 1;
        while (end < bytes.Length && (bytes[end] >= 0x80 || bytes[end - 1] >= 0x80 || (bytes[end] == '\n' && bytes[end - 1] == '\r') || (end + 1 < bytes.Length && bytes[end + 1] >= 0x80)))
        {
            end++;
        }

        return end;
    }

    bool RewriteStretch(AlignedText text, int start, int end, ref int copied, TextBuffer into)
    {
        bool any = false;
        ReadOnlySpan<byte> bytes = text.Bytes;
        char[] rented = ArrayPool<char>.Shared.Rent(end - start);
        ReadOnlySpan<char> chars = rented.AsSpan(0, Encoding.UTF8.GetChars(bytes[start..end], rented));
        while (!chars.IsEmpty)
        {
            int units = StringInfo.GetNextTextElementLength(chars);
            int length = Encoding.UTF8.GetByteCount(chars[..units]);
            chars = chars[units..];
            any |= RewriteCluster(text, start, length, ref copied, into);
            start += length;
        }

        ArrayPool<char>.Shared.Return(rented);
        return any;
    }

    bool RewriteCluster(AlignedText text, int start, int length, ref int copied, TextBuffer into)
    {
        ReadOnlySpan<byte> bytes = text.Bytes;
        if (length <= LongestCluster && Find(bytes.Slice(start, length), out int from, out int to))
        {
            Replace(text, start, length, from, to, ref copied, into);
            return true;
        }

        bool any = false;
        for (int end = start + length; start < end;)
        {
            Rune.DecodeFromUtf8(bytes[start..], out _, out int character);
            if (Find(bytes.Slice(start, character), out from, out to))
            {
                Replace(text, start, character, from, to, ref copied, into);
                any = true;
            }

            start += character;
        }

        return any;
    }

    void Replace(AlignedText text, int start, int length, int from, int to, ref int copied, TextBuffer into)
    {
        into.Keep(text, copied, start - copied);
        copied = start + length;

        // The n-th character of the replacement comes from the n-th that is replaced, those beyond from the last.
        int origin = start;
        while (from < to)
        {
            Rune.DecodeFromUtf8(_replacements.AsSpan(from), out _, out int character);
            into.Put(text, _replacements.AsSpan(from, character), origin);
            from += character;
            Rune.DecodeFromUtf8(text.Bytes[origin..], out _, out int replaced);
            origin = origin + replaced < start + length ? origin + replaced : origin;
        }
    }

    /// <summary>The replacement of the shortest beginning of a key that the trie holds.</summary>
    bool Find(ReadOnlySpan<byte> key, out int from, out int to)
    {
        from = to = 0;
        uint[] units = _units;
        uint at = Offset(units[0]);
        foreach (byte value in key)
        {
            if (value == 0)
            {
                break;
            }

            at ^= value;
            if (at >= units.Length)
            {
                return false;
            }

            uint unit = units[at];
            if ((unit & 0x800000FF) != value)
            {
                return false;
            }

            at ^= Offset(unit);
            if (((unit >> 8) & 1) != 0 && at < units.Length)
            {
                from = (int)(units[at] & 0x7FFFFFFF);
                if (from > _replacements.Length)
                {
                    return false;
                }

                int zero = _replacements.AsSpan(from).IndexOf((byte)0);
                to = zero < 0 ? _replacements.Length : from + zero;
                return true;
            }
        }

        return false;
    }

    /// <summary>Every place that the trie can name lies within the replacements, at the beginning of a character.</summary>
    void RequirePlaces()
    {
        for (int i = 0; i < _units.Length; i++)
        {
            uint leaf = Offset(_units[i]) ^ (uint)i;
            if (((_units[i] >> 31) == 0) && ((_units[i] >> 8) & 1) != 0 && leaf < _units.Length
                && (_units[leaf] & 0x7FFFFFFF) is var place
                && (place > _replacements.Length || (place < _replacements.Length && (_replacements[place] & 0xC0) == 0x80)))
            {
                throw new FormatException($"unit {i} of its trie names replacement {place}, expected the beginning of a character of {_replacements.Length} bytes");
            }
        }
    }

    static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);
}
