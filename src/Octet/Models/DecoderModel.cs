using Octet.Backends;
using Octet.Checkpoints;

namespace Octet.Models;

/// <summary>A decoder: token ids in, one row of logits for any token out. Written against <see cref="Backend"/> alone.</summary>
abstract class DecoderModel : IDisposable
{
    /// <summary>Bytes that one decoded token reads: every weight once, the output layer included.</summary>
    internal abstract long BytesPerToken { get; }

    /// <summary>Weights of all linear layers but the output layer: what every token of a batch is multiplied with.</summary>
    internal abstract long LinearWeights { get; }

    /// <exception cref="ModelException">A cache of that type takes scales from the checkpoint, and they are not right.</exception>
    internal abstract KvCacheLayout KvCacheLayout(KvCacheType type);

    /// <summary>Room for the final hidden states of so many rows. Whoever has some can ask for their logits after other batches, too.</summary>
    /// <exception cref="ModelException">The system has no more memory.</exception>
    internal abstract Activations CreateStates(int rows);

    /// <summary>Computes the final hidden state of every row of the batch and stores its keys and values.</summary>
    /// <param name="batch">The tokens.</param>
    /// <param name="cache">Where their sequences have pages.</param>
    /// <param name="states">Receives the final hidden states, made by <see cref="CreateStates"/>.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    internal abstract void Forward(Batch batch, KvCache cache, Activations states, CancellationToken cancellationToken);

    /// <summary>destination [count, vocabulary] = the logits of rows [first, first + count) of final hidden states.</summary>
    internal abstract void Logits(Activations states, int first, int count, Span<float> destination);

    /// <summary>
    /// Sees the stream of hidden states while <see cref="Forward"/> runs, inside a step: it must not use the model. Null, as almost always,
    /// costs nothing.
    /// </summary>
    internal HiddenStateObserver? Observer { get; set; }

    public abstract void Dispose();

    /// <summary>The model that <c>config.json</c> names, with its weights taken from <paramref name="weights"/>.</summary>
    internal static DecoderModel Create(ModelConfig config, WeightLedger weights, Backend backend, int maxBatch, LmHead head)
        => config.Architectures.Contains("Qwen3ForCausalLM")
            ? new Qwen3(config, weights, backend, maxBatch, head)
            : throw new ModelException(ModelError.Unsupported, $"architecture {string.Join(", ", config.Architectures)} is not supported: expected {string.Join(", ", ModelConfig.SupportedArchitectures)}");
}
