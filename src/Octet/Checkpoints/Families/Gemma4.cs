using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// Gemma 4, the text part: windows in five layers of six, wider heads in the others, which may take keys for values and turn a quarter of a head; values
/// normed, scores not divided, a factor on the stream behind each layer, soft caps on logits. Smaller ones have inputs of their own for every layer and share
/// keys and values among the last layers; a mixture of experts may stand beside each dense part. After transformers' <c>modeling_gemma4.py</c>, run in float32.
/// </summary>
static class Gemma4
{
    const int PublishedPattern = 6;
    const string Full = "full_attention";
    const string Sliding = "sliding_attention";
    const string PerLayer = "per_layer_config";

    static readonly string[] s_keys = ["k_proj.", "v_proj.", "k_norm.", "v_norm."];

    // Times all layers they stay a number of columns.
    const int MostInputs = 1 << 14;

    internal static FamilyDefaults Defaults { get; } = new() { Heads = 8, KeyValueHeads = 4, HeadDim = 256, VocabSize = 262_144, MaxPositions = 131_072, Epsilon = 1e-6, TiesEmbeddings = true };

    internal static FamilyDefaults UnifiedDefaults { get; } = Defaults with { MaxPositions = 262_144 };

    internal static DecoderSpec Read(FamilyConfig config)
    {
        ConfigObject json = config.Json;
        int inputs = json.IsNull("hidden_size_per_layer_input") ? 0 : json.TryInt32("hidden_size_per_layer_input", 0, MostInputs) ?? 256;
        return Read(config, 512, inputs, config.Flag("enable_moe_block") ? Experts(json) : null);
    }

    /// <summary>The model that sees without towers of its own: the same decoder, with neither inputs for layers nor experts.</summary>
    internal static DecoderSpec ReadUnified(FamilyConfig config) => Read(config, 1024, 0, null);

    /// <param name="config">What the file says.</param>
    /// <param name="defaultWindow">The window where it says none.</param>
    /// <param name="inputs">Elements of what each layer is given of a token; 0: nothing.</param>
    /// <param name="experts">Those beside every dense part; null: none.</param>
    static DecoderSpec Read(FamilyConfig config, int defaultWindow, int inputs, ExpertsSpec? experts)
    {
        ConfigObject json = config.Json;
        config.RequireActivation("hidden_activation", "gelu_pytorch_tanh");
        config.RequireActivation("hidden_act", "gelu_pytorch_tanh");
        config.RequireFalse("attention_bias");

        // "vision" is about the tokens of pictures alone.
        if (json.TryString("use_bidirectional_attention") is { } both && both != "vision")
        {
            throw json.Unsupported("use_bidirectional_attention", "null, \"vision\"");
        }

        bool[] sliding = config.SlidingLayers() ?? [.. Enumerable.Range(1, config.Layers).Select(layer => layer % PublishedPattern != 0)];

        // As transformers has it, whatever the file says of the last layer.
        sliding[^1] = false;
        int shared = json.TryInt32("num_kv_shared_layers", 0, config.Layers - 1) ?? 0;
        MixerSpec[] mixers = Mixers(config, sliding, shared, json.TryInt32("sliding_window", 1) ?? defaultWindow, out int longest);
        if (inputs > 0 && (json.TryInt32("vocab_size_per_layer_input", 1) ?? config.VocabSize) != config.VocabSize)
        {
            throw json.Unsupported("vocab_size_per_layer_input", string.Create(CultureInfo.InvariantCulture, $"vocab_size, {config.VocabSize}"));
        }

        GatedSpec dense = config.Gated(Gating.GeluTanh);
        bool doubles = config.Flag("use_double_wide_mlp") && shared > 0;
        if (doubles && dense.Inner > int.MaxValue / 2)
        {
            throw json.Unexpected("intermediate_size", string.Create(CultureInfo.InvariantCulture, $"at most {int.MaxValue / 2}, as use_double_wide_mlp doubles it"));
        }

        return new DecoderSpec
        {
            Layers = [.. mixers.Select((mixer, layer) => new LayerSpec(mixer, doubles && layer >= config.Layers - shared ? dense with { Inner = 2 * dense.Inner } : dense) { Beside = experts })],
            EmbeddingScale = MathF.Sqrt(config.HiddenSize),
            Norms = NormPlaces.Around,
            HasLayerScales = true,
            LayerInputs = inputs,
            LogitCap = (float?)json.TryDouble("final_logit_softcapping", "a number above 0", value => value > 0),
            LongestContext = longest,

            // Keys and values of layers that use those of others may be stored all the same.
            Unused = [.. Enumerable.Range(config.Layers - shared, shared).SelectMany(layer => s_keys.Select(name => (
                string.Create(CultureInfo.InvariantCulture, $"layers.{layer}.self_attn.{name}"), "a layer that uses the keys and values of another")))],
        };
    }

