using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Backends;
using Octet.Checkpoints;
using Octet.Checkpoints.Families;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Tests.Families;

/// <summary>
/// A wrong model, made without touching the engine: by what the loader sees, config.json or tensors; by the parts that the family names; or
/// by one operation of the backend.
/// </summary>
sealed record PlantedBug(string Name)
{
    const string Planted = "a planted bug leaves it";

    internal Action<JsonObject> Config { get; init; } = _ => { };

    internal Action<StoredTensors> Tensors { get; private init; } = _ => { };

    internal Func<ModelConfig, ModelConfig> Model { get; private init; } = config => config;

    internal Func<Backend, Backend> Operations { get; init; } = backend => backend;

    internal static PlantedBug InConfig(string name, string key, Func<JsonNode, JsonNode?> change) => new(name) { Config = json => ChangeAll(json, key, change) };

    internal static PlantedBug InTensors(string name, Action<StoredTensors> change) => new(name) { Tensors = change };

    internal static PlantedBug InModel(string name, Func<ModelConfig, ModelConfig> change) => new(name) { Model = change };

    internal static PlantedBug InDecoder(string name, Func<DecoderSpec, DecoderSpec> change) => InModel(name, config => config with { Decoder = change(config.Decoder!) });

    internal static PlantedBug InLayers(string name, Func<LayerSpec, LayerSpec> change) => InDecoder(name, spec => spec with { Layers = [.. spec.Layers.Select(change)] });

    /// <summary>In every layer that has attention of this kind.</summary>
    internal static PlantedBug InAttention(string name, Func<AttentionSpec, AttentionSpec> change)
        => InLayers(name, layer => layer.Mixer is AttentionSpec attention ? layer with { Mixer = change(attention) } : layer);

    internal static PlantedBug InLatent(string name, Func<LatentAttentionSpec, LatentAttentionSpec> change)
        => InLayers(name, layer => layer.Mixer is LatentAttentionSpec latent ? layer with { Mixer = change(latent) } : layer);

    internal static PlantedBug InRotary(string name, Func<Rotary, Rotary> change) => InLayers(name, layer => layer.Mixer switch
    {
        AttentionSpec attention => layer with { Mixer = attention with { Rotary = change(attention.Rotary) } },
        LatentAttentionSpec latent => layer with { Mixer = latent with { Rotary = change(latent.Rotary) } },
        _ => layer,
    });

    internal static PlantedBug InExperts(string name, Func<ExpertsSpec, ExpertsSpec> change)
        => InLayers(name, layer => layer.FeedForward is ExpertsSpec experts ? layer with { FeedForward = change(experts) } : layer);

    internal static PlantedBug InRouting(string name, Func<RoutingRule, RoutingRule> change) => InExperts(name, experts => experts with { Rule = change(experts.Rule) });

    internal static PlantedBug InOperations(string name, Func<Backend, Backend> change) => new(name) { Operations = change };

    /// <summary>The same bug, which also changes tensors.</summary>
    internal PlantedBug AndTensors(Action<StoredTensors> change) => this with { Tensors = change };

    /// <summary>The same bug, which leaves tensors of every layer: a checkpoint with a tensor that no part asks for would be refused.</summary>
    internal PlantedBug Leaving(params string[] beginnings) => this with
    {
        Model = config =>
        {
            ModelConfig changed = Model(config);
            IEnumerable<(string, string)> left = Enumerable.Range(0, config.NumHiddenLayers)
                .SelectMany(layer => beginnings.Select(beginning => (string.Create(CultureInfo.InvariantCulture, $"layers.{layer}.{beginning}"), Planted)));
            return changed with { Decoder = changed.Decoder! with { Unused = [.. changed.Decoder.Unused, .. left] } };
        },
    };

    /// <summary>A rotary embedding that differs from <paramref name="rotary"/> in what is given.</summary>
    internal static Rotary Turn(Rotary rotary, double[]? frequencies = null, double? factor = null, bool? neighbours = null, bool grows = true) => new(frequencies ?? rotary.Frequencies)
    {
        Factor = factor ?? rotary.Factor,
        TurnsNeighbours = neighbours ?? rotary.TurnsNeighbours,
        QueryGrowth = grows ? rotary.QueryGrowth : null,
        Long = rotary.Long is { } other ? Turn(other, frequencies, factor, neighbours, grows) : null,
        LongFrom = rotary.LongFrom,
    };

    /// <summary>Every layer has the next one's mixer, the last one the first one's.</summary>
    internal static DecoderSpec ShiftMixers(DecoderSpec spec)
        => spec with { Layers = [.. spec.Layers.Select((layer, i) => layer with { Mixer = spec.Layers[(i + 1) % spec.Layers.Count].Mixer })] };

    /// <summary>The scales of one weight shifted by a row; where each weight has one scale, those of another.</summary>
    internal static void ShiftScales(StoredTensors tensors)
    {
        TensorView[] scales = [.. tensors.All
            .Where(weight => weight.DataType == DataType.Float8E4M3FN)
            .SelectMany(weight => tensors.All.Where(tensor => tensor.Name == weight.Name + "_scale" || tensor.Name == weight.Name + "_scale_inv"))
            .OrderBy(scale => scale.Name, StringComparer.Ordinal)];
        if (Array.Find(scales, scale => scale.Shape.Length == 2 && scale.Shape[0] > 1) is { } many)
        {
            int rows = (int)many.Shape[0];
            StoredTensors.Move(tensors.Bytes(many), rows, row => (row + rows - 1) % rows);
        }
        else
        {
            tensors.Bytes(scales[^1]).CopyTo(tensors.Bytes(scales[0]));
        }
    }

    static void ChangeAll(JsonNode? node, string key, Func<JsonNode, JsonNode?> change)
    {
        foreach ((string name, JsonNode? value) in node is JsonObject ? node.AsObject().ToArray() : [])
        {
            if (name == key && value is not null)
            {
                node![name] = change(value);
            }
            else
            {
                ChangeAll(value, key, change);
            }
        }
    }
}
