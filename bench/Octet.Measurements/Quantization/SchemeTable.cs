using System.Text;
using System.Text.Json.Nodes;

namespace Octet.Measurements.Quantization;

/// <summary>
/// What each scheme costs octet-tiny: its original quantised by <c>octet quantize</c>, judged by <c>octet compare</c> over the held-back
/// conversations; then the types of the key/value cache and the activation modes, judged alike.
/// </summary>
static class SchemeTable
{
    static readonly (string Name, string[] Options)[] s_schemes =
    [
        ("E4M3, blocks of 128 x 128, F32 scales", ["--scheme", "block"]),
        ("the same, searched", ["--scheme", "block", "--search"]),
        ("the same, scales powers of two", ["--scheme", "block", "--power-of-two"]),
        ("the same, powers of two, searched", ["--scheme", "block", "--power-of-two", "--search"]),
        ("E4M3, blocks, BF16 scales", ["--scheme", "block", "--scale-dtype", "bf16"]),
        ("E4M3, a scale for each row", ["--scheme", "channel"]),
        ("the same, searched", ["--scheme", "channel", "--search"]),
        ("E4M3, one scale", ["--scheme", "tensor"]),
        ("the same, searched", ["--scheme", "tensor", "--search"]),
        ("MXFP8", ["--scheme", "mxfp8"]),
        ("the same, searched", ["--scheme", "mxfp8", "--search"]),
        ("MXFP4", ["--scheme", "mxfp4"]),
        ("the same, searched", ["--scheme", "mxfp4", "--search"]),
        ("NVFP4", ["--scheme", "nvfp4"]),
        ("the same, searched", ["--scheme", "nvfp4", "--search"]),
    ];

    // Of the published model; with "calibrated" of the same weights with scales of the cache.
    static readonly (string Name, string[] Options, bool Calibrated)[] s_settings =
    [
        ("cache BF16", ["--b-kv-cache", "bf16"], false),
        ("cache E4M3 without scales, `--kv-cache fp8_e4m3`", ["--b-kv-cache", "fp8_e4m3"], false),
        ("cache E4M3, scales of `octet quantize --kv-cache`", ["--b-kv-cache", "fp8_e4m3"], true),
        ("cache E5M2, `--kv-cache fp8_e5m2`", ["--b-kv-cache", "fp8_e5m2"], false),
        ("activations quantised, `--activation dynamic`", ["--b-activation", "dynamic"], false),
        ("output layer in E4M3, `--lm-head fp8`", ["--b-lm-head", "fp8"], false),
    ];

    internal static void Write(CancellationToken cancellation)
    {
        string original = Path.Combine(Repository.Root, "models", "octet-tiny-bf16");
        string published = Path.Combine(Repository.Root, "models", "octet-tiny");
        string work = Directory.CreateTempSubdirectory("octet-measurements-").FullName;
        try
        {
            string text = Path.Combine(work, "heldout.jsonl");
            HeldOutText.Write(published, text, cancellation);
            var progress = new Progress(s_schemes.Length + s_settings.Length + 1);
            progress.Next("the original");
            JsonObject itself = Compare(original, original, text, [], cancellation);
            var table = new StringBuilder("| scheme | weights, bytes | bits a weight | perplexity | change | KL, mean | KL, 99 % | same top token | weights | after the last layer |\n|---|---|---|---|---|---|---|---|---|---|\n");
            long wide = LinearBytes(original, cancellation);
            Row(table, "BF16, the original", (wide, 16, "exact"), itself);
            foreach ((string name, string[] options) in s_schemes)
            {
                progress.Next($"{string.Join(' ', options)}");
                string quantised = Path.Combine(work, string.Concat(options));
                JsonObject report = OctetTool.Json(["quantize", original, quantised, .. options], cancellation);
                long bytes = LinearBytes(quantised, cancellation);
                Row(table, name, (bytes, 16.0 * bytes / wide, Decibels(report["signal_to_noise_db"])), Compare(original, quantised, text, [], cancellation));
            }

            table.Append("\nThe published octet-tiny (E4M3 in blocks, BF16 scales), against itself with everything in float32:\n\n");
            table.Append("| setting | perplexity | change | KL, mean | KL, 99 % | same top token | after the last layer |\n|---|---|---|---|---|---|---|\n");
            string calibration = Path.Combine(work, "calibration.txt");
            string calibrated = Path.Combine(work, "calibrated");
            CalibrationText.Write(published, calibration, cancellation);
            OctetTool.Run(["quantize", original, calibrated, "--scheme", "block", "--scale-dtype", "bf16", "--kv-cache", calibration], cancellation);
            foreach ((string name, string[] options, bool isCalibrated) in s_settings)
            {
                progress.Next($"{string.Join(' ', options)}");
                Row(table, name, null, Compare(published, isCalibrated ? calibrated : published, text, options, cancellation));
            }

            MarkedTable.Replace(Path.Combine(Repository.Root, "docs", "quantization.md"), "schemes", table.ToString());
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    static JsonObject Compare(string a, string b, string text, string[] options, CancellationToken cancellation)
        => OctetTool.Json(["compare", a, b, "--prompts", text, .. options], cancellation);

    /// <summary>Bytes of the linear layers with their scales.</summary>
    static long LinearBytes(string model, CancellationToken cancellation)
        => OctetTool.Json(["inspect", model], cancellation)["tensors"]!.AsArray()
            .Where(tensor => ((string)tensor!["name"]!).Contains("_proj.", StringComparison.Ordinal))
            .Sum(tensor => (long)tensor!["bytes"]!);

    static void Row(StringBuilder table, string name, (long Bytes, double Bits, string Weights)? size, JsonObject result)
    {
        double reference = (double)result["perplexity"]!["a"]!, perplexity = (double)result["perplexity"]!["b"]!;
        JsonArray layers = result["snr_db"]!.AsArray();
        table.Append($"| {name} ");
        if (size is var (bytes, bits, _))
        {
            table.Append($"| {bytes:#,##0} | {bits:0.00} ");
        }

        table.Append($"| {perplexity:0.0000} | {(perplexity / reference) - 1:+0.00 %;-0.00 %;0} | {(double)result["kl"]!["mean"]!:0.00000} ± {(double)result["kl"]!["standard_error"]!:0.00000} | {(double)result["kl"]!["p99"]!:0.0000} ");
        table.Append($"| {(double)result["top1_agreement"]!:0.00 %} |{(size is var (_, _, weights) ? $" {weights} |" : "")} {Decibels(layers[^1])} |\n");
    }

    static string Decibels(JsonNode? value) => value is null ? "exact" : $"{(double)value:0.00} dB";
}
