using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>
/// Scales for a key/value cache in E4M3, one for the keys and one for the values of each layer: the largest magnitude that a text gives,
/// divided by 448, as llm-compressor calibrates them (<c>kv_cache_scheme</c>). Stored as <c>self_attn.k_scale</c> and <c>v_scale</c>.
/// </summary>
sealed class CacheCalibration
{
    // Long enough for attention to matter, short enough for any memory.
    const int Window = 2048;

    readonly List<(TensorSource Tensor, float Scale)> _scales = [];

    /// <exception cref="ModelException">The model cannot be run, or has no tokenizer, or the text has no token, or keys or values are not finite.</exception>
    internal CacheCalibration(string model, string text, int? threads, CancellationToken cancellationToken)
    {
        int length = Math.Min(Window, ModelConfig.Load(ModelLocation.Parts(model).Directory).LongestContext);
        using LanguageModel opened = LanguageModel.Load(model, new LanguageModelOptions { KvCache = KvCacheType.Float32, ContextLength = length, Threads = threads });
        int[] ids = opened.Encode(text);
        if (ids.Length == 0)
        {
            throw new ModelException(ModelError.InvalidInput, "the text that the cache is calibrated with is empty: expected some pages of what the model is used for");
        }

        (float Key, float Value)[] largest = new (float, float)[opened.AttentionNames.Count];
        using InferenceSession session = opened.CreateSession();
        foreach (int[] window in ids.Chunk(session.ContextLength))
        {
            session.Truncate(0);

            // Looked at before keys and values leave the window of a layer.
            foreach (int[] part in window.Chunk(opened.Window ?? window.Length))
            {
                session.Evaluate(part, [], cancellationToken);
                largest = [.. largest.Zip(session.CacheMagnitudes(), (a, b) => (Math.Max(a.Key, b.Key), Math.Max(a.Value, b.Value)))];
            }
        }

        for (int layer = 0; layer < largest.Length; layer++)
        {
            Add(opened.AttentionNames[layer] + ".k_scale", largest[layer].Key);
            Add(opened.AttentionNames[layer] + ".v_scale", largest[layer].Value);
        }

        if (_scales.Find(entry => !float.IsFinite(entry.Scale)) is { Tensor: { } first })
        {
            throw new ModelException(ModelError.Damaged, $"{model}: the model computes keys or values that are not finite, first those of {first.Name}: a weight or scale of the checkpoint is likely damaged", model, first.Name);
        }
    }

    internal IReadOnlyList<(TensorSource Tensor, float Scale)> Scales => _scales;

    void Add(string name, float largest)
        => _scales.Add((new TensorSource(name, DataType.Float32, [1]), largest == 0 ? 1 : largest / (float)Float8E4M3FN.MaxValue));
}
