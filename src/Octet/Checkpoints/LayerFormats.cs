using System.Text;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Checkpoints;

/// <summary>
/// What the files of a checkpoint say of single layers, beside the config: ComfyUI's marks, in the header's metadata, in a tensor beside
/// the layer's weight, or in one tensor for all layers with a <c>scale_weight</c>. Model Optimizer writes the first too, whatever the
/// order of its scales.
/// </summary>
sealed class LayerFormats
{
    /// <summary>The key of a file's metadata: <c>{"layers": {NAME: {"format": ...}}}</c>.</summary>
    internal const string MetadataKey = "_quantization_metadata";

    /// <summary>After a layer's name: a tensor whose bytes are <c>{"format": ...}</c>.</summary>
    internal const string MarkSuffix = ".comfy_quant";

    /// <summary>What a mark is, for the list of tensors that are not weights.</summary>
    internal const string What = "a mark that names the format of layers";

    const string FileMark = "scaled_fp8";
    const string ScaleSuffix = ".scale_weight";
    const int LongestMark = 1 << 16;

    // The name of the model inside a file of several, which some producers leave out.
    static readonly string[] s_prefixes = ["", "model.diffusion_model.", "diffusion_model.", "model."];

    readonly Dictionary<string, LayerFormat> _layers = new(StringComparer.Ordinal);
    readonly List<TensorView> _marks = [];

    LayerFormats()
    {
    }

    /// <summary>By the layer's name.</summary>
    internal IReadOnlyDictionary<string, LayerFormat> Layers => _layers;

    /// <summary>The tensors that said something, and are no weights.</summary>
    internal IReadOnlyList<TensorView> Marks => _marks;

    /// <summary>The format that was named for a layer; null where none was.</summary>
    internal LayerFormat? Of(string layer) => _layers.GetValueOrDefault(layer);

    /// <param name="checkpoint">The files.</param>
    /// <param name="quantization">What their config says: that of Model Optimizer leaves open what its metadata mean (<see cref="ScaleOrder"/>).</param>
    /// <exception cref="ModelException">Something is said that is not understood, or of a layer that is not there, or twice and not alike.</exception>
    internal static LayerFormats Read(SafetensorsCheckpoint checkpoint, QuantizationConfig? quantization)
    {
        var formats = new LayerFormats();
        List<TensorView> fileMarks = [];
        foreach (SafetensorsFile file in checkpoint.Files)
        {
            if (file.Metadata.TryGetValue(MetadataKey, out string? text))
            {
                formats.ReadMetadata(checkpoint, file, text);
            }
        }

        if (quantization is { QuantMethod: "modelopt" } && formats._layers.Any(layer => layer.Value.IsTiled) && !ScaleOrder.IsTiled(checkpoint, formats._layers))
        {
            foreach ((string layer, LayerFormat format) in formats._layers.ToArray())
            {
                formats._layers[layer] = format with { IsTiled = false };
            }
        }

        foreach (TensorView tensor in checkpoint.Tensors)
        {
            if (tensor.Name.EndsWith(MarkSuffix, StringComparison.Ordinal))
            {
                formats.ReadMark(checkpoint, tensor);
            }
            else if (tensor.Name == FileMark || tensor.Name.EndsWith("." + FileMark, StringComparison.Ordinal))
            {
                fileMarks.Add(tensor);
            }
        }

        formats.ReadFileMarks(checkpoint, fileMarks);
        return formats;
    }

    void ReadMetadata(SafetensorsCheckpoint checkpoint, SafetensorsFile file, string text)
    {
        string source = $"{file.Path}, metadata {MetadataKey}";
        ConfigObject json = ConfigObject.Parse(Encoding.UTF8.GetBytes(text), source);
        if (json.TryString("format_version") is not (null or "1.0"))
        {
            throw json.Unsupported("format_version", "1.0");
        }

        ConfigObject layers = json.TryObject("layers") ?? throw json.Missing("layers", "an object of layers, each with its format");
        (string Name, LayerFormat Format)[] read = [.. layers.Objects.Select(layer => (layer.Name, LayerFormat.Read(layer.Value, "the file's metadata")))];
        string[] names = [.. layers.Names];
        string? prefix = Array.Find(s_prefixes, prefix => Array.TrueForAll(names, name => Has(checkpoint, prefix + name)));
        if (prefix is null)
        {
            string name = Array.Find(names, name => !Has(checkpoint, name))!;
            throw new ModelException(ModelError.Damaged, $"{source} names the layer {name}, but there is no tensor {name}.weight: the file is incomplete, or was changed without its metadata", file.Path, name);
        }

        if (read.Length < names.Length)
        {
            throw layers.Missing(names.Except(read.Select(layer => layer.Name)).First(), "an object with a format");
        }

        foreach ((string name, LayerFormat format) in read)
        {
            Add(prefix + name, format, file.Path);
        }
    }

