using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>A decoder as data: which parts it is put together from, in which sizes. What a family makes of its <c>config.json</c>.</summary>
sealed record DecoderSpec
{
    internal required IReadOnlyList<LayerSpec> Layers { get; init; }

    /// <summary>The experts of every layer that has some, as what it goes through or beside that.</summary>
    internal IEnumerable<ExpertsSpec> Experts => Layers.Select(layer => layer.Beside ?? layer.FeedForward as ExpertsSpec).OfType<ExpertsSpec>();

    internal bool HasExperts => Experts.Any();

    /// <summary>What mixes tokens, of all layers.</summary>
    internal IEnumerable<MixerSpec> Mixers => Layers.SelectMany(layer => new[] { layer.Mixer, layer.MixerBeside }).OfType<MixerSpec>();

    /// <summary>Tokens that are computed together where nobody says how many: 256, or as many as give an expert 32, up to 512.</summary>
    internal int PrefillChunk
        => Experts.Select(experts => Math.Clamp(32 * experts.Rule.Experts / experts.Rule.Chosen, 256, 512)).DefaultIfEmpty(256).Max();

    /// <summary>What a backend must have for it.</summary>
    /// <param name="architecture">What it is, for messages.</param>
    internal ModelNeeds Needs(string architecture) => new(
        architecture,
        Where(Mixers.Any(mixer => mixer is KimiDeltaSpec), ModelParts.ChannelDecay)
            | Where(Layers.Any(layer => layer.MixerBeside is not null), ModelParts.ParallelMixers)
            | Where(Experts.Any(experts => experts.Plain is not null), ModelParts.PlainExperts)
            | Where(HasOutputBias || Experts.Any(experts => experts.Rule.Scoring == ExpertScoring.SparseMixer), ModelParts.SparseMixer),
        [.. Mixers.OfType<AttentionSpec>().Select(attention => attention.HeadDim).Distinct()])
    {
        StateDims = [.. Mixers.Select(mixer => mixer is GatedDeltaSpec delta ? delta.Shape.KeyDim : (mixer as StateSpaceSpec)?.Shape.StateDim ?? 0).Where(size => size > 0).Distinct()],
        Latents = [.. Mixers.OfType<LatentAttentionSpec>().Select(attention => (attention.Heads, attention.Rank, attention.RotaryDim)).Distinct()],
    };

    static ModelParts Where(bool holds, ModelParts parts) => holds ? parts : ModelParts.None;

    /// <summary>What tensors beside the layers are called.</summary>
    internal StreamNames Names { get; init; } = new();

    /// <summary>What embeddings are multiplied with.</summary>
    internal float EmbeddingScale { get; init; } = 1;

    /// <summary>What is added to the weights of norms: 1 where they are stored as their difference from it (Gemma, Qwen3-Next).</summary>
    internal float NormOffset { get; init; }

    /// <summary>Which norms a layer has.</summary>
    internal NormPlaces Norms { get; init; } = NormPlaces.Before;

    /// <summary>Whether norms take off the mean of a row first, as LayerNorm does, and add nothing (Cohere).</summary>
    internal bool CentresNorms { get; init; }

    /// <summary>Whether such norms have a bias (Nemotron).</summary>
    internal bool HasNormBias { get; init; }

    /// <summary>Whether the feed-forward part sees what the mixer sees, and both are added at once (Cohere).</summary>
    internal bool IsParallel { get; init; }

    /// <summary>What is added to the stream is multiplied with it first (Granite).</summary>
    internal float ResidualScale { get; init; } = 1;

    /// <summary>Whether the output layer has a bias (Phi-3.5-MoE).</summary>
    internal bool HasOutputBias { get; init; }

    /// <summary>What logits are multiplied with (Granite, Cohere).</summary>
    internal float LogitScale { get; init; } = 1;

    /// <summary>Whether what a layer gives is multiplied with a factor of its own, <c>layer_scalar</c> (Gemma 4).</summary>
    internal bool HasLayerScales { get; init; }

