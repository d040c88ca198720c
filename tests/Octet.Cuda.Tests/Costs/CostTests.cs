using System.Globalization;
using System.Text;
using Octet.Testing;

namespace Octet.Cuda.Tests.Costs;

/// <summary>The tables of <c>docs/gpu-kernels.md</c>, sections 3 and 6, are what the model gives. <c>OCTET_WRITE_COSTS=1</c> writes them anew.</summary>
public class CostTests
{
    // Of cards with launches that overlap, and of the others.
    static readonly (string Begin, string End, bool IsHopper)[] s_places = [("<!-- costs of Hopper -->\n", "<!-- end of costs of Hopper -->\n", true), ("<!-- costs -->\n", "<!-- end of costs -->\n", false)];

    static string File => Path.Combine(Fixtures.Repository, "docs", "gpu-kernels.md");

    [Fact]
    public void The_tables_of_what_binds_are_those_of_the_counts()
    {
        foreach ((string begin, string end, bool isHopper) in s_places)
        {
            string text = System.IO.File.ReadAllText(File);
            int first = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
            int last = text.IndexOf(end, StringComparison.Ordinal);
            string tables = Tables([.. Card.All.Where(card => card.IsHopper == isHopper)]);
            if (Environment.GetEnvironmentVariable("OCTET_WRITE_COSTS") is "1")
            {
                System.IO.File.WriteAllText(File, text[..first] + tables + text[last..]);
                text = System.IO.File.ReadAllText(File);
                last = text.IndexOf(end, StringComparison.Ordinal);
            }

            Assert.Equal(tables, text[first..last]);
        }
    }

    /// <summary>The aim of prompts: linear layers get 60 % of what the card multiplies; on Hopper of what 16-bit products are, and of 8-bit ones what the second cache lets them.</summary>
    [Fact]
    public void Linear_layers_of_prompts_get_most_of_a_cards_products()
        => Assert.All(from card in Card.All from isDynamic in (bool[])[true, false] select (card.Name, card.IsHopper, isDynamic, new CostModel(card, isDynamic).Prompts(4096).Share), row => Assert.InRange(row.Item4, row.IsHopper && row.isDynamic ? 0.39 : 0.6, 1));

    static string Tables(Card[] cards)
    {
        var text = new StringBuilder("\n| card | activations | tokens | layers | of its products | bound by | rows | attention | bound by | tokens a second |\n|---|---|---|---|---|---|---|---|---|---|\n");
        foreach (Card card in cards)
        {
            foreach ((bool isDynamic, int tokens) in ((bool, int)[])[(true, 1024), (true, 4096), (true, 32768), (false, 4096)])
            {
                Prompt prompt = new CostModel(card, isDynamic).Prompts(tokens);
                text.Append(CultureInfo.InvariantCulture, $"| {card.Name} | {(isDynamic ? "codes" : "float16")} | {tokens} | {Each(prompt.Linear.Seconds)} | {prompt.Share:0%} | {prompt.Linear.Binding} | {Each(prompt.Rows)} | ")
                    .Append(CultureInfo.InvariantCulture, $"{Each(prompt.Attention.Seconds)} | {prompt.Attention.Binding} | {Rounded(tokens / prompt.Seconds)} |\n");
                string Each(double seconds) => (seconds / tokens * 1e6).ToString("0.0", CultureInfo.InvariantCulture);
            }
        }

        text.Append("\n| card | streams | weights | bound by | cache | bound by | small kernels, launches | tokens a second |\n|---|---|---|---|---|---|---|---|\n");
        foreach (Card card in cards)
        {
            foreach ((int streams, int context) in card.IsHopper ? ((int, int)[])[(1, 128), (8, 1024), (32, 1024), (64, 1024), (256, 1024)] : [(1, 128), (8, 1024), (32, 1024), (64, 1024)])
            {
                var model = new CostModel(card, isDynamic: true);
                Add("", model.Steps(streams, context));
                if (card.IsHopper)
                {
                    Add(", overlapping by half", model.Overlapping(streams, context, room: 0.5));
                    Add(", overlapping", model.Overlapping(streams, context, room: 1));
                }

                void Add(string how, Step step) => text
                    .Append(CultureInfo.InvariantCulture, $"| {card.Name} | {streams} of {context} tokens{how} | {step.Weights.Seconds * 1e3:0.00} | {step.Weights.Binding} | {step.Attention.Seconds * 1e3:0.00} | {step.Attention.Binding} | ")
                    .Append(CultureInfo.InvariantCulture, $"{step.Small * 1e3:0.00} | {Rounded(streams / step.Seconds)} |\n");
            }
        }

        return text.Append('\n').ToString();
    }

    // Two digits: no more is known.
    static string Rounded(double value)
    {
        double unit = Math.Pow(10, Math.Floor(Math.Log10(value)) - 1);
        return (Math.Round(value / unit) * unit).ToString("N0", CultureInfo.InvariantCulture);
    }
}
