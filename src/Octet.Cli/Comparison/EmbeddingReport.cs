using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Cli.IO;

namespace Octet.Cli.Comparison;

/// <summary>What <c>octet compare</c> prints of two models that make vectors: for programs, and for people.</summary>
static class EmbeddingReport
{
    internal static JsonObject Json(EmbeddingComparisonResult result, string a, string b) => new()
    {
        ["a"] = a,
        ["b"] = b,
        ["texts"] = result.Texts,
        ["cosine"] = new JsonObject { ["mean"] = JsonOutput.Number(result.CosineMean), ["min"] = JsonOutput.Number(result.CosineMin), ["text"] = result.CosineMinText },
        ["rank_correlation"] = JsonOutput.Number(result.RankCorrelation),
        ["pair_difference_max"] = JsonOutput.Number(result.PairDifferenceMax),
        ["nearest_agreement"] = JsonOutput.Number(result.NearestAgreement),
        ["neighbours_in_common"] = JsonOutput.Number(result.NeighboursInCommon),
    };

    internal static void Write(EmbeddingComparisonResult result, string a, string b)
    {
        ReportFields fields = new();
        fields.Write("A", a);
        fields.Write("B", b);
        Standard.Output.WriteLine();
        var measures = new ReportTable("measure", "value");
        measures.Add("texts", Text($"{result.Texts}"));
        measures.Add("cosine of a text's vectors in A and B, mean", Text($"{result.CosineMean:0.000000}"));
        measures.Add("cosine of a text's vectors in A and B, smallest", Text($"{result.CosineMin:0.000000} (text {result.CosineMinText})"));
        measures.Add("rank correlation of all pairs' cosines (Spearman)", Text($"{result.RankCorrelation:0.000000}"));
        measures.Add("cosine of a pair, largest difference", Text($"{result.PairDifferenceMax:0.000000}"));
        measures.Add("same nearest text", Text($"{100 * result.NearestAgreement:0.00} %"));
        measures.Add("ten nearest texts in common", Text($"{100 * result.NeighboursInCommon:0.00} %"));
        measures.Write();
    }

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
