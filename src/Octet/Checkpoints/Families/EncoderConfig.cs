using System.Globalization;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>The keys of an encoder's <c>config.json</c> that families share, read and checked.</summary>
sealed class EncoderConfig
{
    const int MostLayers = 1 << 12;
    const int MostWidth = 1 << 20;

    /// <param name="json">The file.</param>
    /// <param name="classifies">Whether there is a classifier on top.</param>
    internal EncoderConfig(ConfigObject json, bool classifies)
    {
        Json = json;
        Classifies = classifies;
        HiddenSize = json.Int32("hidden_size", 1, MostWidth);
        Layers = json.Int32("num_hidden_layers", 1, MostLayers);
        Heads = json.Int32("num_attention_heads", 1, MostWidth);
        Inner = json.Int32("intermediate_size", 1, MostWidth);
        VocabSize = json.Int32("vocab_size", 1);
        MaxPositions = json.Int32("max_position_embeddings", 1, MostWidth);
        if (HiddenSize % Heads != 0)
        {
            throw json.Unexpected("num_attention_heads", string.Create(CultureInfo.InvariantCulture, $"a divisor of hidden_size, {HiddenSize}"));
        }

        Refuse("is_decoder", "a decoder");
        Refuse("add_cross_attention", "attention to another text");
    }

    internal ConfigObject Json { get; }

    internal bool Classifies { get; }

    internal int HiddenSize { get; }

    internal int Layers { get; }

    internal int Heads { get; }

    internal int Inner { get; }

    internal int VocabSize { get; }

    internal int MaxPositions { get; }

    internal int HeadDim => HiddenSize / Heads;

    internal float Epsilon(string key, double otherwise) => (float)(Json.TryDouble(key, "a number from 0 to 1", value => value is >= 0 and <= 1) ?? otherwise);

    internal Nonlinearity Function(string key, string otherwise) => (Json.TryString(key) ?? otherwise) switch
    {
        "gelu" or "gelu_python" => Nonlinearity.Gelu,
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" or "gelu_python_tanh" => Nonlinearity.GeluTanh,
        "relu" => Nonlinearity.Relu,
        "silu" or "swish" => Nonlinearity.Silu,
        "tanh" => Nonlinearity.Tanh,
        _ => throw Json.Unsupported(key, "\"gelu\", \"gelu_new\", \"gelu_pytorch_tanh\", \"gelu_fast\", \"relu\", \"silu\""),
    };

    internal void Refuse(string key, string what)
    {
        if (Json.TryBoolean(key) == true)
        {
            throw Json.Refused(key, $"{what} is not implemented for encoders");
        }
    }

    /// <summary>Outputs of the classifier: the entries of <c>id2label</c>, or <c>num_labels</c>, or transformers' two.</summary>
    internal int Labels => Json.TryObject("id2label")?.Names.Count() ?? Json.TryInt32("num_labels", 1) ?? 2;

    /// <summary>
    /// Whether scores go through the logistic function: what sentence-transformers wrote into the file, or as its CrossEncoder takes it, where there is
    /// one label and nothing is said.
    /// </summary>
    internal bool IsLogistic
    {
        get
        {
            const string Old = "sbert_ce_default_activation_function";
            const string New = "activation_fn";
            ConfigObject? own = Json.TryObject("sentence_transformers");
            (ConfigObject at, string key) = own?.Has(New) == true ? (own, New) : (Json, Old);
            return Logistic(at, key) ?? Labels == 1;
        }
    }

    /// <summary>Whether a key names the logistic function for scores, or none at all; null: it is absent.</summary>
    internal static bool? Logistic(ConfigObject at, string key) => at.TryString(key) switch
    {
        null => null,
        { } name when name.EndsWith(".Sigmoid", StringComparison.Ordinal) => true,
        { } name when name.EndsWith(".Identity", StringComparison.Ordinal) => false,
        _ => throw at.Unsupported(key, "torch's Sigmoid and Identity"),
    };
}
