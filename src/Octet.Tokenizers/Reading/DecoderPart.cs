using System.Text;
using Octet.Tokenizers.Cutting;
using Octet.Tokenizers.Decoders;
using Octet.Tokenizers.PreTokenizers;

namespace Octet.Tokenizers.Reading;

/// <summary>The <c>decoder</c> of the file.</summary>
static class DecoderPart
{
    const string Supported = "ByteLevel, BPEDecoder, ByteFallback, Fuse, Strip, Replace, Metaspace, WordPiece, CTC, Sequence, null";

    /// <summary>Reads the steps.</summary>
    /// <param name="place">The part.</param>
    /// <param name="onlyByteLevel">Whether they are ByteLevel alone.</param>
    internal static TokenDecoder Read(JsonPlace place, out bool onlyByteLevel)
    {
        List<JsonPlace> steps = StepLimit.Flatten(place, "decoders");
        onlyByteLevel = steps.Count == 1 && steps[0].TypeName() == "ByteLevel";
        return new TokenDecoder([.. steps.Select(Step)]);
    }

    static Func<DecodeStage, DecodeStage> Step(JsonPlace place)
    {
        switch (place.TypeName())
        {
            case "ByteLevel":
                return static next => new ByteLevelStage(next);
            case "BPEDecoder":
                string suffix = Filled(place, "suffix");
                return next => new PairStage(suffix, next);
            case "ByteFallback":
                return static next => new ByteFallbackStage(next);
            case "Fuse":
                return static next => new FuseStage(next);
            case "Strip":
                Rune.DecodeFromUtf16(PreTokenizerPart.Character(place, "content"), out Rune character, out _);
                int start = place.Get("start").Number(0, int.MaxValue);
                int stop = place.Get("stop").Number(0, int.MaxValue);
                return next => new StripStage(character, start, stop, next);
            case "Replace":
                return Replace(place);
            case "Metaspace":
                string mark = PreTokenizerPart.Character(place, "replacement");
                bool prepended = PreTokenizerPart.Scheme(place) != PrependScheme.Never;
                return next => new MetaspaceStage(mark, prepended, next);
            case "WordPiece":
                string prefix = place.Get("prefix").Text();
                bool cleanup = place.Flag("cleanup", absent: true);
                return next => new WordPieceStage(prefix, cleanup, next);
            case "CTC":
                string pad = place.Get("pad_token").Text();
                string delimiter = Filled(place, "word_delimiter_token");
                bool cleans = place.Flag("cleanup", absent: true);
                return next => new ConnectionistStage(pad, delimiter, cleans, next);
            default:
                throw place.Unsupported(place.TypeName(), Supported);
        }
    }

    static Func<DecodeStage, DecodeStage> Replace(JsonPlace place)
    {
        string content = place.Get("content").Text();
        if (place.Get("pattern").Find("String")?.Text() is [char character] && !char.IsSurrogate(character))
        {
            return next => new ReplaceCharacterStage(character, content, next);
        }

        Cutter cutter = PatternPart.Read(place);
        return next => new ReplaceStage(cutter, content, next);
    }

    static string Filled(JsonPlace place, string name)
    {
        JsonPlace value = place.Get(name);
        return value.Text() is { Length: > 0 } text ? text : throw value.Problem("expected a string that is not empty");
    }
}
