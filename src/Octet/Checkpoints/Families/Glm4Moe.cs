using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// GLM-4.5, 4.5-Air, 4.6 and 4.7: biases on queries, keys and values, norms of heads in some, half of each head turning, the first layers
/// dense, then DeepSeek-V3's experts with one that is shared. After transformers' <c>modeling_glm4_moe.py</c>.
/// </summary>
static class Glm4Moe
{
    internal static DecoderSpec Read(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_act", "silu");
        (Rotary rotary, int longest) = new RotaryReader(json) { DefaultTheta = 10_000, AllowsPart = true, DefaultPart = 0.5 }.Read(config.HeadDim, config.MaxPositions);
        var attention = new AttentionSpec(config.Heads, config.KeyValueHeads, config.HeadDim, rotary)
        {
            HasInputBias = config.Flag("attention_bias"),
            HasHeadNorms = config.Flag("use_qk_norm"),
        };
        ExpertsSpec experts = config.DeepSeekExperts();
        int dense = json.TryInt32("first_k_dense_replace", 0) ?? 1;
        int next = json.TryInt32("num_nextn_predict_layers", 0) ?? 0;
        return config.Layered(attention, layer => layer < dense ? config.Gated(Gating.Silu) : experts, longest) with
        {
            Unused = [.. Enumerable.Range(config.Layers, next).Select(layer => (string.Create(CultureInfo.InvariantCulture, $"layers.{layer}."), DecoderSpec.MoreTokens))],
        };
    }
}
