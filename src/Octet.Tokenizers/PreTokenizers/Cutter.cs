using System.Buffers;
using System.Text;
using Octet.Tokenizers.Normalizers;
using Octet.Tokenizers.Patterns;

namespace Octet.Tokenizers.PreTokenizers;

/// <summary>Finds the places where a text is to be cut.</summary>
abstract class Cutter
{
    /// <summary>Begins with a text. What it returns serves one call.</summary>
    internal abstract Search Begin();

    /// <summary>The search through one text.</summary>
    internal abstract class Search
    {
        /// <summary>The next match at or behind a position.</summary>
        internal abstract bool Find(ReadOnlySpan<byte> text, int from, out int start, out int length);
    }
}

/// <summary>Matches of a string that is not empty.</summary>
sealed class StringCutter(string text) : Cutter
{
    readonly StringSearch _search = new(text);

    internal override Search Begin() => _search;

    sealed class StringSearch(string text) : Search
    {
        readonly ByteSearch _search = new(Encoding.UTF8.GetBytes(text));
        readonly int _length = Encoding.UTF8.GetByteCount(text);

        internal override bool Find(ReadOnlySpan<byte> text, int from, out int start, out int length)
        {
            start = _search.Find(text, from);
            length = _length;
            return start >= 0;
        }
    }
}

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

/// <summary>Matches of a pattern, those that are empty included; but no empty one right behind another match.</summary>
sealed class PatternCutter(Pattern pattern) : Cutter
{
    internal override Search Begin() => new PatternSearch(pattern.CreateMatcher());

    sealed class PatternSearch(PatternMatcher matcher) : Search
    {
        int _last = -1; // where the match before ended

        internal override bool Find(ReadOnlySpan<byte> text, int from, out int start, out int length)
        {
            while (from <= text.Length && matcher.Find(text, from, out start, out length))
            {
                if (length > 0 || start != _last)
                {
                    _last = start + length;
                    return true;
                }

                from = start < text.Length ? start + CharacterLength(text[start]) : text.Length + 1;
            }

            start = length = 0;
            return false;
        }

        static int CharacterLength(byte first) => first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    }
}
