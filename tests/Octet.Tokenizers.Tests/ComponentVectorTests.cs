using System.Text;
using System.Text.Json;
using Octet.Testing;

namespace Octet.Tokenizers.Tests;

/// <summary>Each normalizer, pre-tokenizer, model, post-processor, decoder and option by itself, against vectors of the reference implementation.</summary>
public class ComponentVectorTests
{
    [Theory]
    [InlineData("added", 24)]
    [InlineData("decode", 25)]
    [InlineData("model", 32)]
    [InlineData("norm", 34)]
    [InlineData("post", 14)]
    [InlineData("pre", 50)]
    [InlineData("pub", 20)]
    [InlineData("section", 8)]
    public void Every_line_comes_out_as_in_the_reference(string kind, int least)
    {
        List<string> wrong = [];
        int files = 0;
        foreach (string path in Directory.EnumerateFiles(Fixtures.Path("tokenizers", "components"), $"{kind}-*.json").Order(StringComparer.Ordinal))
        {
            files++;
            string name = Path.GetFileNameWithoutExtension(path);
            try
            {
                Check(path, name, wrong);
            }
            catch (TokenizerException e)
            {
                wrong.Add($"{name}: {e.Message}");
            }
        }

        Assert.True(files >= least, $"{files} files");
        Assert.True(wrong.Count == 0, $"{wrong.Count} wrong of {files} files: {string.Join('\n', wrong.Take(30))}");
    }

    static void Check(string path, string name, List<string> wrong)
    {
        Tokenizer tokenizer = Tokenizer.Load(path);
        int number = 0;
        foreach (string line in File.ReadLines(path + "l").Where(static line => line.Length > 0))
        {
            JsonElement row = JsonDocument.Parse(line).RootElement;
            string? text = row.TryGetProperty("text", out JsonElement given) ? given.GetString() : null;
            string? pair = row.TryGetProperty("pair", out JsonElement second) ? second.GetString() : null;
            if (row.TryGetProperty("error", out _))
            {
                TokenizerException error = Assert.Throws<TokenizerException>(() => tokenizer.Encode(text!));
                Assert.DoesNotContain('\n', error.Message);
                continue;
            }

            int[] ids = Family.Ids(row.GetProperty(row.TryGetProperty("ids_no_special", out _) ? "ids_no_special" : "ids"));
            foreach (JsonProperty property in row.EnumerateObject())
            {
                // Both sides in one spelling.
                string expected = property.Value.ValueKind == JsonValueKind.Array
                    ? JsonSerializer.Serialize(property.Value.EnumerateArray().Where(static item => item.ValueKind != JsonValueKind.String || item.GetString() != "").ToArray())
                    : JsonSerializer.Serialize(property.Value.GetString());
                string? found = property.Name switch
                {
                    "ids" when text is not null => Json(pair is null ? tokenizer.Encode(text) : tokenizer.EncodePair(text, pair).Ids),
                    "ids_no_special" => Json(pair is null ? tokenizer.Encode(text!, addSpecialTokens: false) : tokenizer.EncodePair(text!, pair, new() { AddSpecialTokens = false }).Ids),
                    "type_ids" => Json((pair is null ? tokenizer.EncodeWithOffsets(text!) : tokenizer.EncodePair(text!, pair)).TypeIds),
                    "ids_as_file" => Json(tokenizer.EncodeBatch([text!], tokenizer.FileOptions)[0].Ids),
                    "tokens" => Json(ids.Select(tokenizer.GetToken)),
                    "pieces" => Json(Pieces.OfCharacters(tokenizer, text!)),
                    "decoded" => JsonSerializer.Serialize(tokenizer.Decode(ids)),
                    "decoded_skip_special" => JsonSerializer.Serialize(tokenizer.Decode(ids, skipSpecialTokens: true)),
                    "normalized" => JsonSerializer.Serialize(Normalized(tokenizer, text!)),
                    _ => null,
                };
                if (found is not null && found != expected)
                {
                    wrong.Add($"{name}: {JsonSerializer.Serialize(text ?? string.Join(',', ids))} {pair}: {property.Name} {found} for {expected}");
                }
            }

            if (number++ % 8 != 0)
            {
                continue;
            }

            if (text is not null)
            {
                // The same ids with their places, in the caller's memory, and counted.
                int[] one = tokenizer.Encode(text, addSpecialTokens: false);
                Assert.Equal(one, tokenizer.EncodeWithOffsets(text, new() { AddSpecialTokens = false }).Ids.Take(one.Length));
                Assert.Equal(one.Length, tokenizer.CountTokens(text, addSpecialTokens: false));
                int[] memory = new int[one.Length];
                Assert.True(tokenizer.TryEncode(text, memory, out int written, addSpecialTokens: false));
                Assert.Equal(one, memory);
                Assert.Equal(one.Length, written);
            }

            StreamingDecoder decoder = tokenizer.CreateDecoder();
            Assert.Equal(tokenizer.Decode(ids), string.Concat(ids.Select(decoder.Append)) + decoder.Flush());
        }
    }

    static string Normalized(Tokenizer tokenizer, string text) =>
        tokenizer.Normalizer is { } normalizer ? Encoding.UTF8.GetString(normalizer.Apply(Encoding.UTF8.GetBytes(text))) : text;

    static string Json<T>(IEnumerable<T> values) => JsonSerializer.Serialize(values);
}
