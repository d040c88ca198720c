namespace Octet;

/// <summary>Text from elsewhere, for a message: one line, and not endless.</summary>
static class OneLine
{
    const int MaxLength = 200;

    internal static string Of(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        string cut = text.Length <= MaxLength ? text : Cut(text, MaxLength) + "...";
        return Whole(cut).Trim();
    }

    /// <summary>As long as it is, for text that is a message already.</summary>
    internal static string Whole(string text)
        => text.Any(Breaks) ? string.Concat(text.Select(c => Breaks(c) ? ' ' : c)) : text;

    /// <summary>The beginning of a longer text, which does not end within a pair of surrogates.</summary>
    internal static string Cut(string text, int length) => text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];

    static bool Breaks(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';
}
