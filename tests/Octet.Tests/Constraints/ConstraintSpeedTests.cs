using System.Diagnostics;
using System.Globalization;
using Octet.Constraints;
using Octet.Testing;
using Octet.Tokenizers;
using Octet.Tokenizers.Tests;

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
            ConstraintState state = new(compiled);
            Random random = new(1);
            for (int count = 0; count < 60 && !state.IsComplete; count++)
            {
                List<int> allowed = RandomWriter.Allowed(state);
                state.Accept(allowed[random.Next(allowed.Count)]);
            }
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
        TokenTrie trie = TokenTrie.Of(tokenizer);
        double once = Time(() => TokenTrie.Of([.. Enumerable.Range(0, tokenizer.VocabularySize).Select(tokenizer.GetTextBytes)]));
        Print($"{trie.Tokens.Length} tokens, {trie.Label.Length} nodes: once for the tokenizer {once:F0} ms");
        for (int round = 0; round < 3; round++)
        {
            foreach ((string name, string schema) in InUse)
            {
                CompiledConstraint? compiled = null;
                double compile = Time(() => compiled = OutputConstraint.JsonSchema(schema).Compile(tokenizer));
                double first = Time(() => _ = new ConstraintState(compiled!).Mask);
                List<double> found = [];
                List<double> known = [];
                float[] scores = new float[trie.VocabularySize];
                new RandomWriter(compiled!, round).Write(150, state =>
                {
                    found.Add(1000 * Time(() => _ = state.Mask));
                    known.Add(1000 * Time(() => _ = state.Mask));
                });
                double apply = 1000 * Time(() => TokenMask.Apply(new ConstraintState(compiled!).Mask, scores));
                found.Sort();
                known.Sort();
                Print($"{name}, round {round}: compile {compile:F1} ms, first mask {first:F2} ms; {found.Count} masks on the way: median {found[found.Count / 2]:F1} us, 90 % {found[found.Count * 9 / 10]:F0} us, most {found[^1]:F0} us; known: median {known[known.Count / 2]:F1} us; put on the scores {apply:F0} us");

                // The first makes the code.
                Assert.True(round == 0 || compile + first < 200, $"{compile} ms, {first} ms");
                Assert.True(round == 0 || known[known.Count / 2] < 50, $"{known[known.Count / 2]} us");
            }
        }
    }

    static double Time(Action action)
    {
        double started = ThreadClock.Seconds;
        action();
        return (ThreadClock.Seconds - started) * 1000;
    }

    void Print(FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>The least processor time of several, in microseconds.</summary>
    static double Least(int times, Action action)
    {
        double least = double.MaxValue;
        for (int i = 0; i < times; i++)
        {
            double started = ThreadClock.Seconds;
            action();
            least = Math.Min(least, (ThreadClock.Seconds - started) * 1e6);
        }

        return least;
    }
}
