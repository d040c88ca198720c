using System.Text;
using System.Text.Json.Nodes;

namespace Octet.Tokenizers.Tests;

/// <summary>
/// A small tokenizer.json: a token for every byte (id = byte), one for each merge (ids from 256 on), and what a test sets.
/// </summary>
sealed class TinyTokenizer
{
    internal const string QwenPattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    internal const string LlamaPattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    internal TinyTokenizer(params string[] merges)
    {
        JsonObject vocabulary = [];
        for (int value = 0; value < 256; value++)
        {
            vocabulary[Symbol(value)] = value;
        }

        foreach (string merge in merges)
        {
            vocabulary.TryAdd(merge.Replace(" ", "", StringComparison.Ordinal), vocabulary.Count);
        }

        Model = new JsonObject
        {
            ["type"] = "BPE",
            ["vocab"] = vocabulary,
            ["merges"] = new JsonArray([.. merges.Select(merge => JsonValue.Create(merge))]),
        };
        Root = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(),
            ["pre_tokenizer"] = JsonNode.Parse("""{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}"""),
            ["decoder"] = JsonNode.Parse("""{"type":"ByteLevel"}"""),
            ["model"] = Model,
        };
    }

    internal JsonObject Root { get; }

    internal JsonObject Model { get; }

    internal TinyTokenizer With(string part, string json)
    {
        Root[part] = JsonNode.Parse(json);
        return this;
    }

    internal TinyTokenizer WithModel(string property, string json)
    {
        Model[property] = JsonNode.Parse(json);
        return this;
    }

    internal TinyTokenizer WithToken(
        int id, string content, bool singleWord = false, bool lstrip = false, bool rstrip = false, bool normalized = false, bool special = false)
    {
        Root["added_tokens"]!.AsArray().Add(new JsonObject
        {
            ["id"] = id,
            ["content"] = content,
            ["single_word"] = singleWord,
            ["lstrip"] = lstrip,
            ["rstrip"] = rstrip,
            ["normalized"] = normalized,
            ["special"] = special,
        });
        return this;
    }

    internal TinyTokenizer WithSplit(string pattern) => With("pre_tokenizer", new JsonObject
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray(
            new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern }, ["behavior"] = "Isolated", ["invert"] = false },
            JsonNode.Parse("""{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}""")),
    }.ToJsonString());

    internal byte[] Json()
    {
        Fill();
        return Encoding.UTF8.GetBytes(Root.ToJsonString());
    }

    internal Tokenizer Build() => Tokenizer.Parse(Json(), "tiny.json");

    internal string Refusal() => Assert.Throws<TokenizerException>(Build).Message;

    // Added tokens have the ids from the vocabulary's size on, as in the reference: so tokens that no text holds go up to the first of them.
    void Fill()
    {
        if (Model["vocab"] is not JsonObject vocabulary || Root["added_tokens"] is not JsonArray added)
        {
            return;
        }

        int first = added.Where(token => token!["content"] is JsonValue content && !vocabulary.ContainsKey((string)content!)).Select(static token => (int)token!["id"]!)
            .DefaultIfEmpty(vocabulary.Count).Min();
        while (vocabulary.Count < Math.Min(first, 2000))
        {
            vocabulary[$"\uE000{vocabulary.Count}"] = vocabulary.Count;
        }
    }

    /// <summary>GPT-2's bytes_to_unicode: printable Latin-1 stands for itself, the others follow from U+0100 in their order.</summary>
    internal static string Symbol(int value)
    {
        static bool IsItself(int value) => value is (>= '!' and <= '~') or (>= '¡' and <= '¬') or (>= '®' and <= 'ÿ');
        return ((char)(IsItself(value) ? value : 0x100 + Enumerable.Range(0, value).Count(other => !IsItself(other)))).ToString();
    }
}
