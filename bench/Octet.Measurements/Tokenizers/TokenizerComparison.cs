using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Tokenizers;

namespace Octet.Measurements.Tokenizers;

/// <summary>
/// Octet beside Hugging Face's Rust library (npm <c>@anush008/tokenizers</c>) on the same documents, on one thread each, in turns; the ids
/// must be equal. Then Octet's batches on all cores beside one thread.
/// </summary>
static class TokenizerComparison
{
    const int Bytes = 10_000_000;

    static readonly (string Name, string Path)[] s_contenders =
    [
        ("Qwen3", "qwen3/tokenizer.json"), ("Llama 3.1", "tokenizers/llama-3.1/tokenizer.json"), ("Gemma 3", "tokenizers/gemma-3/tokenizer.json.gz"),
        ("BERT", "tokenizers/bert-uncased/tokenizer.json"), ("gpt-oss", "tokenizers/gpt-oss/tokenizer.json.gz"), ("DeepSeek-V3", "tokenizers/deepseek-v3/tokenizer.json"),
        ("T5", "tokenizers/t5/tokenizer.json"),
    ];

    /// <param name="arguments">The folder with the fixtures, the folder whose node_modules has the library, and rounds.</param>
    /// <param name="cancellation">Ends it.</param>
    internal static void Run(string[] arguments, CancellationToken cancellation)
    {
        if (arguments.Length < 2)
        {
            throw new MeasurementException("expected the folder with the tokenizers (../shared/fixtures) and the folder where npm install --ignore-scripts @anush008/tokenizers was run");
        }

        int rounds = arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 3;
        string[] only = arguments.Length > 3 ? arguments[3].Split(',') : [];
        string work = Directory.CreateTempSubdirectory("octet-measurements-").FullName;
        try
        {
            List<string> documents = MixedText.Documents(Bytes);
            string path = Path.Combine(work, "documents");
            File.WriteAllText(path, string.Join('\0', documents) + '\0');
            double megabytes = documents.Sum(static text => Encoding.UTF8.GetByteCount(text)) / 1e6;
            JsonArray results = [];
            foreach ((string name, string file) in s_contenders.Where(contender => only.Length == 0 || only.Contains(contender.Name)))
            {
                results.Add(Measure(name, Unpacked(Path.Combine(arguments[0], file), work), arguments[1], path, documents, megabytes, rounds, cancellation));
            }

            if (only.Length == 0)
            {
                Repository.Write(Path.Combine(Repository.Results, "tokenizers.json"), new JsonObject { ["megabytes"] = Math.Round(megabytes, 2), ["results"] = results }
                    .ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
                MarkedTable.Replace(Path.Combine(Repository.Root, "docs", "text.md"), "speed", Table(results));
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    static JsonObject Measure(
        string name, string json, string peer, string path, List<string> documents, double megabytes, int rounds, CancellationToken cancellation)
    {
        Tokenizer tokenizer = Tokenizer.Load(json);
        List<double> ours = [];
        List<double> theirs = [];
        List<double> one = [];
        List<double> all = [];
        int[] ids = new int[1 << 20];
        foreach (string text in documents.Take(50))
        {
            tokenizer.TryEncode(text, ids, out _);
        }

        for (int round = 0; round < rounds; round++)
        {
            (long tokens, int hash) = (0, 0);
            double start = ThreadTime.Seconds;
            double spent = 0;
            foreach (string text in documents)
            {
                tokenizer.TryEncode(text, ids, out int written);
                double paused = ThreadTime.Seconds;
                foreach (int id in ids.AsSpan(0, written))
                {
                    hash = unchecked((hash * 31) + id);
                }

                tokens += written;
                spent += ThreadTime.Seconds - paused;
            }

            ours.Add(megabytes / (ThreadTime.Seconds - start - spent));
            string line = ChildProcess.Run("node", [Path.Combine(Repository.Root, "bench", "peers", "tokenizers.cjs"), peer, json, path], new Dictionary<string, string> { ["UV_THREADPOOL_SIZE"] = "1" }, cancellation);
            JsonNode other = JsonNode.Parse(line)!;
            theirs.Add(megabytes / (double)other["processor_seconds"]!);
            if ((long)other["tokens"]! != tokens || (int)other["hash"]! != hash)
            {
                throw new MeasurementException($"{name}: {tokens} tokens, the library has {other["tokens"]}: the ids differ");
            }

            one.Add(megabytes / Wall(() => documents.ForEach(text => tokenizer.CountTokens(text))));
            all.Add(megabytes / Wall(() => tokenizer.EncodeBatch(documents)));
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {ours[^1]:0.0} MB/s, library {theirs[^1]:0.0} MB/s; as time passes: one thread {one[^1]:0.0}, batch {all[^1]:0.0}; {tokens} tokens"));
        }

        return new JsonObject
        {
            ["name"] = name,
            ["megabytes_per_processor_second"] = Math.Round(Median(ours), 2),
            ["library_megabytes_per_processor_second"] = Math.Round(Median(theirs), 2),
            ["megabytes_per_second_one_thread"] = Math.Round(Median(one), 2),
            ["megabytes_per_second_batch"] = Math.Round(Median(all), 2),
            ["processors"] = Environment.ProcessorCount,
        };
    }

    static string Table(JsonArray results)
    {
        var table = new StringBuilder(string.Create(CultureInfo.InvariantCulture,
            $"{Repository.Processor}, one thread, MB of UTF-8 for each second of processor time; batches on {Environment.ProcessorCount} cores, MB for each second that passes.\n\n| tokenizer | Octet | Rust library | ratio | one thread | `EncodeBatch` |\n|---|---|---|---|---|---|\n"));
        foreach (JsonNode? result in results)
        {
            double ours = (double)result!["megabytes_per_processor_second"]!;
            double theirs = (double)result["library_megabytes_per_processor_second"]!;
            table.Append(CultureInfo.InvariantCulture, $"| {(string)result["name"]!} | {ours:0.0} | {theirs:0.0} | {ours / theirs:0.0} x | {(double)result["megabytes_per_second_one_thread"]!:0.0} | {(double)result["megabytes_per_second_batch"]!:0.0} |\n");
        }

        return table.ToString();
    }

    static double Wall(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    static string Unpacked(string path, string work)
    {
        if (!path.EndsWith(".gz", StringComparison.Ordinal))
        {
            return path;
        }

        string json = Path.Combine(work, Path.GetFileName(Path.GetDirectoryName(path)) + ".json");
        using GZipStream stream = new(File.OpenRead(path), CompressionMode.Decompress);
        using FileStream file = File.Create(json);
        stream.CopyTo(file);
        return json;
    }

    static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
