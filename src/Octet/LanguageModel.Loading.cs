using System.Diagnostics;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Checkpoints;
using Octet.Generation;
using Octet.Models;
using Octet.Safetensors;

namespace Octet;

/// <summary>From a model's files to a model.</summary>
public sealed partial class LanguageModel
{
    /// <summary>Opens a model. Weights are mapped, not read: the first pass over them brings them into memory.</summary>
    /// <param name="model">
    /// A directory in Hugging Face layout: config.json and safetensors; tokenizer.json, generation_config.json and a chat template where
    /// there are any. Or a safetensors file, or an index, in such a directory. Or the id of a model that is in the cache (<c>org/name</c>, <c>org/name@revision</c>): the network is never used here.
    /// </param>
    /// <param name="options">How to open it.</param>
    /// <exception cref="ModelException">There is no such model, or none that can be run; the message says what is wrong and where.</exception>
    /// <exception cref="SafetensorsException">A weight file is missing, cut or damaged.</exception>
    public static LanguageModel Load(string model, LanguageModelOptions? options = null)
        => Load(ModelLocation.Find(model), options, InstructionSet.Choose(Environment.GetEnvironmentVariable(InstructionSet.Variable)));

    /// <summary>Opens a model, and downloads it first if it is named by an id and not in the cache (<see cref="ModelHub"/>).</summary>
    /// <param name="model">As in <see cref="Load(string, LanguageModelOptions?)"/>.</param>
    /// <param name="options">How to open it.</param>
    /// <param name="progress">Is told how far the download is.</param>
    /// <param name="cancellationToken">Ends the download; what is finished of it stays for the next one.</param>
    /// <exception cref="ModelHubException">The model cannot be downloaded.</exception>
    /// <exception cref="ModelException">There is no such model, or none that can be run; the message says what is wrong and where.</exception>
    /// <exception cref="SafetensorsException">A weight file is missing, cut or damaged.</exception>
    public static async Task<LanguageModel> LoadAsync(
        string model, LanguageModelOptions? options = null, IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        string path = await ModelLocation.PullAsync(model, progress, cancellationToken).ConfigureAwait(false);
        if (options?.DraftModel is { Length: > 0 } draft)
        {
            options = options with { DraftModel = await ModelLocation.PullAsync(draft, progress, cancellationToken).ConfigureAwait(false) };
        }

        return await Task.Run(() => Load(path, options), cancellationToken).ConfigureAwait(false);
    }

    /// <param name="path">As in <see cref="Load(string, LanguageModelOptions?)"/>.</param>
    /// <param name="options">How to open it.</param>
    /// <param name="kernels">The CPU's instruction set.</param>
    /// <param name="memory">Counts what the CPU's backend allocates; null: the machine's.</param>
    /// <param name="kinds">The devices that there are beside the CPU; null: those that are registered.</param>
    internal static LanguageModel Load(string path, LanguageModelOptions? options, CpuKernels kernels, MemoryLedger? memory = null, IReadOnlyList<DeviceKind>? kinds = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new LanguageModelOptions();
        options.Validate();
        LanguageModel model = Load(path, options, new Machine(kernels, memory, kinds));
        try
        {
            model.CheckDraft();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    static LanguageModel Load(string path, LanguageModelOptions options, Machine machine)
    {
        long started = Stopwatch.GetTimestamp();
        (path, string weightFiles) = ModelLocation.Parts(path);
        ModelConfig config = ModelConfig.Load(path);
        GenerationConfig generation = GenerationConfig.Load(path, config);

        // ProcessorCount keeps to the affinity mask (taskset, a container's cpuset) and to the cgroup's quota, rounded up.
        Backend Cpu() => new CpuBackend(machine.Kernels, options.Threads ?? Environment.ProcessorCount, options.Activation, machine.Memory);
        LanguageModel Open(Backend backend, string? notice) => LanguageModel.Open(path, weightFiles, config, generation, options, machine, backend, notice, started);
        return ComputeDevices.Open(options.Device, options.Activation, Cpu, Open, machine.Kinds, config.Decoder!.Needs(config.Architectures[0]));
    }

    /// <summary>Takes the backend over.</summary>
    static LanguageModel Open(
        string path, string weightFiles, ModelConfig config, GenerationConfig generation, LanguageModelOptions options, Machine machine, Backend backend, string? notice, long started)
    {
        int chunk = Math.Min(options.PrefillChunk ?? Math.Max(config.Decoder!.PrefillChunk, backend.BusyTokens), config.MaxPositionEmbeddings);
        SafetensorsCheckpoint? checkpoint = null;
        IDisposable? weightBytes = null;
        DecoderModel? model = null;
        StateCache? cache = null;
        LanguageModel? draft = null;
        try
        {
            checkpoint = SafetensorsCheckpoint.Open(weightFiles);
            if (!config.Decoder!.HasExperts)
            {
                MemoryAdvice.ReadHugePages(checkpoint);
            }

            var weights = new WeightLedger(checkpoint, config.QuantizationConfig);
            using (config.Decoder.HasExperts ? MemoryAdvice.ReadSinglePages(checkpoint) : null)
            {
                model = new DecoderModel(config, weights, backend, chunk, options.LmHead);
            }

            // Not while it was loaded: a touch would have read two million bytes. What is to be dropped again and read again comes in as little as it is wanted.
            if (config.Decoder.HasExperts && checkpoint.TotalBytes <= backend.Memory.Room)
            {
                MemoryAdvice.ReadHugePages(checkpoint);
                foreach (TensorView table in model.ReadByRows)
                {
                    MemoryAdvice.ReadSmallPages(table);
                }
            }

            weightBytes = backend.Memory.AddWeights(System.IO.Path.GetFullPath(path), backend.Memory.Plan(checkpoint.TotalBytes, model.ExpertBytes));
            if (options.Activation == ActivationMode.Static)
            {
                weights.RequireInputScales();
            }

            draft = OpenDraft(options, machine, backend.Memory.Room);
            ContextBudget budget = ContextBudget.Plan(config, options, model.StateLayout(options.KvCache, chunk), backend.Memory, draft?.KvCacheBytes ?? 0);
            bool withinRoom = options.KvCacheBytes is null;
            cache = new StateCache(
                budget.Layout,
                [.. budget.Layout.Kinds.Select((kind, i) => backend.CreateKvCache(kind, budget.Pages[i], withinRoom))],
                budget.Layout.Recurrent is { } recurrent ? backend.CreateRecurrentCache(recurrent, budget.RecurrentPages, withinRoom) : null);
            var engine = new Engine(model, cache, backend, [weightBytes, checkpoint], config.VocabSize, budget.ContextLength, chunk);
            return new LanguageModel(path, config, generation, checkpoint, backend, engine, options, draft)
            {
                LoadDuration = Stopwatch.GetElapsedTime(started),
                Notices = [.. new[] { notice, NoGuesses(path, options, engine) }.OfType<string>(), .. weights.Notices],
            };
        }
        catch
        {
            cache?.Dispose();
            model?.Dispose();
            backend.Dispose();
            weightBytes?.Dispose();
            checkpoint?.Dispose();
            draft?.Dispose();
            throw;
        }
    }

    /// <summary>What a model is opened on.</summary>
    /// <param name="Kernels">The CPU's instruction set.</param>
    /// <param name="Memory">Counts what the CPU's backend allocates; null: the machine's.</param>
    /// <param name="Kinds">The devices that there are beside the CPU; null: those that are registered.</param>
    sealed record Machine(CpuKernels Kernels, MemoryLedger? Memory, IReadOnlyList<DeviceKind>? Kinds);
}
