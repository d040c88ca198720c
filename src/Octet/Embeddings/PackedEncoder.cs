using Octet.Backends;
using Octet.Checkpoints.Families;
using Octet.Models;

namespace Octet.Embeddings;

/// <summary>An encoder, which sees each text as a whole.</summary>
/// <param name="spec">Its parts.</param>
/// <param name="model">The model.</param>
/// <param name="backend">What computes.</param>
/// <param name="rows">Tokens of a step, at least those of the longest text.</param>
/// <param name="files">What the weights lie in.</param>
sealed class PackedEncoder(EncoderSpec spec, EncoderModel model, Backend backend, int rows, IReadOnlyList<IDisposable> files) : TextEncoder(files)
{
    readonly PackedBatch _batch = new(Math.Max(rows, spec.MaxTokens), spec.Padding);

    internal override int Width => spec.HiddenSize;

    internal override int VocabularySize => spec.VocabSize;

    internal override int MaxTokens => spec.MaxTokens;

    internal override long LinearWeights => model.LinearWeights;

    internal override string Description => backend.Description;

    internal override void Score(StepText text, Span<float> scores) => model.Scores.CopyRow(text.Index, scores);

    protected override void RunSteps(IReadOnlyList<TokenText> texts, Action<StepText> states, Action<int>? finished, CancellationToken cancellationToken)
    {
        int first = 0;
        while (first < texts.Count)
        {
            int count = 0;
            BeginStep(cancellationToken);
            try
            {
                _batch.Clear();
                while (first + count < texts.Count && (count == 0 || _batch.Count + texts[first + count].Ids.Length <= rows))
                {
                    TokenText text = texts[first + count++];
                    _batch.Add(text.Ids, text.Types);
                }

                Activations computed = model.Forward(_batch, cancellationToken);
                for (int i = 0; i < count; i++)
                {
                    int row = _batch.Starts[i];
                    states(new StepText(first + i, i, computed, row, 0, _batch.Starts[i + 1] - row, IsLast: true));
                }
            }
            finally
            {
                EndStep();
            }

            first += count;
            finished?.Invoke(first);
        }
    }

    protected override void DisposeModel()
    {
        model.Dispose();
        backend.Dispose();
    }
}
