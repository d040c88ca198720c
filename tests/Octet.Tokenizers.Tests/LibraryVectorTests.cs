using System.Text.Json.Nodes;
using Octet.Testing;

namespace Octet.Tokenizers.Tests;

/// <summary>
/// What the reference implementation (Hugging Face tokenizers) makes of texts with the built-in model's file, and with small random files
/// of every supported component. The vectors are made by <c>make-vectors.cjs</c> beside them.
/// </summary>
public class LibraryVectorTests
{
    static readonly Tokenizer s_builtIn = Tokenizer.Load(Path.Combine(Fixtures.Repository, "models", "octet-tiny"));

    [Fact]
    public void The_built_in_model_encodes_and_decodes_as_the_reference()
    {
        foreach (JsonNode vector in Lines("octet-tiny-vectors.jsonl"))
        {
            string text = (string)vector["text"]!;
            int[] ids = Ids(vector["ids"]!);
            Assert.Equal(ids, s_builtIn.Encode(text));
            Assert.Equal((string?)vector["decoded"], s_builtIn.Decode(ids));
            Assert.Equal((string?)vector["decoded_skip_special"], s_builtIn.Decode(ids, skipSpecialTokens: true));
        }
    }

    [Fact]
    public void Components_encode_as_the_reference()
    {
        List<string> wrong = [];
        foreach (JsonNode line in Lines("component-vectors.jsonl"))
        {
            TinyTokenizer tiny = new([.. line["merges"]!.AsArray().Select(static merge => (string)merge!)]);
            tiny.WithModel("ignore_merges", line["ignore_merges"]!.ToJsonString());
            foreach (string part in (string[])["added_tokens", "normalizer", "pre_tokenizer", "post_processor"])
            {
                tiny.With(part, line[part]?.ToJsonString() ?? "null");
            }

            Tokenizer tokenizer = tiny.Build();
            wrong.AddRange(line["vectors"]!.AsArray().Where(vector => !tokenizer.Encode((string)vector!["text"]!).SequenceEqual(Ids(vector["ids"]!)))
                .Select(vector => $"{vector!.ToJsonString()}: {string.Join(',', tokenizer.Encode((string)vector["text"]!))} with {tiny.Root["normalizer"]?.ToJsonString()} {tiny.Root["pre_tokenizer"]?.ToJsonString()} {tiny.Root["added_tokens"]?.ToJsonString()}"));
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    static List<JsonNode> Lines(string file)
    {
        string path = Path.Combine(Fixtures.Repository, "tests", "Octet.Tokenizers.Tests", file);
        List<JsonNode> lines = [.. File.ReadLines(path).Skip(1).Select(static line => JsonNode.Parse(line)!)];
        Assert.InRange(lines.Count, 40, 1000);
        return lines;
    }

    static int[] Ids(JsonNode ids) => [.. ids.AsArray().Select(static id => (int)id!)];
}
