using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// ERNIE 4.5: Llama whose neighbouring pairs turn, with biases where the file says so; dense, or with mixtures in some layers, chosen by a softmax with a correction.
/// After transformers' <c>modular_ernie4_5.py</c> and <c>modular_ernie4_5_moe.py</c>.
/// </summary>
static class Ernie45
{
    internal static FamilyDefaults Defaults { get; } = new() { KeyValueHeads = 2, HeadDim = 128, VocabSize = 103_424, MaxPositions = 131_072, Epsilon = 1e-5, TiesEmbeddings = true };

    internal static FamilyDefaults MixtureDefaults { get; } = Defaults with { Heads = 20, KeyValueHeads = 4 };

    internal static DecoderSpec Read(FamilyConfig config) => config.Uniform(ReadAttention(config, out int longest), config.Gated(Gating.Silu) with { HasBias = config.Flag("use_bias") }, longest);

    internal static DecoderSpec ReadMixture(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        bool bias = config.Flag("use_bias");
        int first = json.TryInt32("moe_layer_start_index", 0) ?? 1;
        int last = json.TryInt32("moe_layer_end_index", -1) is { } end and >= 0 ? end : config.Layers - 1;
        int interval = json.TryInt32("moe_layer_interval", 1) ?? 1;
        int inner = json.TryInt32("moe_intermediate_size", 1) ?? 1536;
        int shared = json.TryInt32("moe_num_shared_experts", 0) ?? 2;
        int experts = json.TryInt32("moe_num_experts", 1) ?? 64;
        int chosen = json.TryInt32("moe_k", 1) ?? 6;
        if (chosen > experts || (long)inner * shared > int.MaxValue)
        {
            throw json.Unexpected(chosen > experts ? "moe_k" : "moe_num_shared_experts", string.Create(CultureInfo.InvariantCulture, $"at most {(chosen > experts ? experts : int.MaxValue / inner)}"));
        }

        GatedSpec dense = config.Gated(Gating.Silu) with { HasBias = bias };
        var mixture = new ExpertsSpec(new RoutingRule(experts, chosen, ExpertScoring.Softmax) { IsNormalised = true }, inner, Gating.Silu)
        {
            CorrectionName = "moe_statics.e_score_correction_bias",
            HasBias = bias,
            Shared = shared == 0 ? null : new GatedSpec(inner * shared, Gating.Silu) { Name = "shared_experts", HasBias = bias },
        };
        AttentionSpec attention = ReadAttention(config, out int longest);
        return config.Layered(_ => attention, layer => (layer + 1) % interval == 0 && layer >= first && layer <= last ? mixture : dense, longest) with
        {
            Unused = [("mtp_", DecoderSpec.MoreTokens)],
            UnusedBeside = [("mtp.", DecoderSpec.MoreTokens)],
        };
    }

    internal static AttentionSpec ReadAttention(FamilyConfig config, out int longest)
    {
        config.RequireActivation("hidden_act", "silu");
        bool bias = config.Flag("use_bias");
        (Rotary rotary, longest) = new RotaryReader(config.Json) { DefaultTheta = 500_000, TurnsNeighbours = true }.Read(config.HeadDim, config.MaxPositions);
        return new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary) { HasInputBias = bias, HasOutputBias = bias };
    }
}
