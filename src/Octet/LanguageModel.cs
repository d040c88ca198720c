using Octet.Backends;
using Octet.Checkpoints;
using Octet.Generation;
using Octet.Models;
using Octet.Safetensors;
using Octet.Scheduling;
using Octet.Tokenizers;
using Octet.Tokenizers.ChatTemplates;

namespace Octet;

/// <summary>
/// A language model opened from its published files (Hugging Face layout), with FP8 weights kept in 8 bits. Safe to use from several
/// threads: their generations are computed together. It may be disposed of while others use it: what they do then ends with an
/// <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed partial class LanguageModel : IDisposable
{
    readonly SafetensorsCheckpoint _checkpoint;
    readonly Backend _backend;
    readonly Engine _engine;
    readonly Scheduler _scheduler;
    readonly Lazy<Tokenizer?> _tokenizer;
    readonly Lazy<ChatTemplate?> _template;
    readonly Lazy<TemplateTraits?> _traits;
    readonly Lazy<OutputFormat> _outputFormat;
    readonly Lazy<int[]> _endTokenIds;

    LanguageModel(string path, ModelConfig config, GenerationConfig generation, SafetensorsCheckpoint checkpoint, Backend backend, Engine engine, LanguageModelOptions options, LanguageModel? draft)
    {
        Path = path;
        Config = config;
        GenerationConfig = generation;
        _checkpoint = checkpoint;
        _backend = backend;
        _engine = engine;
        Draft = draft;
        Speculation = options.Speculation;
        _scheduler = new Scheduler(
            engine, new SchedulerLimits(options.MaxSequences, options.MaxWaiting, options.StepLimit, options.PrefixCache, options.Deterministic, options.Speculation), draft?._engine);
        _tokenizer = new(() => LoadTokenizer(path));
        _template = new(() => ChatTemplate.Load(path, template: options.ChatTemplate));
        _traits = new(() => ChatTemplate is { } loaded ? new TemplateTraits(loaded) : null);
        _outputFormat = new(FindOutputFormat);
        _endTokenIds = new(FindEndTokens);
    }

    /// <summary>The model's directory.</summary>
    public string Path { get; }

    /// <summary>The model's <c>config.json</c>.</summary>
    public ModelConfig Config { get; }

    /// <summary>The model's defaults for generation.</summary>
    public GenerationConfig GenerationConfig { get; }

    /// <summary>Tokens that prompt and answer may have together.</summary>
    public int ContextLength => _engine.ContextLength;

    /// <summary>Bytes of weights and scales that one decoded token reads; of a mixture of experts, those of its own experts.</summary>
    public long BytesPerToken => _engine.BytesPerToken;

    /// <summary>The same of a step that decodes a token of each of so many sequences; of a mixture, where their experts are chosen by chance.</summary>
    internal double BytesPerStep(int sequences) => _engine.BytesPerStep(sequences);

    /// <summary>Counts from the first call on how often each expert is chosen: for each layer, null for one that has none.</summary>
    internal IReadOnlyList<long[]?> CountExperts() => _engine.CountExperts();

    /// <summary>Weights of the linear layers that a token is multiplied with: neither the embedding nor the output layer.</summary>
    public long LinearWeights => _engine.LinearWeights;

    /// <summary>Sessions that one <see cref="Evaluate"/> takes: <see cref="LanguageModelOptions.PrefillChunk"/>.</summary>
    public int BatchCapacity => _engine.BatchCapacity;

    /// <summary>Bytes of keys and values that one token of context occupies, in layers with a window as long as that is not full.</summary>
    public long KvCacheBytesPerToken => _engine.CacheBytesPerToken;

    /// <inheritdoc cref="Engine.BeforeStep"/>
    internal Action<int>? BeforeStep
    {
        get => _engine.BeforeStep;
        set => _engine.BeforeStep = value;
    }

    /// <inheritdoc cref="Models.DecoderModel.AttentionNames"/>
    internal IReadOnlyList<string> AttentionNames => _engine.AttentionNames;

    /// <inheritdoc cref="Models.DecoderModel.Window"/>
    internal int? Window => _engine.Window;

    /// <summary>Bytes of keys, values and other state that a token reads behind so many others.</summary>
    internal double CacheBytesRead(double tokens) => _engine.CacheBytesRead(tokens);

    /// <summary>The most memory that keys and values of all sessions may take together; pages are made when they are needed.</summary>
    public long KvCacheBytes => _engine.CacheBytes;

    /// <summary>Bytes of all tensors of the checkpoint.</summary>
    public long CheckpointBytes => _checkpoint.TotalBytes;

    /// <summary>What was decided where the model's files contradict each other and leave a choice, or where <see cref="LanguageModelOptions.Device"/> does: a sentence each, empty for most models.</summary>
    public IReadOnlyList<string> Notices { get; private init; } = [];

    /// <summary>What computes, e.g. <c>cpu avx2, 8 threads</c>.</summary>
    public string Device => _backend.Description;

    /// <summary>Whether and how several tokens of a generation are tried in one step.</summary>
    internal Speculation Speculation { get; }

    /// <summary>How long <see cref="Load(string, LanguageModelOptions?)"/> took.</summary>
    public TimeSpan LoadDuration { get; private init; }

    /// <summary>What the engine under all generations does and has done.</summary>
    public EngineStatistics Statistics => _scheduler.Statistics;

    /// <summary>Takes no more generations, and ends when those that there are have ended. Sessions go on as before.</summary>
    /// <param name="cancellationToken">Ends the wait; new generations are refused all the same.</param>
    public Task DrainAsync(CancellationToken cancellationToken = default) => _scheduler.Drain().WaitAsync(cancellationToken);

    /// <summary>A new empty sequence. Dispose it, or the garbage collector gives its memory back some time after it was forgotten.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed of.</exception>
    public InferenceSession CreateSession() => new(_engine);

    /// <summary>
    /// Appends one token to each of several sessions and computes them in one step, which reads the weights once for all of them. The
    /// sessions may have different lengths; meanwhile they refuse other operations.
    /// </summary>
    /// <param name="sessions">Different sessions of this model, at least one and at most <see cref="BatchCapacity"/>.</param>
    /// <param name="ids">One token id for each session.</param>
    /// <param name="logits">Receives each session's logits for the token after, [sessions, <c>vocab_size</c>]; empty where they are not wanted.</param>
    /// <param name="cancellationToken">Looked at between layers; then no session has changed.</param>
    /// <exception cref="ArgumentException">A session is of another model or given twice, there are none or too many, or a span has the wrong length.</exception>
    /// <exception cref="ModelException">An id is out of range, or a context or the cache is full; then no session has changed.</exception>
    /// <exception cref="InvalidOperationException">Another operation on a session has not ended.</exception>
    /// <exception cref="ObjectDisposedException">The model or a session is disposed of.</exception>
    public void Evaluate(ReadOnlySpan<InferenceSession> sessions, ReadOnlySpan<int> ids, Span<float> logits, CancellationToken cancellationToken = default)
    {
        if (sessions.Length < 1 || sessions.Length > BatchCapacity)
        {
            throw new ArgumentException($"{sessions.Length} sessions in one step: expected 1 to {BatchCapacity} ({nameof(LanguageModelOptions.PrefillChunk)})", nameof(sessions));
        }

        if (ids.Length != sessions.Length)
        {
            throw new ArgumentException($"{ids.Length} token ids for {sessions.Length} sessions: expected one for each", nameof(ids));
        }

        if (!logits.IsEmpty && logits.Length != (long)sessions.Length * Config.VocabSize)
        {
            throw new ArgumentException($"room for {logits.Length} logits: expected {sessions.Length} x {Config.VocabSize}, or none", nameof(logits));
        }

        for (int i = 0; i < sessions.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(sessions[i], nameof(sessions));
            if (!sessions[i].IsOf(_engine))
            {
                throw new ArgumentException($"session {i} is of another model: expected one made by this model's {nameof(CreateSession)}", nameof(sessions));
            }

            for (int j = 0; j < i; j++)
            {
                if (ReferenceEquals(sessions[i], sessions[j]))
                {
                    throw new ArgumentException($"sessions {j} and {i} are the same: expected each once", nameof(sessions));
                }
            }
        }

        int begun = 0;
        try
        {
            for (; begun < sessions.Length; begun++)
            {
                sessions[begun].Begin();
            }

            _engine.Evaluate(sessions, ids, logits, cancellationToken);
        }
        finally
        {
            while (begun > 0)
            {
                sessions[--begun].End();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _engine.Dispose();
        Draft?.Dispose();
    }
}
