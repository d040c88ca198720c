using Octet.Tokenizers.Cutting;
using Octet.Tokenizers.Patterns;
using Octet.Tokenizers.PreTokenizers;

namespace Octet.Tokenizers.Reading;

/// <summary>A <c>pattern</c> of the file: a string, or a regular expression.</summary>
static class PatternPart
{
    /// <summary>Reads the pattern of a step.</summary>
    /// <exception cref="TokenizerException">It is malformed, or asks for syntax that is not supported.</exception>
    internal static Cutter Read(JsonPlace step)
    {
        JsonPlace pattern = step.Get("pattern");
        if (pattern.Find("String") is { } text)
        {
            return text.Text() is { Length: > 0 } literal ? new StringCutter(literal) : throw text.Problem("expected a string that is not empty");
        }

        JsonPlace regex = pattern.Find("Regex") ?? throw pattern.Problem("expected {\"String\": ...} or {\"Regex\": ...}");
        try
        {
            return new PatternCutter(Pattern.Parse(regex.Text()));
        }
        catch (PatternException e)
        {
            throw regex.Problem($"{QuotedText.Of(regex.Text())}: {e.Message}");
        }
    }
}
