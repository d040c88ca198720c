using System.Text;
using Octet.Tokenizers.Normalizers;

namespace Octet.Tokenizers.Reading;

/// <summary>The <c>normalizer</c> of the file.</summary>
static class NormalizerPart
{
    const string Supported =
        "NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Nmt, Precompiled, BertNormalizer, ByteLevel, Replace, Prepend, Sequence, null";

    /// <summary>Null where it changes nothing.</summary>
    internal static Normalizer? Read(JsonPlace place)
    {
        List<JsonPlace> steps = StepLimit.Flatten(place, "normalizers");
        return steps.Count switch
        {
            0 => null,
            1 => Step(steps[0]),
            _ => new SequenceNormalizer([.. steps.Select(Step)]),
        };
    }

    static Normalizer Step(JsonPlace place) => place.TypeName() switch
    {
        "NFC" => Unicode(place, NormalizationForm.FormC),
        "NFD" => Unicode(place, NormalizationForm.FormD),
        "NFKC" => Unicode(place, NormalizationForm.FormKC),
        "NFKD" => Unicode(place, NormalizationForm.FormKD),
        "Lowercase" => new LowercaseNormalizer(),
        "Strip" => new StripNormalizer(place.Get("strip_left").Flag(), place.Get("strip_right").Flag()),
        "StripAccents" => new StripAccentsNormalizer(),
        "Nmt" => new NmtNormalizer(),
        "Precompiled" => Precompiled(place),
        "BertNormalizer" => Bert(place),
        "ByteLevel" => new ByteLevelNormalizer(),
        "Prepend" => new PrependNormalizer(place.Get("prepend").Text()),
        "Replace" => new ReplaceNormalizer(PatternPart.Read(place), place.Get("content").Text()),
        string other => throw place.Unsupported(other, Supported),
    };

    static UnicodeNormalizer Unicode(JsonPlace place, NormalizationForm form)
    {
        RequireUnicode(place);
        return new UnicodeNormalizer(form);
    }

    static BertNormalizer Bert(JsonPlace place)
    {
        bool lowercase = place.Flag("lowercase", absent: true);
        bool stripAccents = place.Flag("strip_accents", absent: lowercase);
        if (stripAccents)
        {
            RequireUnicode(place);
        }

        return new BertNormalizer(place.Flag("clean_text", absent: true), place.Flag("handle_chinese_chars", absent: true), stripAccents, lowercase);
    }

    static PrecompiledNormalizer Precompiled(JsonPlace place)
    {
        JsonPlace map = place.Get("precompiled_charsmap");
        try
        {
            return PrecompiledNormalizer.Parse(Convert.FromBase64String(map.Text()));
        }
        catch (FormatException e)
        {
            throw map.Problem($"expected a table of SentencePiece in base64: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    static void RequireUnicode(JsonPlace place)
    {
        if (!UnicodeNormalizer.IsAvailable)
        {
            throw place.Problem("Unicode normalization does nothing in this process; install ICU and unset InvariantGlobalization (DOTNET_SYSTEM_GLOBALIZATION_INVARIANT)");
        }
    }
}
