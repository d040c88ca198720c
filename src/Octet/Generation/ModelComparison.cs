using Octet.Backends;
using Octet.Generation;

namespace Octet;

/// <summary>
/// Two models over the same tokens: how far the second one's predictions and hidden states are from the reference's, as quantisation is
/// judged. Both are computed some positions at a time, so memory is bounded, however long the texts are; 8 bytes stay for each position.
/// The measures are those of llama.cpp's <c>perplexity --kl-divergence</c>, and the signal-to-noise ratio of every layer. Not thread-safe.
/// </summary>
public sealed class ModelComparison
{
    // Logits of so many positions of the reference are held: 19 MB for a vocabulary of 151,936.
    const int Rows = 32;

    readonly LanguageModel _reference;
    readonly LanguageModel _other;
    readonly ScoreOptions _options;
    readonly float[] _logits;
    readonly LayerNoise? _noise;
    readonly LogitDifferences _differences = new();
    int _texts;

    /// <param name="reference">The model that is taken for right, with the distribution p.</param>
    /// <param name="other">The one that is judged, with q. May be opened from the same files with other options.</param>
    /// <param name="options">The windows of long texts; the context is the shorter of the two.</param>
    /// <exception cref="ModelException">The vocabularies differ in size.</exception>
    public ModelComparison(LanguageModel reference, LanguageModel other, ScoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(other);
        if (reference.Config.VocabSize != other.Config.VocabSize)
        {
            throw new ModelException(ModelError.InvalidInput, $"vocabularies of {reference.Config.VocabSize} tokens ({reference.Path}) and {other.Config.VocabSize} ({other.Path}): expected the same, as distributions over different tokens cannot be compared");
        }

        _reference = reference;
        _other = other;
        _options = options ?? new ScoreOptions();
        _logits = new float[checked(Rows * reference.Config.VocabSize)];
        LayersNotCompared = (reference.Config, other.Config) switch
        {
            var (a, b) when a.NumHiddenLayers != b.NumHiddenLayers => $"{a.NumHiddenLayers} layers and {b.NumHiddenLayers}",
            var (a, b) when a.HiddenSize != b.HiddenSize => $"hidden states of {a.HiddenSize} numbers and of {b.HiddenSize}",
            _ => null,
        };
        _noise = LayersNotCompared is null ? new LayerNoise(reference.Config.NumHiddenLayers, reference.Config.HiddenSize, Rows) : null;
    }

    /// <summary>Why layers are not compared: the models have another number or width of them; null where they are compared.</summary>
    public string? LayersNotCompared { get; }

    /// <summary>Tokens that both models can hold.</summary>
    public int ContextLength => Math.Min(_reference.ContextLength, _other.ContextLength);

    /// <summary>The token ids of a text, which must be the same in both models.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">Whether the tokenizers add their own tokens, such as one that begins every text; not where the text goes on behind another.</param>
    /// <exception cref="ModelException">A model has no tokenizer, or they give different ids.</exception>
    public int[] Encode(string text, bool addSpecialTokens = true)
    {
        int[] ids = _reference.Encode(text, addSpecialTokens);
        int[] others = _other.Encode(text, addSpecialTokens);
        int same = ids.AsSpan().CommonPrefixLength(others);
        if (same == ids.Length && same == others.Length)
        {
            return ids;
        }

        throw new ModelException(
            ModelError.InvalidInput,
            $"the tokenizers differ: token {same} of the text is {Id(ids)} in {_reference.Path} and {Id(others)} in {_other.Path}; expected the same ids, as predictions of different tokens cannot be compared (give ids to compare all the same)");

        string Id(int[] tokens) => same < tokens.Length ? $"id {tokens[same]}" : "absent";
    }

    /// <summary>Computes a text with both models and adds what it shows to the result.</summary>
    /// <param name="ids">At least one id.</param>
    /// <param name="contextTokens">How many of the first are context alone: computed, and neither predicted nor compared. A question, where answers are judged.</param>
    /// <param name="progress">Told how many positions were compared since it was last told; null: nobody asks.</param>
    /// <param name="cancellationToken">Looked at between groups of positions.</param>
    /// <exception cref="ModelException">An id or a window's length is out of range, or a model computes numbers that are not finite.</exception>
    public void Add(ReadOnlySpan<int> ids, int contextTokens = 0, Action<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(contextTokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(contextTokens, ids.Length);
        int[] tokens = ids.ToArray();
        using InferenceSession a = _reference.CreateSession();
        using InferenceSession b = _other.CreateSession();
        foreach (TextWindow whole in _options.Cut(tokens.Length, ContextLength))
        {
            // The row of a token predicts the next one.
            TextWindow window = whole with { FirstRow = Math.Clamp(contextTokens - 1, whole.FirstRow, whole.EndRow) };
            progress?.Invoke(window.FirstRow - whole.FirstRow);
            if (window.FirstRow == window.EndRow)
            {
                continue;
            }

            a.Truncate(0);
            b.Truncate(0);
            ReadOnlySpan<int> context = tokens.AsSpan(window.Begin, window.FirstRow - window.Begin);
            a.Evaluate(context, [], cancellationToken);
            b.Evaluate(context, [], cancellationToken);
            for (int first = window.FirstRow; first < window.EndRow; first += Rows)
            {
                int count = Math.Min(Rows, window.EndRow - first);
                AddRows(a, b, tokens, first, count, window, cancellationToken);
                progress?.Invoke(count);
            }
        }

        _texts++;
    }

    /// <summary>What was found in all texts so far.</summary>
    /// <exception cref="InvalidOperationException">There was no text yet.</exception>
    public ComparisonResult Result() => _differences.Result() with
    {
        LayerSignalToNoise = _noise?.Layers,
        FinalNormSignalToNoise = _noise?.FinalNorm,
        LayersNotCompared = LayersNotCompared,
    };

    void AddRows(InferenceSession a, InferenceSession b, int[] tokens, int first, int count, TextWindow window, CancellationToken cancellationToken)
    {
        int vocabulary = a.VocabularySize;
        ReadOnlySpan<int> rows = tokens.AsSpan(first, count);
        _noise?.Restart();
        a.Score(
            rows,
            (position, row) => row.CopyTo(_logits.AsSpan((position + window.Begin - first) * vocabulary)),
            _noise is null ? null : _noise.Keep,
            cancellationToken);
        _noise?.Restart();
        b.Score(
            rows,
            (position, row) =>
            {
                int at = position + window.Begin;
                _differences.Add(
                    _logits.AsSpan((at - first) * vocabulary, vocabulary), row, at + 1 < window.End ? tokens[at + 1] : null, _texts, at);
            },
            _noise is null ? null : _noise.Compare,
            cancellationToken);
    }
}
