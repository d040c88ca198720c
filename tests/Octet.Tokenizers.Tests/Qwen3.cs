using System.Text.Json;
using Octet.Testing;

namespace Octet.Tokenizers.Tests;

/// <summary>The published tokenizer of Qwen3, loaded once, and the vectors that reference implementations made with it.</summary>
static class Qwen3
{
    static readonly Lazy<Tokenizer> s_tokenizer = new(() => Tokenizer.Load(Fixtures.Path("qwen3", "tokenizer.json")));

    internal static Tokenizer Tokenizer
    {
        get
        {
            _ = Fixtures.Path(); // skips where the folder is absent, outside of the Lazy, which would keep the exception
            return s_tokenizer.Value;
        }
    }

    internal static List<JsonElement> Vectors(string name) =>
        [.. File.ReadLines(Fixtures.Path("tokenizer", name)).Where(line => line.Length > 0).Select(line => JsonDocument.Parse(line).RootElement)];

    internal static string Text(JsonElement vector, string name) => vector.GetProperty(name).GetString()!;

    internal static int[] Ids(JsonElement vector) => [.. vector.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
}
