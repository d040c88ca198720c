using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Checkpoints;
using Octet.Generation;
using Octet.Models;
using Octet.Safetensors;
using Octet.Tokenizers;
using Octet.Tokenizers.ChatTemplates;

namespace Octet;

/// <summary>
/// A language model opened from its published files (Hugging Face layout), with FP8 weights kept in 8 bits. Safe to use from several
/// threads: their generations take turns at the model. Dispose it when no generation is running.
/// </summary>
public sealed class LanguageModel : IDisposable
{
    readonly SafetensorsCheckpoint _checkpoint;
    readonly Backend _backend;
    readonly Engine _engine;
    readonly Lazy<Tokenizer?> _tokenizer;
    readonly Lazy<ChatTemplate?> _template;

    LanguageModel(string path, ModelConfig config, GenerationConfig generation, SafetensorsCheckpoint checkpoint, Backend backend, Engine engine)
    {
        Path = path;
        Config = config;
        GenerationConfig = generation;
        _checkpoint = checkpoint;
        _backend = backend;
        _engine = engine;
        _tokenizer = new(() => LoadTokenizer(path));
        _template = new(() => ChatTemplate.Load(path));
    }

    /// <summary>The model's directory.</summary>
    public string Path { get; }

    /// <summary>The model's <c>config.json</c>.</summary>
    public ModelConfig Config { get; }

    /// <summary>The model's defaults for generation.</summary>
    public GenerationConfig GenerationConfig { get; }

    /// <summary>The model's <c>tokenizer.json</c>, read when first asked for; null where the directory has none.</summary>
    /// <exception cref="TokenizerException">The file is broken or not supported.</exception>
    public Tokenizer? Tokenizer => _tokenizer.Value;

    /// <summary>The model's chat template, read when first asked for; null where the directory has none.</summary>
    /// <exception cref="ChatTemplateException">The template is broken.</exception>
    public ChatTemplate? ChatTemplate => _template.Value;

    /// <summary>Tokens that prompt and answer may have together.</summary>
    public int ContextLength => _engine.ContextLength;

    /// <summary>Bytes of weights and scales that one decoded token reads.</summary>
    public long BytesPerToken => _engine.BytesPerToken;

    /// <summary>Weights of the linear layers that every token is multiplied with: neither the embedding nor the output layer.</summary>
    public long LinearWeights => _engine.LinearWeights;

    /// <summary>Sessions that one <see cref="Evaluate"/> takes: <see cref="LanguageModelOptions.PrefillChunk"/>.</summary>
    public int BatchCapacity => _engine.BatchCapacity;

    /// <summary>Bytes of keys and values that one token of context occupies.</summary>
    public long KvCacheBytesPerToken => _engine.CacheBytesPerToken;

    /// <summary>Bytes of all tensors of the checkpoint.</summary>
    public long CheckpointBytes => _checkpoint.TotalBytes;

    /// <summary>What computes, e.g. <c>cpu avx2, 8 threads</c>.</summary>
    public string Device => _backend.Description;

    /// <summary>How long <see cref="Load(string, LanguageModelOptions?)"/> took.</summary>
    public TimeSpan LoadDuration { get; private init; }

