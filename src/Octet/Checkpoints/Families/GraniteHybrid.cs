using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Granite 4.0: state spaces (Mamba-2) in most layers and attention in the others, or attention alone; a dense layer, in some beside a mixture of experts; Granite's
/// factors. After transformers' <c>modular_granitemoehybrid.py</c>.
/// </summary>
static class GraniteHybrid
{
    const string Space = "mamba", Attention = "attention";

    internal static DecoderSpec Read(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("normalization_function", "rmsnorm");
        AttentionSpec attention = Granite.ReadAttention(config, out int longest);
        if (!Turns(json))
        {
            (attention, longest) = (attention with { Rotary = Rotary.None }, config.MaxPositions);
        }

        string[] kinds = HybridLayers.Read(config, ["layer_types", "layers_block_type"], ("mamba", Space), ("linear_attention", Space), ("attention", Attention), ("full_attention", Attention))
            ?? [.. Enumerable.Repeat(Space, config.Layers)];
        StateSpaceSpec? space = kinds.Contains(Space) ? ReadSpace(config) : null;
        FeedForwardSpec feedForward = Granite.ReadMixture(config, sharedOtherwise: null);
        return Granite.WithFactors(config, config.Layered(layer => kinds[layer] == Space ? space! : attention, _ => feedForward, longest));
    }

    static bool Turns(ConfigObject json) => json.TryString("position_embedding_type") switch
    {
        "rope" => true,
        null or "nope" => false,
        _ => throw json.Unsupported("position_embedding_type", "\"rope\", \"nope\" or null"),
    };

    static StateSpaceSpec ReadSpace(FamilyConfig config)
    {
        const string Heads = "mamba_n_heads", HeadDim = "mamba_d_head", Expand = "mamba_expand";
        ConfigObject json = config.Json;
        long inner = (long)config.HiddenSize * (json.TryInt32(Expand, 1) ?? 2);
        int heads = json.Int32(Heads, 1);
        int? stated = json.IsString(HeadDim) && json.TryString(HeadDim) == "auto" ? null : json.TryInt32(HeadDim, 1);
        long headDim = stated ?? inner / heads;
        if (headDim * heads != inner || headDim > int.MaxValue)
        {
            throw json.Unexpected(Heads, string.Create(CultureInfo.InvariantCulture, $"so many that with {HeadDim} they are {Expand} times hidden_size, {inner}"));
        }

        return new StateSpaceSpec(HybridLayers.StateSpace(json, Heads, HybridLayers.RequireHeadDim(json, HeadDim, headDim), "mamba_d_state", "mamba_n_groups", "mamba_d_conv"))
        {
            HasBias = config.Flag("mamba_proj_bias"),
            HasConvolutionBias = json.TryBoolean("mamba_conv_bias") ?? true,
        };
    }
}
