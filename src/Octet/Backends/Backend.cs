using Octet.Safetensors;

namespace Octet.Backends;

/// <summary>
/// What a model is written against: buffers that the backend owns, and the fused operations on them. Rows are tokens; an operation
/// works on the first <c>rows</c> rows. A model never names a device, a backend never names a model. Not thread-safe.
/// </summary>
abstract class Backend : IDisposable
{
    /// <summary>The device and how it is used, e.g. <c>cpu avx2, 8 threads</c>.</summary>
    internal abstract string Description { get; }

    /// <summary>What models have taken of the device's memory.</summary>
    internal abstract MemoryLedger Memory { get; }

    internal abstract Activations CreateActivations(int rows, int columns);

    /// <summary>A linear layer's weight, in its own bits and in place where the backend can.</summary>
    internal abstract Weight CreateLinear(LinearTensor tensor);

    /// <summary>A table of which <see cref="Embed"/> reads single rows and nothing else reads any: what it reads need not stay in memory.</summary>
    internal abstract Weight CreateEmbedding(LinearTensor tensor);

    /// <summary>
    /// A copy of a layer that is not quantised, in E4M3 with a float32 scale for each row: max |x| / 448, 1 for a row of zeros. What the
    /// layer takes in memory besides is given back as the copy is made.
    /// </summary>
    /// <exception cref="ModelException">A weight is NaN or infinite.</exception>
    internal abstract Weight CreateFloat8(LinearTensor tensor);

    /// <summary>A norm's weight, widened to float32.</summary>
    internal abstract Weight CreateVector(TensorView tensor);

    /// <param name="layout">What a page holds.</param>
    /// <param name="maxPages">The most pages there are at a time.</param>
    /// <param name="withinRoom">Whether a page is only made where <see cref="Memory"/> has room for it; false where the caller has said what the cache may take.</param>
    internal abstract KvCache CreateKvCache(KvCacheLayout layout, int maxPages, bool withinRoom);

    /// <summary>output[i] = table[batch.Ids[i]], widened.</summary>
    internal abstract void Embed(Weight table, Batch batch, Activations output);

    /// <summary>residual += delta (where there is one); output = residual / sqrt(mean(residual^2) + epsilon) * norm.</summary>
    internal abstract void AddRmsNorm(Activations residual, Activations? delta, Weight norm, float epsilon, Activations output, int rows);

    /// <summary>outputs[j] = input * weights[j]^T for every j: layers that share an input are one pass.</summary>
    internal abstract void Linear(Activations input, ReadOnlySpan<Weight> weights, ReadOnlySpan<Activations> outputs, int rows);

    /// <summary>
    /// For every head of <paramref name="query"/> (in place) and <paramref name="key"/>: RMSNorm over the head where a norm is given, then
    /// rotary embedding (halves, not interleaved pairs; angle = position * theta^(-2i/d)). Keys and values go to <paramref name="cache"/>.
    /// </summary>
    internal abstract void RotateAndStore(
        Activations query, Activations key, Activations value, Weight? queryNorm, Weight? keyNorm, float epsilon, double theta,
        KvCache cache, int layer, Batch batch);

    /// <summary>Causal attention of every query head over its sequence's cache, scale 1/sqrt(head size), softmax in float32.</summary>
    internal abstract void Attention(Activations query, KvCache cache, int layer, Batch batch, Activations output);

    /// <summary>gate = silu(input * weights[0]^T) * (input * weights[1]^T), silu(x) = x / (1 + exp(-x)); <paramref name="up"/> holds the second product afterwards.</summary>
    internal abstract void SwiGlu(Activations input, ReadOnlySpan<Weight> weights, Activations gate, Activations up, int rows);

    /// <summary>destination [count, head.Rows] = input rows [first, first + count) * head^T, on the host.</summary>
    internal abstract void Logits(Activations input, int first, int count, Weight head, Span<float> destination);

    public abstract void Dispose();
}