    /// <summary>Elements of what every layer is given of a token besides, out of a table and the embedding (Gemma 4's per-layer embeddings); 0: nothing.</summary>
    internal int LayerInputs { get; init; }

    /// <summary>c where logits become c * tanh(logit / c); null: they stay.</summary>
    internal float? LogitCap { get; init; }

    /// <summary>The longest context, where a stretched rotary embedding reaches further than <c>max_position_embeddings</c>.</summary>
    internal required int LongestContext { get; init; }

    /// <summary>Why a layer that predicts further tokens is among <see cref="Unused"/>.</summary>
    internal const string MoreTokens = "a layer that predicts further tokens (MTP), which decoding one at a time does not use";

    /// <summary>Beginnings of the names of tensors that are stored and not used, each with the reason; names without the text model's prefix.</summary>
    internal IReadOnlyList<(string Beginning, string Reason)> Unused { get; init; } = [];

    /// <summary>The same of tensors beside the text model: whole names.</summary>
    internal IReadOnlyList<(string Beginning, string Reason)> UnusedBeside { get; init; } = [];
}

/// <summary>The norms of a layer by their names, of what goes into a part and of what comes out; null: there is none.</summary>
sealed record NormPlaces(string? BeforeMixer, string? AfterMixer, string? BeforeFeedForward, string? AfterFeedForward)
{
    /// <summary>What goes in (Llama and most).</summary>
    internal static NormPlaces Before { get; } = new("input_layernorm", null, "post_attention_layernorm", null);

    /// <summary>What goes in and what comes out (Gemma).</summary>
    internal static NormPlaces Around { get; } = new("input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm");

    /// <summary>What comes out (OLMo 2).</summary>
    internal static NormPlaces After { get; } = new(null, "post_attention_layernorm", null, "post_feedforward_layernorm");
}

/// <summary>What the tensors at both ends of the stream are called, and what their names and those of layers begin with.</summary>
sealed record StreamNames(string Root = "model.", string Embedding = "embed_tokens", string Norm = "norm");

/// <summary>One layer: what mixes tokens, and what each token goes through by itself. One of them may be missing, with its norms (Nemotron-H).</summary>
sealed record LayerSpec(MixerSpec? Mixer, FeedForwardSpec? FeedForward)
{
    /// <summary>A second mixer, recurrent, which sees what the first sees; what both give is added (Falcon-H1); null: none.</summary>
    internal MixerSpec? MixerBeside { get; init; }

    /// <summary>A mixture of experts beside it, which sees the stream by itself, with norms of its own (Gemma 4); null: none.</summary>
    internal ExpertsSpec? Beside { get; init; }

    /// <summary>How many weights it has in a stream of so many channels, those of the mixer and biases aside.</summary>
    internal Int128 Weights(int hidden) => (FeedForward?.Weights(hidden) ?? 0) + (Beside?.Weights(hidden) ?? 0);
}

/// <summary>What mixes tokens.</summary>
/// <param name="Name">What it is called in a layer.</param>
abstract record MixerSpec(string Name)
{
    /// <summary>The keys and values that a token leaves; null: none.</summary>
    internal abstract CacheShape? Cache { get; }

    /// <summary>What it gives is multiplied with (Falcon-H1).</summary>
    internal double OutputScale { get; init; } = 1;

    /// <summary>Floats of the state that a sequence keeps in such a layer, whatever its length.</summary>
    internal virtual int StateFloats => 0;
}

/// <summary>Keys and values of a token in one layer; a value may be the beginning of its key (<see cref="KvCacheLayout.ValueInKey"/>).</summary>
readonly record struct CacheShape(int Heads, int HeadDim, int? ValueInKey, int? Window);

/// <summary>What each token goes through by itself.</summary>
abstract record FeedForwardSpec
{
    /// <summary>What it is called in a layer; empty: its tensors are called as the layer's own.</summary>
    internal string Name { get; init; } = "mlp";

