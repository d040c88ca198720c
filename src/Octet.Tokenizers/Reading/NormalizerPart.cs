using System.Text;
using Octet.Tokenizers.Normalizers;

namespace Octet.Tokenizers.Reading;

/// <summary>The <c>normalizer</c> of the file.</summary>
static class NormalizerPart
{
    const string Supported = "NFC, NFD, NFKC, NFKD, Lowercase, Replace, Prepend, Sequence, null";

    internal static Normalizer Read(JsonPlace place)
    {
        List<JsonPlace> steps = StepLimit.Flatten(place, "normalizers");
        return steps.Count == 1 ? Step(steps[0]) : new SequenceNormalizer([.. steps.Select(Step)]);
    }

    static Normalizer Step(JsonPlace place) => place.TypeName() switch
    {
        "NFC" => Unicode(place, NormalizationForm.FormC),
        "NFD" => Unicode(place, NormalizationForm.FormD),
        "NFKC" => Unicode(place, NormalizationForm.FormKC),
        "NFKD" => Unicode(place, NormalizationForm.FormKD),
        "Lowercase" => new LowercaseNormalizer(),
        "Prepend" => new PrependNormalizer(place.Get("prepend").Text()),
        "Replace" => Replace(place),
        string other => throw place.Unsupported(other, Supported),
    };

    static UnicodeNormalizer Unicode(JsonPlace place, NormalizationForm form) => UnicodeNormalizer.IsAvailable
        ? new UnicodeNormalizer(form)
        : throw place.Problem("Unicode normalization does nothing in this process; install ICU and unset InvariantGlobalization (DOTNET_SYSTEM_GLOBALIZATION_INVARIANT)");

    static ReplaceNormalizer Replace(JsonPlace place)
    {
        JsonPlace pattern = place.Get("pattern");
        string text = pattern.Find("String")?.Text() ?? throw pattern.Problem("expected {\"String\": ...}; patterns of other kinds are not supported here");
        return text.Length > 0
            ? new ReplaceNormalizer(text, place.Get("content").Text())
            : throw pattern.Problem("expected a string that is not empty");
    }
}
