using System.Globalization;
using System.Text;
using System.Text.Json;
using Octet.Testing;

namespace Octet.Tokenizers.Tests;

/// <summary>What the reference makes of every character of Unicode by itself.</summary>
public class UnicodeVectorTests
{
    [Theory]
    [InlineData("pre_tokenizer Punctuation splits", """{"type":"Punctuation"}""")]
    [InlineData("pre_tokenizer Digits (groups) splits a?a", """{"type":"Digits","individual_digits":false}""")]
    [InlineData("pre_tokenizer WhitespaceSplit splits", """{"type":"WhitespaceSplit"}""")]
    [InlineData("pre_tokenizer Whitespace splits a?a", """{"type":"Whitespace"}""")]
    [InlineData("pre_tokenizer BertPreTokenizer splits", """{"type":"BertPreTokenizer"}""")]
    public void Pre_tokenizers_cut_at_the_same_characters(string name, string preTokenizer)
    {
        PieceCollector pieces = new(Tiny("pre_tokenizer", preTokenizer).PreTokenizer);
        using JsonDocument classes = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Path("tokenizers", "components", "unicode", "classes.json")));
        HashSet<int> expected = Set(classes.RootElement.GetProperty(name).GetProperty("ranges").GetString()!);
        List<string> wrong = [];
        foreach (Rune value in Every())
        {
            if (expected.Contains(value.Value) != pieces.Of($"a{value}a") is not [_])
            {
                wrong.Add(value.Value.ToString("x", CultureInfo.InvariantCulture));
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count}: {string.Join(' ', wrong.Take(100))}");
    }

    [Theory]
    [InlineData("BertNormalizer clean_text only", """{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":false,"strip_accents":false,"lowercase":false}""")]
    [InlineData("Lowercase", """{"type":"Lowercase"}""")]
    [InlineData("Nmt", """{"type":"Nmt"}""")]
    [InlineData("StripAccents", """{"type":"StripAccents"}""")]
    [InlineData("Strip", """{"type":"Strip","strip_left":true,"strip_right":true}""")]
    [InlineData("Precompiled (nmt_nfkc of T5)", null)]
    public void Normalizers_change_the_same_characters(string name, string? normalizer)
    {
        normalizer ??= JsonDocument.Parse(File.ReadAllBytes(Fixtures.Path("tokenizers", "components", "norm-precompiled.json"))).RootElement.GetProperty("normalizer").GetRawText();
        using JsonDocument all = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Path("tokenizers", "components", "unicode", "normalizers.json")));
        JsonElement expected = all.RootElement.GetProperty(name);
        Dictionary<int, string> changes = [];
        foreach ((string property, string with) in ((string, string)[])[("removed", ""), ("to_space", " ")])
        {
            foreach (int value in Set(expected.GetProperty(property).GetString()!))
            {
                changes[value] = with;
            }
        }

        foreach (JsonProperty other in expected.GetProperty("other").EnumerateObject())
        {
            changes[Number(other.Name)] = other.Value.GetString()!;
        }

        AssertChanges(Tiny("normalizer", normalizer), changes.GetValueOrDefault, atATime: name == "Strip" ? 1 : 1024);
    }

    [Fact]
    public void Chinese_characters_are_set_apart()
    {
        using JsonDocument all = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Path("tokenizers", "components", "unicode", "normalizers.json")));
        HashSet<int> padded = Set(all.RootElement.GetProperty("BertNormalizer handle_chinese_chars only").GetProperty("padded").GetString()!);
        AssertChanges(
            Tiny("normalizer", """{"type":"BertNormalizer","clean_text":false,"handle_chinese_chars":true,"strip_accents":false,"lowercase":false}"""),
            value => padded.Contains(value) ? $" {char.ConvertFromUtf32(value)} " : null);
    }

    [Theory]
    [InlineData("NFC", NormalizationForm.FormC)]
    [InlineData("NFD", NormalizationForm.FormD)]
    [InlineData("NFKC", NormalizationForm.FormKC)]
    [InlineData("NFKD", NormalizationForm.FormKD)]
    public void Normalization_forms_are_those_of_the_reference_s_version(string name, NormalizationForm form)
    {
        using JsonDocument all = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Path("tokenizers", "components", "unicode", "normalizers.json")));
        Dictionary<int, string> older = all.RootElement.GetProperty(name).GetProperty("differs_from_unicode_17.0").EnumerateObject()
            .ToDictionary(static entry => Number(entry.Name), static entry => entry.Value.GetString()!);
        AssertChanges(
            Tiny("normalizer", $$"""{"type":"{{name}}"}"""),
            value => older.GetValueOrDefault(value) ?? (value == 0xFFFE ? null : char.ConvertFromUtf32(value).Normalize(form)));
    }

    /// <summary>Many characters at a time, and one by one where they differ.</summary>
    static void AssertChanges(Tokenizer tokenizer, Func<int, string?> expected, int atATime = 1024)
    {
        List<string> wrong = [];
        foreach (Rune[] chunk in Every().Chunk(atATime))
        {
            // The bar neither changes nor combines.
            string end = chunk.Length > 1 ? "|" : "";
            if (Normalized(end + string.Join('|', chunk) + end) != end + string.Join('|', chunk.Select(Expected)) + end)
            {
                wrong.AddRange(chunk.Where(value => Normalized(value.ToString()) != Expected(value)).Select(value => $"{value.Value:x}: {Normalized(value.ToString())}"));
                wrong.AddRange(wrong.Count == 0 ? [$"{chunk[0].Value:x} and following, together"] : (string[])[]);
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count}: {string.Join(' ', wrong.Take(100))}");

        string Expected(Rune value) => expected(value.Value) ?? value.ToString();

        string Normalized(string text) => Encoding.UTF8.GetString(tokenizer.Normalizer!.Apply(Encoding.UTF8.GetBytes(text)));
    }

    static Tokenizer Tiny(string part, string json) => Tokenizer.Parse(
        Encoding.UTF8.GetBytes($$$"""{"{{{part}}}":{{{json}}},"model":{"type":"WordLevel","vocab":{"<unk>":0},"unk_token":"<unk>"}}"""), "tiny.json");

    // U+0000 is not in the lists. Of the planes without characters, and of those for private use, the beginning and the end of all.
    static IEnumerable<Rune> Every() => Enumerable.Range(1, 0x323FF).Concat(Enumerable.Range(0xE0000, 0x200)).Concat(Enumerable.Range(0xF0000, 0x100)).Concat(Enumerable.Range(0x10FF00, 0x100))
        .Where(Rune.IsValid).Select(static value => new Rune(value));

    static HashSet<int> Set(string ranges) =>
        [.. ranges.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static range => range.Split('-')).SelectMany(static ends => Enumerable.Range(Number(ends[0]), Number(ends[^1]) - Number(ends[0]) + 1))];

    static int Number(string hexadecimal) => int.Parse(hexadecimal, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
