using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Octet.Tokenizers;

namespace Octet.Server.Answers;

/// <summary>Tokens one by one as texts.</summary>
static class TokenText
{
    /// <summary>A token's text; where its bytes are no whole characters, those, as OpenAI's API writes them (<c>bytes:\xe2\x82</c>).</summary>
    /// <param name="tokenizer">Null: the number stands for the text.</param>
    /// <param name="id">The token.</param>
    internal static string Of(Tokenizer? tokenizer, int id)
    {
        if (tokenizer is null)
        {
            return id.ToString(CultureInfo.InvariantCulture);
        }

        ReadOnlySpan<byte> bytes = tokenizer.GetBytes(id);
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var text = new StringBuilder("bytes:");
        foreach (byte value in bytes)
        {
            text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
        }

        return text.ToString();
    }

    /// <summary>What stands for minus infinity, the logarithm of a token that cannot come, which JSON has no word for.</summary>
    internal static float Finite(float logarithm) => Math.Max(logarithm, -9999);
}
