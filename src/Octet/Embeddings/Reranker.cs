using System.Diagnostics;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Embeddings;
using Octet.Safetensors;
using Octet.Tokenizers;

namespace Octet;

/// <summary>
/// A model that reads a query and a document together and says how well one answers the other: an encoder with a classifier of one label (a cross-encoder
/// such as ms-marco-MiniLM or BGE's), or a decoder that is asked for it, such as Qwen3-Reranker. Safe to use from several threads, which take turns at the model.
/// </summary>
public sealed class Reranker : IDisposable
{
    readonly TextEncoder _encoder;
    readonly EncoderLoader.Opened _opened;
    readonly IPairTokens _pairs;
    readonly string? _prompt;
    readonly bool _isLogistic;
    readonly int _logits;

    /// <param name="path">The model's directory.</param>
    /// <param name="opened">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="modules">What sentence-transformers keeps beside it.</param>
    /// <param name="logits">How many logits make a score: the first, less the second.</param>
    Reranker(string path, EncoderLoader.Opened opened, Tokenizer tokenizer, SentenceModules modules, int logits)
    {
        Path = path;
        Tokenizer = tokenizer;
        _opened = opened;
        _encoder = opened.Encoder;
        _prompt = modules.DefaultPrompt is { } name ? modules.Prompts[name] : null;
        _isLogistic = modules.IsLogistic ?? opened.Spec?.Classifier?.IsLogistic ?? true;
        _logits = logits;
        if (modules.Messages is { } form)
        {
            var conversation = new ConversationTokens(tokenizer, form, path, MaxTokens);
            conversation.RequirePairs();
            _pairs = new ConversationPair(conversation);
        }
        else
        {
            _pairs = opened.Spec is null && modules.Score is null
                ? new PairPrompt(tokenizer, MaxTokens)
                : new JoinedPair(new EncoderTokens(tokenizer, MaxTokens, modules.LowersCase, null, path), hasTypes: opened.Spec?.Types > 1);
        }
    }

    /// <summary>The model's directory.</summary>
    public string Path { get; }

    /// <summary>Its class in <c>config.json</c>, such as <c>BertForSequenceClassification</c>.</summary>
    public string Architecture => _opened.Architecture;

    /// <summary>Tokens of a query and a document together, with all that stands around them: what is behind them is cut off, of the longer one first.</summary>
    public int MaxTokens => _encoder.MaxTokens;

    /// <summary>The model's tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Bytes of all tensors of the checkpoint.</summary>
    public long CheckpointBytes => _opened.Bytes;

    /// <summary>What was decided where the model's files leave a choice: a sentence each, empty for most models.</summary>
    public IReadOnlyList<string> Notices => _opened.Notices;

    /// <summary>What computes, e.g. <c>cpu avx2, 8 threads</c>.</summary>
    public string Device => _encoder.Description;

    /// <summary>How long <see cref="Load(string, EncoderOptions?)"/> took.</summary>
    public TimeSpan LoadDuration { get; private init; }

    /// <summary>Opens a model. Weights are mapped, not read.</summary>
    /// <param name="model">A directory in Hugging Face layout, with a tokenizer; or the id of a model that is in the cache: the network is never used here.</param>
    /// <param name="options">How to open it.</param>
    /// <exception cref="ModelException">There is no such model, or none that makes a score; the message says what is wrong and where.</exception>
    /// <exception cref="SafetensorsException">A weight file is missing, cut or damaged.</exception>
    /// <exception cref="TokenizerException">The tokenizer is broken or not supported.</exception>
    public static Reranker Load(string model, EncoderOptions? options = null)
        => Load(ModelLocation.Find(model), options, InstructionSet.Choose(Environment.GetEnvironmentVariable(InstructionSet.Variable)));

    /// <summary>Opens a model, and downloads it first if it is named by an id and not in the cache (<see cref="ModelHub"/>).</summary>
    /// <param name="model">As in <see cref="Load(string, EncoderOptions?)"/>.</param>
    /// <param name="options">How to open it.</param>
    /// <param name="progress">Is told how far the download is.</param>
    /// <param name="cancellationToken">Ends the download; what is finished of it stays for the next one.</param>
    /// <exception cref="ModelHubException">The model cannot be downloaded.</exception>
    /// <exception cref="ModelException">There is no such model, or none that makes a score; the message says what is wrong and where.</exception>
    /// <exception cref="SafetensorsException">A weight file is missing, cut or damaged.</exception>
    public static async Task<Reranker> LoadAsync(
        string model, EncoderOptions? options = null, IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        string path = await ModelLocation.PullAsync(model, progress, cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => Load(path, options), cancellationToken).ConfigureAwait(false);
    }

