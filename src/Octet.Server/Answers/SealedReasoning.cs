using System.Text;

namespace Octet.Server.Answers;

/// <summary>
/// Reasoning as a word that clients keep and send back unread: <c>encrypted_content</c> of a response's item, <c>signature</c> of a message's block. It is no secret, only packed: whoever has
/// it was given the answer.
/// </summary>
static class SealedReasoning
{
    /// <summary>A word that says nothing, where the reasoning itself is beside it.</summary>
    internal const string Empty = "octet1";

    const string Prefix = "octet1:";

    internal static string Seal(string text) => Prefix + Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    /// <summary>What was sealed; null: nothing, or somebody else's.</summary>
    internal static string? Open(string? word)
    {
        if (word?.StartsWith(Prefix, StringComparison.Ordinal) != true)
        {
            return null;
        }

        byte[] bytes = new byte[word.Length];
        return Convert.TryFromBase64Chars(word.AsSpan(Prefix.Length), bytes, out int count) ? Encoding.UTF8.GetString(bytes.AsSpan(0, count)) : null;
    }
}