    /// <summary>What it gives is multiplied with (Falcon-H1).</summary>
    internal double OutputScale { get; init; } = 1;

    /// <summary>How wide it is inside, of a mixture each of its experts.</summary>
    internal abstract int Width { get; }

    /// <summary>How many weights it has in a stream of so many channels, biases aside.</summary>
    internal abstract Int128 Weights(int hidden);
}

/// <summary>Grouped-query attention.</summary>
/// <param name="Heads">Query heads.</param>
/// <param name="KeyValueHeads">A divisor of <paramref name="Heads"/>.</param>
/// <param name="HeadDim">Elements of a head.</param>
/// <param name="Rotary">How queries and keys turn.</param>
sealed record AttentionSpec(int Heads, int KeyValueHeads, int HeadDim, Rotary Rotary) : MixerSpec("self_attn")
{
    internal override CacheShape? Cache => new(KeyValueHeads, HeadDim, null, Window);

    /// <summary>What scores are multiplied with; null: 1/sqrt(<see cref="HeadDim"/>).</summary>
    internal double? Scale { get; init; }

    /// <summary>What keys are multiplied with before they turn and are kept (Falcon-H1).</summary>
    internal double KeyScale { get; init; } = 1;

    /// <summary>The same of values.</summary>
    internal double ValueScale { get; init; } = 1;

    /// <summary>Tokens that a token sees, itself among them; null: all.</summary>
    internal int? Window { get; init; }

    /// <summary>c where scores become c * tanh(score / c) (Gemma 2); null: they stay.</summary>
    internal float? Cap { get; init; }

    /// <summary>Tokens of a chunk, outside of which a token sees nothing (Llama 4); null: there are none.</summary>
    internal int? Chunk { get; init; }

    /// <summary>RMSNorm over every query and key head.</summary>
    internal bool HasHeadNorms { get; init; }

    /// <summary>What those norms are called.</summary>
    internal (string Query, string Key) HeadNormNames { get; init; } = ("q_norm", "k_norm");

    /// <summary>Whether they are over all heads together (OLMo 2, MiniMax-M2).</summary>
    internal bool NormsAllHeads { get; init; }

    /// <summary>Whether they have no weights (Llama 4).</summary>
    internal bool HasPlainHeadNorms { get; init; }

    /// <summary>Whether they are of what has turned (Hunyuan).</summary>
    internal bool NormsTurned { get; init; }

    /// <summary>RMSNorm without a weight over every value head (Gemma 4).</summary>
    internal bool NormsValues { get; init; }

    /// <summary>Whether values are what keys are before they are normed and turned, and there is no layer for them (Gemma 4).</summary>
    internal bool ValuesAreKeys { get; init; }

    /// <summary>The layer whose keys and values it reads, having none of its own (Gemma 4); null: it has.</summary>
    internal int? SharesWith { get; init; }

    /// <summary>Whether queries, keys and values have a bias.</summary>
    internal bool HasInputBias { get; init; }

    /// <summary>Whether the output has one.</summary>
    internal bool HasOutputBias { get; init; }

    /// <summary>What the layer of the output is called.</summary>
    internal string OutputName { get; init; } = "o_proj";

    /// <summary>Whether queries, keys and values are stored as one tensor, <c>qkv_proj</c> (Phi-3).</summary>
    internal bool IsFused { get; init; }

    /// <summary>Whether every query head has a sink (gpt-oss).</summary>
    internal bool HasSinks { get; init; }

    /// <summary>Whether what is attended is multiplied with the logistic function of a gate, whose rows follow each query head's in <c>q_proj</c> (Qwen3-Next).</summary>
    internal bool HasOutputGate { get; init; }
}