    void ReadMark(SafetensorsCheckpoint checkpoint, TensorView tensor)
    {
        string name = tensor.Name[..^MarkSuffix.Length];
        if (tensor.DataType != DataType.UInt8 || tensor.Shape.Length != 1 || tensor.ByteLength > LongestMark)
        {
            throw Error(tensor, $"a mark of type {tensor.DataType} and shape [{string.Join(", ", tensor.Shape.ToArray())}], expected at most {LongestMark} bytes (U8) of JSON");
        }

        if (!Has(checkpoint, name))
        {
            throw Error(tensor, $"a mark of a layer without its weight {name}.weight: the file is incomplete");
        }

        byte[] text = new byte[tensor.ByteLength];
        tensor.CopyTo(text);
        Add(name, LayerFormat.Read(ConfigObject.Parse(text, $"{tensor.File.Path}: tensor {tensor.Name}"), tensor.Name), tensor.File.Path);
        _marks.Add(tensor);
    }

    /// <summary>A mark is of all layers below it that have a <c>scale_weight</c>.</summary>
    void ReadFileMarks(SafetensorsCheckpoint checkpoint, List<TensorView> marks)
    {
        // By what is before the mark's own name: nothing, or modules and a point. Of a layer's name only beginnings of such lengths are looked up.
        Dictionary<string, (TensorView Mark, DataType Codes)> byPrefix = marks.ToDictionary(mark => mark.Name[..^FileMark.Length], mark => (mark, ReadFileMark(mark)), StringComparer.Ordinal);
        var prefixes = byPrefix.GetAlternateLookup<ReadOnlySpan<char>>();
        HashSet<int> lengths = [.. byPrefix.Keys.Select(prefix => prefix.Length)];
        foreach (TensorView scale in marks.Count == 0 ? [] : checkpoint.Tensors.Where(tensor => tensor.Name.EndsWith(ScaleSuffix, StringComparison.Ordinal)))
        {
            for (int dot = -1; ;)
            {
                if (lengths.Contains(dot + 1) && prefixes.TryGetValue(scale.Name.AsSpan(0, dot + 1), out var found))
                {
                    Add(scale.Name[..^ScaleSuffix.Length], LayerFormat.Scaled(found.Codes, found.Mark.Name), found.Mark.File.Path);
                }

                int next = scale.Name.IndexOf('.', dot + 1);
                if (next < 0)
                {
                    break;
                }

                dot = next;
            }
        }

        _marks.AddRange(marks);
    }

    static DataType ReadFileMark(TensorView tensor)
    {
        // F32 is what the first of these files have, and means E4M3; two elements ask for products in full precision.
        DataType codes = tensor.DataType == DataType.Float32 ? DataType.Float8E4M3FN : tensor.DataType;
        if (codes is not (DataType.Float8E4M3FN or DataType.Float8E5M2) || tensor.ElementCount is not (0 or 2))
        {
            throw Error(tensor, $"a mark of type {tensor.DataType} with {tensor.ElementCount} elements, expected F8_E4M3, F8_E5M2 or F32 with 0 or 2");
        }

        return codes;
    }

    void Add(string layer, LayerFormat format, string file)
    {
        if (!_layers.TryAdd(layer, format) && _layers[layer] is { } other)
        {
            if (other.Name == format.Name)
            {
                // A mark in tiles where the metadata left it open.
                _layers[layer] = format.IsTiled ? format : other;
                return;
            }

            throw new ModelException(
                ModelError.Damaged, $"{file}: {layer} is {other.Name} by {other.Source}, but {format.Name} by {format.Source}; the checkpoint contradicts itself", file, layer);
        }
    }

    static bool Has(SafetensorsCheckpoint checkpoint, string layer) => checkpoint.TryGetTensor(layer + WeightScheme.PlainSuffix, out _);

    static ModelException Error(TensorView tensor, string what) => new(ModelError.Damaged, $"{tensor.File.Path}: tensor {tensor.Name}: {what}", tensor.File.Path, tensor.Name);
}
