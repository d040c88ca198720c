using Octet.Backends;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Checkpoints;

/// <summary>
/// The tensors of a checkpoint, each handed out exactly once, with codes paired to their scales by the table of
/// <see cref="WeightScheme"/>. What a model asks for and does not find, and what is left when it has asked for everything, is an error: a
/// dropped scale computes fluent nonsense.
/// </summary>
sealed partial class WeightLedger(SafetensorsCheckpoint checkpoint, QuantizationConfig? quantization, LayerFormats? formats = null)
{
    const int MxBlock = 32;
    const string TurnedNotice = " and its like are FP8 with inputs before outputs, which costs time whenever they are multiplied: octet quantize makes matrices of them";
    const string StackedCodes = "_blocks";
    const string StackedScales = "_scales";

    static readonly ScaleLayout s_blocks = new(128, 128);

    readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    readonly List<string> _order = [];
    readonly List<LinearTensor> _quantized = [];
    readonly List<(TensorView Tensor, string Reason)> _skipped = [];
    readonly ModuleList _unquantized = new(quantization?.ModulesToNotConvert ?? []);
    readonly List<(string Module, string Entry)> _listed = [];
    readonly List<string> _notices = [];
    readonly List<StackedExperts> _experts = [];
    readonly LayerFormats _formats = formats ?? LayerFormats.Read(checkpoint, quantization);

    internal SafetensorsCheckpoint Checkpoint { get; } = checkpoint;

    /// <summary>Whether nobody computes with what is handed out: then pages with scales are given back when they were looked at, of which formats with small groups have many.</summary>
    internal bool OnlyChecks { get; init; }

    /// <summary>The names of the tensors that were asked for, in that order.</summary>
    internal IReadOnlyList<string> Taken => _order;

    /// <summary>What was decided where the files leave a choice, a sentence each.</summary>
    internal IReadOnlyList<string> Notices => _notices;

    /// <summary>The experts that were handed out of one tensor.</summary>
    internal IReadOnlyList<StackedExperts> Experts => _experts;

    /// <summary>The tensors that are stored and not used, each with the reason.</summary>
    internal IReadOnlyList<(TensorView Tensor, string Reason)> Skipped => _skipped;

    /// <summary>The first of <paramref name="prefixes"/> before which <paramref name="name"/> is stored; the very first where none is.</summary>
    internal string Prefix(string name, params ReadOnlySpan<string> prefixes)
    {
        foreach (string prefix in prefixes)
        {
            if (HasLinear(prefix + name))
            {
                return prefix;
            }
        }

        return prefixes[0];
    }

    /// <summary>The first of <paramref name="names"/> that is stored; the very first where none is.</summary>
    internal string Stored(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (Has(name))
            {
                return name;
            }
        }

