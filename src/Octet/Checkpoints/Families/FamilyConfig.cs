using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>The keys of <c>config.json</c> that families share, read and checked; the others are each family's own.</summary>
sealed class FamilyConfig
{
    const string FullAttention = "full_attention";
    const string SlidingAttention = "sliding_attention";
    const string LinearAttention = "linear_attention";

    // Of transformers' configurations, where the file has no such key.
    const int DefaultQwenWindow = 4096;

    // Every layer is an object before a tensor is looked at: what a file says may not use up memory.
    const int MostLayers = 1 << 16;

    // Of a head or its parts: rates are made of its pairs before a tensor is looked at.
    internal const int MostHeadDim = 1 << 16;

    internal FamilyConfig(ConfigObject json, FamilyDefaults? defaults = null)
    {
        defaults ??= new FamilyDefaults();
        Json = json;
        HiddenSize = json.Int32("hidden_size", 1);
        Layers = json.TryInt32("num_hidden_layers", 1, MostLayers) ?? defaults.Layers?.Invoke(json) ?? json.Int32("num_hidden_layers", 1, MostLayers);
        Heads = json.TryInt32("num_attention_heads", 1) ?? defaults.Heads ?? json.Int32("num_attention_heads", 1);
        KeyValueHeads = ReadKeyValueHeads(defaults.KeyValueHeads ?? Heads);
        HeadDim = defaults.HeadDimKeys.Count > 0 ? defaults.HeadDimKeys.Sum(key => json.Int32(key, 1, MostHeadDim))
            : json.Has("head_dim") || defaults.HeadDim is null ? ReadHeadDim()
            : defaults.HeadDim.Value;
        if ((long)HeadDim * Heads > int.MaxValue)
        {
            throw json.Unexpected("num_attention_heads", string.Create(CultureInfo.InvariantCulture, $"at most {int.MaxValue / HeadDim} for heads of {HeadDim} elements"));
        }

        VocabSize = json.TryInt32("vocab_size", 1) ?? defaults.VocabSize ?? json.Int32("vocab_size", 1);
        MaxPositions = json.TryInt32(defaults.MaxPositionsKey, 1) ?? defaults.MaxPositions ?? json.Int32(defaults.MaxPositionsKey, 1);
        Epsilon = (float)(json.TryDouble(defaults.EpsilonKey, "a number from 0 to 1", value => value is >= 0 and <= 1) ?? defaults.Epsilon ?? throw json.Missing(defaults.EpsilonKey, "a number from 0 to 1"));
    }

    internal ConfigObject Json { get; }

    internal int HiddenSize { get; }

    internal int Layers { get; }

    internal int Heads { get; }

    internal int KeyValueHeads { get; }

    internal int HeadDim { get; }

    internal int VocabSize { get; }

    internal int MaxPositions { get; }

    internal float Epsilon { get; }

    internal bool Flag(string key) => Json.TryBoolean(key) ?? false;

    /// <summary>Refuses an activation other than <paramref name="supported"/>.</summary>
    internal void RequireActivation(string key, string supported) => RequireSetting(key, supported);

    internal void RequireFalse(string key)
    {
        if (Flag(key))
        {
            throw Json.Unsupported(key, "false");
        }
    }

    /// <summary>For each layer whether <c>layer_types</c> gives it a window; null where the file has no such key.</summary>
    internal bool[]? SlidingLayers() => LayersOf(SlidingAttention);

    /// <summary>For each layer whether it is recurrent: by <c>layer_types</c>, or all but every <c>full_attention_interval</c>th.</summary>
    internal bool[] LinearLayers() => LayersOf(LinearAttention) ?? AllButEvery(Json.TryInt32("full_attention_interval", 1) ?? 4);

    /// <summary>For each layer whether <c>layer_types</c> says <paramref name="other"/> and not full attention; null where the file has no such key.</summary>
    bool[]? LayersOf(string other)
    {
        if (Json.TryStrings("layer_types") is not { } types)
        {
            return null;
        }

        if (types.Any(type => type != FullAttention && type != other))
        {
            throw Json.Unsupported("layer_types", $"\"{FullAttention}\" or \"{other}\" in every layer");
        }

        return types.Length == Layers
            ? [.. types.Select(type => type == other)]
            : throw Json.Unexpected("layer_types", string.Create(CultureInfo.InvariantCulture, $"one for each of num_hidden_layers, {Layers}"));
    }

    /// <summary>For each layer whether it is not every <paramref name="interval"/>th.</summary>
    internal bool[] AllButEvery(int interval) => [.. Enumerable.Range(1, Layers).Select(layer => layer % interval != 0)];

    /// <summary>For each layer whether the list at <paramref name="key"/> has 1 for it; where there is none whether it is not every Nth, N being at <paramref name="intervalKey"/>.</summary>
    internal bool[] LayerFlags(string key, string intervalKey, int interval)
    {
        int[]? flags = Json.TryInt32s(key, 0, 1);
        return flags is null ? AllButEvery(Json.TryInt32(intervalKey, 1) ?? interval)
            : flags.Length == Layers ? [.. flags.Select(flag => flag == 1)]
            : throw Json.Unexpected(key, string.Create(CultureInfo.InvariantCulture, $"0 or 1 for each of num_hidden_layers, {Layers}"));
    }