/// <summary>
/// Multi-head latent attention (DeepSeek-V2, 2024): keys and values of all heads are made from one latent vector, which with one rotating
/// key for all heads is all that is kept.
/// </summary>
/// <param name="Heads">Query heads.</param>
/// <param name="QueryRank">The width through which queries go; null: they are made at once.</param>
/// <param name="Rank">The width of the latent.</param>
/// <param name="PlainDim">Elements of a query or key that do not turn.</param>
/// <param name="RotaryDim">Elements that do.</param>
/// <param name="ValueDim">Elements of a value.</param>
/// <param name="Rotary">How they turn.</param>
/// <param name="Scale">What scores are multiplied with.</param>
sealed record LatentAttentionSpec(int Heads, int? QueryRank, int Rank, int PlainDim, int RotaryDim, int ValueDim, Rotary Rotary, double Scale) : MixerSpec("self_attn")
{
    internal override CacheShape? Cache => new(1, Rank + RotaryDim, Rank, null);
}

/// <summary>
/// A gated DeltaNet layer. Its inputs are stored apart, or as two tensors grouped by key heads, <c>in_proj_qkvz</c> and <c>in_proj_ba</c>:
/// what the files have is taken.
/// </summary>
/// <param name="Shape">Its sizes.</param>
sealed record GatedDeltaSpec(DeltaShape Shape) : MixerSpec("linear_attn")
{
    internal override CacheShape? Cache => null;

    internal override int StateFloats => Shape.Floats;
}

/// <summary>A layer of Kimi Delta Attention.</summary>
/// <param name="Shape">Its sizes.</param>
/// <param name="Rank">The width through which decays and the gate of the output go.</param>
sealed record KimiDeltaSpec(DeltaShape Shape, int Rank) : MixerSpec("self_attn")
{
    internal override CacheShape? Cache => null;

    internal override int StateFloats => Shape.Floats;
}

/// <summary>A selective state space behind a short convolution, gated and normed (Mamba-2).</summary>
/// <param name="Shape">Its sizes.</param>
sealed record StateSpaceSpec(StateSpaceShape Shape) : MixerSpec("mamba")
{
    internal override CacheShape? Cache => null;

    internal override int StateFloats => Shape.Convolution.Floats;

    /// <summary>Groups of what is gated that are normed by themselves.</summary>
    internal int NormGroups { get; init; } = 1;

    /// <summary>Whether what is gated is normed (not in most of Falcon-H1).</summary>
    internal bool HasNorm { get; init; } = true;

    /// <summary>What the products of its input are multiplied with (Falcon-H1); null: nothing.</summary>
    internal StateSpaceFactors? Factors { get; init; }

    /// <summary>Whether what goes in and what comes out has a bias.</summary>
    internal bool HasBias { get; init; }

    internal bool HasConvolutionBias { get; init; }
}

/// <summary>What the parts of a state space's input are multiplied with.</summary>
readonly record struct StateSpaceFactors(double Gate, double X, double B, double C, double Step);

/// <summary>A short convolution between two gates (LFM2).</summary>
/// <param name="Shape">Its sizes.</param>
sealed record ShortConvolutionSpec(ConvolutionShape Shape) : MixerSpec("conv")
{
    internal override CacheShape? Cache => null;

    internal override int StateFloats => Shape.Floats;

    internal bool HasBias { get; init; }
}

/// <summary>A gated feed-forward layer.</summary>
/// <param name="Inner">Its width inside.</param>
/// <param name="Gating">What the two products become.</param>
sealed record GatedSpec(int Inner, Gating Gating) : FeedForwardSpec
{
    internal override int Width => Inner;

    internal override Int128 Weights(int hidden) => (Int128)hidden * Inner * 3;

    internal bool HasBias { get; init; }

    /// <summary>What its layers are called.</summary>
    internal (string Gate, string Up, string Down) LayerNames { get; init; } = ("gate_proj", "up_proj", "down_proj");

    /// <summary>Whether gate and up are stored as one tensor, the gate first (Phi-3).</summary>
    internal bool IsFused { get; init; }

    /// <summary>What that tensor is called.</summary>
    internal string FusedName { get; init; } = "gate_up_proj";
}

/// <summary>A feed-forward layer that is not gated, with a function whose numbers are learnt (Apertus).</summary>
/// <param name="Inner">Its width inside.</param>
sealed record XieluSpec(int Inner) : FeedForwardSpec
{
    internal override int Width => Inner;

