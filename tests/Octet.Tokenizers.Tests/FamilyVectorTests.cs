using System.IO.Compression;
using System.Text.Json;
using Octet.Testing;

namespace Octet.Tokenizers.Tests;

/// <summary>Published tokenizers of many families against the vectors that the reference implementation made with them.</summary>
public class FamilyVectorTests
{
    public static TheoryData<string> Families =>
    [
        "bert-cased", "bert-uncased", "clip", "deepseek-v3", "gemma-3", "gpt-2", "gpt-oss", "llama-2", "llama-3.1", "mistral-0.3", "modernbert", "t5", "xlnet",
    ];

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_line_encodes_and_decodes_as_the_reference(string family)
    {
        Tokenizer tokenizer = Family.Load(family);
        List<string> wrong = [];
        foreach (JsonElement row in Family.Rows(family, "encode.jsonl"))
        {
            string text = row.GetProperty("text").GetString()!;
            Compare(row, "ids", tokenizer.Encode(text));
            Compare(row, "ids_no_special", tokenizer.Encode(text, addSpecialTokens: false));
        }

        foreach (JsonElement row in Family.Rows(family, "decode.jsonl"))
        {
            int[] ids = Family.Ids(row.GetProperty("ids"));
            string all = tokenizer.Decode(ids);
            string skipped = tokenizer.Decode(ids, skipSpecialTokens: true);
            if (all != row.GetProperty("decoded").GetString() || skipped != row.GetProperty("decoded_skip_special").GetString())
            {
                wrong.Add($"{row.GetRawText()}: {JsonSerializer.Serialize(all)}, {JsonSerializer.Serialize(skipped)}");
            }

            // What comes token by token is the same text.
            StreamingDecoder decoder = tokenizer.CreateDecoder();
            Assert.Equal(all, string.Concat(ids.Select(decoder.Append)) + decoder.Flush());
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} wrong: {string.Join('\n', wrong.Take(20))}");

        void Compare(JsonElement row, string name, int[] found)
        {
            if (!found.SequenceEqual(Family.Ids(row.GetProperty(name))))
            {
                wrong.Add($"{JsonSerializer.Serialize(row.GetProperty("text").GetString())}: {string.Join(',', found)} for {name} {string.Join(',', Family.Ids(row.GetProperty(name)))}");
            }
        }
    }
}

/// <summary>The published tokenizers beside the fixtures, each read when first asked for.</summary>
static class Family
{
    static readonly System.Collections.Concurrent.ConcurrentDictionary<string, Lazy<Tokenizer>> s_loaded = new(StringComparer.Ordinal);

    /// <summary>The tokenizer of a family's tokenizer.json alone.</summary>
    internal static Tokenizer Load(string family)
    {
        _ = Fixtures.Path(); // skips where the folder is absent, outside of the Lazy, which would keep the exception
        return s_loaded.GetOrAdd(family, static name => new Lazy<Tokenizer>(() => Tokenizer.Parse(Json(name), $"{name}/tokenizer.json"))).Value;
    }

    internal static byte[] Json(string family)
    {
        string path = Fixtures.Path("tokenizers", family, "tokenizer.json");
        if (File.Exists(path))
        {
            return File.ReadAllBytes(path);
        }

        using GZipStream stream = new(File.OpenRead(path + ".gz"), CompressionMode.Decompress);
        using MemoryStream json = new();
        stream.CopyTo(json);
        return json.ToArray();
    }

    internal static List<JsonElement> Rows(string family, string file) =>
        [.. File.ReadLines(Fixtures.Path("tokenizers", family, file)).Where(static line => line.Length > 0).Select(static line => JsonDocument.Parse(line).RootElement)];

    internal static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(static id => id.GetInt32())];
}
