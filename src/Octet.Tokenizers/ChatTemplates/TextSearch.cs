namespace Octet.Tokenizers.ChatTemplates;

/// <summary>
/// Finds a text in another in one pass. Short ones are found by vector instructions, whose worst case is the product of the lengths;
/// longer ones by Knuth, Morris and Pratt's table of borders, whose worst case is their sum.
/// </summary>
readonly ref struct TextSearch
{
    const int MaxVectorised = 32;

    readonly ReadOnlySpan<char> _sought;
    readonly bool _backward;

    /// <summary>For each prefix of the text (suffix, when searching backward) how long a proper prefix of it also ends it.</summary>
    readonly int[]? _borders;

    /// <param name="state">Pays for the table.</param>
    /// <param name="sought">The text to be found; not empty.</param>
    /// <param name="backward">Whether the last place is found first.</param>
    internal TextSearch(RenderState state, ReadOnlySpan<char> sought, bool backward = false)
    {
        _sought = sought;
        _backward = backward;
        if (sought.Length > MaxVectorised)
        {
            state.ChargeCharacters(sought.Length);
            state.Allocate(4L * sought.Length);
            _borders = Borders();
        }
    }

    /// <summary>How often the text occurs in another, where its places may not overlap.</summary>
    internal static long Count(RenderState state, ReadOnlySpan<char> text, ReadOnlySpan<char> sought)
    {
        TextSearch search = new(state, sought);
        long count = 0;
        while (search.Find(state, text) is >= 0 and int at)
        {
            count++;
            text = text[(at + sought.Length)..];
        }

        return count;
    }

    /// <summary>The first place, or the last where the search goes backward; −1 where there is none.</summary>
    internal int Find(RenderState state, ReadOnlySpan<char> text)
    {
        if (_borders is null)
        {
            int at = _backward ? text.LastIndexOf(_sought) : text.IndexOf(_sought);
            state.ChargeCharacters(1 + (at < 0 ? text.Length : _backward ? text.Length - at : at));
            return at;
        }

        int matched = 0;
        for (int index = 0; index < text.Length; index++)
        {
            char c = _backward ? text[^(index + 1)] : text[index];
            while (matched > 0 && At(matched) != c)
            {
                matched = _borders[matched - 1];
            }

            matched += At(matched) == c ? 1 : 0;
            if (matched == _sought.Length)
            {
                state.ChargeCharacters(index);
                return _backward ? text.Length - index - 1 : index + 1 - matched;
            }
        }

        state.ChargeCharacters(text.Length);
        return -1;
    }

    char At(int index) => _backward ? _sought[^(index + 1)] : _sought[index];

    int[] Borders()
    {
        int[] borders = new int[_sought.Length];
        int matched = 0;
        for (int index = 1; index < borders.Length; index++)
        {
            while (matched > 0 && At(matched) != At(index))
            {
                matched = borders[matched - 1];
            }

            matched += At(matched) == At(index) ? 1 : 0;
            borders[index] = matched;
        }

        return borders;
    }
}
