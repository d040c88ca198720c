using System.Text.Json;
using Octet.Tokenizers.Normalizers;
using Octet.Tokenizers.PreTokenizers;

namespace Octet.Tokenizers.Reading;

/// <summary>The root of a <c>tokenizer.json</c>: finds the parts, has each read, and puts the tokenizer together.</summary>
static class TokenizerJson
{
    const int MaxDepth = 64; // System.Text.Json's own

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

        BytePairModel? model = null;
        Dictionary<string, JsonPlace> parts = new(StringComparer.Ordinal);
        HashSet<string> seen = new(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (!seen.Add(name))
            {
                throw new TokenizerException($"{file}: $: {JsonPlace.Quote(name)} is there twice");
            }

            reader.Read();
            switch (name)
            {
                case "model":
                    model = BytePairModel.Read(ref reader, file);
                    break;
                case "added_tokens" or "normalizer" or "pre_tokenizer" or "post_processor" or "decoder":
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
        return model is null
            ? throw new TokenizerException($"{file}: $: has no \"model\"; expected the content of a tokenizer.json")
            : Assemble(model, parts, file);
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

    static Tokenizer Assemble(BytePairModel model, Dictionary<string, JsonPlace> parts, string file)
    {
        JsonPlace? Part(string name) => parts.TryGetValue(name, out JsonPlace place) ? place : null;

        Normalizer? normalizer = Part("normalizer") is { } rewriting ? NormalizerPart.Read(rewriting) : null;
        PreTokenizer preTokenizer = Part("pre_tokenizer") is { } cutting
            ? PreTokenizerPart.Read(cutting)
            : throw new TokenizerException($"{file}: pre_tokenizer: expected one with a ByteLevel step, found null; only byte-level models are supported");
        IReadOnlyList<AddedToken> added = Part("added_tokens") is { } tokens ? AddedTokensPart.Read(tokens, model.Vocabulary) : [];
        Template template = Part("post_processor") is { } finishing ? PostProcessorPart.Read(finishing) : Template.Empty;
        bool decodesBytes = false;
        if (Part("decoder") is { } decoding)
        {
            DecoderPart.RequireByteLevel(decoding);
            decodesBytes = true;
        }

        return new Tokenizer(
            file,
            model.Vocabulary,
            new AddedTokens(added, normalizer, file),
            normalizer,
            preTokenizer,
            new BytePairEncoder(model.Vocabulary, model.Merges, model.IgnoreMerges),
            template,
            decodesBytes);
    }
}
