using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Octet.Tokenizers.Patterns;

/// <summary>
/// The characters as a pattern tells them apart: code points that are in the same of its sets are one symbol. <see cref="End"/> is the
/// symbol for no character: the end of the text, or its beginning where one looks back.
/// </summary>
sealed class Alphabet
{
    const int BlockBits = 6;
    const int BlockSize = 1 << BlockBits;

    // By the upper bits of a code point: where the block of its lower bits begins. Blocks that are alike are there once.
    readonly int[] _blocks = new int[(ScalarSet.Last + 1) >> BlockBits];
    readonly ushort[] _symbols;
    readonly ushort[] _ascii = new ushort[0x80];

    // Of each symbol one of its code points.
    readonly List<int> _examples = [];

    internal Alphabet(IReadOnlyList<ScalarSet> sets)
    {
        List<ushort> symbols = [];
        Dictionary<string, int> known = new(StringComparer.Ordinal);
        char[] block = new char[BlockSize];
        int at = 0;
        foreach ((int end, ushort symbol) in Runs(sets))
        {
            while (at < end)
            {
                if ((at & (BlockSize - 1)) == 0 && end - at >= BlockSize)
                {
                    // Whole blocks of one symbol, as most are.
                    int count = (end - at) >> BlockBits;
                    block.AsSpan().Fill((char)symbol);
                    _blocks.AsSpan(at >> BlockBits, count).Fill(Place(block, symbols, known));
                    at += count << BlockBits;
                    continue;
                }

                block[at & (BlockSize - 1)] = (char)symbol;
                at++;
                if ((at & (BlockSize - 1)) == 0)
                {
                    _blocks[(at - 1) >> BlockBits] = Place(block, symbols, known);
                }
            }
        }

        _symbols = [.. symbols];
        for (int i = 0; i < _ascii.Length; i++)
        {
            _ascii[i] = Symbol(i);
        }
    }

    /// <summary>How many symbols there are, <see cref="End"/> included.</summary>
    internal int Count => _examples.Count + 1;

    internal int End => _examples.Count;

    /// <summary>Which symbols are in a set, one of those that the alphabet was made from.</summary>
    internal bool[] Members(ScalarSet set, bool atEnd) => [.. _examples.Select(set.Contains), atEnd];

    internal ushort Symbol(int value) => _symbols[_blocks[value >> BlockBits] + (value & (BlockSize - 1))];

    /// <summary>The symbol of the character at a place, and its length in bytes; <see cref="End"/> and 0 at the end.</summary>
    /// <param name="text">UTF-8. What is not valid reads as U+FFFD.</param>
    /// <param name="at">Where a character begins.</param>
    /// <param name="length">Its length.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Read(ReadOnlySpan<byte> text, int at, out int length)
    {
        if ((uint)at < (uint)text.Length && text[at] < 0x80)
        {
            length = 1;
            return _ascii[text[at]];
        }

        return ReadLonger(text, at, out length);
    }

    /// <summary>The symbol of the character that ends at a place, and its length in bytes; <see cref="End"/> and 0 at the beginning.</summary>
    internal int ReadBack(ReadOnlySpan<byte> text, int at, out int length)
    {
        if (at == 0)
        {
            length = 0;
            return End;
        }

        Rune.DecodeLastFromUtf8(text[..at], out Rune value, out length);
        return Symbol(value.Value);
    }

    /// <summary>The bytes that characters of these symbols begin with.</summary>
    internal byte[] FirstBytes(bool[] members)
    {
        Span<byte> bytes = stackalloc byte[4];
        bool[] found = new bool[0x100];
        for (int value = 0; value < 0x80; value++)
        {
            if (members[_ascii[value]])
            {
                found[value] = true;
            }
        }

        // What is not valid reads as U+FFFD.
        if (members[Symbol(0xFFFD)])
        {
            found.AsSpan(0x80).Fill(true);
        }

        // All characters of a block begin with the same byte, and most blocks are the same few.
        bool[] isAny = new bool[_symbols.Length / BlockSize];
        for (int i = 0; i < isAny.Length; i++)
        {
            foreach (ushort symbol in _symbols.AsSpan(i * BlockSize, BlockSize))
            {
                isAny[i] |= members[symbol];
            }
        }

        for (int block = 0x80 / BlockSize; block < _blocks.Length; block++)
        {
            if (isAny[_blocks[block] / BlockSize] && block is < 0xD800 / BlockSize or > 0xDFFF / BlockSize)
            {
                new Rune(block * BlockSize).EncodeToUtf8(bytes);
                found[bytes[0]] = true;
            }
        }

        return [.. Enumerable.Range(0, found.Length).Where(value => found[value]).Select(static value => (byte)value)];
    }

    int ReadLonger(ReadOnlySpan<byte> text, int at, out int length)
    {
        if (at >= text.Length)
        {
            length = 0;
            return End;
        }

        // Two and three bytes by hand; what is not of that form, and four bytes, as the framework reads them.
        uint first = text[at];
        if (first < 0xE0)
        {
            if (first >= 0xC2 && at + 1 < text.Length && (text[at + 1] & 0xC0) == 0x80)
            {
                length = 2;
                return _symbols[_blocks[first & 0x1F] + (text[at + 1] & 0x3F)];
            }
        }
        else if (first < 0xF0 && at + 2 < text.Length && (text[at + 1] & 0xC0) == 0x80 && (text[at + 2] & 0xC0) == 0x80)
        {
            uint block = ((first & 0xF) << 6) | ((uint)text[at + 1] & 0x3F);
            if (block is (>= 0x20 and < 0xD800 >> BlockBits) or > 0xDFFF >> BlockBits)
            {
                length = 3;
                return _symbols[_blocks[block] + (text[at + 2] & 0x3F)];
            }
        }

        Rune.DecodeFromUtf8(text[at..], out Rune value, out length);
        return Symbol(value.Value);
    }

    static int Place(char[] block, List<ushort> symbols, Dictionary<string, int> known)
    {
        ref int place = ref CollectionsMarshal.GetValueRefOrAddDefault(known, new string(block), out bool exists);
        if (!exists)
        {
            place = symbols.Count;
            symbols.AddRange(MemoryMarshal.Cast<char, ushort>(block));
        }

        return place;
    }

    /// <summary>Runs of code points of one symbol, in their order, each up to an end.</summary>
    IEnumerable<(int End, ushort Symbol)> Runs(IReadOnlyList<ScalarSet> sets)
    {
        List<(int At, int Set)> changes = [];
        for (int i = 0; i < sets.Count; i++)
        {
            foreach (int bound in sets[i].Bounds)
            {
                changes.Add((bound, i));
            }
        }

        changes.Sort();
        Dictionary<string, ushort> known = new(StringComparer.Ordinal);
        char[] inside = new char[(sets.Count + 15) / 16];
        int next = 0;
        for (int first = 0; first <= ScalarSet.Last;)
        {
            for (; next < changes.Count && changes[next].At == first; next++)
            {
                inside[changes[next].Set / 16] ^= (char)(1 << (changes[next].Set % 16));
            }

            string key = new(inside);
            if (!known.TryGetValue(key, out ushort symbol))
            {
                symbol = (ushort)_examples.Count;
                known.Add(key, symbol);
                _examples.Add(first);
            }

            first = next < changes.Count ? Math.Min(changes[next].At, ScalarSet.Last + 1) : ScalarSet.Last + 1;
            yield return (first, symbol);
        }
    }
}
