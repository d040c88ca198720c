using System.Buffers;
using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>Rewrites each character by itself, whatever stands beside it.</summary>
abstract class CharacterNormalizer : Normalizer
{
    const int PageBits = 8;
    const int PageSize = 1 << PageBits;

    readonly Action<Rune, StringBuilder> _map;
    readonly SearchValues<byte> _changes; // ASCII that changes, and all bytes of other characters
    readonly Page?[] _pages = new Page?[0x110000 >> PageBits];

    /// <param name="map">Adds what becomes of a character. Called once for each.</param>
    protected CharacterNormalizer(Action<Rune, StringBuilder> map)
    {
        _map = map;
        Page ascii = PageOf(0);
        _changes = SearchValues.Create([.. Enumerable.Range(0, 256).Where(value => value >= 0x80 || !ascii.Stays(value)).Select(static value => (byte)value)]);
    }

    internal override bool Rewrite(AlignedText text, TextBuffer into)
    {
        ReadOnlySpan<byte> bytes = text.Bytes;
        int copied = 0;
        bool any = false;
        for (int at = 0; at < bytes.Length;)
        {
            int length = 1;
            int number = bytes[at];
            if (number >= 0x80)
            {
                Rune.DecodeFromUtf8(bytes[at..], out Rune value, out length);
                number = value.Value;
            }
            else if (!_changes.Contains(bytes[at]))
            {
                int skip = bytes[at..].IndexOfAny(_changes);
                if (skip < 0)
                {
                    break;
                }

                at += skip;
                continue;
            }

            Page page = PageOf(number);
            if (!page.Stays(number & (PageSize - 1)))
            {
                any = true;
                into.Keep(text, copied, at - copied);
                into.Put(text, page.Bytes(number & (PageSize - 1)), at);
                copied = at + length;
            }

            at += length;
        }

        if (any)
        {
            into.Keep(text, copied, bytes.Length - copied);
        }

        return any;
    }

    Page PageOf(int number)
    {
        ref Page? page = ref _pages[number >> PageBits];
        return Volatile.Read(ref page) ?? Make(ref page, number & ~(PageSize - 1));
    }

    Page Make(ref Page? place, int first)
    {
        byte[]?[] changed = new byte[PageSize][];
        StringBuilder into = new();
        Span<byte> before = stackalloc byte[4];
        for (int i = 0; i < PageSize; i++)
        {
            if (Rune.TryCreate(first + i, out Rune value))
            {
                into.Clear();
                _map(value, into);
                byte[] after = Encoding.UTF8.GetBytes(into.ToString());
                changed[i] = before[..value.EncodeToUtf8(before)].SequenceEqual(after) ? null : after;
            }
        }

        Page page = new(changed);
        Volatile.Write(ref place, page);
        return page;
    }

    /// <summary>What becomes of 256 characters; null for one that stays.</summary>
    sealed class Page(byte[]?[] changed)
    {
        internal bool Stays(int index) => changed[index] is null;

        internal ReadOnlySpan<byte> Bytes(int index) => changed[index];
    }
}