    static MixerSpec[] Mixers(FamilyConfig config, bool[] sliding, int shared, int window, out int longest)
    {
        ConfigObject json = config.Json;
        bool keysAreValues = config.Flag("attention_k_eq_v");
        int globalHeadDim = json.TryInt32("global_head_dim", 1, 1 << 16) ?? 512;
        int globalHeads = (keysAreValues ? json.TryInt32("num_global_key_value_heads", 1) : null) ?? config.KeyValueHeads;
        Dictionary<(bool Slides, int HeadDim), (Rotary Rotary, int Longest)> turning = [];
        var mixers = new MixerSpec[sliding.Length];
        longest = 0;
        for (int i = 0; i < mixers.Length; i++)
        {
            bool slides = sliding[i];
            (int heads, int headDim) = json.Has(PerLayer) ? Sizes(config, i, slides) : slides ? (config.KeyValueHeads, config.HeadDim) : (globalHeads, globalHeadDim);
            if (config.Heads % heads != 0 || headDim % 2 != 0 || (long)headDim * config.Heads > int.MaxValue)
            {
                throw json.Unexpected(
                    json.Has(PerLayer) ? PerLayer : config.Heads % heads != 0 ? "num_global_key_value_heads" : "global_head_dim",
                    string.Create(CultureInfo.InvariantCulture, $"key/value heads that divide num_attention_heads, {config.Heads}, and an even head_dim; layer {i} has {heads} of {headDim}"));
            }

            if (!turning.TryGetValue((slides, headDim), out (Rotary Rotary, int Longest) turn))
            {
                RotaryReader reader = slides ? new(json) { DefaultTheta = 10_000 } : new(json) { DefaultTheta = 1_000_000, DefaultType = RotaryReader.Proportional, DefaultPart = 0.25, AllowsPart = true };
                turning.Add((slides, headDim), turn = reader.Read(headDim, config.MaxPositions, slides ? Sliding : Full));
            }

            longest = Math.Max(longest, slides ? 0 : turn.Longest);
            mixers[i] = new AttentionSpec(config.Heads, heads, headDim, turn.Rotary)
            {
                HasHeadNorms = true,
                NormsValues = true,
                ValuesAreKeys = keysAreValues && !slides,
                Scale = 1,
                Window = slides ? window : null,
                SharesWith = i < sliding.Length - shared ? null : Source(json, sliding, sliding.Length - shared, slides),
            };
        }

        return mixers;
    }

    /// <summary>The last layer of the same type before the first that shares.</summary>
    static int Source(ConfigObject json, bool[] sliding, int firstShared, bool slides)
    {
        int source = Array.LastIndexOf(sliding, slides, firstShared - 1);
        return source >= 0 ? source : throw json.Unexpected("num_kv_shared_layers", $"so many that a layer with {(slides ? Sliding : Full)} is before them, whose keys and values such layers use");
    }

    /// <summary>What newer files say for each layer, by its number or its type; what they do not say is the same in all.</summary>
    static (int Heads, int HeadDim) Sizes(FamilyConfig config, int layer, bool slides)
    {
        ConfigObject all = config.Json.TryObject(PerLayer)!;
        string number = layer.ToString(CultureInfo.InvariantCulture);
        if ((all.Has(number) ? all.TryObject(number) : all.TryObject(slides ? Sliding : Full)) is not { } own)
        {
            return (config.KeyValueHeads, config.HeadDim);
        }

        if (own.Names.FirstOrDefault(name => name is not ("head_dim" or "num_key_value_heads")) is { } other)
        {
            throw own.Refused(other, "is not implemented for a layer by itself");
        }

        return (own.TryInt32("num_key_value_heads", 1) ?? config.KeyValueHeads, own.TryInt32("head_dim", 1, 1 << 16) ?? config.HeadDim);
    }

    static ExpertsSpec Experts(ConfigObject json)
    {
        int experts = json.Int32("num_experts", 1);
        int chosen = json.Int32("top_k_experts", 1);
        return chosen <= experts
            ? new ExpertsSpec(new RoutingRule(experts, chosen, ExpertScoring.Softmax) { IsNormalised = true }, json.Int32("moe_intermediate_size", 1), Gating.GeluTanh) { RouterName = "router.proj", FactorsName = "router.per_expert_scale" }
            : throw json.Unexpected("top_k_experts", string.Create(CultureInfo.InvariantCulture, $"at most the number of experts, {experts}"));
    }
}