    internal static Reranker Load(string path, EncoderOptions? options, CpuKernels kernels, MemoryLedger? memory = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new EncoderOptions();
        options.Validate();
        long started = Stopwatch.GetTimestamp();
        string directory = ModelLocation.Parts(path).Directory;
        SentenceModules modules = SentenceModules.Load(directory);
        if (modules.Pooling is not null)
        {
            throw new ModelException(ModelError.Unsupported, $"{directory}: {SentenceModules.FileName} names a module Pooling, which makes vectors and no scores: open it as an {nameof(EmbeddingModel)}", directory);
        }

        LogitScore? score = modules.Score;
        Tokenizer? tokenizer = null;
        EncoderLoader.Opened opened = EncoderLoader.Open(
            path,
            options,
            kernels,
            modules.MaxTokens,
            () => (score ??= PairPrompt.Answers(tokenizer = LoadTokenizer(directory), directory)).Tokens,
            memory);
        try
        {
            if (opened.Spec is not null && score is not null)
            {
                throw new ModelException(ModelError.Unsupported, $"{directory}: {SentenceModules.FileName} names a module {nameof(LogitScore)} behind {opened.Architecture}, which has no logits of tokens: expected a decoder", directory);
            }

            return opened.Spec?.Classifier is { Labels: > 1 } classifier
                ? throw new ModelException(ModelError.Unsupported, $"{directory}: a classifier of {classifier.Labels} labels (id2label), which is no reranker: expected one", directory)
                : new Reranker(directory, opened, tokenizer ?? LoadTokenizer(directory), modules, score?.Tokens.Count ?? 1) { LoadDuration = Stopwatch.GetElapsedTime(started) };
        }
        catch
        {
            opened.Encoder.Dispose();
            throw;
        }
    }

    /// <summary>The scores of documents, in their order; the higher, the better.</summary>
    /// <param name="query">What is asked.</param>
    /// <param name="documents">The documents.</param>
    /// <param name="options">Null: as the model has it.</param>
    /// <param name="progress">Is told how many documents are finished.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    /// <exception cref="ModelException">The model computes numbers that are not finite.</exception>
    /// <exception cref="ArgumentException">A document is null.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed of.</exception>
    public float[] Score(string query, IReadOnlyList<string> documents, RerankOptions? options = null, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        EmbeddingModel.RequireTexts(documents, nameof(documents));
        options ??= new RerankOptions();
        var pairs = new TokenText[documents.Count];
        for (int i = 0; i < pairs.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            pairs[i] = Pair(query, documents[i], options);
        }

        return Score(pairs, options, progress, cancellationToken);
    }

    /// <summary>The same on a thread of the pool.</summary>
    /// <inheritdoc cref="Score(string, IReadOnlyList{string}, RerankOptions?, IProgress{int}?, CancellationToken)"/>
    public Task<float[]> ScoreAsync(string query, IReadOnlyList<string> documents, RerankOptions? options = null, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        EmbeddingModel.RequireTexts(documents, nameof(documents));
        return Task.Run(() => Score(query, documents, options, progress, cancellationToken), cancellationToken);
    }

    /// <summary>Documents by their scores, the best first; of the same score the one that comes first.</summary>
    /// <inheritdoc cref="Score(string, IReadOnlyList{string}, RerankOptions?, IProgress{int}?, CancellationToken)"/>
    public IReadOnlyList<RankedDocument> Rank(string query, IReadOnlyList<string> documents, RerankOptions? options = null, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
        => [.. Score(query, documents, options, progress, cancellationToken).Select((score, index) => new RankedDocument(index, score)).OrderByDescending(document => document.Score)];

    /// <summary>The token ids of a query with a document, as the model is given them.</summary>
    /// <param name="query">What is asked.</param>
    /// <param name="document">The document.</param>
    /// <param name="options">Null: as the model has it.</param>
    public int[] Encode(string query, string document, RerankOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(document);
        return Pair(query, document, options ?? new RerankOptions()).Ids;
    }

    /// <inheritdoc/>
    public void Dispose() => _encoder.Dispose();

    TokenText Pair(string query, string document, RerankOptions options)
        => options.Instruction is not null && _opened.Spec is not null
            ? throw new ModelException(ModelError.InvalidInput, $"{Path}: an instruction for {Architecture}, which is not told in words what to judge by: leave it out", Path)
            : _pairs.Encode(query, document, options.Instruction ?? _prompt);

    float[] Score(TokenText[] pairs, RerankOptions options, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        bool logistic = options.Logistic ?? _isLogistic;
        var scores = new float[pairs.Length];
        _encoder.Run(
            pairs,
            part =>
            {
                if (part.IsLast)
                {
                    scores[part.Text] = Score(part, logistic);
                }
            },
            progress is null ? null : progress.Report,
            cancellationToken);
        int wrong = Array.FindIndex(scores, score => !float.IsFinite(score));
        return wrong < 0 ? scores : throw new ModelException(ModelError.Damaged, $"{Path}: the model computes a number that is not finite for document {wrong}: its weights are damaged, or of another model", Path);
    }

    /// <summary>The probability of yes among two answers is the logistic function of the difference of their logits.</summary>
    float Score(StepText part, bool logistic)
    {
        Span<float> logits = stackalloc float[_logits];
        _encoder.Score(part, logits);
        float score = _logits == 1 ? logits[0] : logits[0] - logits[1];
        return logistic ? (float)(1 / (1 + Math.Exp(-score))) : score;
    }

    static Tokenizer LoadTokenizer(string directory)
        => Tokenizer.Exists(directory)
            ? Tokenizer.Load(directory)
            : throw new ModelException(ModelError.Unsupported, $"{directory} has no tokenizer (tokenizer.json or another): a query and documents need one", directory);
}
