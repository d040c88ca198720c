using Octet.Checkpoints.Families;

namespace Octet.Checkpoints;

/// <summary>
/// A model's <c>config.json</c> (Hugging Face layout), of a multimodal one its text model's part. Properties carry the names of the file's keys. A value of this type has been
/// checked: sizes are positive and fit together, and nothing in the file asks for a computation that is not implemented.
/// </summary>
public sealed record ModelConfig
{
    internal const string FileName = "config.json";

    /// <summary>Where Model Optimizer says how it quantised, if not in config.json.</summary>
    internal const string ModelOptFileName = "hf_quant_config.json";

    /// <summary>The architectures that can be run, by the names used in <c>architectures</c>.</summary>
    public static IReadOnlyList<string> SupportedArchitectures { get; } = [.. Family.All.Select(family => family.Architecture).OfType<string>(), .. Family.Wrappers.Keys];

    /// <summary><c>architectures</c>: at least one is in <see cref="SupportedArchitectures"/>.</summary>
    public required IReadOnlyList<string> Architectures { get; init; }

    /// <summary><c>model_type</c>, such as <c>qwen3</c>; of a multimodal model the text model's.</summary>
    public required string ModelType { get; init; }

    /// <summary><c>hidden_size</c>: the width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary><c>intermediate_size</c>: the width inside the feed-forward layer.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary><c>num_hidden_layers</c>.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary><c>num_attention_heads</c>: query heads.</summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary><c>num_key_value_heads</c>: divides <see cref="NumAttentionHeads"/>; equal to it where the key is absent.</summary>
    public required int NumKeyValueHeads { get; init; }

    /// <summary>
    /// <c>head_dim</c>: the width of one head, even. <see cref="HiddenSize"/> / <see cref="NumAttentionHeads"/> only where the key is
    /// absent: Qwen3 states it, and its heads together are wider than the residual stream.
    /// </summary>
    public required int HeadDim { get; init; }

    /// <summary><c>vocab_size</c>: rows of the embedding. At least the size of the tokenizer, often more.</summary>
    public required int VocabSize { get; init; }

    /// <summary><c>max_position_embeddings</c>: the longest context, in tokens.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary><c>rms_norm_eps</c>: added to the mean square before the root.</summary>
    public required float RmsNormEps { get; init; }

    /// <summary><c>rope_theta</c> (Transformers 5: <c>rope_parameters.rope_theta</c>): the base of the rotary angles.</summary>
    public required double RopeTheta { get; init; }

    /// <summary><c>tie_word_embeddings</c>: the embedding is also the output layer. False where absent.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary><c>hidden_act</c> or <c>hidden_activation</c>; <c>silu</c> where both are absent.</summary>
    public string HiddenAct { get; init; } = "silu";

    /// <summary><c>attention_bias</c>; false where absent. Qwen2 has biases without this key.</summary>
    public bool AttentionBias { get; init; }

    /// <summary><c>bos_token_id</c>, where there is one.</summary>
    public int? BosTokenId { get; init; }

    /// <summary><c>eos_token_id</c>, one id or a list in the file; empty where absent.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary><c>pad_token_id</c>, where there is one.</summary>
    public int? PadTokenId { get; init; }

    /// <summary><c>dtype</c> (before Transformers 5: <c>torch_dtype</c>): the type the model was trained in, such as <c>bfloat16</c>. Tensors state their own.</summary>
    public string? DType { get; init; }

    /// <summary><c>quantization_config</c>; null where the weights are not quantised.</summary>
    public QuantizationConfig? QuantizationConfig { get; init; }

    /// <summary>What the model is put together from.</summary>
    internal DecoderSpec? Decoder { get; init; }

    /// <summary>The longest context: <see cref="MaxPositionEmbeddings"/>, or as far as a stretched rotary embedding reaches.</summary>
    internal int LongestContext => Decoder?.LongestContext ?? MaxPositionEmbeddings;

    /// <summary>Beginnings of the names of the tensors of a multimodal model's other parts.</summary>
    internal IReadOnlyList<string> OtherParts { get; init; } = [];

    /// <summary>Reads <c>config.json</c> of a model directory.</summary>
    /// <param name="directory">The model's directory in Hugging Face layout.</param>
    /// <exception cref="ModelException">There is no such directory or file, or the file does not describe a model that can be run.</exception>
    public static ModelConfig Load(string directory) => Load(directory, headless: false);

    /// <param name="directory">The model's directory.</param>
    /// <param name="headless">Whether the model may be stored without an output layer.</param>
    internal static ModelConfig Load(string directory, bool headless)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        string path = Path.Combine(directory, FileName);
        if (File.Exists(path))
        {
            ModelConfig config = ModelConfigReader.Read(ConfigObject.Load(path), path, headless);
            return config.QuantizationConfig is null ? config with { QuantizationConfig = QuantizationConfig.FindModelOpt(directory) } : config;
        }

        RequirePermission(path);
        throw new ModelException(
            ModelError.NotFound,
            File.Exists(directory) ? $"{directory} is a file; expected a model directory with {FileName}, *.safetensors and tokenizer.json"
            : Directory.Exists(directory) ? $"{directory} holds no model: looked for {FileName} and did not find it"
            : $"there is no directory {directory}; expected a model directory with {FileName}, *.safetensors and tokenizer.json",
            directory);
    }

    /// <summary>What may not be looked at seems not to be there.</summary>
    static void RequirePermission(string path)
    {
        try
        {
            File.GetAttributes(path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ModelException(ModelError.Inaccessible, $"{path} cannot be read: no permission for its directory, or for one above it", path, innerException: e);
        }
        catch (IOException)
        {
            // It is not there.
        }
    }

    /// <summary>Reads the content of a <c>config.json</c>.</summary>
    /// <param name="json">UTF-8 text.</param>
    /// <param name="name">What messages call the file.</param>
    /// <exception cref="ModelException">The text does not describe a model that can be run.</exception>
    public static ModelConfig Parse(ReadOnlyMemory<byte> json, string name) => ModelConfigReader.Read(ConfigObject.Parse(json, name), name);
}
