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

        string cut = text.Length <= MaxLength ? text : text[..MaxLength] + "...";
        return Whole(cut).Trim();
    }

    /// <summary>As long as it is, for text that is a message already.</summary>
    internal static string Whole(string text)
        => text.Any(Breaks) ? string.Concat(text.Select(c => Breaks(c) ? ' ' : c)) : text;

    static bool Breaks(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';
}
