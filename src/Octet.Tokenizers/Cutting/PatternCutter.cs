using Octet.Tokenizers.Patterns;

namespace Octet.Tokenizers.Cutting;

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
