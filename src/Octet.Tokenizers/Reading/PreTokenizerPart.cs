using Octet.Tokenizers.PreTokenizers;

namespace Octet.Tokenizers.Reading;

/// <summary>The <c>pre_tokenizer</c> of the file: any number of splits, then the ByteLevel step.</summary>
static class PreTokenizerPart
{
    const string Supported = "ByteLevel, Split, Digits, Sequence";

    internal static PreTokenizer Read(JsonPlace place)
    {
        List<JsonPlace> steps = StepLimit.Flatten(place, "pretokenizers");
        if (steps.Count == 0 || steps[^1].TypeName() is not "ByteLevel")
        {
            throw place.Problem("expected ByteLevel as the last step; only byte-level models are supported");
        }

        JsonPlace byteLevel = steps[^1];
        return new PreTokenizer(
            [.. steps[..^1].Select(Pattern)],
            byteLevel.Flag("add_prefix_space", absent: true),
            byteLevel.Flag("use_regex", absent: true) ? new Gpt2Pattern() : null);
    }

    static SplitPattern Pattern(JsonPlace place) => place.TypeName() switch
    {
        "Split" => Split(place),
        "Digits" => new DigitsPattern(place.Flag("individual_digits", absent: false)),
        "ByteLevel" => throw place.Problem("expected ByteLevel once, as the last step"),
        string other => throw place.Unsupported(other, Supported),
    };

    static SplitPattern Split(JsonPlace place)
    {
        // The patterns cover every text, so nothing lies between matches: keeping the matches and removing the rest is the same.
        string behavior = place.Get("behavior").Text();
        bool invert = place.Flag("invert", absent: false);
        if (!((behavior == "Isolated" && !invert) || (behavior == "Removed" && invert)))
        {
            throw place.Problem($"behavior {JsonPlace.Quote(behavior)} with invert {(invert ? "true" : "false")} is not supported; supported: Isolated with invert false, Removed with invert true");
        }

        JsonPlace pattern = place.Get("pattern");
        string regex = pattern.Find("Regex")?.Text() ?? throw pattern.Problem("expected {\"Regex\": ...}");
        return regex switch
        {
            WordPattern.QwenText => new WordPattern(mostDigits: 1),
            WordPattern.LlamaText => new WordPattern(mostDigits: 3),
            Gpt2Pattern.Text => new Gpt2Pattern(),
            _ => throw pattern.Unsupported(regex, "the patterns of GPT-2, Qwen2/Qwen3 and Llama 3 (cl100k), letter for letter"),
        };
    }
}