        return names[0];
    }

    /// <summary>A linear layer with a vector that is added to its outputs, <c>.bias</c>.</summary>
    internal LinearTensor Linear(string name, long outputs, long inputs, bool hasBias)
    {
        LinearTensor layer = Linear(name, outputs, inputs);
        return hasBias ? layer with { Bias = Vector(name + ".bias", outputs) } : layer;
    }

    /// <summary>Layers that are stored as one, <paramref name="name"/>, one after the other.</summary>
    internal LinearTensor[] Fused(string name, ReadOnlySpan<int> outputs, long inputs, bool hasBias = false)
    {
        long all = 0;
        foreach (int count in outputs)
        {
            all += count;
        }

        LinearTensor whole = Linear(name, all, inputs, hasBias);
        var parts = new LinearTensor[outputs.Length];
        long first = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = whole.Slice(first, outputs[i]);
            first += outputs[i];
        }

        return parts;
    }

    /// <summary>Whether layers of one shape are stored as one tensor of this name.</summary>
    internal bool HasStacked(string name) => Has(name) || Has(name + StackedCodes);

    /// <summary>
    /// Layers of one shape that are stored as one tensor with a dimension more, one after the other: <paramref name="name"/> itself where they
    /// are not quantised or are FP8 with <c>_scale_inv</c> or <c>_scale</c>, or gpt-oss's MXFP4, <c>_blocks</c> of 32 codes with <c>_scales</c>; <c>_bias</c> beside them.
    /// </summary>
    /// <param name="name">The tensor.</param>
    /// <param name="count">Layers.</param>
    /// <param name="outputs">Of each.</param>
    /// <param name="inputs">Of each.</param>
    /// <param name="hasBias">Whether there is <c>_bias</c>.</param>
    /// <param name="inputsFirst">Whether layers that are not MXFP4 are [inputs, outputs].</param>
    internal LinearTensor Stacked(string name, int count, long outputs, long inputs, bool hasBias, bool inputsFirst)
    {
        long rows = checked(count * outputs);
        LinearTensor layers;
        if (Has(name + StackedCodes))
        {
            TensorView codes = Take(name + StackedCodes, count, outputs, inputs / MxBlock, MxBlock / 2);
            TensorView scales = Take(name + StackedScales, count, outputs, inputs / MxBlock);
            if (inputs % MxBlock != 0 || codes.DataType != DataType.UInt8 || scales.DataType is not (DataType.UInt8 or DataType.Float8E8M0FNU))
            {
                throw Error(codes, $"codes of type {codes.DataType} for {inputs} inputs with scales of type {scales.DataType}, expected U8 with U8, and inputs in blocks of {MxBlock}", ModelError.Unsupported);
            }

            RequireShape(codes, count, outputs, inputs / MxBlock, MxBlock / 2);
            RequireShape(scales, count, outputs, inputs / MxBlock);
            ScaleCodes grid = new(scales, rows, checked((int)(inputs / MxBlock)), tiled: false);
            RequireCodes(grid, codes, 0xFF, _ => float.NaN);
            layers = new LinearTensor(codes, DataType.Float4E2M1FN, rows, checked((int)inputs), new ScaleGrid(grid, PowersOfTwo(), 1, MxBlock));
            _quantized.Add(layers);
        }
        else
        {
            long[] shape = inputsFirst ? [count, inputs, outputs] : [count, outputs, inputs];
            TensorView tensor = Take(name, shape);
            RequireShape(tensor, shape);
            layers = new LinearTensor(tensor, tensor.DataType, rows, checked((int)inputs), null) { TransposedRows = inputsFirst ? outputs : 0 };
            if (FloatTensor.IsFloat8(tensor.DataType))
            {
                foreach (UnreadTensor kind in UnreadTensor.OfExperts.Where(kind => Has(name + kind.Suffix)))
                {
                    TensorView unread = Checkpoint[name + kind.Suffix];
                    Skip(unread.Name, kind.Problem(unread) is { } problem ? throw Error(unread, problem) : kind.Reason);
                }

                layers = layers with { Scales = StackedFloat8Scales(tensor, count, outputs, inputs, inputsFirst), DynamicInput = quantization?.DynamicInput ?? InputQuantization.Dynamic };
                _quantized.Add(layers);
                if (inputsFirst && !_notices.Exists(notice => notice.EndsWith(TurnedNotice, StringComparison.Ordinal)))
                {
                    Note(name + TurnedNotice);
                }
            }
            else if (!FloatTensor.IsSupported(tensor.DataType))
            {
                throw Error(tensor, $"experts as one tensor of type {tensor.DataType}, expected BF16, F16, F32 or FP8, or MXFP4 as {name}{StackedCodes}", ModelError.Unsupported);
            }
        }

        return hasBias ? layers with { Bias = Floats(name + "_bias", count, outputs) } : layers;
    }

    /// <summary>Whether a tensor of such layers has outputs before inputs; false too where its shape does not tell.</summary>
    internal bool HasOutputsFirst(string name, int count, long outputs, long inputs)
        => outputs != inputs && Checkpoint.TryGetTensor(name, out TensorView? tensor) && tensor.Shape.SequenceEqual([count, outputs, inputs]);

    /// <summary>Remembers which layers <see cref="Stacked"/> tensors are.</summary>
    internal void Add(StackedExperts experts) => _experts.Add(experts);

    /// <summary>Skips every tensor whose name begins so; returns how many there were.</summary>
    internal int SkipUnder(string beginning, string reason)
    {
        int before = _skipped.Count;
        foreach (TensorView tensor in Checkpoint.Tensors)
        {
            if (tensor.Name.StartsWith(beginning, StringComparison.Ordinal))
            {
                Skip(tensor.Name, reason);
            }
        }

        return _skipped.Count - before;
    }

    /// <summary>Bytes of all tensors that nobody has asked for yet and whose names do not begin with one of these.</summary>
    internal long BytesLeft(IReadOnlyList<string> without)
        => Checkpoint.Tensors.Where(tensor => !_taken.Contains(tensor.Name) && !without.Any(beginning => tensor.Name.StartsWith(beginning, StringComparison.Ordinal))).Sum(tensor => tensor.ByteLength);

    /// <summary>Says something about the checkpoint to who opened it.</summary>
    internal void Note(string notice) => _notices.Add($"{Checkpoint.Path}: {notice}");

    /// <summary>A linear layer <paramref name="name"/> of [outputs, inputs], quantised exactly when its weight is made of codes.</summary>
    internal LinearTensor Linear(string name, long outputs, long inputs)
    {
        WeightScheme[] present = [.. WeightScheme.All.Where(scheme => Has(name + scheme.Codes))];
        string[] codes = [.. present.Select(scheme => scheme.Codes).Distinct()];
        if (codes.Length > 1)
        {
            throw Error(Checkpoint[name + codes[1]], $"{name} is stored twice, also as {name}{codes[0]}; the checkpoint contradicts itself");
        }

        TensorView tensor = Take(name + (codes.Length == 0 ? WeightScheme.PlainSuffix : codes[0]), [outputs, inputs]);
        if (inputs > int.MaxValue)
        {
            throw Error(tensor, $"rows of {inputs} weights are not implemented: expected at most {int.MaxValue}", ModelError.Unsupported);
        }

        LayerFormat? format = _formats.Of(name);
        format?.RequireCodes(tensor);
        string[] scales = [.. present.Select(scheme => scheme.Scale).Distinct().Where(suffix => Has(name + suffix))];
        if (FloatTensor.IsSupported(tensor.DataType))
        {
            if (scales.Length > 0)
            {
                throw Error(Checkpoint[name + scales[0]], $"scales of {tensor.Name}, whose type is {tensor.DataType}: only FP8 weights have scales; the checkpoint contradicts itself");
            }

            RequireShape(tensor, outputs, inputs);
            return new LinearTensor(tensor, null) { InputFactors = InputFactors(name, inputs) };
        }

        DataType element = ElementType(tensor, outputs, inputs);
        if (_unquantized.Find(name) is { } listed)
        {
            _listed.Add((name, listed));
        }

        if (quantization is not null && !quantization.Allows(element))
        {
            throw Error(tensor, $"codes of type {element}, but {Source} says {quantization.Fmt}; the checkpoint contradicts itself");
        }

        if (scales.Length > 1)
        {
            throw Error(Checkpoint[name + scales[1]], $"{name} has scales twice, also as {name}{scales[0]}; the checkpoint contradicts itself");
        }

        foreach (string suffix in WeightScheme.UnusedScales.Where(suffix => Has(name + suffix)))
        {
            Positive(Take(name + suffix), "scale of activations");
        }

        ScaleGrid? grid = scales.Length == 0 ? Unscaled(tensor, name, present, outputs, inputs) : Scales(tensor, element, name, scales[0], present, outputs, inputs, format);
        var layer = new LinearTensor(tensor, element, outputs, checked((int)inputs), grid)
        {
            HighHalfFirst = format is { IsTiled: true } && element == DataType.Float4E2M1FN,
            InputScale = InputScale(name, element),
            InputFactors = InputFactors(name, inputs),
            DynamicInput = quantization?.DynamicInput ?? InputQuantization.Dynamic,
        };
        _quantized.Add(layer);
        return layer;
    }

    /// <summary>
    /// The embedding <paramref name="name"/> of [tokens, width] and the weight of the output layer <paramref name="output"/>, null where it is
    /// the embedding: tied by the config and not stored apart (<see cref="TiedOutput"/>). Where only the output layer's is stored, it is both.
    /// </summary>
    internal (LinearTensor Embedding, LinearTensor? Output) Embedding(string name, string output, bool tied, long tokens, long width)
    {
        bool stored = HasLinear(output);
        if (tied && stored && !HasLinear(name))
        {
            _notices.Add($"{Checkpoint.Path}: {name}.weight is not stored, and {ModelConfig.FileName} ties it to the output layer (tie_word_embeddings): {output} is used as the embedding");
            return (Linear(output, tokens, width), null);
        }

        LinearTensor embedding = Linear(name, tokens, width);
        if (tied && !stored)
        {
            return (embedding, null);
        }

        int taken = _order.Count;
        LinearTensor own = Linear(output, tokens, width);
        if (!tied)
        {
            return (embedding, own);
        }

        if (TiedOutput.Untie(embedding, own) is { } notice)
        {
            _notices.Add(notice);
            return (embedding, own);
        }

        _quantized.Remove(own);
        _skipped.AddRange(_order[taken..].Select(same => (Checkpoint[same], "the embedding stored a second time, as the config ties the output layer to it")));
        return (embedding, null);
    }

    /// <summary>Whether a layer's weight is stored, in whatever scheme.</summary>
    internal bool HasLinear(string name) => WeightScheme.All.Any(scheme => Has(name + scheme.Codes));

    /// <summary>Fails when a quantised layer that was handed out has no scale of its inputs.</summary>
    internal void RequireInputScales()
    {
        const string Instead = "open the model with dynamic or weight-only activations";
        string names = string.Join(", ", WeightScheme.InputScales.Select(suffix => suffix[1..]));
        if (_quantized.Find(layer => layer.ElementType == DataType.Float4E2M1FN) is { } narrow)
        {
            throw Error(narrow.Tensor, $"weights of 4 bits, whose inputs static activations would make FP4 too, which is not implemented: {Instead}");
        }

        if (_quantized.TrueForAll(layer => layer.InputScale is null))
        {
            throw new ModelException(ModelError.Unsupported, $"{Checkpoint.Path}: no layer has a scale of its inputs ({names}) that its config lets be used, and static activations need one for each: {Instead}", Checkpoint.Path);
        }

        if (_quantized.Find(layer => layer.InputScale is null) is { } first)
        {
            throw Error(first.Tensor, $"no scale of the layer's inputs ({names}), which other layers have, and static activations need one for each: {Instead}");
        }
    }

    /// <summary>A vector such as a norm's weight, of a wider float type; or of FP8 without scales, as in files that were cast as a whole.</summary>
    internal TensorView Vector(string name, long length)
        => Checkpoint.TryGetTensor(name, out TensorView? tensor) && tensor.Shape.SequenceEqual([1, length]) ? Floats(name, 1, length) : Floats(name, length);

    /// <summary>Whether a tensor is stored in this shape.</summary>
    internal bool HasShape(string name, params ReadOnlySpan<long> shape) => Checkpoint.TryGetTensor(name, out TensorView? tensor) && tensor.Shape.SequenceEqual(shape);

    /// <summary>One number of whatever shape; null: it is not stored.</summary>
    internal float? Scalar(string name) => Has(name) ? Required(name) : null;

    /// <summary>One number of whatever shape.</summary>
    internal float Required(string name)
    {
        TensorView tensor = Take(name, 1);
        return FloatTensor.IsSupported(tensor.DataType) && tensor.ElementCount == 1 && FloatTensor.Widen(tensor)[0] is var value && float.IsFinite(value)
            ? value
            : throw Error(tensor, $"type {tensor.DataType} and shape {Describe(tensor.Shape)}, expected one finite number of BF16, F16 or F32");
    }

    /// <summary>The same, of any shape.</summary>
    internal TensorView Floats(string name, params ReadOnlySpan<long> shape)
    {
        TensorView tensor = Take(name, shape);
        RequireShape(tensor, shape);
        if (!FloatTensor.IsSupported(tensor.DataType) && !FloatTensor.IsFloat8(tensor.DataType))
        {
            throw Error(tensor, $"type {tensor.DataType}, expected BF16, F16, F32 or FP8", ModelError.Unsupported);
        }

        return tensor;
    }

    /// <summary>The scales of the keys and values of the attention <paramref name="name"/>; if it has them under several names, the first of <see cref="WeightScheme.CacheScales"/>.</summary>
    internal CacheScale CacheScale(string name)
    {
        (string Key, string Value)[] known = [.. WeightScheme.CacheScales.Where(names => quantization is not { QuantMethod: "quanto" } || !names.Key.EndsWith(WeightScheme.OutputScale, StringComparison.Ordinal))];
        (string Key, string Value)[] present = [.. known.Where(names => Has(name + names.Key) || Has(name + names.Value))];
        foreach ((string key, string value) in present)
        {
            Skip(name + key, "taken below, or stored under a better name");
            Skip(name + value, "the same");
        }

        (string Key, string Value) chosen = present.Length > 0 ? present[0] : known[0];
        Checkpoint.TryGetTensor(name + chosen.Key, out TensorView? keys);
        Checkpoint.TryGetTensor(name + chosen.Value, out TensorView? values);
        return new CacheScale(name, chosen, keys, values);
    }

    /// <summary>A tensor that is known to be stored and not used, where it is there.</summary>
    internal void Skip(string name, string reason)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        if (Checkpoint.TryGetTensor(name, out TensorView? tensor) && _taken.Add(name))
        {
            _order.Add(name);
            _skipped.Add((tensor, reason));
        }
    }

    /// <summary>Skips marks, and of what was not asked for the tensors that no weight depends on (<see cref="UnreadTensor"/>).</summary>
    /// <exception cref="ModelException">One of them is not what its name says.</exception>
    internal void SkipUnread()
    {
        foreach (TensorView mark in _formats.Marks)
        {
            Skip(mark.Name, LayerFormats.What);
        }

        foreach (TensorView tensor in Checkpoint.Tensors)
        {
            if (!_taken.Contains(tensor.Name) && UnreadTensor.Of(tensor.Name) is { } kind)
            {
                Skip(tensor.Name, kind.Problem(tensor) is { } problem ? throw Error(tensor, problem) : kind.Reason);
            }
        }
    }

    /// <summary>Fails when a tensor was not asked for, and is not one that no weight depends on.</summary>
    internal void Close()
    {
        SkipUnread();
        if (_listed is [var (module, entry), ..])
        {
            string more = _listed.Count == 1 ? "" : $" and {_listed.Count - 1} more";
            _notices.Add($"{Checkpoint.Path}: {module}{more} is stored as codes with scales, and read so, though {ModelConfig.FileName} lists \"{entry}\" among the modules that are not quantised");
        }

        List<TensorView> left = [.. Checkpoint.Tensors.Where(tensor => !_taken.Contains(tensor.Name))];
        if (left.Count == 0)
        {
            return;
        }

        TensorView first = left[0];
        string others = left.Count == 1 ? "" : $" and {left.Count - 1} more";
        string why = WeightScheme.All.Any(scheme => first.Name.EndsWith(scheme.Scale, StringComparison.Ordinal)) ? ": a scale without the FP8 weight it belongs to" : "";
        throw Error(first, $"a tensor that the model does not have{others}{why}; the checkpoint is of another architecture or scheme than {ModelConfig.FileName} says");
    }

    string Source => quantization?.Source ?? ModelConfig.FileName;

    bool Has(string name) => Checkpoint.TryGetTensor(name, out _);

    TensorView Take(string name, params ReadOnlySpan<long> shape)
    {
        if (!Checkpoint.TryGetTensor(name, out TensorView? tensor))
        {
            throw new ModelException(ModelError.Damaged, $"{Checkpoint.Path}: tensor {name} is missing; expected shape {Describe(shape)}. The download is incomplete or the files are of another model", Checkpoint.Path, name);
        }

        if (!_taken.Add(name))
        {
            throw new InvalidOperationException($"tensor {name} is asked for twice");
        }

        _order.Add(name);
        return tensor;
    }

    static void RequireShape(TensorView tensor, params ReadOnlySpan<long> shape)
    {
        if (!tensor.Shape.SequenceEqual(shape))
        {
            throw Error(tensor, $"shape {Describe(tensor.Shape)}, expected {Describe(shape)} by {ModelConfig.FileName}");
        }
    }

    internal static float Positive(TensorView tensor, string what) => Positives(tensor, what, 1)[0];

    /// <summary>One number, or <paramref name="count"/> of them.</summary>
    internal static float[] Positives(TensorView tensor, string what, int count)
    {
        if (!FloatTensor.IsSupported(tensor.DataType) || (tensor.ElementCount != 1 && tensor.ElementCount != count))
        {
            throw Error(tensor, $"a {what} of type {tensor.DataType} and shape {Describe(tensor.Shape)}, expected one number {(count == 1 ? "" : $"or {count} ")}in F32, BF16 or F16");
        }

        float[] values = FloatTensor.Widen(tensor);
        int wrong = Array.FindIndex(values, value => !float.IsFinite(value) || value <= 0);
        return wrong < 0 ? values : throw Error(tensor, $"a {what} of {values[wrong]}, expected a finite number above 0: the file is damaged");
    }

    /// <summary>Null where there is none, or where it is not one of E4M3 inputs.</summary>
    float? InputScale(string name, DataType element)
    {
        string[] suffixes = [.. WeightScheme.InputScales.Where(suffix => Has(name + suffix))];
        if (suffixes.Length > 1)
        {
            throw Error(Checkpoint[name + suffixes[1]], $"{name} has a scale of its inputs twice, also as {name}{suffixes[0]}; the checkpoint contradicts itself");
        }

        if (suffixes.Length == 0)
        {
            return null;
        }

        float scale = Positive(Take(name + suffixes[0]), "scale of activations");
        return element == DataType.Float4E2M1FN || quantization is { ActivationScheme: "none" } ? null : scale;
    }

    static ModelException BadScale(TensorView scale, TensorView tensor, long index, long columns, float value)
        => Error(scale, $"the scale of block [{index / columns}, {index % columns}] of {tensor.Name} is {value}, expected a finite number from 0: the file is damaged");

    static string Describe(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    /// <summary>Null where the layer takes its inputs as they are.</summary>
    float[]? InputFactors(string name, long inputs)
    {
        if (!Has(name + WeightScheme.InputFactors))
        {
            return null;
        }

        TensorView tensor = Take(name + WeightScheme.InputFactors);
        if (!FloatTensor.IsSupported(tensor.DataType) || tensor.ElementCount != inputs)
        {
            throw Error(tensor, $"factors of inputs of type {tensor.DataType} and shape {Describe(tensor.Shape)}, expected {inputs} numbers in F32, BF16 or F16");
        }

        float[] factors = FloatTensor.Widen(tensor);
        int wrong = Array.FindIndex(factors, factor => !float.IsFinite(factor) || factor <= 0);
        return wrong < 0 ? factors : throw Error(tensor, $"the factor of input {wrong} is {factors[wrong]}, expected a finite number above 0: the file is damaged");
    }

    static ModelException Error(TensorView tensor, string what, ModelError kind = ModelError.Damaged) => new(kind, $"{tensor.File.Path}: tensor {tensor.Name}: {what}", tensor.File.Path, tensor.Name);
}
