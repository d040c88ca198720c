namespace Octet.Tokenizers.Cutting;

/// <summary>
/// Finds a byte string in a text from left to right, without overlaps, in time linear in the text whatever the string (Knuth, Morris
/// and Pratt, 1977). The framework's <c>IndexOf</c> takes the product of both lengths where the string repeats itself.
/// </summary>
sealed class ByteSearch
{
    readonly byte[] _pattern;
    readonly int[] _borders; // of the first i bytes, the longest proper prefix that is a suffix too

    /// <param name="pattern">Not empty.</param>
    internal ByteSearch(byte[] pattern)
    {
        _pattern = pattern;
        _borders = new int[pattern.Length + 1];
        for (int i = 1, border = 0; i < pattern.Length; i++)
        {
            while (border > 0 && pattern[border] != pattern[i])
            {
                border = _borders[border];
            }

            border += pattern[border] == pattern[i] ? 1 : 0;
            _borders[i + 1] = border;
        }
    }

    /// <summary>Where the first occurrence that begins at a position or behind it begins; -1 where there is none.</summary>
    internal int Find(ReadOnlySpan<byte> text, int from)
    {
        int matched = 0;
        for (int at = from; at < text.Length; at++)
        {
            if (matched == 0)
            {
                int skip = text[at..].IndexOf(_pattern[0]);
                if (skip < 0)
                {
                    return -1;
                }

                at += skip;
            }

            while (matched > 0 && _pattern[matched] != text[at])
            {
                matched = _borders[matched];
            }

            matched += _pattern[matched] == text[at] ? 1 : 0;
            if (matched == _pattern.Length)
            {
                return at + 1 - matched;
            }
        }

        return -1;
    }
}
