using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Cli.IO;
using Octet.Cli.Options;
using Octet.Numerics;
using Octet.Quantization;

namespace Octet.Cli.Commands;

/// <summary><c>octet quantize</c>: a checkpoint into one of another scheme.</summary>
sealed class QuantizeCommand : Command
{
    static readonly Dictionary<string, QuantizationScheme> s_schemes = new()
    {
        ["block"] = QuantizationScheme.Block,
        ["channel"] = QuantizationScheme.Channel,
        ["tensor"] = QuantizationScheme.Tensor,
        ["mxfp8"] = QuantizationScheme.Mxfp8,
        ["mxfp4"] = QuantizationScheme.Mxfp4,
        ["nvfp4"] = QuantizationScheme.Nvfp4,
        ["bf16"] = QuantizationScheme.BFloat16,
    };

    static readonly Dictionary<string, DataType> s_scaleTypes = new()
    {
        ["f32"] = DataType.Float32,
        ["bf16"] = DataType.BFloat16,
        ["f16"] = DataType.Float16,
        ["e8m0"] = DataType.Float8E8M0FNU,
    };

    readonly Argument<string> _source = new("SRC") { Description = "A model directory, a safetensors file, or an id in the Hugging Face cache" };
    readonly Argument<string> _destination = new("DST") { Description = "The directory (for a file: the file) to be made; must not be there yet" };
    readonly Option<string?> _scheme = Choice.Create("--scheme", "FP8 by blocks of 128 x 128, by row or with one scale; MXFP8, MXFP4, NVFP4; or back to bf16 [default: block]", [.. s_schemes.Keys]);
    readonly Option<string?> _scaleType = Choice.Create("--scale-dtype", "The type of the scales of block, channel and tensor; e8m0 for block only [default: f32]", [.. s_scaleTypes.Keys]);
    readonly Option<bool> _powers = new("--power-of-two") { Description = "Scales are powers of two (for block: scale_fmt ue8m0, as DeepSeek-V3.1)" };
    readonly Option<bool> _search = new("--search") { Description = "Search each scale for the least squared error, instead of taking the largest magnitude's" };
    readonly Option<(int Rows, int Columns)?> _block = BlockSize.Option();
    readonly Option<string[]> _exclude = new("--exclude") { Description = "Modules to leave as they are, * for any characters; may be repeated", HelpName = "NAME", Arity = ArgumentArity.OneOrMore };
    readonly Option<bool> _lmHead = new("--lm-head") { Description = "Quantise the output layer too; one tied to the embedding gets a weight of its own" };
    readonly Option<string?> _cache = new("--kv-cache") { Description = "Add scales for a key/value cache in E4M3, found by running SRC on this UTF-8 text", HelpName = "FILE" };
    readonly Option<string?> _scalesFrom = new("--scales-from") { Description = "Scheme, layers and scales of this quantised checkpoint of the same model", HelpName = "MODEL" };
    readonly Option<long?> _shardSize = ByteSize.Option("--shard-size", "The most bytes in a file, such as 5GB or 512MiB [default: 5GB]");
    readonly Option<int?> _threads = Number.Integer("--threads", "Threads that compute [default: one for each processor]", 1, 1024);
    readonly Option<bool> _json = new("--json") { Description = "One JSON object: what was written, and for each layer its signal-to-noise ratio" };

    internal QuantizeCommand()
        : base("quantize", "Quantise a checkpoint to FP8, MXFP8, MXFP4 or NVFP4, from one scheme to another, or back to bfloat16")
    {
        Arguments.Add(_source);
        Arguments.Add(_destination);
        foreach (Option option in (Option[])[_scheme, _scaleType, _powers, _search, _block, _exclude, _lmHead, _cache, _scalesFrom, _shardSize, _threads, _json])
        {
            Options.Add(option);
        }

        SetAction((parsed, cancellationToken) => Task.FromResult(Run(parsed, cancellationToken)));
    }

    int Run(ParseResult parsed, CancellationToken cancellationToken)
    {
        QuantizationScheme scheme = s_schemes[parsed.GetValue(_scheme) ?? "block"];
        var options = new QuantizationOptions
        {
            Scheme = scheme,
            ScaleType = parsed.GetValue(_scaleType) is { } type ? s_scaleTypes[type] : null,
            PowerOfTwoScales = parsed.GetValue(_powers),
            Search = parsed.GetValue(_search),
            SourceBlocks = parsed.GetValue(_block),
            Exclude = parsed.GetValue(_exclude) ?? [],
            LmHead = parsed.GetValue(_lmHead),
            ScalesFrom = parsed.GetValue(_scalesFrom),
            CacheCalibrationText = parsed.GetValue(_cache) is { } text ? TextInput.Read(text) : null,
            MaxShardSize = parsed.GetValue(_shardSize) ?? new QuantizationOptions().MaxShardSize,
            Threads = parsed.GetValue(_threads),
        };
        RequireConsistent(parsed, options);
        options = options with { ScalesFrom = options.ScalesFrom is { } given ? Locate(given) : null };
        string source = Locate(parsed.GetValue(_source)!);
        string destination = parsed.GetValue(_destination)!;
        long started = Stopwatch.GetTimestamp();
        QuantizationReport report = QuantizationBar.Run(progress => CheckpointQuantizer.Run(source, destination, options with { Progress = progress }, cancellationToken));
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        if (parsed.GetValue(_json))
        {
            JsonOutput.WriteLine(Json(report, took));
        }
        else
        {
            Write(report, took);
        }

        return 0;
    }

