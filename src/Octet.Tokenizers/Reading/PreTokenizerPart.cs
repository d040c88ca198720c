using System.Text;
using Octet.Tokenizers.Cutting;
using Octet.Tokenizers.PreTokenizers;

namespace Octet.Tokenizers.Reading;

/// <summary>The <c>pre_tokenizer</c> of the file.</summary>
static class PreTokenizerPart
{
    const string Supported =
        "ByteLevel, Split, Metaspace, Whitespace, WhitespaceSplit, BertPreTokenizer, Punctuation, Digits, CharDelimiterSplit, UnicodeScripts, FixedLength, Sequence, null";

    internal static PreTokenizer Read(JsonPlace place)
    {
        List<JsonPlace> steps = StepLimit.Flatten(place, "pretokenizers");

        // Bytes can stand for themselves where nothing behind ByteLevel looks at what it writes.
        bool givesBytes = steps.Count > 0 && steps.FindIndex(static step => step.TypeName() == "ByteLevel") == steps.Count - 1;
        int lastFirst = steps.FindLastIndex(static step => step.TypeName() == "Metaspace" && Scheme(step) == PrependScheme.First);
        bool rewritten = steps.Take(Math.Max(0, lastFirst)).Any(static step => step.TypeName() is "Metaspace" or "ByteLevel");
        return new PreTokenizer([.. steps.Select(Step)], givesBytes, needsOrigins: rewritten, needsNormalizedOrigins: lastFirst >= 0);
    }

    static MakeStep Step(JsonPlace place)
    {
        switch (place.TypeName())
        {
            case "ByteLevel":
                return ByteLevel(place);
            case "Split":
                return Split(place);
            case "Metaspace":
                string mark = Character(place, "replacement");
                PrependScheme scheme = Scheme(place);
                bool split = place.Flag("split", absent: true);
                return (next, _) => new MetaspaceStep(mark, scheme, split, next);
            case "Whitespace":
                return static (next, _) => new WhitespaceStep(next);
            case "WhitespaceSplit":
                return static (next, _) => new WhitespaceSplitStep(next);
            case "BertPreTokenizer":
                return static (next, _) => new BertStep(next);
            case "Punctuation":
                SplitBehavior behavior = place.Find("behavior") is { } given ? Behavior(given) : SplitBehavior.Isolated;
                return (next, _) => new SplitStep(new CharacterCutter(PunctuationCharacter.Is), behavior, invert: false, next);
            case "Digits":
                DigitsPattern digits = new(place.Flag("individual_digits", absent: false));
                return (next, _) => new ScanStep(digits, next);
            case "CharDelimiterSplit":
                string delimiter = Character(place, "delimiter");
                return (next, _) => new SplitStep(new StringCutter(delimiter), SplitBehavior.Removed, invert: false, next);
            case "UnicodeScripts":
                return static (next, _) => new UnicodeScriptsStep(next);
            case "FixedLength":
                int length = place.Find("length") is { } characters ? characters.Number(1, int.MaxValue) : 5;
                return (next, _) => new ScanStep(new FixedLengthPattern(length), next);
            default:
                throw place.Unsupported(place.TypeName(), Supported);
        }
    }

    static MakeStep ByteLevel(JsonPlace place)
    {
        bool prefix = place.Flag("add_prefix_space", absent: true);
        SplitPattern? pattern = place.Flag("use_regex", absent: true) ? new Gpt2Pattern() : null;
        return (next, givesBytes) =>
        {
            PieceStep step = givesBytes ? next : new AlphabetStep(next);
            return prefix ? new PrefixSpaceStep(pattern, step) : pattern is null ? step : new ScanStep(pattern, step);
        };
    }

    static MakeStep Split(JsonPlace place)
    {
        SplitBehavior behavior = Behavior(place.Get("behavior"));
        bool invert = place.Flag("invert", absent: false);

        // Patterns that cover every text leave nothing between matches: keeping the matches and removing the rest is the same.
        bool keepsMatches = (behavior == SplitBehavior.Isolated) || (behavior == SplitBehavior.Removed && invert);
        if (keepsMatches && place.Get("pattern").Find("Regex")?.Text() is { } regex && KnownPatterns.Find(regex) is { } known)
        {
            return (next, _) => new ScanStep(known, next);
        }

        Cutter cutter = PatternPart.Read(place);
        return (next, _) => new SplitStep(cutter, behavior, invert, next);
    }

    static SplitBehavior Behavior(JsonPlace place) => place.Text() switch
    {
        "Isolated" => SplitBehavior.Isolated,
        "Removed" => SplitBehavior.Removed,
        "Contiguous" => SplitBehavior.Contiguous,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        string other => throw place.Unsupported(other, "Isolated, Removed, Contiguous, MergedWithPrevious, MergedWithNext"),
    };

    /// <summary>The scheme of a Metaspace step, in its older form a flag.</summary>
    internal static PrependScheme Scheme(JsonPlace place)
    {
        PrependScheme scheme = place.Find("prepend_scheme") is not { } given ? PrependScheme.Always : given.Text() switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            string other => throw given.Unsupported(other, "always, first, never"),
        };
        if (place.Flag("add_prefix_space", absent: true))
        {
            return scheme;
        }

        // The file says twice what it wants; an absent scheme is "always" to the reference, which refuses that.
        return scheme == PrependScheme.Never ? scheme : throw place.Problem("add_prefix_space false needs prepend_scheme \"never\"");
    }

    /// <summary>A string of one character.</summary>
    internal static string Character(JsonPlace place, string name)
    {
        JsonPlace value = place.Get(name);
        string text = value.Text();
        return Rune.TryGetRuneAt(text.Length == 0 ? " " : text, 0, out Rune first) && first.Utf16SequenceLength == text.Length ? text : throw value.Unexpected("one character");
    }
}
