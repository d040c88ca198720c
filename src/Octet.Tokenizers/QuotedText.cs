using System.Text.Encodings.Web;

namespace Octet.Tokenizers;

/// <summary>What a file says, as messages quote it: one line, not too long.</summary>
static class QuotedText
{
    const int Longest = 200;

    /// <summary>A string.</summary>
    internal static string Of(string text)
    {
        // Not JsonEncodedText, which throws where half a pair of surrogates stands alone.
        string escaped = JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text.Length > Longest ? OneLine.Cut(text, Longest) : text);
        return escaped.Length > Longest ? $"\"{OneLine.Cut(escaped, Longest)}...\"" : text.Length > Longest ? $"\"{escaped}...\"" : $"\"{escaped}\"";
    }

    /// <summary>A number or word.</summary>
    internal static string Clip(string text) => text.Length > Longest ? $"{OneLine.Cut(text, Longest)}..." : text;
}
