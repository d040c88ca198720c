namespace Octet.Server.Anthropic;

/// <summary>
/// The line that Claude Code puts before its system prompt, <c>x-anthropic-billing-header: ...; cch=...;</c>: it is for the service's accounts, not for the model, and differs in every request, which
/// would make all that follows new to the prefix cache.
/// </summary>
static class ClientHeader
{
    const string Name = "x-anthropic-billing-header:";

    /// <summary>A system prompt's text without it; null: nothing else is there.</summary>
    internal static string? Without(string text)
    {
        if (!text.StartsWith(Name, StringComparison.Ordinal))
        {
            return text;
        }

        int end = text.IndexOf('\n', StringComparison.Ordinal);
        return end < 0 || end == text.Length - 1 ? null : text[(end + 1)..];
    }
}
