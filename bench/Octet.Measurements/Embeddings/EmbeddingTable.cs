using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Octet.Cli.Plots;

namespace Octet.Measurements.Embeddings;

/// <summary>
/// What each scheme costs an embedding model: it is quantised by <c>octet quantize</c>, its vectors are made by <c>octet embed</c> of texts with reference
/// vectors and of graded pairs.
/// </summary>
static class EmbeddingTable
{
    static readonly (string Name, string Line, string[] Options)[] s_schemes =
    [
        ("BF16", "BF16", []),
        ("E4M3, a scale for each row", "E4M3, rows", ["--scheme", "channel"]),
        ("E4M3, blocks of 128 x 128", "E4M3, blocks", ["--scheme", "block"]),
        ("MXFP8", "MXFP8", ["--scheme", "mxfp8"]),
    ];

    // A logarithm has no place for vectors that are the same to the last of the reference's digits.
    const double LeastError = 1e-7;

    internal static void Write(string model, string fixtures, CancellationToken cancellation)
    {
        string work = Directory.CreateTempSubdirectory("octet-measurements-").FullName;
        try
        {
            JsonObject[] texts = Lines(Path.Combine(fixtures, "embeddings.jsonl"));
            JsonObject[] pairs = Lines(Path.Combine(fixtures, "pairs.jsonl"));
            double[][] reference = [.. texts.Select(text => text["embedding"]!.AsArray().Select(value => (double)value!).ToArray())];
            double[] grades = [.. pairs.Select(pair => (double)pair["grade"]!)];
            double[] referenceCosines = [.. pairs.Select(pair => (double)pair["cosine"]!)];
            double before = RankCorrelation(referenceCosines, grades);
            var progress = new Progress(s_schemes.Length + 1);
            var table = new StringBuilder("| weights | bytes of the layers | cosine to ONNX Runtime, mean | least | Spearman with the grades | change | Spearman of pairs with the reference | largest difference of a pair |\n|---|---|---|---|---|---|---|---|\n");
            List<Series> lines = [];
            foreach ((string name, string line, string[]? options) in (IEnumerable<(string, string, string[]?)>)[("F32, the original", "", null), .. s_schemes.Select(scheme => (scheme.Name, scheme.Line, (string[]?)scheme.Options))])
            {
                progress.Next(name);
                string made = options is null ? model : Make(model, work, options, cancellation);
                double[] cosines = [.. Embed(made, work, texts.Select(text => new JsonObject { ["text"] = text["text"]!.DeepClone() }), cancellation).Zip(reference, Cosine)];
                float[][] both = Embed(made, work, pairs.SelectMany(pair => (JsonObject[])[new() { ["text"] = pair["a"]!.DeepClone() }, new() { ["text"] = pair["b"]!.DeepClone() }]), cancellation);
                double[] pairCosines = [.. both.Chunk(2).Select(pair => Cosine(pair[0], [.. pair[1].Select(value => (double)value)]))];
                double graded = RankCorrelation(pairCosines, grades);
                table.Append($"| {name} | {LayerBytes(made, cancellation):#,##0} | {cosines.Average():0.000000} | {cosines.Min():0.000000} | {graded:0.0000} | {graded - before:+0.0000;-0.0000;0} | {RankCorrelation(pairCosines, referenceCosines):0.00000} | {pairCosines.Zip(referenceCosines, (a, b) => Math.Abs(a - b)).Max():0.00000} |\n");
                if (options is not null)
                {
                    double[] errors = [.. cosines.Select(cosine => Math.Max(LeastError, 1 - cosine)).Order()];
                    lines.Add(new Series(line, SeriesKind.Calculated, [.. errors.Select((error, i) => (100.0 * (i + 0.5) / errors.Length, error))]));
                }
            }

            MarkedTable.Replace(Path.Combine(Repository.Root, "docs", "embeddings.md"), "schemes", table.ToString());
            double[] all = [.. lines.SelectMany(series => series.Points).Select(point => point.Y)];
            double low = Math.Pow(10, Math.Floor(Math.Log10(all.Min()))), high = Math.Pow(10, Math.Ceiling(Math.Log10(all.Max())));
            var chart = new LineChart(
                "What quantisation costs a vector", $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(model))}, 1 - cosine to ONNX Runtime in float32, {texts.Length} texts",
                Axis.Through("texts with at most this error, in per cent", [0, 20, 40, 60, 80, 100], false),
                Axis.Through("1 - cosine", [.. Powers(low, high)], true), lines);
            Repository.Write(Path.Combine(Repository.Root, "docs", "plots", "embedding-schemes.svg"), chart.ToSvg());
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    static IEnumerable<double> Powers(double low, double high)
    {
        for (double power = low; power < high * 1.5; power *= 10)
        {
            yield return power;
        }
    }

    static string Make(string model, string work, string[] options, CancellationToken cancellation)
    {
        string made = Path.Combine(work, options.Length == 0 ? "bf16" : options[^1]);
        if (options.Length == 0)
        {
            WideCopy.Write(model, made);
            return made;
        }

        OctetTool.Run(["quantize", model, made, .. options], cancellation);
        return made;
    }

    static float[][] Embed(string model, string work, IEnumerable<JsonObject> lines, CancellationToken cancellation)
    {
        string input = Path.Combine(work, "texts.jsonl"), output = Path.Combine(work, "vectors.npy");
        File.WriteAllLines(input, lines.Select(line => line.ToJsonString()));
        OctetTool.Run(["embed", model, "--file", input, "--out", output], cancellation);
        byte[] bytes = File.ReadAllBytes(output);
        int header = 10 + (bytes[8] | (bytes[9] << 8));
        string shape = Encoding.ASCII.GetString(bytes, 10, header - 10);
        int columns = int.Parse(shape[(shape.LastIndexOf(',', shape.IndexOf(')', StringComparison.Ordinal)) + 1)..shape.IndexOf(')', StringComparison.Ordinal)]);
        return [.. MemoryMarshal.Cast<byte, float>(bytes.AsSpan(header)).ToArray().Chunk(columns)];
    }

    /// <summary>Bytes of the matrices of the layers with their scales.</summary>
    static long LayerBytes(string model, CancellationToken cancellation)
        => OctetTool.Json(["inspect", model], cancellation)["tensors"]!.AsArray()
            .Where(tensor => ((string)tensor!["name"]!).Contains("encoder.layer.", StringComparison.Ordinal) && ((string)tensor["name"]!).Contains(".weight", StringComparison.Ordinal) && tensor["shape"]!.AsArray().Count > 0 && !((string)tensor["name"]!).Contains("LayerNorm", StringComparison.Ordinal))
            .Sum(tensor => (long)tensor!["bytes"]!);

    static JsonObject[] Lines(string path) => [.. File.ReadLines(path).Select(line => JsonNode.Parse(line)!.AsObject())];

    static double Cosine(float[] a, double[] b)
        => a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => (double)x * x) * b.Sum(y => y * y));

    /// <summary>Spearman's: Pearson's of ranks, of which equal values share the mean.</summary>
    static double RankCorrelation(double[] a, double[] b)
    {
        double[] left = Ranks(a), right = Ranks(b);
        double mean = (a.Length - 1) / 2.0;
        return left.Zip(right, (x, y) => (x - mean) * (y - mean)).Sum() / Math.Sqrt(left.Sum(x => (x - mean) * (x - mean)) * right.Sum(y => (y - mean) * (y - mean)));
    }

    static double[] Ranks(double[] values) => [.. values.Select(value => values.Count(other => other < value) + ((values.Count(other => other == value) - 1) / 2.0))];
}
