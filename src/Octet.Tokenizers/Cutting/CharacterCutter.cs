using System.Buffers;
using System.Text;

namespace Octet.Tokenizers.Cutting;

/// <summary>Each character of a kind by itself.</summary>
sealed class CharacterCutter : Cutter
{
    readonly CharacterSearch _search;

    internal CharacterCutter(Func<Rune, bool> matches) => _search = new CharacterSearch(matches);

    internal override Search Begin() => _search;

    sealed class CharacterSearch : Search
    {
        readonly Func<Rune, bool> _matches;
        readonly SearchValues<byte> _stops; // ASCII that matches, and every byte that begins another character

        internal CharacterSearch(Func<Rune, bool> matches)
        {
            _matches = matches;
            _stops = SearchValues.Create([.. Enumerable.Range(0, 256).Where(value => value >= 0x80 || matches(new Rune(value))).Select(static value => (byte)value)]);
        }

        internal override bool Find(ReadOnlySpan<byte> text, int from, out int start, out int length)
        {
            while (from < text.Length)
            {
                int skip = text[from..].IndexOfAny(_stops);
                if (skip < 0)
                {
                    break;
                }

                start = from + skip;
                if (text[start] < 0x80)
                {
                    length = 1;
                    return true;
                }

                Rune.DecodeFromUtf8(text[start..], out Rune value, out length);
                if (_matches(value))
                {
                    return true;
                }

                from = start + length;
            }

            start = length = 0;
            return false;
        }
    }
}
