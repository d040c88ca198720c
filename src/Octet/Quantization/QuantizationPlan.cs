using System.Text.Json.Nodes;
using Octet.Backends;
using Octet.Checkpoints;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>Which tensors a quantisation makes, and from what: decided, and checked, before the first byte is written.</summary>
sealed class QuantizationPlan
{
    readonly List<(SourceModule Module, WeightEncoder Encoder)> _encoded = [];
    readonly List<TensorView> _copied = [];
    readonly List<TensorSource> _tensors = [];
    readonly List<string> _notes = [];
    readonly ExpertsPlan _experts;

    internal QuantizationPlan(QuantizationSource source, EncodingTarget target, bool head, CacheCalibration? cache)
    {
        Source = source;
        _experts = new ExpertsPlan(source.Modules, target);
        List<string> unconverted = [];
        foreach ((SourceModule module, WeightEncoder? chosen, string? reason) in _experts.Among(Decide(target)))
        {
            WeightEncoder? encoder = chosen;
            if (reason is not null)
            {
                _notes.Add(reason);
            }

            if ((encoder is null or StoredTypeEncoder) && target.EncodesWide && module.Shape is null && !IsTable(module.Name))
            {
                unconverted.Add(module.Name);
            }

            // A wide weight with factors for its inputs is not copied: they go into it.
            if (encoder is null && (module.IsQuantized || module.Weight.InputFactors is not null))
            {
                encoder = new BFloat16Encoder(module.Name, module.Weight.Rows, module.Weight.Columns, module.Shape);
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

        unconverted.AddRange(_experts.Unconverted.Except(unconverted));
        _notes.AddRange(_experts.Notes);
        DecideHead(target, head, unconverted);
        bool ofTarget = false, areLost = false;
        CacheScales = cache?.Scales ?? TakeCacheScales(target, out ofTarget, out areLost) ?? CarryCacheScales(target);
        HashSet<string> replaced = [.. CacheScales.Select(scale => scale.Tensor.Name)];
        if (CacheScales.Count > 0 || !target.EncodesWide)
        {
            replaced.UnionWith(source.Modules.CacheScales.Select(scale => scale.Name));
        }

        foreach (TensorView tensor in source.Modules.Others.Where(tensor => !replaced.Contains(tensor.Name) && !_experts.Divides(tensor)))
        {
            Copy(tensor);
        }

        _tensors.AddRange(CacheScales.Select(scale => scale.Tensor));
        Marks = target.Marks;
        _tensors.AddRange(Marks.Select(mark => new TensorSource(mark)));
        LayersMetadata = target.LayersMetadata;
        NoteFused();
        if (target.Objection([.. _encoded.Select(item => item.Encoder).Where(encoder => !encoder.IsWide)]) is { } objection)
        {
            _notes.Add(objection);
        }

        Config = target.Config(unconverted, _encoded.Any(item => item.Encoder.Module == source.HeadName && !item.Encoder.IsWide) ? source.HeadName : null);
        if (CacheScales.Count > 0 && Config is not null)
        {
            PublishedConfig.AddCache(Config, ofTarget);
        }
        else if (areLost && Config is not null && PublishedConfig.RemoveCache(Config))
        {
            _notes.Add("the config does not say any more that a key/value cache is quantised");
        }
    }

    internal QuantizationSource Source { get; }

    /// <summary>In the order of the source.</summary>
    internal IReadOnlyList<(SourceModule Module, WeightEncoder Encoder)> Encoded => _encoded;

    internal IReadOnlyList<TensorView> Copied => _copied;

    /// <summary>Scales of a key/value cache, made anew.</summary>
    internal IReadOnlyList<(TensorSource Tensor, float Scale)> CacheScales { get; }

    /// <summary>Tensors of the target that say of what format layers are.</summary>
    internal IReadOnlyList<TensorView> Marks { get; }

    /// <summary>What the files' metadata say of it; null: nothing.</summary>
    internal string? LayersMetadata { get; }

    internal IReadOnlyList<TensorSource> Tensors => _tensors;

    internal IReadOnlyList<string> Notes => _notes;

    /// <summary>The new <c>quantization_config</c>.</summary>
    internal JsonObject? Config { get; }

    /// <summary>Whether codes become bfloat16, and none stay.</summary>
    internal bool Widens => Config is null && _encoded.Count > 0 && _encoded.TrueForAll(item => item.Encoder.IsWide);

    /// <summary>Whether the output layer, tied to the embedding in the source, gets a weight of its own.</summary>
    internal bool Unties { get; private set; }

    /// <summary>Of a target that has its own, which its config speaks of; null: it has none, or they are not to be had.</summary>
    IReadOnlyList<(TensorSource Tensor, float Scale)>? TakeCacheScales(EncodingTarget target, out bool areTaken, out bool areLost)
    {
        (areTaken, areLost) = (false, false);
        TensorView[] given = [.. target.CacheScales.Where(scale => Source.Modules.Modules.Any(module => module.Name.StartsWith(CarriedCacheScales.Layer(scale.Name) + ".", StringComparison.Ordinal)))];
        if (given.Length == 0)
        {
            return null;
        }

        IReadOnlyList<(TensorSource Tensor, float Scale)> taken = CarriedCacheScales.Read(given, out string? problem);
        (areTaken, areLost) = (problem is null, problem is not null);
        if (areLost)
        {
            _notes.Add($"scales of a key/value cache are not taken: {problem}");
            return null;
        }

        return taken;
    }

    /// <summary>Of a source that has its own: as they are where the target has use of them.</summary>
    IReadOnlyList<(TensorSource Tensor, float Scale)> CarryCacheScales(EncodingTarget target)
    {
        IReadOnlyList<TensorView> stored = Source.Modules.CacheScales;
        if (stored.Count == 0)
        {
            return [];
        }

        if (!target.EncodesWide)
        {
            _notes.Add($"{stored[0].Name}{(stored.Count == 1 ? " is" : $" and {stored.Count - 1} more are")} left out: scales of a key/value cache belong to quantised checkpoints");
            return [];
        }

        IReadOnlyList<(TensorSource Tensor, float Scale)> carried = CarriedCacheScales.Read(stored, out string? problem);
        if (problem is not null)
        {
            _notes.Add($"scales of a key/value cache are copied as they are, and the config does not say that they are there: {problem}");
        }

        return carried;
    }

    /// <summary>An embedding, which no loader takes for a linear layer: <c>embed_tokens</c>, but not <c>embed_vision.embedding_projection</c>.</summary>
    static bool IsTable(string module)
    {
        string last = module[(module.LastIndexOf('.') + 1)..];
        return last.Contains("embed", StringComparison.Ordinal) && !last.Contains("proj", StringComparison.Ordinal);
    }

    /// <summary>What becomes of each module of the source.</summary>
    IEnumerable<(SourceModule Module, WeightEncoder? Encoder, string? Reason)> Decide(EncodingTarget target)
    {
        foreach (SourceModule module in Source.Modules.Modules)
        {
            (WeightEncoder? encoder, string? reason) = module.Shape is not null || module.IsEmpty ? (null, null) : target.TryCreate(module.Name, module.Weight.Rows, module.Weight.Columns);
            yield return (module, encoder, reason);
        }
    }

    /// <summary>Engines such as vLLM multiply these together, and may refuse a model in which only some of them are quantised.</summary>
    void NoteFused()
    {
        HashSet<string> encoded = [.. _encoded.Where(item => !item.Encoder.IsWide).Select(item => item.Encoder.Module)];
        HashSet<string> left = [.. _copied.Select(tensor => tensor.Name), .. _encoded.Where(item => item.Encoder.IsWide).SelectMany(item => item.Encoder.Tensors).Select(tensor => tensor.Name)];
        foreach (string[] fused in FusedLayers.All)
        {
            foreach (string parent in encoded.Where(name => fused.Any(last => name.EndsWith("." + last, StringComparison.Ordinal))).Select(name => name[..name.LastIndexOf('.')]).Distinct().Order(StringComparer.Ordinal))
            {
                string[] wide = [.. fused.Where(last => !encoded.Contains($"{parent}.{last}") && left.Contains($"{parent}.{last}.weight"))];
                if (wide.Length > 0)
                {
                    _notes.Add($"{parent} is quantised but for {string.Join(" and ", wide)}: engines that fuse {string.Join(", ", fused)} may refuse that; exclude all of them or none");
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

    /// <summary>The output layer of a model that ties it to the embedding: the one that the loader takes.</summary>
    void DecideHead(EncodingTarget target, bool head, List<string> unconverted)
    {
        if (!Source.TiesOutput)
        {
            return;
        }

        (SourceModule? table, SourceModule? stored) = (Source.Table, Source.Head);
        if (table is not null && stored is not null)
        {
            if ((table.Weight.Rows, table.Weight.Columns) != (stored.Weight.Rows, stored.Weight.Columns))
            {
                throw new ModelException(
                    ModelError.Damaged,
                    $"{stored.Weight.Tensor.File.Path}: tensor {stored.Weight.Tensor.Name}: {stored.Weight.Rows} x {stored.Weight.Columns} weights, but it is tied to {table.Weight.Tensor.Name} of {table.Weight.Rows} x {table.Weight.Columns}",
                    stored.Weight.Tensor.File.Path,
                    stored.Weight.Tensor.Name);
            }

            // Said in the new config, so that no engine decides otherwise.
            if (TiedOutput.Untie(table.Weight, stored.Weight) is { } notice)
            {
                Unties = true;
                _notes.Add(notice);
            }
        }

        if (head && target.EncodesWide)
        {
            Untie(target, table, stored);
        }
        else if (target.EncodesWide && !unconverted.Contains(Source.HeadName))
        {
            unconverted.Insert(0, Source.HeadName);
        }
    }

    void Untie(EncodingTarget target, SourceModule? table, SourceModule? stored)
    {
        if (table is null)
        {
            throw new ModelException(ModelError.Damaged, $"{Source.Checkpoint.Path}: the output layer is tied to an embedding, but there is no model.embed_tokens.weight to quantise for it", Source.Checkpoint.Path);
        }

        if (stored is not null)
        {
            // The embedding a second time, as the published Qwen3 files have it, or one of its own.
            Unties = true;
        }
        else if (target.TryCreate(Source.HeadName, table.Weight.Rows, table.Weight.Columns) is { Encoder: { } encoder })
        {
            Encode(table, encoder);
            Unties = true;
        }
    }
}
