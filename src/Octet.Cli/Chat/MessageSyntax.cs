namespace Octet.Cli.Chat;

/// <summary>
/// How a message of several lines is typed or piped: a line that ends with one backslash goes on in the next, and between <c>"""</c> at the
/// beginning of a message and <c>"""</c> at the end of a line everything is text.
/// </summary>
static class MessageSyntax
{
    internal const string Quotes = "\"\"\"";

    /// <summary>Whether the message begins with quotes that have not been closed.</summary>
    internal static bool IsOpen(ReadOnlySpan<char> text) => text.TrimStart().StartsWith(Quotes) && !EndsQuoted(text.Trim());

    /// <summary>Whether another line belongs to the message. Two backslashes at the end are text.</summary>
    internal static bool GoesOn(ReadOnlySpan<char> text)
        => IsOpen(text) || (!text.TrimStart().StartsWith(Quotes) && text.EndsWith('\\') && !text.EndsWith("\\\\"));

    /// <summary>What comes before the next line of a message that goes on.</summary>
    internal static string Joined(string text) => (IsOpen(text) ? text : text[..^1]) + "\n";

    /// <summary>A complete message without its quotes. A line break behind the first and before the last ones belongs to them.</summary>
    internal static string Unquoted(string text)
    {
        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
        if (!trimmed.StartsWith(Quotes) || !EndsQuoted(trimmed))
        {
            return text;
        }

        ReadOnlySpan<char> inner = trimmed[Quotes.Length..^Quotes.Length];
        inner = inner.StartsWith('\n') ? inner[1..] : inner;
        return (inner.EndsWith('\n') ? inner[..^1] : inner).ToString();
    }

    /// <summary>Whether the message is a command to the chat: one line with a slash in front; two are text.</summary>
    internal static bool IsCommand(string text) => text.StartsWith('/') && !text.StartsWith("//", StringComparison.Ordinal) && !text.Contains('\n', StringComparison.Ordinal);

    static bool EndsQuoted(ReadOnlySpan<char> trimmed) => trimmed.Length >= 2 * Quotes.Length && trimmed.EndsWith(Quotes);
}