    /// <summary><c>sliding_window</c>: <paramref name="otherwise"/> where the file has no such key, none where it is null.</summary>
    internal int? Window(int otherwise) => Json.TryInt32("sliding_window", 1) ?? (Json.IsNull("sliding_window") ? null : otherwise);

    /// <summary>What something is multiplied with or divided by.</summary>
    internal double Factor(string key, double otherwise = 1) => Json.TryDouble(key, "a number from 1e-30 to 1e30", value => value is >= 1e-30 and <= 1e30) ?? otherwise;

    /// <summary>The c of a soft cap, c * tanh(x / c); null: there is none.</summary>
    /// <param name="key">Where it is.</param>
    /// <param name="otherwise">Its value where the file has no such key, which null is.</param>
    internal float? Cap(string key, float otherwise) => Json.IsNull(key) ? null : (float)Factor(key, otherwise);

    /// <summary>The window of each layer by Qwen's keys: in use where <c>use_sliding_window</c> is true, from layer <c>max_window_layers</c> on (28 where absent).</summary>
    internal int?[] QwenWindows()
    {
        int? window = Flag("use_sliding_window") && !Json.IsNull("sliding_window") ? Json.TryInt32("sliding_window", 1) ?? DefaultQwenWindow : null;
        int from = Json.TryInt32("max_window_layers", 0) ?? 28;
        bool[] sliding = SlidingLayers() ?? [.. Enumerable.Range(0, Layers).Select(layer => layer >= from)];
        if (window is null && Json.Has("layer_types") && sliding.Any(slides => slides))
        {
            window = Json.Int32("sliding_window", 1);
        }

        return [.. sliding.Select(slides => slides ? window : null)];
    }

    /// <summary>The same parts in every layer, but for the window.</summary>
    internal DecoderSpec Uniform(AttentionSpec attention, FeedForwardSpec feedForward, int longestContext, int?[]? windows = null)
        => Layered(attention, _ => feedForward, longestContext, windows);

    /// <summary>The same mixer in every layer, but for the window.</summary>
    internal DecoderSpec Layered(MixerSpec mixer, Func<int, FeedForwardSpec> feedForward, int longestContext, int?[]? windows = null)
        => Layered(layer => windows is not null && mixer is AttentionSpec attention ? attention with { Window = windows[layer] } : mixer, feedForward, longestContext);

    /// <summary>Parts of their own in every layer.</summary>
    internal DecoderSpec Layered(Func<int, MixerSpec> mixer, Func<int, FeedForwardSpec> feedForward, int longestContext) => new()
    {
        Layers = [.. Enumerable.Range(0, Layers).Select(layer => new LayerSpec(mixer(layer), feedForward(layer)))],
        LongestContext = longestContext,
    };

    /// <summary>DeepSeek-V3's feed-forward parts: the first <c>first_k_dense_replace</c> layers dense, then mixtures; or as <c>mlp_layer_types</c> says it.</summary>
    internal Func<int, FeedForwardSpec> DeepSeekFeedForward(int firstDense)
    {
        const string Key = "mlp_layer_types";
        int dense = Json.TryInt32("first_k_dense_replace", 0) ?? firstDense;
        if (Json.TryStrings(Key) is { } types)
        {
            dense = Array.FindIndex(types, type => type != "dense") is >= 0 and int first ? first : types.Length;
            if (types.Length != Layers || types[dense..].Any(type => type != "sparse"))
            {
                throw Json.Unsupported(Key, string.Create(CultureInfo.InvariantCulture, $"some of \"dense\", then \"sparse\", together num_hidden_layers, {Layers}"));
            }
        }

        ExpertsSpec? experts = dense < Layers ? DeepSeekExperts() : null;
        GatedSpec? gated = dense > 0 ? Gated(Gating.Silu) : null;
        return layer => layer < dense ? gated! : experts!;
    }

    /// <summary>The layers behind the last, which predict more tokens at once (<c>num_nextn_predict_layers</c>).</summary>
    internal IReadOnlyList<(string Beginning, string Reason)> MoreTokenLayers()
        => [.. Enumerable.Range(Layers, Json.TryInt32("num_nextn_predict_layers", 0, MostLayers) ?? 0).Select(layer => (string.Create(CultureInfo.InvariantCulture, $"layers.{layer}."), DecoderSpec.MoreTokens))];

    /// <summary>How many experts there are, under the first of the keys that the file has, and how many of them a token goes to.</summary>
    internal RoutingRule Routing(ExpertScoring scoring, params string[] keys)
    {
        int experts = Json.Int32(Array.Find(keys, Json.Has) ?? keys[0], 1);
        string key = Json.Has("num_experts_per_tok") ? "num_experts_per_tok" : Json.Has("experts_per_token") ? "experts_per_token" : "num_experts_per_tok";
        int chosen = Json.Int32(key, 1);
        return chosen <= experts
            ? new RoutingRule(experts, chosen, scoring)
            : throw Json.Unexpected(key, string.Create(CultureInfo.InvariantCulture, $"at most the number of experts, {experts}"));
    }

