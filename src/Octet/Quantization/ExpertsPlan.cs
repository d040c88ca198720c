using Octet.Backends;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>
/// What becomes of experts in one tensor. No published scheme has codes and scales that every loader reads in that form, so where a layer of
/// them is to be encoded all become matrices of their own; else the tensors stay, and codes in them become bfloat16.
/// </summary>
sealed class ExpertsPlan
{
    readonly SourceModules _source;
    readonly List<(SourceExperts Experts, List<(SourceModule Module, WeightEncoder? Encoder, string? Reason)> Layers)> _divided = [];
    readonly HashSet<string> _dividedTensors = new(StringComparer.Ordinal);
    readonly List<string> _notes = [];
    readonly List<string> _unconverted = [];

    internal ExpertsPlan(SourceModules source, EncodingTarget target)
    {
        _source = source;
        if (!target.EncodesWide)
        {
            return;
        }

        List<string> excluded = [], byTurns = [], unasked = [];
        foreach (SourceExperts experts in source.Experts)
        {
            IEnumerable<string> tensors = experts.Tensors.Select(tensor => tensor.Name);
            if (experts.Parents.Any(target.Excludes))
            {
                excluded.AddRange(tensors);
            }
            else if (experts.TakeTurns)
            {
                byTurns.AddRange(tensors);
            }
            else if (Divide(experts, target) is { } layers)
            {
                _divided.Add((experts, layers));
                _dividedTensors.UnionWith(tensors);
            }
            else
            {
                (experts.Modules.All(module => target.Excludes(module.Name)) ? excluded : unasked).AddRange(tensors);
            }
        }

        // Of no model that runs here, by the name that all have who name their experts.
        HashSet<string> known = [.. excluded, .. byTurns, .. unasked, .. _dividedTensors];
        string[] unknown = [.. InOneTensor().Select(experts => experts.Stored.Name).Where(name => !known.Contains(name))];
        Note(byTurns, "rows of gates and ups that take turns, and biases, have no published form as matrices of their own");
        Note(unasked, "the scheme has no codes for any of their matrices");
        Note(unknown, "which of their matrices are gates, and which way they lie, is known of models only that run here");
        HashSet<string> left = [.. source.Experts.Where(experts => !Divides(experts.Tensors[0])).SelectMany(experts => experts.Parents)];
        _unconverted.AddRange(InOneTensor().Where(experts => !Divides(experts.Stored)).Select(experts => Parent(experts.Name)).Concat(left).Distinct());
    }

    /// <summary>Modules that loaders would make quantised, and look for their scales, if they were not named.</summary>
    internal IReadOnlyList<string> Unconverted => _unconverted;

    internal IReadOnlyList<string> Notes => _notes;

    /// <summary>Whether a tensor of the source becomes matrices, so that nothing is written under its name.</summary>
    internal bool Divides(TensorView tensor) => _dividedTensors.Contains(tensor.Name);

    /// <summary>Modules of the source with those that its experts become in the place of their tensors.</summary>
    internal IEnumerable<(SourceModule Module, WeightEncoder? Encoder, string? Reason)> Among(IEnumerable<(SourceModule Module, WeightEncoder? Encoder, string? Reason)> modules)
    {
        if (_divided.Count == 0)
        {
            return modules;
        }

        Dictionary<string, int> places = _source.Checkpoint.Tensors.Select((tensor, i) => (tensor.Name, i)).ToDictionary(StringComparer.Ordinal);
        return modules.Where(item => !Divides(item.Module.Weight.Tensor)).Select(item => (Place: places[item.Module.Weight.Tensor.Name], Item: item))
            .Concat(_divided.SelectMany(divided => divided.Layers.Select(layer => (Place: divided.Experts.Tensors.Min(tensor => places[tensor.Name]), Item: layer))))
            .OrderBy(item => item.Place)
            .Select(item => item.Item);
    }

    /// <summary>The encoder of each matrix; null: none is to be encoded.</summary>
    static List<(SourceModule Module, WeightEncoder? Encoder, string? Reason)>? Divide(SourceExperts experts, EncodingTarget target)
    {
        List<(SourceModule Module, WeightEncoder? Encoder, string? Reason)> layers = [];
        HashSet<string> said = new(StringComparer.Ordinal);
        foreach (SourceModule module in experts.Modules)
        {
            (WeightEncoder? encoder, string? reason) = target.TryCreate(module.Name, module.Weight.Rows, module.Weight.Columns);

            // All experts are of one shape: what is said of the first holds for the others.
            reason = reason is not null && said.Add(module.Name[(module.Name.LastIndexOf('.') + 1)..]) ? $"{reason}, like those of the experts beside it" : null;
            layers.Add((module, encoder, reason));
        }

        return layers.TrueForAll(layer => layer.Encoder is null) ? null
            : layers.ConvertAll(layer => (layer.Module, layer.Encoder ?? (layer.Module.IsQuantized ? null : new StoredTypeEncoder(layer.Module.Name, layer.Module.Weight.Rows, layer.Module.Weight.Columns, layer.Module.Weight.ElementType)), layer.Reason));
    }

    /// <summary>Tensors of three dimensions that are experts, each as it is stored and with its name as a wide one.</summary>
    IEnumerable<(TensorView Stored, string Name)> InOneTensor()
        => _source.Others.Where(tensor => tensor.Shape.Length == 3 && FloatTensor.IsSupported(tensor.DataType)).Select(tensor => (Stored: tensor, tensor.Name))
            .Concat(_source.Modules.Where(module => module.Shape is { Dimensions.Length: 3 }).Select(module => (Stored: module.Weight.Tensor, Name: module.Shape!.Tensor)))
            .Where(experts => Parent(experts.Name).EndsWith(".experts", StringComparison.Ordinal));

    void Note(IReadOnlyCollection<string> tensors, string why)
    {
        foreach (bool narrow in (bool[])[true, false])
        {
            string[] names = [.. tensors.Where(name => _source.Checkpoint[name] is var tensor && FloatTensor.IsSupported(tensor.DataType) != narrow)];
            if (names.Length > 0)
            {
                string what = (narrow, names.Length) switch { (true, 1) => "becomes bfloat16", (true, _) => "become bfloat16", (_, 1) => "stays as it is", _ => "stay as they are" };
                _notes.Add($"{names[0]}{(names.Length == 1 ? "" : $" and {names.Length - 1} more")} {what}: {why}");
            }
        }
    }

    static string Parent(string name) => name[..Math.Max(name.LastIndexOf('.'), 0)];
}
