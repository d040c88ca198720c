using System.Diagnostics;
using System.Numerics.Tensors;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Embeddings;
using Octet.Safetensors;
using Octet.Tokenizers;

namespace Octet;

/// <summary>
/// A model that makes a vector of a text, opened from its published files (Hugging Face layout with those of sentence-transformers): an encoder such as
/// MiniLM, BGE or E5, or a decoder such as Qwen3-Embedding. Safe to use from several threads, which take turns at the model. It may be disposed of while
/// others use it: what they do then ends with an <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed class EmbeddingModel : IDisposable
{
    readonly TextEncoder _encoder;
    readonly SentenceModules _modules;
    readonly Pooling _pooling;
    readonly IReadOnlyList<DenseLayer> _dense;
    readonly Lazy<EncoderTokens> _tokens;
    readonly Lazy<Tokenizer?> _tokenizer;

    EmbeddingModel(string path, EncoderLoader.Opened opened, SentenceModules modules, Pooling pooling)
    {
        Path = path;
        Architecture = opened.Architecture;
        CheckpointBytes = opened.Bytes;
        Notices = opened.Notices;
        _encoder = opened.Encoder;
        _modules = modules;
        _pooling = pooling;
        Dimensions = _encoder.Width * pooling.Modes.Count;
        List<DenseLayer> dense = [];
        foreach (string folder in modules.Dense)
        {
            dense.Add(DenseLayer.Load(folder, Dimensions));
            Dimensions = dense[^1].Outputs;
        }

        _dense = dense;
        _tokenizer = new(() => Tokenizer.Exists(path) ? Tokenizer.Load(path) : null);
        _tokens = new(() => new EncoderTokens(
            _tokenizer.Value ?? throw new ModelException(ModelError.Unsupported, $"{path} has no tokenizer (tokenizer.json or another): text needs one (token ids do not)", path), MaxTokens, modules.LowersCase, modules.Messages, path));
    }

    /// <summary>The model's directory.</summary>
    public string Path { get; }

    /// <summary>Its class in <c>config.json</c>, such as <c>BertModel</c>.</summary>
    public string Architecture { get; }

    /// <summary>Elements of a vector, where no smaller number is asked for.</summary>
    public int Dimensions { get; }

    /// <summary>Tokens of a text, special ones included: what is behind them is cut off.</summary>
    public int MaxTokens => _encoder.MaxTokens;

    /// <summary>What the model was trained to have before a text, by name; empty for most models.</summary>
    public IReadOnlyDictionary<string, string> Prompts => _modules.Prompts;

    /// <summary>The prompt that is used where none is chosen; null: none.</summary>
    public string? DefaultPromptName => _modules.DefaultPrompt;

    /// <summary>Whether the model's files say that vectors have length 1.</summary>
    public bool Normalizes => _modules.Normalizes;

    /// <summary>The model's tokenizer, read when first asked for; null where there is none.</summary>
    /// <exception cref="TokenizerException">A file is broken or not supported.</exception>
    public Tokenizer? Tokenizer => _tokenizer.Value;

    /// <summary>Bytes of all tensors of the checkpoint.</summary>
    public long CheckpointBytes { get; }

    /// <summary>Weights of the linear layers that a token is multiplied with.</summary>
    public long LinearWeights => _encoder.LinearWeights;

    /// <summary>What was decided where the model's files leave a choice: a sentence each, empty for most models.</summary>
    public IReadOnlyList<string> Notices { get; }

    /// <summary>What computes, e.g. <c>cpu avx2, 8 threads</c>.</summary>
    public string Device => _encoder.Description;

    /// <summary>How long <see cref="Load(string, EncoderOptions?)"/> took.</summary>
    public TimeSpan LoadDuration { get; private init; }

    /// <summary>Opens a model. Weights are mapped, not read: the first texts bring them into memory.</summary>
    /// <param name="model">A directory in Hugging Face layout: config.json and safetensors; tokenizer.json, modules.json and what it names where they are there. Or the id of a model that is in the cache: the network is never used here.</param>
    /// <param name="options">How to open it.</param>
    /// <exception cref="ModelException">There is no such model, or none that can be run; the message says what is wrong and where.</exception>
    /// <exception cref="SafetensorsException">A weight file is missing, cut or damaged.</exception>
    public static EmbeddingModel Load(string model, EncoderOptions? options = null)
        => Load(ModelLocation.Find(model), options, InstructionSet.Choose(Environment.GetEnvironmentVariable(InstructionSet.Variable)));

    /// <summary>Opens a model, and downloads it first if it is named by an id and not in the cache (<see cref="ModelHub"/>).</summary>
    /// <param name="model">As in <see cref="Load(string, EncoderOptions?)"/>.</param>
    /// <param name="options">How to open it.</param>
    /// <param name="progress">Is told how far the download is.</param>
    /// <param name="cancellationToken">Ends the download; what is finished of it stays for the next one.</param>
    /// <exception cref="ModelHubException">The model cannot be downloaded.</exception>
    /// <exception cref="ModelException">There is no such model, or none that can be run; the message says what is wrong and where.</exception>
    /// <exception cref="SafetensorsException">A weight file is missing, cut or damaged.</exception>
    public static async Task<EmbeddingModel> LoadAsync(
        string model, EncoderOptions? options = null, IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        string path = await ModelLocation.PullAsync(model, progress, cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => Load(path, options), cancellationToken).ConfigureAwait(false);
    }

    internal static EmbeddingModel Load(string path, EncoderOptions? options, CpuKernels kernels, MemoryLedger? memory = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new EncoderOptions();
        options.Validate();
        long started = Stopwatch.GetTimestamp();
        string directory = ModelLocation.Parts(path).Directory;
        SentenceModules modules = SentenceModules.Load(directory);
        EncoderLoader.Opened opened = EncoderLoader.Open(path, options, kernels, modules.MaxTokens, null, memory);
        try
        {
            Pooling pooling = options.Pooling is { } mode ? new Pooling([mode], modules.Pooling?.IncludesPrompt ?? true)
                : modules.Pooling
                ?? (modules.IsStated ? throw NoPooling(directory, modules.Score is not null)
                    : opened.Spec is not null ? new Pooling([PoolingMode.Mean], true)
                    : throw new ModelException(
                        ModelError.Unsupported,
                        $"{directory} has no {SentenceModules.FileName} that says how the states of tokens become one vector, and a decoder's own files do not: add the files of sentence-transformers, or say how with {nameof(EncoderOptions.Pooling)}",
                        directory));
            return new EmbeddingModel(directory, opened, modules, pooling) { LoadDuration = Stopwatch.GetElapsedTime(started) };
        }
        catch
        {
            opened.Encoder.Dispose();
            throw;
        }
    }

    /// <summary>The vector of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="options">Prompt, size and length; null: as the model's files say.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    /// <exception cref="ModelException">There is no tokenizer, no such prompt or not so many dimensions, or the model computes numbers that are not finite.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed of.</exception>
    public float[] Embed(string text, EmbeddingOptions? options = null, CancellationToken cancellationToken = default) => Embed([text], options, null, cancellationToken)[0];

    /// <summary>The vectors of texts, in their order. As many as <see cref="EncoderOptions.BatchTokens"/> holds are computed together; lengths may differ, none is padded.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="options">Prompt, size and length; null: as the model's files say.</param>
    /// <param name="progress">Is told how many texts are finished.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    /// <exception cref="ModelException">There is no tokenizer, no such prompt or not so many dimensions, or the model computes numbers that are not finite.</exception>
    /// <exception cref="ArgumentException">A text is null.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed of.</exception>
    public float[][] Embed(IReadOnlyList<string> texts, EmbeddingOptions? options = null, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
        => EmbedCounted(texts, options, progress, cancellationToken).Vectors;

    /// <summary>The same on a thread of the pool.</summary>
    /// <inheritdoc cref="Embed(IReadOnlyList{string}, EmbeddingOptions?, IProgress{int}?, CancellationToken)"/>
    public Task<float[][]> EmbedAsync(IReadOnlyList<string> texts, EmbeddingOptions? options = null, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        RequireTexts(texts, nameof(texts));
        return Task.Run(() => Embed(texts, options, progress, cancellationToken), cancellationToken);
    }

    /// <summary>The vectors of texts that are tokens already, special ones included. Prompts are part of them.</summary>
    /// <param name="texts">Token ids of each, at least one and at most <see cref="MaxTokens"/>.</param>
    /// <param name="options">Size and length; null: as the model's files say.</param>
    /// <param name="progress">Is told how many texts are finished.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    /// <exception cref="ModelException">A text has no tokens or too many, an id is out of range, there are not so many dimensions, or the model computes numbers that are not finite.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed of.</exception>
    public float[][] EmbedTokens(IReadOnlyList<int[]> texts, EmbeddingOptions? options = null, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        RequireTexts(texts, nameof(texts));
        options ??= new EmbeddingOptions();
        RequireDimensions(options);
        return Embed([.. texts.Select(ids => new TokenText(ids, []))], options, progress, cancellationToken);
    }

    /// <summary>The token ids of a text as the model is given them: with its prompt, special tokens around, cut to <see cref="MaxTokens"/>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="options">The prompt; null: as the model's files say.</param>
    /// <exception cref="ModelException">There is no tokenizer, or no such prompt.</exception>
    public int[] Encode(string text, EmbeddingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _tokens.Value.Encode([text], Prompt(options ?? new EmbeddingOptions()))[0].Ids;
    }

    /// <inheritdoc/>
    public void Dispose() => _encoder.Dispose();

    /// <summary>The same, and how many tokens the texts are, prompts and special ones included.</summary>
    /// <inheritdoc cref="Embed(IReadOnlyList{string}, EmbeddingOptions?, IProgress{int}?, CancellationToken)"/>
    internal (float[][] Vectors, long Tokens) EmbedCounted(IReadOnlyList<string> texts, EmbeddingOptions? options, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        RequireTexts(texts, nameof(texts));
        options ??= new EmbeddingOptions();
        string prompt = Prompt(options);
        RequireDimensions(options);
        cancellationToken.ThrowIfCancellationRequested();
        TokenText[] tokens = _tokens.Value.Encode(texts, prompt);
        return (Embed(tokens, options, progress, cancellationToken), tokens.Sum(static text => (long)text.Ids.Length));
    }

    internal static void RequireTexts<T>(IReadOnlyList<T> texts, string name)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(texts, name);
        for (int i = 0; i < texts.Count; i++)
        {
            if (texts[i] is null)
            {
                throw new ArgumentException($"text {i} is null: expected a text", name);
            }
        }
    }

    float[][] Embed(TokenText[] texts, EmbeddingOptions options, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        int empty = Array.FindIndex(texts, _pooling.LeavesNothing);
        if (empty >= 0)
        {
            throw new ModelException(
                ModelError.InvalidInput,
                $"{TextEncoder.TextName(empty)} has {texts[empty].Ids.Length} tokens, and all of them are the prompt's, which this model's pooling leaves out (include_prompt): expected a text behind a prompt of fewer than {MaxTokens} tokens")
            {
                Data = { [TextEncoder.IndexKey] = empty },
            };
        }

        var vectors = new float[texts.Length][];
        Pooling.Text? open = null;
        _encoder.Run(
            texts,
            part =>
            {
                open ??= new Pooling.Text(_pooling, _encoder.Width, texts[part.Text].PromptTokens);
                open.Add(part);
                if (part.IsLast)
                {
                    vectors[part.Text] = Finish(open.Result(), options);
                    open = null;
                }
            },
            progress is null ? null : progress.Report,
            cancellationToken);
        int wrong = Array.FindIndex(vectors, vector => !float.IsFinite(TensorPrimitives.Sum(vector)));
        return wrong < 0 ? vectors : throw new ModelException(ModelError.Damaged, $"{Path}: the model computes numbers that are not finite for text {wrong}: its weights are damaged, or of another model", Path);
    }

    float[] Finish(float[] vector, EmbeddingOptions options)
    {
        foreach (DenseLayer layer in _dense)
        {
            vector = layer.Forward(vector);
        }

        if (options.Dimensions is { } dimensions && dimensions < vector.Length)
        {
            vector = vector[..dimensions];
        }

        if (options.Normalize ?? _modules.Normalizes)
        {
            // As torch's normalize: nothing is divided by less than this.
            const float Least = 1e-12f;
            TensorPrimitives.Divide(vector, Math.Max(Least, TensorPrimitives.Norm(vector)), vector);
        }

        return vector;
    }

    void RequireDimensions(EmbeddingOptions options)
    {
        if (options.Dimensions is { } dimensions && (dimensions < 1 || dimensions > Dimensions))
        {
            throw new ModelException(ModelError.InvalidInput, $"vectors of {dimensions} elements: expected 1 to {Dimensions}, as many as the model makes");
        }
    }

    static ModelException NoPooling(string directory, bool scores) => new(
        ModelError.Unsupported,
        $"{directory}: {SentenceModules.FileName} names no module Pooling{(scores ? $", but {nameof(LogitScore)}, which makes scores of pairs: open it as a {nameof(Reranker)}" : ": a model of classes, or none of vectors")}",
        directory);

    string Prompt(EmbeddingOptions options)
    {
        if (options.Prompt is { } own)
        {
            return own;
        }

        return (options.PromptName ?? DefaultPromptName) is not { } name ? ""
            : Prompts.TryGetValue(name, out string? prompt) ? prompt
            : throw new ModelException(ModelError.InvalidInput, $"{Path} has no prompt {name}: expected {(Prompts.Count == 0 ? "none, as it has no prompts" : $"one of {string.Join(", ", Prompts.Keys)}")}", Path);
    }
}
