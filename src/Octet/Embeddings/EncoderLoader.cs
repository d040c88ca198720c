using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Checkpoints;
using Octet.Checkpoints.Families;
using Octet.Generation;
using Octet.Models;
using Octet.Safetensors;

namespace Octet.Embeddings;

/// <summary>Opens a model's directory as what makes vectors or scores of texts: an encoder, or a decoder that is used as one.</summary>
static class EncoderLoader
{
    /// <summary>What an opened model is, beside the encoder.</summary>
    /// <param name="Encoder">Computes. Owns the files.</param>
    /// <param name="Spec">Of an encoder; null: it is a decoder.</param>
    /// <param name="Architecture">Its class in config.json.</param>
    /// <param name="Bytes">Of all tensors.</param>
    /// <param name="Notices">What was decided where files leave a choice.</param>
    internal sealed record Opened(TextEncoder Encoder, EncoderSpec? Spec, string Architecture, long Bytes, IReadOnlyList<string> Notices);

    /// <summary>What the config of a directory describes, by whoever can run it; both null: neither an encoder nor a decoder.</summary>
    /// <param name="directory">The model's.</param>
    /// <param name="headless">Whether a decoder without an output layer is one too.</param>
    internal static (EncoderSpec? Encoder, ModelConfig? Decoder, string Architecture) Read(string directory, bool headless)
    {
        string path = Path.Combine(directory, ModelConfig.FileName);
        if (!File.Exists(path))
        {
            // Says what is missing.
            _ = ModelConfig.Load(directory);
        }

        ConfigObject json = ConfigObject.Load(path);
        string[] named = json.TryStrings("architectures") ?? throw json.Missing("architectures", $"a list with one of: {Supported(headless)}");
        if (EncoderFamily.TryRead(json) is { } spec)
        {
            return (spec with { Quantization = spec.Quantization ?? QuantizationConfig.FindModelOpt(directory) }, null, named[0]);
        }

        return named.Any(name => ModelConfig.SupportedArchitectures.Contains(name) || (headless && Family.Headless.ContainsKey(name)))
            ? (null, ModelConfig.Load(directory, headless), named[0])
            : throw json.Unsupported("architectures", Supported(headless));
    }

    /// <summary>Whether a model makes vectors or scores of texts and no answers: an encoder, or a decoder without an output layer.</summary>
    internal static bool IsEncoder(string directory) => Read(directory, headless: true).Encoder is not null || IsHeadless(directory);

    /// <summary>Whether a decoder's config names a class without an output layer, or sentence-transformers' files are beside one that stores none.</summary>
    internal static bool IsHeadless(string directory)
        => (ConfigObject.Load(Path.Combine(directory, ModelConfig.FileName)).TryStrings("architectures") ?? []).Any(Family.Headless.ContainsKey)
            || File.Exists(Path.Combine(directory, SentenceModules.FileName));

    /// <param name="path">A directory, or its file of weights.</param>
    /// <param name="options">How.</param>
    /// <param name="kernels">The instruction set.</param>
    /// <param name="maxTokens">The longest text by the model's other files.</param>
    /// <param name="scores">
    /// Null: hidden states are wanted. Otherwise scores: an encoder's classifier makes them, or they are a decoder's logits of the tokens that this gives.
    /// </param>
    /// <param name="memory">Counts what is allocated; null: the machine's.</param>
    internal static Opened Open(string path, EncoderOptions options, CpuKernels kernels, int? maxTokens, Func<IReadOnlyList<int>>? scores, MemoryLedger? memory)
    {
        (string directory, string weightFiles) = ModelLocation.Parts(path);
        (EncoderSpec? spec, ModelConfig? config, string architecture) = Read(directory, headless: scores is null);
        if (spec is not null && scores is not null && spec.Classifier is null)
        {
            throw new ModelException(ModelError.Unsupported, $"{directory} is an encoder without a classifier ({architecture}), which makes vectors and no scores: open it as an {nameof(EmbeddingModel)}, or a model of a class ...ForSequenceClassification", directory);
        }

        int most = Math.Min(spec?.MaxTokens ?? config!.LongestContext, options.MaxTokens is null ? maxTokens ?? int.MaxValue : int.MaxValue);
        if (options.MaxTokens > most)
        {
            throw new ModelException(ModelError.InvalidInput, $"texts of {options.MaxTokens} tokens are more than the model was made for: at most {most} (max_position_embeddings)");
        }

        most = options.MaxTokens ?? most;
        var plan = new Plan(directory, weightFiles, spec, config, architecture, most);
        Backend Cpu() => new CpuBackend(kernels, options.Threads ?? Environment.ProcessorCount, options.Activation, memory);
        ModelNeeds needs = spec is null ? config!.Decoder!.Needs(architecture) : new ModelNeeds(architecture, ModelParts.Encoder, []);
        return ComputeDevices.Open(options.Device, options.Activation, Cpu, (backend, notice) => Open(plan, options, scores, backend, notice), needs: needs);
    }

