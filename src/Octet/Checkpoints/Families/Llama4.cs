using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Llama 4 (Scout, Maverick), the text part: neighbouring pairs turn in three layers of four, which see their own chunk alone and may norm what has turned; the others have no
/// positions but queries that grow; one expert for each token, which is given its input times its weight, beside one for all. After transformers' <c>modeling_llama4.py</c>.
/// </summary>
static class Llama4
{
    const int Pattern = 4;

    internal static FamilyDefaults Defaults { get; } = new() { Heads = 40, KeyValueHeads = 8, HeadDim = 128, VocabSize = 202_048, MaxPositions = 131_072, Epsilon = 1e-5 };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_act", "silu");
        bool bias = config.Flag("attention_bias");
        (Rotary rotary, int longest) = new RotaryReader(json) { DefaultTheta = 500_000, TurnsNeighbours = true }.Read(config.HeadDim, config.MaxPositions);
        bool norms = json.TryBoolean("use_qk_norm") ?? true;
        var whole = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, ReadGrowth(json)) { HasInputBias = bias, HasOutputBias = bias };
        AttentionSpec local = whole with { Rotary = rotary, Chunk = json.TryInt32("attention_chunk_size", 1) ?? 8192, NormsTurned = norms, HasPlainHeadNorms = norms };
        bool[] turns = json.TryInt32s("no_rope_layers", 0, 1) is { Length: 0 } ? config.AllButEvery(json.TryInt32("no_rope_layer_interval", 1) ?? Pattern) : config.LayerFlags("no_rope_layers", "no_rope_layer_interval", Pattern);
        int inner = json.TryInt32("intermediate_size", 1) ?? 8192;
        var dense = new GatedSpec(json.TryInt32("intermediate_size_mlp", 1) ?? 16_384, Gating.Silu) { Name = "feed_forward" };
        RoutingRule rule = config.Routing(ExpertScoring.Logistic, "num_local_experts");
        if (rule.Chosen != 1)
        {
            throw json.Unsupported("num_experts_per_tok", "1");
        }

        var experts = new ExpertsSpec(rule, inner, Gating.Silu)
        {
            Name = "feed_forward",
            RouterName = "router",
            HasInputsFirst = true,
            WeighsInputs = true,
            Shared = new GatedSpec(inner, Gating.Silu) { Name = "shared_expert" },
        };
        int step = json.TryInt32("interleave_moe_layer_step", 1) ?? 1;
        int[]? listed = json.TryInt32s("moe_layers", 0, config.Layers - 1);
        return config.Layered(layer => turns[layer] ? local : whole, layer => (listed?.Contains(layer) ?? (layer + 1) % step == 0) ? experts : dense, longest);
    }

    /// <summary>What layers without positions multiply queries with; older files say it with a number.</summary>
    static Rotary ReadGrowth(ConfigObject json)
    {
        const string Tuning = "attn_temperature_tuning";
        bool grows = json.Find(Tuning) is { ValueKind: System.Text.Json.JsonValueKind.Number } ? json.TryInt32(Tuning, 0) > 0 : json.TryBoolean(Tuning) ?? true;
        return grows
            ? new Rotary([]) { QueryGrowth = (json.TryDouble("attn_scale", "a number from 0", value => value >= 0) ?? 0.1, json.TryInt32("floor_scale", 1) ?? 8192), GrowthBegins = 1 }
            : Rotary.None;
    }
}
