using System.Globalization;
using Octet.Backends;
using Octet.Generation;

namespace Octet.Embeddings;

/// <summary>
/// Texts in tokens in, their tokens' last hidden states out, as many texts a step as it has room for, none padded. Threads take turns at the steps. Owns all
/// that the model rests on.
/// </summary>
/// <param name="files">What the weights lie in, which no collector gives back.</param>
abstract class TextEncoder(IReadOnlyList<IDisposable> files) : IDisposable
{
    /// <summary>Under this key of <see cref="Exception.Data"/> errors about a text have its index, for callers that know it under another name.</summary>
    internal const string IndexKey = "text";

    readonly Turns _turns = new();
    volatile bool _disposed;

    ~TextEncoder() => CloseFiles();

    /// <summary>What it computes for, which errors name once it is disposed of.</summary>
    internal Type Owner { get; init; } = typeof(EmbeddingModel);

    /// <summary>Elements of a hidden state.</summary>
    internal abstract int Width { get; }

    /// <summary>Token ids are below this.</summary>
    internal abstract int VocabularySize { get; }

    /// <summary>The longest text, in tokens.</summary>
    internal abstract int MaxTokens { get; }

    /// <summary>What messages begin with that are about a text of a list.</summary>
    internal static string TextName(int index) => string.Create(CultureInfo.InvariantCulture, $"text {index}");

    /// <summary>Weights of the linear layers that a token is multiplied with.</summary>
    internal abstract long LinearWeights { get; }

    /// <summary>What computes.</summary>
    internal abstract string Description { get; }

    /// <summary>Computes texts, in their order.</summary>
    /// <param name="texts">Each of 1 to <see cref="MaxTokens"/> tokens.</param>
    /// <param name="states">Called inside of a step for each text in it: it must not use the model but for <see cref="Score"/>.</param>
    /// <param name="finished">Told between steps how many texts have ended.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    internal void Run(IReadOnlyList<TokenText> texts, Action<StepText> states, Action<int>? finished, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        for (int i = 0; i < texts.Count; i++)
        {
            Require(texts[i], i);
        }

        RunSteps(texts, states, finished, cancellationToken);
    }

    /// <summary>The scores that layers on top make of a text which a step has ended with; called inside of the step.</summary>
    internal abstract void Score(StepText text, Span<float> scores);

    public void Dispose()
    {
        _turns.Enter(CancellationToken.None);
        try
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            DisposeModel();
            CloseFiles();
        }
        finally
        {
            _turns.Leave();
        }

        GC.SuppressFinalize(this);
    }

    protected abstract void RunSteps(IReadOnlyList<TokenText> texts, Action<StepText> states, Action<int>? finished, CancellationToken cancellationToken);

    protected abstract void DisposeModel();

    /// <summary>Nobody else computes until <see cref="EndStep"/>.</summary>
    protected void BeginStep(CancellationToken cancellationToken)
    {
        _turns.Enter(cancellationToken);
        if (_disposed)
        {
            _turns.Leave();
            ThrowIfDisposed();
        }
    }

    protected void EndStep() => _turns.Leave();

    void Require(TokenText text, int index)
    {
        if (text.Ids.Length == 0 || text.Ids.Length > MaxTokens)
        {
            throw new ModelException(ModelError.InvalidInput, $"{TextName(index)} has {text.Ids.Length} tokens: expected 1 to {MaxTokens}") { Data = { [IndexKey] = index } };
        }

        foreach (int id in text.Ids)
        {
            if ((uint)id >= (uint)VocabularySize)
            {
                throw new ModelException(ModelError.InvalidInput, $"{TextName(index)} has the token id {id}, which is outside the model's vocabulary: expected 0 to {VocabularySize - 1}") { Data = { [IndexKey] = index } };
            }
        }
    }

    void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, Owner);

    void CloseFiles()
    {
        foreach (IDisposable file in files)
        {
            file.Dispose();
        }
    }
}
