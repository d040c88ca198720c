namespace Octet.Checkpoints;

/// <summary>
/// A model's <c>config.json</c> (Hugging Face layout). Properties carry the names of the file's keys. A value of this type has been
/// checked: sizes are positive and fit together, and nothing in the file asks for a computation that is not implemented.
/// </summary>
public sealed record ModelConfig
{
    internal const string FileName = "config.json";

    /// <summary>Where Model Optimizer says how it quantised, if not in config.json.</summary>
    internal const string ModelOptFileName = "hf_quant_config.json";

    /// <summary>The architectures that can be run, by the names used in <c>architectures</c>.</summary>
    public static IReadOnlyList<string> SupportedArchitectures { get; } = ["Qwen3ForCausalLM"];

    /// <summary><c>architectures</c>: at least one is in <see cref="SupportedArchitectures"/>.</summary>
    public required IReadOnlyList<string> Architectures { get; init; }

    /// <summary><c>model_type</c>, such as <c>qwen3</c>.</summary>
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

    /// <summary><c>hidden_act</c>: <c>silu</c>, which is also what an absent key means.</summary>
    public string HiddenAct { get; init; } = "silu";

    /// <summary><c>attention_bias</c>: false.</summary>
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

    /// <summary>Reads <c>config.json</c> of a model directory.</summary>
    /// <param name="directory">The model's directory in Hugging Face layout.</param>
    /// <exception cref="ModelException">There is no such directory or file, or the file does not describe a model that can be run.</exception>
    public static ModelConfig Load(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        string path = Path.Combine(directory, FileName);
        if (File.Exists(path))
        {
            ModelConfig config = ModelConfigReader.Read(ConfigObject.Load(path), path);
            return config.QuantizationConfig is null ? config with { QuantizationConfig = QuantizationConfig.FindModelOpt(directory) } : config;
        }

        throw new ModelException(
            ModelError.NotFound,
            File.Exists(directory) ? $"{directory} is a file; expected a model directory with {FileName}, *.safetensors and tokenizer.json"
            : Directory.Exists(directory) ? $"{directory} holds no model: looked for {FileName} and did not find it"
            : $"there is no directory {directory}; expected a model directory with {FileName}, *.safetensors and tokenizer.json",
            directory);
    }

    /// <summary>Reads the content of a <c>config.json</c>.</summary>
    /// <param name="json">UTF-8 text.</param>
    /// <param name="name">What messages call the file.</param>
    /// <exception cref="ModelException">The text does not describe a model that can be run.</exception>
    public static ModelConfig Parse(ReadOnlyMemory<byte> json, string name) => ModelConfigReader.Read(ConfigObject.Parse(json, name), name);
}
