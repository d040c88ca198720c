using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tokenizers.Patterns;

namespace Octet.Tokenizers.Tests.Patterns;

/// <summary>What the Rust library takes a class for, code point by code point, and the patterns of published files.</summary>
public class PatternFixtureTests
{
    static readonly Lazy<JsonObject> s_classes = new(static () => (JsonObject)JsonNode.Parse(File.ReadAllBytes(Fixtures.Path("tokenizers", "components", "unicode", "classes.json")))!);

    [Fact]
    public void Classes_hold_what_the_library_takes_them_for()
    {
        foreach ((string name, JsonNode? value) in s_classes.Value)
        {
            if (!name.StartsWith("regex ", StringComparison.Ordinal))
            {
                continue;
            }

            PatternProgram program = Compiler.Compile(PatternParser.Parse(name["regex ".Length..]));
            List<(int, int)> expected = [];
            foreach (string range in ((string)value!["ranges"]!).Split(' '))
            {
                int[] ends = [.. range.Split('-').Select(static end => int.Parse(end, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
                expected.Add((ends[0], ends[^1]));
            }

            // Surrogates are no characters of any text.
            ScalarSet surrogates = ScalarSet.Range(0xD800, 0xDFFF);
            ScalarSet found = Assert.IsType<SetNode>(PatternParser.Parse(name["regex ".Length..])).Set.Except(surrogates);
            Assert.Equal(ScalarSet.Union(expected).Ranges(), found.Ranges());
            Assert.True(program.IsRegular);
        }
    }

    [Fact]
    public void General_categories_are_those_of_all_code_points()
    {
        foreach (UnicodeCategory category in Enum.GetValues<UnicodeCategory>())
        {
            List<(int, int)> expected = [.. Enumerable.Range(0, 0x110000).Where(value => CharUnicodeInfo.GetUnicodeCategory(value) == category).Select(static value => (value, value))];
            string name = s_names[(int)category];
            Assert.Equal(ScalarSet.Union(expected), Assert.IsType<SetNode>(PatternParser.Parse($@"\p{{{name}}}")).Set);
        }
    }

    static readonly string[] s_names =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    [Fact]
    public void Every_script_belongs_to_a_code_point_alone()
    {
        // Scripts divide all of Unicode: together with Unknown, which has no name here, each code point has exactly one.
        string[] others =
        [
            "bidic", "dash", "di", "dep", "dia", "emoji", "emod", "ebase", "epres", "extpict", "ext", "grlink", "hex", "hyphen", "idsb", "idst", "idsu", "ideo", "joinc", "loe", "mcm", "nchar", "oalpha", "olower",
            "oupper", "pcm", "qmark", "radical", "ri", "sterm", "sd", "term", "uideo", "vs",
        ];
        string[][] names = [.. PropertyRanges.Text.Split('\n').Select(static line => line[..line.IndexOf(':', StringComparison.Ordinal)].Split(','))];
        ScalarSet all = ScalarSet.Empty;
        int scripts = 0;
        foreach (string[] name in names.Where(name => !name.Intersect(others).Any()))
        {
            ScalarSet script = Assert.IsType<SetNode>(PatternParser.Parse($@"\p{{Script={name[0]}}}")).Set;
            Assert.True(all.Intersect(script).IsEmpty, name[0]);
            all = all.Union(script);
            scripts++;
        }

        Assert.Equal(170, scripts);
        Assert.True(all.Except(ScalarSet.Union([.. Enumerable.Range(0, 0x110000).Where(static value => CharUnicodeInfo.GetUnicodeCategory(value) != UnicodeCategory.OtherNotAssigned).Select(static value => (value, value))])).IsEmpty);
    }

    [Fact]
    public void Case_variants_are_those_of_simple_case_folding()
    {
        // Full case folding is longer than one character for the rest.
        foreach (int value in Enumerable.Range(0, 0x110000).Where(static value => value is < 0xD800 or > 0xDFFF))
        {
            string lower = char.ConvertFromUtf32(value).ToLowerInvariant();
            if (char.ConvertToUtf32(lower, 0) is int other && other != value && value != 0x130)
            {
                Assert.True(CaseVariants.Close(ScalarSet.Of(value)).Contains(other), $"{value:X}");
                Assert.True(CaseVariants.Close(ScalarSet.Of(other)).Contains(value), $"{value:X}");
            }
        }
    }

    [Fact]
    public void Every_pattern_of_the_published_files_is_read()
    {
        string root = Fixtures.Path("tokenizers");
        HashSet<string> patterns = [];
        foreach (string path in Directory.GetFiles(root, "*.json", SearchOption.AllDirectories))
        {
            Collect(JsonNode.Parse(File.ReadAllBytes(path)), patterns);
        }

        Assert.All(patterns, static pattern => Pattern.Parse(pattern));
        Assert.True(patterns.Count > 30);

        static void Collect(JsonNode? node, HashSet<string> patterns)
        {
            switch (node)
            {
                case JsonObject fields:
                    foreach ((string key, JsonNode? value) in fields)
                    {
                        if (key == "Regex" && value is JsonValue text && text.TryGetValue(out string? pattern))
                        {
                            patterns.Add(pattern);
                        }
                        else if (key is not ("vocab" or "merges"))
                        {
                            Collect(value, patterns);
                        }
                    }

                    break;
                case JsonArray items:
                    foreach (JsonNode? item in items)
                    {
                        Collect(item, patterns);
                    }

                    break;
            }
        }
    }

    [Fact]
    public void The_usual_patterns_need_no_backtracking()
    {
        foreach (string name in (string[])["pub-llama3", "pub-o200k", "pub-kimi-k2", "pub-deepseek-v3", "pub-llada", "pub-tekken", "pub-qwen3.5", "pub-bloom"])
        {
            JsonNode file = JsonNode.Parse(File.ReadAllBytes(Fixtures.Path("tokenizers", "components", name + ".json")))!["pre_tokenizer"]!;
            foreach (JsonNode? step in file["pretokenizers"] as JsonArray ?? [file.DeepClone()])
            {
                if ((string?)step!["pattern"]?["Regex"] is { } pattern)
                {
                    Assert.True(Compiler.Compile(PatternParser.Parse(pattern)).IsRegular, pattern);
                }
            }
        }
    }
}