    /// <summary>Takes the backend over.</summary>
    static Opened Open(Plan plan, EncoderOptions options, Func<IReadOnlyList<int>>? scores, Backend backend, string? notice)
    {
        (string directory, string weightFiles, EncoderSpec? spec, ModelConfig? config, string architecture, int most) = plan;
        SafetensorsCheckpoint? checkpoint = null;
        IDisposable? weightBytes = null;
        IDisposable? model = null;
        StateCache? cache = null;
        try
        {
            checkpoint = SafetensorsCheckpoint.Open(weightFiles);
            var weights = new WeightLedger(checkpoint, spec is null ? config!.QuantizationConfig : spec.Quantization);
            int rows = options.BatchTokens ?? EncoderOptions.DefaultBatchTokens;
            Type owner = scores is null ? typeof(EmbeddingModel) : typeof(Reranker);
            TextEncoder encoder;
            IDisposable[] files;
            if (spec is not null)
            {
                spec = spec with { MaxTokens = most };
                var encoderModel = new EncoderModel(spec, weights, backend, Math.Max(rows, most), scores is not null);
                model = encoderModel;
                files = Files();
                encoder = new PackedEncoder(spec, encoderModel, backend, rows, files) { Owner = owner };
            }
            else
            {
                IReadOnlyList<int> answers = scores?.Invoke() ?? [];
                if (answers.Any(id => (uint)id >= (uint)config!.VocabSize))
                {
                    throw new ModelException(ModelError.Damaged, $"{directory}: the tokens {string.Join(" and ", answers)} answer for a score, and the model has {config!.VocabSize} (vocab_size): expected ids below that", directory);
                }

                var decoder = new DecoderModel(config!, weights, backend, rows, LmHead.AsStored, answers);
                model = decoder;
                files = Files();
                var budget = ContextBudget.Plan(config!, new LanguageModelOptions { ContextLength = options.MaxTokens }, decoder.StateLayout(options.KvCache, rows), backend.Memory);
                cache = new StateCache(
                    budget.Layout,
                    [.. budget.Layout.Kinds.Select((kind, i) => backend.CreateKvCache(kind, budget.Pages[i], withinRoom: true))],
                    budget.Layout.Recurrent is { } recurrent ? backend.CreateRecurrentCache(recurrent, budget.RecurrentPages, withinRoom: true) : null);
                encoder = new CachedEncoder(config!, decoder, cache, backend, rows, Math.Min(most, budget.ContextLength), files) { Owner = owner };
            }

            if (options.Activation == ActivationMode.Static)
            {
                weights.RequireInputScales();
            }

            return new Opened(encoder, spec, architecture, checkpoint.TotalBytes, notice is null ? weights.Notices : [notice, .. weights.Notices]);

            IDisposable[] Files()
            {
                weightBytes = backend.Memory.AddWeights(Path.GetFullPath(directory), checkpoint.TotalBytes);
                return [weightBytes, checkpoint];
            }
        }
        catch
        {
            cache?.Dispose();
            model?.Dispose();
            backend.Dispose();
            weightBytes?.Dispose();
            checkpoint?.Dispose();
            throw;
        }
    }

    /// <summary>What is opened, whatever computes it.</summary>
    sealed record Plan(string Directory, string WeightFiles, EncoderSpec? Spec, ModelConfig? Config, string Architecture, int MaxTokens);

    static string Supported(bool headless)
        => string.Join(", ", EncoderFamily.Architectures.Concat(headless ? Family.Headless.Keys : []).Concat(ModelConfig.SupportedArchitectures));
}