    /// <summary>Opens a model. Weights are mapped, not read: the first pass over them brings them into memory.</summary>
    /// <param name="model">
    /// A directory in Hugging Face layout: config.json and safetensors; tokenizer.json, generation_config.json and a chat template where
    /// there are any. Or the id of a model that is in the cache (<c>org/name</c>, <c>org/name@revision</c>): the network is never used here.
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
        return await Task.Run(() => Load(path, options), cancellationToken).ConfigureAwait(false);
    }

    internal static LanguageModel Load(string path, LanguageModelOptions? options, CpuKernels kernels)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new LanguageModelOptions();
        options.Validate();
        long started = Stopwatch.GetTimestamp();
        ModelConfig config = ModelConfig.Load(path);
        GenerationConfig generation = GenerationConfig.Load(path, config);
        SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(path);
        Backend? backend = null;
        DecoderModel? model = null;
        try
        {
            // ProcessorCount keeps to the affinity mask (taskset, a container's cpuset) and to the cgroup's quota, rounded up.
            backend = new CpuBackend(kernels, options.Threads ?? Environment.ProcessorCount, options.Activation);
            var weights = new WeightLedger(checkpoint, config.QuantizationConfig);
            model = DecoderModel.Create(config, weights, backend, Math.Min(options.PrefillChunk, config.MaxPositionEmbeddings), options.LmHead);
            if (options.Activation == ActivationMode.Static)
            {
                weights.RequireInputScales();
            }

            ContextBudget budget = ContextBudget.Plan(config, options, model.KvCacheLayout(options.KvCache), checkpoint.TotalBytes);
            KvCache cache = backend.CreateKvCache(budget.Layout, budget.Pages);
            var engine = new Engine(model, cache, config.VocabSize, budget.ContextLength, Math.Min(options.PrefillChunk, config.MaxPositionEmbeddings));
            return new LanguageModel(path, config, generation, checkpoint, backend, engine) { LoadDuration = Stopwatch.GetElapsedTime(started) };
        }
        catch
        {
            model?.Dispose();
            backend?.Dispose();
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Answers one user message.</summary>
    /// <param name="prompt">The message; the model's chat template is put around it.</param>
    /// <param name="options">How to generate; null: as the model's producer recommends.</param>
    /// <param name="cancellationToken">Ends the stream with an <see cref="OperationCanceledException"/> before the next token.</param>
    /// <exception cref="ModelException">There is no tokenizer or no chat template, or the prompt does not fit into the context.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return GenerateAsync([new ChatTurn("user", prompt)], options, cancellationToken);
    }

    /// <summary>Answers a conversation.</summary>
    /// <param name="conversation">The messages so far, the newest last.</param>
    /// <param name="options">How to generate; null: as the model's producer recommends.</param>
    /// <param name="cancellationToken">Ends the stream with an <see cref="OperationCanceledException"/> before the next token.</param>
    /// <exception cref="ModelException">There is no tokenizer or no chat template, or the prompt does not fit into the context.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(IReadOnlyList<ChatTurn> conversation, GenerationOptions? options = null, CancellationToken cancellationToken = default)
        => GenerateAsync(Encode(Render(conversation), addSpecialTokens: false), null, options, cancellationToken);

    /// <summary>Continues token ids as they are.</summary>
    /// <param name="prompt">At least one id.</param>
    /// <param name="session">Where the sequence is computed: what it shares with <paramref name="prompt"/> from the start is not computed again. Null: a new one.</param>
    /// <param name="options">How to generate; null: as the model's producer recommends.</param>
    /// <param name="cancellationToken">Ends the stream with an <see cref="OperationCanceledException"/> before the next token.</param>
    /// <exception cref="ModelException">The prompt is empty or does not fit into the context.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(
        IReadOnlyList<int> prompt, InferenceSession? session = null, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (prompt.Count == 0)
        {
            throw new ModelException(ModelError.InvalidInput, "the prompt has no tokens: expected at least one");
        }

        if (prompt.Count >= ContextLength)
        {
            throw new ModelException(ModelError.InvalidInput, $"the prompt has {prompt.Count} tokens, and the context holds {ContextLength} for prompt and answer together: shorten the prompt or open the model with a longer context");
        }

        int tokenizerSize = Math.Min(Tokenizer?.VocabularySize ?? Config.VocabSize, Config.VocabSize);
        GenerationSettings settings = GenerationSettings.Resolve(options, GenerationConfig, tokenizerSize);
        return StreamAsync([.. prompt], session, settings, tokenizerSize, cancellationToken);
    }

    /// <summary>The text that the model's chat template makes of a conversation, ready for the model's answer.</summary>
    /// <exception cref="ModelException">There is no chat template.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    public string Render(IReadOnlyList<ChatTurn> conversation)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        ChatTemplate template = ChatTemplate ?? throw new ModelException(
            ModelError.Unsupported,
            $"{Path} has no chat template (chat_template.jinja, or chat_template in tokenizer_config.json): give the prompt as plain text", Path);
        var messages = new JsonArray();
        foreach (ChatTurn turn in conversation)
        {
            messages.Add((JsonNode)new JsonObject { ["role"] = turn.Role, ["content"] = turn.Content });
        }

        return template.Render(messages, tools: null, addGenerationPrompt: true);
    }

    /// <summary>The token ids of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">Whether the tokenizer's post-processor adds its own tokens; not to text that a chat template made, which has them.</param>
    /// <exception cref="ModelException">There is no tokenizer.</exception>
    public int[] Encode(string text, bool addSpecialTokens = true) => RequireTokenizer().Encode(text, addSpecialTokens);

    /// <summary>A new empty sequence.</summary>
    public InferenceSession CreateSession() => new(_engine);

    /// <summary>
    /// Appends one token to each of several sessions and computes them in one step, which reads the weights once for all of them. The
    /// sessions may have different lengths; meanwhile no other thread may use them.
    /// </summary>
    /// <param name="sessions">Different sessions of this model, at least one and at most <see cref="BatchCapacity"/>.</param>
    /// <param name="ids">One token id for each session.</param>
    /// <param name="logits">Receives each session's logits for the token after, [sessions, <c>vocab_size</c>]; empty where they are not wanted.</param>
    /// <exception cref="ArgumentException">A session is of another model or given twice, there are none or too many, or a span has the wrong length.</exception>
    /// <exception cref="ModelException">An id is out of range, or a context or the cache is full; then no session has changed.</exception>
    public void Evaluate(ReadOnlySpan<InferenceSession> sessions, ReadOnlySpan<int> ids, Span<float> logits)
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

        _engine.Evaluate(sessions, ids, logits);
        for (int i = 0; i < sessions.Length; i++)
        {
            sessions[i].Append(ids[i]);
        }
    }

    /// <summary>Sums -ln p over the tokens of a text, each predicted from those before it; a text longer than the context in windows, see <see cref="ScoreOptions"/>.</summary>
    /// <param name="ids">At least one id.</param>
    /// <param name="logits">Receives the logits after every token; null where they are not wanted.</param>
    /// <param name="cancellationToken">Looked at between groups of positions.</param>
    /// <exception cref="ModelException">An id is out of range.</exception>
    public ScoreResult Score(ReadOnlySpan<int> ids, LogitsCallback? logits = null, CancellationToken cancellationToken = default)
        => Score(ids, new ScoreOptions(), logits, cancellationToken);

    /// <summary>Sums -ln p over the tokens of a text, each predicted from those before it in its window.</summary>
    /// <param name="ids">At least one id.</param>
    /// <param name="options">The windows.</param>
    /// <param name="logits">Receives the logits after every token, once each and in order, from the window in which the next token counts; null where they are not wanted.</param>
    /// <param name="cancellationToken">Looked at between groups of positions.</param>
    /// <exception cref="ModelException">An id or a window's length is out of range.</exception>
    public ScoreResult Score(ReadOnlySpan<int> ids, ScoreOptions options, LogitsCallback? logits = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        int[] tokens = ids.ToArray();
        int predicted = 0;
        double sum = 0;
        using InferenceSession session = CreateSession();
        foreach (TextWindow window in options.Cut(tokens.Length, ContextLength))
        {
            session.Truncate(0);
            session.Evaluate(tokens.AsSpan(window.Begin, window.FirstRow - window.Begin), [], cancellationToken);
            session.Score(
                tokens.AsSpan(window.FirstRow, window.End - window.FirstRow),
                (position, row) =>
                {
                    position += window.Begin;
                    if (position >= window.EndRow)
                    {
                        return;
                    }

                    logits?.Invoke(position, row);
                    if (position + 1 < window.End)
                    {
                        sum -= LogProbability(row, tokens[position + 1]);
                        predicted++;
                    }
                },
                cancellationToken);
        }

        return new ScoreResult(predicted, sum);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _engine.Dispose();
        _backend.Dispose();
        _checkpoint.Dispose();
    }

    static double LogProbability(ReadOnlySpan<float> logits, int token)
    {
        double max = double.NegativeInfinity;
        foreach (float logit in logits)
        {
            max = Math.Max(max, logit);
        }

        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - max);
        }

        return logits[token] - max - Math.Log(sum);
    }

    static Tokenizer? LoadTokenizer(string directory)
    {
        string path = System.IO.Path.Combine(directory, "tokenizer.json");
        return File.Exists(path) ? Tokenizer.Load(path) : null;
    }

    Tokenizer RequireTokenizer() => Tokenizer ?? throw new ModelException(ModelError.Unsupported, $"{Path} has no tokenizer.json: text needs one (token ids do not)", Path);

    async IAsyncEnumerable<GenerationUpdate> StreamAsync(
        int[] prompt, InferenceSession? session, GenerationSettings settings, int tokenizerSize, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using InferenceSession? own = session is null ? CreateSession() : null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var channel = Channel.CreateBounded<GenerationUpdate>(new BoundedChannelOptions(64) { SingleReader = true, SingleWriter = true });
        var generation = new TextGeneration(session ?? own!, prompt, settings, Tokenizer, tokenizerSize);
        Task producer = Task.Factory.StartNew(
            () => Produce(generation, channel.Writer, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            await foreach (GenerationUpdate update in channel.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return update;
            }
        }
        finally
        {
            // Also when the caller walks away in the middle: the session must be at rest when this returns.
            await stop.CancelAsync().ConfigureAwait(false);
            await producer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    static void Produce(TextGeneration generation, ChannelWriter<GenerationUpdate> writer, CancellationToken stop)
    {
        try
        {
            generation.Run(
                update =>
                {
                    if (!writer.TryWrite(update))
                    {
                        writer.WriteAsync(update, stop).AsTask().GetAwaiter().GetResult();
                    }
                },
                stop);
            writer.Complete();
        }
        catch (Exception error)
        {
            writer.Complete(error);
        }
    }
}
