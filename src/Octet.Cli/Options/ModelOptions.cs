using System.CommandLine;
using Octet.Cli.IO;

namespace Octet.Cli.Options;

/// <summary>How a model is opened: the options that every command with a model shares.</summary>
sealed class ModelOptions
{
    readonly Option<string?> _device = DeviceOption.Create();
    readonly Option<int?> _threads = Number.Integer("--threads", "Threads that compute [default: one for each processor]", 1, 1024);
    readonly Option<int?> _context = Number.Integer("--context", "Tokens that prompt and answer may have together [default: what the model was made for, or less where memory does not hold it]", 1);
    readonly Option<int?> _chunk = Number.Integer("--chunk", "Prompt tokens computed together [default: 256, of mixtures up to 512, on a card 1024, on Hopper 2048]", 1, 4096);
    readonly Option<long?> _cacheMemory = ByteSize.Option("--kv-cache-memory", "The most memory that keys and values take, e.g. 4GiB [default: what the machine has beside the weights, as far as it can be used]");
    readonly Option<string?> _activation = Choice.Create(
        "--activation", "How the inputs of FP8 layers are held: in float32, or quantised to FP8 as GPUs do, with scales computed or the checkpoint's own [default: weight-only]", "weight-only", "dynamic", "static");
    readonly Option<string?> _lmHead = Choice.Create(
        "--lm-head", "The output layer: as the file has it, or as a copy in FP8 that halves what a token reads of it [default: as-stored]", "as-stored", "fp8");
    readonly Option<string?> _kvCache;
    readonly KvCacheType _kvCacheDefault;
    readonly Dictionary<Option<string?>, Option<string?>> _second = [];

    internal ModelOptions(Command command, KvCacheType kvCacheDefault = KvCacheType.BFloat16)
    {
        _kvCacheDefault = kvCacheDefault;
        _kvCache = Choice.Create("--kv-cache", $"The type of the key/value cache, fp8 being fp8_e4m3 [default: {(kvCacheDefault == KvCacheType.BFloat16 ? "bf16" : "f32")}]", "bf16", "f32", "fp8_e4m3", "fp8_e5m2", "fp8");
        foreach (Option option in (Option[])[_device, _threads, _context, _chunk, _activation, _lmHead, _kvCache, _cacheMemory])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Adds <c>--b-...</c> options for what a second model may have otherwise than the first.</summary>
    internal void AddSecond(Command command)
    {
        foreach (Option<string?> option in (Option<string?>[])[_activation, _lmHead, _kvCache])
        {
            Option<string?> second = Choice.Create($"--b-{option.Name[2..]}", $"{option.Name} of B alone", option.HelpName!.Split('|'));
            _second.Add(option, second);
            command.Options.Add(second);
        }
    }

    /// <summary>The number of threads that a model opened with these options computes with.</summary>
    internal int Threads(ParseResult parsed) => parsed.GetValue(_threads) ?? Environment.ProcessorCount;

    /// <param name="parsed">The command line.</param>
    /// <param name="model">A directory, an id or null.</param>
    /// <param name="second">Whether it is the second model of two.</param>
    /// <param name="template">Another chat template than the model's own.</param>
    internal LanguageModel Open(ParseResult parsed, string? model, bool second = false, string? template = null)
        => Open(model, Read(parsed, second, template));

    /// <summary>Opens a model, and tells what its files left open.</summary>
    internal static LanguageModel Open(string? model, LanguageModelOptions options)
    {
        LanguageModel opened = LanguageModel.Load(ModelPath.Resolve(model), options);
        EncoderOptionSet.Tell(opened.Notices);
        return opened;
    }

    /// <summary>What the command line says of how a model is opened.</summary>
    /// <inheritdoc cref="Open"/>
    internal LanguageModelOptions Read(ParseResult parsed, bool second = false, string? template = null)
    {
        string? Word(Option<string?> option) => (second ? parsed.GetValue(_second[option]) : null) ?? parsed.GetValue(option);
        var options = new LanguageModelOptions
        {
            Device = parsed.GetValue(_device) ?? "cpu",
            Threads = parsed.GetValue(_threads),
            ChatTemplate = template,
            ContextLength = parsed.GetValue(_context),
            KvCacheBytes = parsed.GetValue(_cacheMemory),
            Activation = Word(_activation) switch
            {
                "dynamic" => ActivationMode.Dynamic,
                "static" => ActivationMode.Static,
                _ => ActivationMode.WeightOnly,
            },
            LmHead = Word(_lmHead) is "fp8" ? LmHead.Float8 : LmHead.AsStored,
            KvCache = Word(_kvCache) switch
            {
                "bf16" => KvCacheType.BFloat16,
                "f32" => KvCacheType.Float32,
                "fp8_e4m3" or "fp8" => KvCacheType.Float8E4M3,
                "fp8_e5m2" => KvCacheType.Float8E5M2,
                _ => _kvCacheDefault,
            },
        };
        if (parsed.GetValue(_chunk) is { } chunk)
        {
            options = options with { PrefillChunk = chunk };
        }

        return options;
    }

    /// <summary>A model that makes vectors, with those of the options that it has.</summary>
    internal EmbeddingModel OpenEmbedding(ParseResult parsed, string? model, bool second = false)
    {
        EmbeddingModel opened = EmbeddingModel.Load(ModelPath.Resolve(model), ReadEncoder(parsed, second));
        EncoderOptionSet.Tell(opened.Notices);
        return opened;
    }

    /// <summary>What the command line says of how a model of vectors or scores is opened.</summary>
    internal EncoderOptions ReadEncoder(ParseResult parsed, bool second = false) => new()
    {
        Device = parsed.GetValue(_device) ?? "cpu",
        Threads = parsed.GetValue(_threads),
        MaxTokens = parsed.GetValue(_context),
        BatchTokens = parsed.GetValue(_chunk),
        Activation = ((second ? parsed.GetValue(_second[_activation]) : null) ?? parsed.GetValue(_activation)) switch
        {
            "dynamic" => ActivationMode.Dynamic,
            "static" => ActivationMode.Static,
            _ => ActivationMode.WeightOnly,
        },
    };
}
