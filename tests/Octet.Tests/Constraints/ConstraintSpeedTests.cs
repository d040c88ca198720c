using System.Diagnostics;
using System.Globalization;
using Octet.Constraints;
using Octet.Testing;
using Octet.Tokenizers;

namespace Octet.Tests.Constraints;

/// <summary>Bounds that a machine under load keeps, and the figures of a large vocabulary, which are printed.</summary>
public class ConstraintSpeedTests(ITestOutputHelper output)
{
    internal static readonly (string Name, string Schema)[] InUse =
    [
        ("weather tool", """
            {"type":"object","properties":{"location":{"type":"string","description":"City and country e.g. Bogotá, Colombia"},"units":{"type":"string","enum":["celsius","fahrenheit"]},
            "days":{"type":["integer","null"],"minimum":1,"maximum":14}},"required":["location","units","days"],"additionalProperties":false}
            """),
        ("invoice", """
            {"type":"object","properties":{"number":{"type":"string","pattern":"^[A-Z]{2}-\\d{4,8}$"},"issued":{"type":"string","format":"date"},"currency":{"enum":["EUR","USD","JPY","CHF"]},
            "customer":{"$ref":"#/$defs/party"},"seller":{"$ref":"#/$defs/party"},
            "lines":{"type":"array","minItems":1,"items":{"type":"object","properties":{"text":{"type":"string","maxLength":200},"quantity":{"type":"integer","minimum":1},"price":{"type":"number","minimum":0}},
            "required":["text","quantity","price"],"additionalProperties":false}},"total":{"type":"number"},"paid":{"type":"boolean"}},
            "required":["number","issued","currency","customer","seller","lines","total","paid"],"additionalProperties":false,
            "$defs":{"party":{"type":"object","properties":{"name":{"type":"string"},"mail":{"anyOf":[{"type":"string","format":"email"},{"type":"null"}]},"id":{"type":"string","format":"uuid"}},
            "required":["name","mail","id"],"additionalProperties":false}}}
            """),
        ("user interface, recursive", """
            {"type":"object","properties":{"type":{"type":"string","enum":["div","button","header","section","field","form"]},"label":{"type":"string"},
            "children":{"type":"array","items":{"$ref":"#"}},"attributes":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"value":{"type":"string"}},
            "required":["name","value"],"additionalProperties":false}}},"required":["type","label","children","attributes"],"additionalProperties":false}
            """),
    ];

    [Fact]
    public void Schemas_in_use_compile_in_a_tenth_of_a_second()
    {
        foreach ((string name, string schema) in InUse)
        {
            // The first makes the code.
            _ = OutputConstraint.JsonSchema(schema).Compile(Vocabularies.Tiny);
            double milliseconds = Least(3, () => OutputConstraint.JsonSchema(schema).Compile(Vocabularies.Tiny)) / 1000;
            Assert.True(milliseconds < 100, $"{name}: {milliseconds} ms");
        }
    }

    [Fact]
    public void A_mask_that_is_known_costs_microseconds()
    {
        CompiledConstraint compiled = OutputConstraint.JsonSchema(InUse[1].Schema).Compile(Vocabularies.Tiny);
        ConstraintState state = new(compiled);
        float[] scores = new float[compiled.Trie.VocabularySize];
        TokenMask.Apply(state.Mask, scores);
        double microseconds = Least(20, () => TokenMask.Apply(state.Mask, scores));
        Assert.True(microseconds < 50, $"{microseconds} us");
    }

    [Theory]
    [InlineData("(a|b)*a(a|b){14}")]
    [InlineData("(x+x+)+y")]
    [InlineData("(.*a){20}")]
    [InlineData("(a?){500}a{500}")]
    public void Hostile_patterns_end_in_time(string pattern)
    {
        long started = Stopwatch.GetTimestamp();
        try
        {
            CompiledConstraint compiled = OutputConstraint.Regex(pattern).Compile(Vocabularies.Tiny);
            new RandomWriter(compiled, 1).Write(60);
        }
        catch (ConstraintException refusal)
        {
            Assert.Equal(ConstraintError.TooLarge, refusal.Error);
        }

        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_large_vocabulary_costs_no_more_than_it_should()
    {
        var tokenizer = Tokenizer.Load(Fixtures.Path("qwen3", "tokenizer.json"));
        long started = Stopwatch.GetTimestamp();
        TokenTrie trie = TokenTrie.Of(tokenizer);
        Print($"{trie.Tokens.Length} tokens, {trie.Label.Length} nodes: once for the tokenizer {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0} ms");
        foreach ((string name, string schema) in InUse)
        {
            for (int round = 0; round < 3; round++)
            {
                started = Stopwatch.GetTimestamp();
                CompiledConstraint compiled = OutputConstraint.JsonSchema(schema).Compile(tokenizer);
                double compile = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                started = Stopwatch.GetTimestamp();
                _ = new ConstraintState(compiled).Mask;
                double first = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                List<double> unknown = [];
                List<double> known = [];
                float[] scores = new float[trie.VocabularySize];
                new RandomWriter(compiled, round).Write(150, state =>
                {
                    long begun = Stopwatch.GetTimestamp();
                    _ = state.Mask;
                    unknown.Add(Stopwatch.GetElapsedTime(begun).TotalMicroseconds);
                    begun = Stopwatch.GetTimestamp();
                    TokenMask.Apply(state.Mask, scores);
                    known.Add(Stopwatch.GetElapsedTime(begun).TotalMicroseconds);
                });
                unknown.Sort();
                known.Sort();
                Print($"{name}, round {round}: compile {compile:F1} ms, first mask {first:F2} ms, masks of {unknown.Count} steps: median {unknown[unknown.Count / 2]:F1} us, 90 % {unknown[unknown.Count * 9 / 10]:F0} us, most {unknown[^1]:F0} us; known, with the scores: median {known[known.Count / 2]:F1} us");
                Assert.True(round == 0 || compile + first < 1000);
                Assert.True(known[known.Count / 2] < 1000);
            }
        }
    }

    void Print(FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>The least time of several, in microseconds.</summary>
    static double Least(int times, Action action)
    {
        double least = double.MaxValue;
        for (int i = 0; i < times; i++)
        {
            long started = Stopwatch.GetTimestamp();
            action();
            least = Math.Min(least, Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }

        return least;
    }
}