    void RequireConsistent(ParseResult parsed, QuantizationOptions options)
    {
        bool free = options.Scheme is QuantizationScheme.Block or QuantizationScheme.Channel or QuantizationScheme.Tensor;
        if (options.ScalesFrom is not null && ((Option[])[_scheme, _scaleType, _powers, _search, _exclude, _lmHead]).FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } other)
        {
            throw new UsageException($"--scales-from with {other.Name}: scheme, layers and scales are those of the other checkpoint; leave {other.Name} out");
        }

        if (options.Exclude.Any(string.IsNullOrEmpty))
        {
            throw new UsageException("--exclude is empty: expected a module's name, * for any characters");
        }

        if (!free && (options.ScaleType is not null || options.PowerOfTwoScales))
        {
            throw new UsageException($"{(options.ScaleType is null ? _powers.Name : _scaleType.Name)} with --scheme {parsed.GetValue(_scheme)}: its scales have a type of their own; leave it out");
        }

        if (options.ScaleType == DataType.Float8E8M0FNU && options.Scheme != QuantizationScheme.Block)
        {
            throw new UsageException($"--scale-dtype e8m0 with --scheme {parsed.GetValue(_scheme)}: expected f32, bf16 or f16");
        }

        if (options.Scheme == QuantizationScheme.BFloat16 && (options.Search || options.LmHead || options.CacheCalibrationText is not null || options.Exclude.Count > 0))
        {
            throw new UsageException("--search, --lm-head, --kv-cache and --exclude choose what is quantised; --scheme bf16 quantises nothing: leave them out");
        }
    }

    static string Locate(string path) => File.Exists(path) ? path : ModelPath.Resolve(path);

    static JsonObject Json(QuantizationReport report, TimeSpan took) => new()
    {
        ["seconds"] = JsonOutput.Number(took.TotalSeconds),
        ["source_bytes"] = report.SourceBytes,
        ["destination_bytes"] = report.DestinationBytes,
        ["copied_tensors"] = report.CopiedTensors,
        ["signal_to_noise_db"] = JsonOutput.Number(report.SignalToNoise),
        ["files"] = new JsonArray([.. report.Files.Select(file => (JsonNode)file)]),
        ["notes"] = new JsonArray([.. report.Notes.Select(note => (JsonNode)note)]),
        ["modules"] = new JsonArray([.. report.Modules.Select(module => (JsonNode)new JsonObject
        {
            ["name"] = module.Name,
            ["shape"] = new JsonArray(module.Rows, module.Columns),
            ["signal_to_noise_db"] = JsonOutput.Number(module.SignalToNoise),
        })]),
    };

    static void Write(QuantizationReport report, TimeSpan took)
    {
        foreach (string note in report.Notes)
        {
            Standard.Error.WriteLine($"octet: note: {note}");
        }

        var fields = new ReportFields();
        fields.Write("layers", string.Create(CultureInfo.InvariantCulture, $"{report.Modules.Count} encoded, {report.CopiedTensors} tensors copied"));
        List<QuantizedModule> lossy = [.. report.Modules.Where(module => double.IsFinite(module.SignalToNoise)).OrderBy(module => module.SignalToNoise)];
        if (lossy.Count > 0)
        {
            fields.Write("noise", string.Create(CultureInfo.InvariantCulture,
                $"signal to noise of the weights: {report.SignalToNoise:0.0} dB; median layer {lossy[lossy.Count / 2].SignalToNoise:0.0} dB, least {lossy[0].SignalToNoise:0.0} dB in {Visible.Text(lossy[0].Name)}"));
        }

        fields.Write("size", $"{ByteCount.Text(report.SourceBytes)} to {ByteCount.Text(report.DestinationBytes)}");
        fields.Write("took", string.Create(CultureInfo.InvariantCulture, $"{took.TotalSeconds:0.0} s, {report.SourceBytes / 1e6 / took.TotalSeconds:0} MB/s of the source, written and read back"));
    }
}
