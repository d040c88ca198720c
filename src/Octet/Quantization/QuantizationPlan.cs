using System.Text.Json.Nodes;
using Octet.Backends;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>Which tensors a quantisation makes, and from what: decided, and checked, before the first byte is written.</summary>
sealed class QuantizationPlan
{
    const string Embedding = "model.embed_tokens";
    const string Head = "lm_head";

    readonly List<(SourceModule Module, WeightEncoder Encoder)> _encoded = [];
    readonly List<TensorView> _copied = [];
    readonly List<TensorSource> _tensors = [];
    readonly List<string> _notes = [];

    internal QuantizationPlan(QuantizationSource source, EncodingTarget target, bool head, CacheCalibration? cache)
    {
        Source = source;
        List<string> unconverted = [];
        foreach (SourceModule module in source.Modules.Modules)
        {
            (WeightEncoder? encoder, string? reason) = target.TryCreate(module.Name, module.Weight.Rows, module.Weight.Columns);
            if (reason is not null)
            {
                _notes.Add(reason);
            }

            if (encoder is null && target.EncodesWide && !module.Name.Contains("embed", StringComparison.Ordinal))
            {
                unconverted.Add(module.Name);
            }

            if (encoder is null && module.IsQuantized)
            {
                encoder = new BFloat16Encoder(module.Name, module.Weight.Rows, module.Weight.Columns);
            }

            if (encoder is null)
            {
                Copy(module.Weight.Tensor);
            }
            else
            {
                Encode(module, encoder);
            }
        }

        if (head && target.EncodesWide && source.TiesOutput)
        {
            Untie(target);
        }
        else if (source.TiesOutput && target.EncodesWide && !unconverted.Contains(Head))
        {
            unconverted.Insert(0, Head);
        }

        CacheScales = cache?.Scales ?? [];
        HashSet<string> replaced = [.. CacheScales.Select(scale => scale.Tensor.Name)];
        foreach (TensorView tensor in source.Modules.Others.Where(tensor => !replaced.Contains(tensor.Name)))
        {
            Copy(tensor);
        }

        _tensors.AddRange(CacheScales.Select(scale => scale.Tensor));
        NoteFused();
        Config = target.Config(unconverted, _encoded.Any(item => item.Encoder.Module == Head));
        if (cache is not null && Config is not null)
        {
            PublishedConfig.AddCache(Config);
        }
    }

    internal QuantizationSource Source { get; }

    /// <summary>In the order of the source.</summary>
    internal IReadOnlyList<(SourceModule Module, WeightEncoder Encoder)> Encoded => _encoded;

    internal IReadOnlyList<TensorView> Copied => _copied;

    /// <summary>Scales of a key/value cache, made anew.</summary>
    internal IReadOnlyList<(TensorSource Tensor, float Scale)> CacheScales { get; }

    internal IReadOnlyList<TensorSource> Tensors => _tensors;

    internal IReadOnlyList<string> Notes => _notes;

    /// <summary>The new <c>quantization_config</c>.</summary>
    internal JsonObject? Config { get; }

    /// <summary>Whether the output layer, tied to the embedding in the source, gets a weight of its own.</summary>
    internal bool Unties { get; private set; }

    /// <summary>Engines such as vLLM multiply these together, and may refuse a model in which only some of them are quantised.</summary>
    void NoteFused()
    {
        HashSet<string> encoded = [.. _encoded.Where(item => item.Encoder is not BFloat16Encoder).Select(item => item.Encoder.Module)];
        foreach (string[] fused in (string[][])[[".q_proj", ".k_proj", ".v_proj"], [".gate_proj", ".up_proj"]])
        {
            foreach (string parent in encoded.Where(name => fused.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal))).Select(name => name[..name.LastIndexOf('.')]).Distinct().Order(StringComparer.Ordinal))
            {
                string[] wide = [.. fused.Where(suffix => !encoded.Contains(parent + suffix) && _copied.Any(tensor => tensor.Name == parent + suffix + ".weight"))];
                if (wide.Length > 0)
                {
                    _notes.Add($"{parent} is quantised but for {string.Join(" and ", wide.Select(suffix => suffix[1..]))}: engines that fuse {string.Join(", ", fused.Select(suffix => suffix[1..]))} may refuse that; exclude all of them or none");
                }
            }
        }
    }

    void Encode(SourceModule module, WeightEncoder encoder)
    {
        _encoded.Add((module, encoder));
        _tensors.AddRange(encoder.Tensors);
    }

    void Copy(TensorView tensor)
    {
        _copied.Add(tensor);
        _tensors.Add(new TensorSource(tensor));
    }

    void Untie(EncodingTarget target)
    {
        Unties = true;
        if (_encoded.Any(item => item.Module.Name == Head))
        {
            // The file has the embedding a second time under this name, as the published Qwen3 files do.
            return;
        }

        SourceModule table = Source.Modules.Modules.FirstOrDefault(module => module.Name == Embedding)
            ?? throw new ModelException(ModelError.Damaged, $"{Source.Checkpoint.Path}: the output layer is tied to an embedding, but there is no {Embedding}.weight to quantise for it", Source.Checkpoint.Path);
        LinearTensor weight = table.Weight;
        if (target.TryCreate(Head, weight.Rows, weight.Columns) is { Encoder: { } encoder })
        {
            Encode(table, encoder);
        }
        else
        {
            Unties = false;
        }
    }
}
