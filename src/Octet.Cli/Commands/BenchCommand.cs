using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Cli.IO;
using Octet.Cli.Measurement;
using Octet.Cli.Options;

namespace Octet.Cli.Commands;

/// <summary><c>octet bench</c>: speed of prefill and decode, and how near decode comes to the memory's bandwidth. Needs no tokenizer.</summary>
sealed class BenchCommand : Command
{
    // Decode is measured behind a prompt, not on an empty cache.
    const int ShortPrompt = 8;

    readonly Argument<string?> _path = ModelPath.Argument();
    readonly Option<int[]?> _prefill = Number.List("--prefill", "Prompt lengths to read at once: pp128, ... [default: 128,512]", 1, "-p");
    readonly Option<int[]?> _decode = Number.List("--decode", "Numbers of tokens to generate one at a time: tg64, ... [default: 64]", 1, "-n");
    readonly Option<int?> _repeat = Number.Integer("--repeat", "Measurements of each, after one that warms up [default: 3]", 1, 1000, "-r");
    readonly Option<bool> _json = new("--json") { Description = $"One JSON object. The bandwidth is measured in the same run: {MemoryBandwidth.Method}" };
    readonly ModelOptions _model;

    internal BenchCommand()
        : base("bench", "Speed of prefill (pp) and decode (tg), load time, memory, and the share of the memory bandwidth that decode reaches")
    {
        Arguments.Add(_path);
        Options.Add(_prefill);
        Options.Add(_decode);
        Options.Add(_repeat);
        _model = new ModelOptions(this);
        Options.Add(_json);
        SetAction((parsed, cancellation) => Task.FromResult(Run(parsed, cancellation)));
    }

    int Run(ParseResult parsed, CancellationToken cancellation)
    {
        using LanguageModel model = _model.Open(parsed, parsed.GetValue(_path));
        int[] prefill = Number.Given(parsed, _prefill) ?? [.. ((int[])[128, 512]).Where(length => length <= model.ContextLength)];
        int[] decode = Number.Given(parsed, _decode) ?? [64];
        int repeat = parsed.GetValue(_repeat) ?? 3;
        foreach (int length in prefill.Concat(decode.Select(count => ShortPrompt + count)))
        {
            if (length > model.ContextLength)
            {
                throw new CommandException($"{length} tokens do not fit into a context of {model.ContextLength}: choose a smaller -p or -n");
            }
        }

        List<(string Name, Spread Speed)> results = [];
        int[] ids = RandomIds(Math.Max(prefill.DefaultIfEmpty().Max(), ShortPrompt + decode.Max()), model.Config.VocabSize);
        foreach (int length in prefill)
        {
            results.Add(($"pp{length}", Measure(repeat, () => Prefill(model, ids.AsSpan(0, length), cancellation))));
        }

        foreach (int count in decode)
        {
            results.Add(($"tg{count}", Measure(repeat, () => Decode(model, ids, count, cancellation))));
        }

        // The bandwidth's buffer is not the model's memory.
        long peak = PeakMemory.Bytes();
        int threads = _model.Threads(parsed);
        double bandwidth = MemoryBandwidth.Measure(threads, cancellation);
        double fraction = results[^1].Speed.Median * model.BytesPerToken / bandwidth;
        if (parsed.GetValue(_json))
        {
            JsonOutput.WriteLine(new JsonObject
            {
                ["model"] = model.Path,
                ["device"] = model.Device,
                ["results"] = new JsonArray([.. results.Select(result => new JsonObject { ["name"] = result.Name, ["tokens_per_second"] = result.Speed.ToJson() })]),
                ["load_seconds"] = model.LoadDuration.TotalSeconds,
                ["peak_rss_bytes"] = peak,
                ["checkpoint_bytes"] = model.CheckpointBytes,
                ["bytes_per_token"] = model.BytesPerToken,
                ["kv_cache_bytes_per_token"] = model.KvCacheBytesPerToken,
                ["bandwidth_bytes_per_second"] = bandwidth,
                ["bandwidth_fraction"] = fraction,
            });
            return 0;
        }

        Print(model, results, peak, bandwidth, threads, fraction);
        return 0;
    }

    static void Print(LanguageModel model, List<(string Name, Spread Speed)> results, long peak, double bandwidth, int threads, double fraction)
    {
        var table = new ReportTable("test", "median tokens/s", "min", "max");
        foreach ((string name, Spread speed) in results)
        {
            table.Add(name, Rate(speed.Median), Rate(speed.Min), Rate(speed.Max));
        }

        table.Write();
        Standard.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            device            {model.Device}
            load              {model.LoadDuration.TotalSeconds:0.000} s
            peak memory       {ByteCount.Text(peak)} (checkpoint {ByteCount.Text(model.CheckpointBytes)})
            read per token    {ByteCount.Text(model.BytesPerToken)}
            memory bandwidth  {bandwidth / 1e9:0.0} GB/s with {threads} threads
            decode reaches    {100 * fraction:0.0} % of it{(fraction > 1 ? " (the weights stay in the caches)" : "")}
            """));
    }

    static Spread Measure(int repeat, Func<double> run)
    {
        run();
        double[] speeds = new double[repeat];
        for (int i = 0; i < repeat; i++)
        {
            speeds[i] = run();
        }

        return Spread.Of(speeds);
    }

    static double Prefill(LanguageModel model, ReadOnlySpan<int> ids, CancellationToken cancellation)
    {
        using InferenceSession session = model.CreateSession();
        float[] logits = new float[session.VocabularySize];
        long started = Stopwatch.GetTimestamp();
        session.Evaluate(ids, logits, cancellation);
        return ids.Length / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    static double Decode(LanguageModel model, int[] ids, int count, CancellationToken cancellation)
    {
        using InferenceSession session = model.CreateSession();
        float[] logits = new float[session.VocabularySize];
        session.Evaluate(ids.AsSpan(0, ShortPrompt), logits, cancellation);
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            session.Evaluate(ids.AsSpan(ShortPrompt + i, 1), logits, cancellation);
        }

        return count / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    static int[] RandomIds(int count, int vocabulary)
    {
        var random = new Random(1);
        int[] ids = new int[count];
        for (int i = 0; i < count; i++)
        {
            ids[i] = random.Next(vocabulary);
        }

        return ids;
    }

    static string Rate(double tokensPerSecond) => tokensPerSecond.ToString("0.0", CultureInfo.InvariantCulture);
}