    internal override Int128 Weights(int hidden) => (Int128)hidden * Inner * 2;

    internal bool HasBias { get; init; }
}

/// <summary>A feed-forward layer that is not gated.</summary>
/// <param name="Inner">Its width inside.</param>
/// <param name="Function">What the product becomes.</param>
sealed record PlainSpec(int Inner, Nonlinearity Function) : FeedForwardSpec
{
    internal override int Width => Inner;

    internal override Int128 Weights(int hidden) => (Int128)hidden * Inner * 2;

    internal bool HasBias { get; init; }
}

/// <summary>
/// A mixture of experts: gated layers of which every token goes to a few. They are stored apart, <c>experts.E.gate_proj</c>, or as two
/// tensors with a dimension more, <c>experts.gate_up_proj</c> and <c>experts.down_proj</c>: what the files have is taken.
/// </summary>
/// <param name="Rule">How they are chosen.</param>
/// <param name="Inner">The width inside of each.</param>
/// <param name="Gating">What the two products become.</param>
sealed record ExpertsSpec(RoutingRule Rule, int Inner, Gating Gating) : FeedForwardSpec
{
    /// <summary>What the one product becomes of experts that are not gated (Nemotron 3); null: they are.</summary>
    internal Nonlinearity? Plain { get; init; }

    /// <summary>The width of what experts are given and give, where that is not the stream but made of it and made to it, <c>fc1_latent_proj</c> and <c>fc2_latent_proj</c> (Nemotron 3 Super); null: the stream.</summary>
    internal int? Latent { get; init; }

    /// <summary>The layer that gives a logit for each expert.</summary>
    internal string RouterName { get; init; } = "gate";

    /// <summary>What experts that are stored apart are called, before their numbers.</summary>
    internal string ApartName { get; init; } = "experts";

    /// <summary>The layers of an expert that is stored apart.</summary>
    internal (string Gate, string Up, string Down) LayerNames { get; init; } = ("gate_proj", "up_proj", "down_proj");

    /// <summary>The tensors of all experts, gates before what they gate, as names beside the router.</summary>
    internal (string GateUp, string Down) StackedNames { get; init; } = ("experts.gate_up_proj", "experts.down_proj");

    internal bool HasRouterBias { get; init; }

    /// <summary>The vector that is added to scores for the choice alone; null: none.</summary>
    internal string? CorrectionName { get; init; }

    /// <summary>What it is called in other files (K-EXAONE).</summary>
    internal string? OtherCorrectionName { get; init; }

    /// <summary>The vector whose element for an expert its weight is multiplied with (Gemma 4); null: none.</summary>
    internal string? FactorsName { get; init; }

    internal bool HasBias { get; init; }

    /// <summary>Whether what an expert is given, not what it gives, is multiplied with its weight (Llama 4).</summary>
    internal bool WeighsInputs { get; init; }

    /// <summary>Whether in a fused tensor the rows of gate and up take turns, not the gate's first (gpt-oss).</summary>
    internal bool TakesTurns { get; init; }

    /// <summary>Whether a fused tensor that is not quantised has inputs before outputs (gpt-oss, Qwen3-VL).</summary>
    internal bool HasInputsFirst { get; init; }

    /// <summary>A dense layer beside the experts, for every token; null: none.</summary>
    internal FeedForwardSpec? Shared { get; init; }

    /// <summary>The layer of one output whose logistic function the shared layer's is multiplied with (Qwen3-Next); null: none.</summary>
    internal string? SharedGateName { get; init; }

    internal override int Width => Inner;

    internal override Int128 Weights(int hidden) => ((Int128)Rule.Experts * (((Plain is null ? 3 : 2) * (Int128)Inner * (Latent ?? hidden)) + hidden)) + (2 * (Int128)hidden * (Latent ?? 0)) + (Shared?.Weights(hidden) ?? 0);
}
