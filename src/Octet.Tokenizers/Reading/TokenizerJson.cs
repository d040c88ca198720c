using System.Text.Json;
using Octet.Tokenizers.Decoders;
using Octet.Tokenizers.Models;
using Octet.Tokenizers.Normalizers;
using Octet.Tokenizers.PostProcessors;
using Octet.Tokenizers.PreTokenizers;

namespace Octet.Tokenizers.Reading;

/// <summary>The root of a <c>tokenizer.json</c>: finds the parts, has each read, and puts the tokenizer together.</summary>
static class TokenizerJson
{
    const int MaxDepth = 64; // System.Text.Json's own

    const string Version = "1.0";

    internal static Tokenizer Read(ReadOnlySpan<byte> json, string file)
    {
        ReadOnlySpan<byte> byteOrderMark = [0xEF, 0xBB, 0xBF];
        json = json.StartsWith(byteOrderMark) ? json[byteOrderMark.Length..] : json;
        Utf8JsonReader reader = new(json);
        try
        {
            return Read(ref reader, json, file);
        }
        catch (JsonException e) when (reader.CurrentDepth >= MaxDepth)
        {
            throw new TokenizerException($"{file}: nests deeper than {MaxDepth} levels at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} of it", e);
        }
        catch (JsonException e)
        {
            if (ForeignContent.Describe(json, json.Length, expectsJson: true) is { } foreign)
            {
                throw new TokenizerException($"{file}: not a tokenizer.json: {foreign}", e);
            }

            throw new TokenizerException(
                $"{file}: not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} of it; the file may be cut short", e);
        }
        catch (InvalidOperationException e)
        {
            // System.Text.Json's answer to strings that are not Unicode: bad UTF-8, or an escaped lone surrogate.
            throw new TokenizerException(
                $"{file}: a string near byte {reader.TokenStartIndex} is not valid Unicode; expected UTF-8 and paired surrogates", e);
        }
    }

    static Tokenizer Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, string file)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new TokenizerException($"{file}: $: expected an object, found {reader.TokenType}");
        }

        TokenModel? model = null;
        Utf8JsonReader postponed = default; // a model that stands before the pre-tokenizer
        bool isPostponed = false;
        PreTokenizer? preTokenizer = null;
        Dictionary<string, JsonPlace> parts = new(StringComparer.Ordinal);
        HashSet<string> seen = new(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (!seen.Add(name))
            {
                throw new TokenizerException($"{file}: $: {QuotedText.Of(name)} is there twice");
            }

            reader.Read();
            switch (name)
            {
                case "version" when reader.TokenType != JsonTokenType.String || !reader.ValueTextEquals(Version):
                    throw new TokenizerException($"{file}: version: found {QuotedText.Of(reader.TokenType == JsonTokenType.String ? reader.GetString()! : reader.TokenType.ToString())}, supported: \"{Version}\"");
                case "model" when seen.Contains("pre_tokenizer"):
                    model = ModelPart.Read(ref reader, file, PreTokenizing().GivesBytes);
                    break;
                case "model":
                    postponed = reader;
                    isPostponed = true;
                    reader.Skip();
                    break;
                case "added_tokens" or "normalizer" or "pre_tokenizer" or "post_processor" or "decoder" or "truncation" or "padding":
                    JsonElement element = Part(ref reader, json, file, name);
                    if (element.ValueKind != JsonValueKind.Null)
                    {
                        parts.Add(name, new JsonPlace(element, file, name));
                    }

                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        reader.Read(); // refuses what follows the object
        if (isPostponed)
        {
            model = ModelPart.Read(ref postponed, file, PreTokenizing().GivesBytes);
        }

        return model is null
            ? throw new TokenizerException($"{file}: $: has no \"model\"; expected the content of a tokenizer.json")
            : Assemble(model, PreTokenizing(), parts, file);

        PreTokenizer PreTokenizing() => preTokenizer ??= parts.TryGetValue("pre_tokenizer", out JsonPlace place) ? PreTokenizerPart.Read(place) : PreTokenizer.None;
    }

    /// <summary>The value at the reader's token. A key that is there twice in it is refused, as in the rest of the file.</summary>
    static JsonElement Part(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, string file, string name)
    {
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        try
        {
            return JsonElement.Parse(json[start..(int)reader.BytesConsumed], new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException e)
        {
            throw new TokenizerException($"{file}: {name}: a key is there twice: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    static Tokenizer Assemble(TokenModel model, PreTokenizer preTokenizer, Dictionary<string, JsonPlace> parts, string file)
    {
        JsonPlace? Part(string name) => parts.TryGetValue(name, out JsonPlace place) ? place : null;

        Normalizer? normalizer = Part("normalizer") is { } rewriting ? NormalizerPart.Read(rewriting) : null;
        IReadOnlyList<AddedToken> added = Part("added_tokens") is { } tokens ? AddedTokensPart.Read(tokens, model.Vocabulary) : [];
        bool onlyByteLevel = false;
        TokenDecoder decoder = Part("decoder") is { } decoding ? DecoderPart.Read(decoding, out onlyByteLevel) : new TokenDecoder(null);
        return new Tokenizer(new TokenizerParts
        {
            File = file,
            Model = model,
            Added = new AddedTokens(added, normalizer, file),
            Normalizer = normalizer,
            PreTokenizer = model.Vocabulary.IsByteLevel ? preTokenizer : preTokenizer.ToCharacters(),
            PostProcessor = Part("post_processor") is { } finishing ? PostProcessorPart.Read(finishing) : PostProcessor.None,
            Decoder = decoder,
            DecodesBytes = onlyByteLevel && model.Vocabulary.IsByteLevel,
            Truncation = Part("truncation") is { } cuttingOff ? SectionParts.Truncation(cuttingOff) : null,
            Padding = Part("padding") is { } filling ? SectionParts.Padding(filling) : null,
        });
    }
}
