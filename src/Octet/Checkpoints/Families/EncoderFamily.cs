namespace Octet.Checkpoints.Families;

/// <summary>A family of encoders: the classes in <c>architectures</c> that it is read for, and how.</summary>
/// <param name="Name">What its classes begin with.</param>
/// <param name="Read">What the keys say, as parts.</param>
sealed record EncoderFamily(string Name, Func<EncoderConfig, EncoderSpec> Read)
{
    const string Classifier = "ForSequenceClassification";

    /// <summary>What else is published on top of an encoder, and is left.</summary>
    static readonly string[] s_suffixes = ["Model", "ForMaskedLM", "ForPreTraining", Classifier];

    /// <summary>Every family that can be run.</summary>
    internal static IReadOnlyList<EncoderFamily> All { get; } =
    [
        new("Bert", Bert.Read),
        new("Roberta", Bert.ReadRoberta),
        new("XLMRoberta", Bert.ReadRoberta),
        new("Camembert", Bert.ReadRoberta),
        new("ModernBert", ModernBert.Read),
    ];

    /// <summary>The classes that can be run.</summary>
    internal static IEnumerable<string> Architectures => All.SelectMany(family => (string[])[family.Name + "Model", family.Name + Classifier]);

    /// <summary>Whether a class is one of an encoder that can be run.</summary>
    internal static bool IsEncoder(string architecture) => All.Any(family => family.Has(architecture));

    /// <summary>The encoder that a config.json describes; null: it is of another kind.</summary>
    /// <exception cref="ModelException">It is one that is not right, or asks for what is not implemented.</exception>
    internal static EncoderSpec? TryRead(ConfigObject json)
    {
        string[] named = json.TryStrings("architectures") ?? [];
        foreach (EncoderFamily family in All)
        {
            if (named.FirstOrDefault(family.Has) is { } architecture)
            {
                var config = new EncoderConfig(json, architecture.EndsWith(Classifier, StringComparison.Ordinal));
                EncoderSpec spec = family.Read(config);
                return spec with { Quantization = QuantizationConfig.OfConfig(json) is { } quantization ? QuantizationConfig.Read(quantization) : null };
            }
        }

        return null;
    }

    bool Has(string architecture) => s_suffixes.Any(suffix => architecture == Name + suffix);
}
