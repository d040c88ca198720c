using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Cli.IO;

namespace Octet.Cli.Comparison;

/// <summary>What <c>octet compare</c> prints: for programs, and for people.</summary>
static class ComparisonReport
{
    /// <summary>
    /// <c>kl</c> in nats; <c>top1_agreement</c> from 0 to 1; <c>probability_difference</c> |p - q| of A's most likely token; <c>snr_db</c>
    /// by layer, null for one without any difference, or null as a whole, and <c>layers_not_compared</c> says why.
    /// </summary>
    internal static JsonObject Json(ComparisonResult result, string a, string b)
    {
        LogitDifference largest = result.LargestLogitDifference;
        return new JsonObject
        {
            ["a"] = a,
            ["b"] = b,
            ["positions"] = result.Positions,
            ["tokens"] = result.Reference.Tokens,
            ["kl"] = new JsonObject
            {
                ["mean"] = result.DivergenceMean,
                ["standard_error"] = result.DivergenceError,
                ["median"] = result.DivergenceMedian,
                ["p99"] = result.Divergence99,
                ["max"] = result.DivergenceMax,
            },
            ["top1_agreement"] = result.Top1Agreement,
            ["probability_difference"] = new JsonObject { ["mean"] = result.ProbabilityDifferenceMean, ["max"] = result.ProbabilityDifferenceMax },
            ["logit_difference"] = new JsonObject
            {
                ["max"] = largest.Value,
                ["text"] = largest.Text,
                ["position"] = largest.Position,
                ["token"] = largest.Token,
                ["a"] = JsonOutput.Number(largest.Reference),
                ["b"] = JsonOutput.Number(largest.Other),
            },
            ["nll"] = new JsonObject { ["a"] = JsonOutput.Number(result.Reference.NegativeLogLikelihood), ["b"] = JsonOutput.Number(result.Other.NegativeLogLikelihood) },
            ["perplexity"] = new JsonObject { ["a"] = JsonOutput.Number(result.Reference.Perplexity), ["b"] = JsonOutput.Number(result.Other.Perplexity) },
            ["snr_db"] = result.LayerSignalToNoise is { } layers ? new JsonArray([.. layers.Select(JsonOutput.Number)]) : null,
            ["final_norm_snr_db"] = result.FinalNormSignalToNoise is { } norm ? JsonOutput.Number(norm) : null,
            ["layers_not_compared"] = result.LayersNotCompared,
        };
    }

    internal static void Write(ComparisonResult result, string a, string b)
    {
        LogitDifference largest = result.LargestLogitDifference;
        ReportFields fields = new();
        fields.Write("A", a);
        fields.Write("B", b);
        Standard.Output.WriteLine();
        var measures = new ReportTable("measure", "value");
        measures.Add("positions", Text($"{result.Positions}"));
        measures.Add("KL(A, B), mean", Text($"{result.DivergenceMean:G6} ± {result.DivergenceError:G2}"));
        measures.Add("KL(A, B), median", Text($"{result.DivergenceMedian:G6}"));
        measures.Add("KL(A, B), 99 %", Text($"{result.Divergence99:G6}"));
        measures.Add("KL(A, B), largest", Text($"{result.DivergenceMax:G6}"));
        measures.Add("same token most likely", Text($"{100 * result.Top1Agreement:0.00} %"));
        measures.Add("probability of A's most likely token, mean difference", Text($"{result.ProbabilityDifferenceMean:G6}"));
        measures.Add("probability of A's most likely token, largest", Text($"{result.ProbabilityDifferenceMax:G6}"));
        measures.Add("logits, largest difference", Text($"{largest.Value:G6} (text {largest.Text}, position {largest.Position}, token {largest.Token}: {largest.Reference:G6}, {largest.Other:G6})"));
        measures.Add("perplexity of A", Text($"{result.Reference.Perplexity:0.####}"));
        measures.Add("perplexity of B", Text($"{result.Other.Perplexity:0.####}"));
        measures.Write();
        Standard.Output.WriteLine();
        if (result.LayerSignalToNoise is not { } layers)
        {
            Standard.Output.WriteLine($"layers are not compared: {result.LayersNotCompared}");
            return;
        }

        var table = new ReportTable("after", "signal to noise");
        for (int i = 0; i < layers.Count; i++)
        {
            table.Add(Text($"layer {i + 1}"), Decibels(layers[i]));
        }

        table.Add("final norm", Decibels(result.FinalNormSignalToNoise!.Value));
        table.Write();
    }

    static string Decibels(double value) => double.IsPositiveInfinity(value) ? "no difference" : Text($"{value:0.00} dB");

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