    /// <summary>The experts of DeepSeek-V3 and what re-uses them: logistic scores, corrected for the choice, out of the best groups; one that is shared.</summary>
    internal ExpertsSpec DeepSeekExperts()
    {
        RequireSetting("scoring_func", "sigmoid");
        RequireSetting("topk_method", "noaux_tc");
        RoutingRule rule = Routing(ExpertScoring.Logistic, "n_routed_experts", "num_experts") with
        {
            IsNormalised = Json.TryBoolean("norm_topk_prob") ?? true,
            Scale = (float)(Json.TryDouble("routed_scaling_factor", "a number above 0", value => value > 0) ?? 1),
            Groups = Json.TryInt32("n_group", 1) ?? 1,
            ChosenGroups = Json.TryInt32("topk_group", 1) ?? 1,
        };
        if (rule.Experts % rule.Groups != 0)
        {
            throw Json.Unexpected("n_group", string.Create(CultureInfo.InvariantCulture, $"a divisor of the number of experts, {rule.Experts}"));
        }

        if (rule.ChosenGroups > rule.Groups || (long)rule.ChosenGroups * (rule.Experts / rule.Groups) < rule.Chosen)
        {
            throw Json.Unexpected("topk_group", string.Create(CultureInfo.InvariantCulture, $"at most n_group, {rule.Groups}, and so many that num_experts_per_tok, {rule.Chosen}, are in them"));
        }

        int inner = Json.Int32("moe_intermediate_size", 1);
        int shared = Json.TryInt32("n_shared_experts", 0) ?? Json.TryInt32("num_shared_experts", 0) ?? 0;
        return (long)inner * shared > int.MaxValue
            ? throw Json.Unexpected("n_shared_experts", string.Create(CultureInfo.InvariantCulture, $"at most {int.MaxValue / inner} for moe_intermediate_size {inner}"))
            : new ExpertsSpec(rule, inner, Gating.Silu) { CorrectionName = "gate.e_score_correction_bias", Shared = shared == 0 ? null : new GatedSpec(inner * shared, Gating.Silu) { Name = "shared_experts" } };
    }

    /// <summary>Refuses another text than <paramref name="supported"/>.</summary>
    internal void RequireSetting(string key, string supported)
    {
        if ((Json.TryString(key) ?? supported) != supported)
        {
            throw Json.Unsupported(key, $"\"{supported}\"");
        }
    }

    internal GatedSpec Gated(Gating gating) => new(Json.Int32("intermediate_size", 1), gating);

    int ReadKeyValueHeads(int otherwise)
    {
        int keyValueHeads = Json.TryInt32("num_key_value_heads", 1) ?? otherwise;
        return Heads % keyValueHeads == 0
            ? keyValueHeads
            : throw Json.Unexpected("num_key_value_heads", string.Create(CultureInfo.InvariantCulture, $"a divisor of num_attention_heads, {Heads}"));
    }

    int ReadHeadDim()
    {
        int most = Math.Min(MostHeadDim, int.MaxValue / Heads);
        if (Json.TryInt32("head_dim", 1) is not int headDim)
        {
            return HiddenSize % Heads != 0 || HiddenSize / Heads % 2 != 0
                ? throw Json.Missing("head_dim", string.Create(CultureInfo.InvariantCulture, $"it to be stated, since hidden_size {HiddenSize} / num_attention_heads {Heads} is not an even whole number"))
                : HiddenSize / Heads <= most ? HiddenSize / Heads
                : throw Json.Unexpected("hidden_size", string.Create(CultureInfo.InvariantCulture, $"at most {(long)most * Heads} for num_attention_heads {Heads}, as head_dim is missing"));
        }

        // Rotary embedding turns pairs.
        return headDim % 2 != 0 ? throw Json.Unexpected("head_dim", "an even number")
            : headDim <= most ? headDim
            : throw Json.Unexpected("head_dim", string.Create(CultureInfo.InvariantCulture, $"at most {most} for num_attention_heads {Heads}"));
    }
}

/// <summary>What a family's class in transformers takes where a key is absent; null: the file must have it, or the common rule holds.</summary>
sealed record FamilyDefaults
{
    /// <summary>How many layers a file lists that does not count them.</summary>
    internal Func<ConfigObject, int?>? Layers { get; init; }

    internal int? Heads { get; init; }

    internal int? KeyValueHeads { get; init; }

    internal int? HeadDim { get; init; }

    /// <summary>Keys whose sum is the size of a head, whatever <c>head_dim</c> says.</summary>
    internal IReadOnlyList<string> HeadDimKeys { get; init; } = [];

    internal int? VocabSize { get; init; }

    internal int? MaxPositions { get; init; }

    internal string MaxPositionsKey { get; init; } = "max_position_embeddings";

    internal double? Epsilon { get; init; }

    internal string EpsilonKey { get; init; } = "rms_norm_eps";

    internal bool? TiesEmbeddings { get; init; }
}
