using System.Globalization;
using System.Text.Json;
using Octet.Backends;

namespace Octet.Checkpoints.Families;

/// <summary>
/// The rotary embedding of a <c>config.json</c> in both spellings: <c>rope_theta</c> and <c>rope_scaling</c> (Transformers 4), or
/// <c>rope_parameters</c>, one for all layers or one for each type of layer (Transformers 5). Formulas after transformers' <c>modeling_rope_utils.py</c>.
/// </summary>
sealed class RotaryReader(ConfigObject json)
{
    /// <summary>A part of the pairs of a whole head, at the rates that they have among all (Gemma 4).</summary>
    internal const string Proportional = "proportional";

    const string Theta = "a number above 1";
    const string Positive = "a number above 0";

    /// <summary>What stands for <c>rope_theta</c> where the file has none; null: it must.</summary>
    internal double? DefaultTheta { get; init; }

    /// <summary>Whether the family rotates a part of a head where the file says so (<c>partial_rotary_factor</c>).</summary>
    internal bool AllowsPart { get; init; }

    /// <summary>The part where the file names none.</summary>
    internal double DefaultPart { get; init; } = 1;

    /// <summary>A key with how many elements of a head turn, which stands for <c>partial_rotary_factor</c> where that is absent.</summary>
    internal string? SizeKey { get; init; }

    /// <summary>The type where the file names none.</summary>
    internal string DefaultType { get; init; } = "default";

    /// <summary>Whether pairs are neighbours (DeepSeek).</summary>
    internal bool TurnsNeighbours { get; init; }

    /// <summary>Whether LongRoPE's factors on attention are the file's, <c>short_mscale</c> and <c>long_mscale</c> (Phi-3.5-MoE).</summary>
    internal bool ReadsLongScales { get; init; }

    /// <summary>Whether "dynamic" with <c>alpha</c> is a base that is stretched from the first token on (Hunyuan).</summary>
    internal bool StretchesOnce { get; init; }

    /// <summary>The embedding of layers whose is never stretched, whatever the file says of others (OLMo 3).</summary>
    internal Rotary ReadPlain(int headDim, string layerType)
    {
        double theta = ReadTheta(Scaling(layerType, "rope_theta").Scaling, "rope_theta");
        return new([.. Enumerable.Range(0, headDim / 2).Select(i => Math.Pow(theta, -2.0 * i / headDim))]);
    }

    /// <summary>Reads what holds for one type of layer.</summary>
    /// <param name="headDim">Elements of a head, or of the part of it that may turn.</param>
    /// <param name="maxPositions"><c>max_position_embeddings</c>.</param>
    /// <param name="layerType">Such as <c>full_attention</c>; null where the family has one type.</param>
    /// <param name="thetaKey">The key of the base in the older spelling; another than <c>rope_theta</c> has no scaling beside it (Gemma's local base).</param>
    /// <returns>The embedding, and the longest context that it reaches.</returns>
    internal (Rotary Rotary, int LongestContext) Read(int headDim, int maxPositions, string? layerType = null, string thetaKey = "rope_theta")
    {
        (ConfigObject? scaling, string scalingKey) = Scaling(layerType, thetaKey);
        double theta = ReadTheta(scaling, thetaKey);
        if (StretchesOnce && scaling?.TryDouble("alpha", Positive, value => value > 0) is { } alpha)
        {
            theta *= Math.Pow(alpha, headDim / (headDim - 2.0));
        }

        string type = scaling?.TryString("rope_type") ?? scaling?.TryString("type") ?? DefaultType;
        int turned = Size(headDim, scaling);
        int size = type == Proportional ? headDim : turned;
        double[] plain = [.. Enumerable.Range(0, size / 2).Select(i => Math.Pow(theta, -2.0 * i / size))];
        Rotary Make(IEnumerable<double> frequencies, double factor = 1) => new([.. frequencies])
        {
            Factor = factor,
            TurnsNeighbours = TurnsNeighbours,
            QueryGrowth = ReadQueryGrowth(scaling),
        };

        switch (type)
        {
            // The base grows beyond max_position_embeddings only, which no context does.
            case "default" or "dynamic":
                return (Make(plain), maxPositions);
            case "mrope":
                // Of text all positions are the same.
                return (Make(plain), maxPositions);
            case Proportional:
                double stretch = scaling?.TryDouble("factor", Positive, value => value > 0) ?? 1;
                return (Make(plain.Select((f, i) => i < turned / 2 ? f / stretch : 0)), maxPositions);
            case "linear":
                double factor = scaling!.Double("factor", Positive, value => value > 0);
                return (Make(plain.Select(f => f / factor)), maxPositions);
            case "llama3":
                return (Make(Llama3(scaling!, plain)), maxPositions);
            case "yarn":
                return Yarn(scaling!, plain, theta, size, maxPositions, Make);
            case "longrope" or "su":
                return (LongRope(scaling!, plain, maxPositions, Make), maxPositions);
            default:
                throw json.Unsupported(scalingKey, "absent, null, or rope_type \"default\", \"linear\", \"dynamic\", \"llama3\", \"yarn\", \"longrope\" or \"proportional\"");
        }
    }

    (ConfigObject? Scaling, string Key) Scaling(string? layerType, string thetaKey)
    {
        ConfigObject? scaling = thetaKey == "rope_theta" ? json.TryObject("rope_scaling") : null;
        if (json.TryObject("rope_parameters") is not { } parameters)
        {
            return (scaling, "rope_scaling");
        }

        if (layerType is not null && parameters.IsObject(layerType))
        {
            parameters = parameters.TryObject(layerType)!;
        }
        else if (parameters.ObjectsAmongOthers.Select(entry => entry.Name).FirstOrDefault() is { } other)
        {
            throw layerType is null
                ? parameters.Refused(other, "layers of this architecture have one rotary embedding; put its keys into rope_parameters itself")
                : parameters.Missing(layerType, $"a JSON object beside {other}");
        }

        RequireSame(scaling, parameters);
        return (parameters, "rope_parameters");
    }

    /// <summary>
    /// Refuses an older spelling that says something else: one of the two is not what is meant. A file saved by Transformers 5, to which
    /// <c>rope_scaling</c> is added as a model card says, is such a file. The base and the part that turns may stand in either.
    /// </summary>
    void RequireSame(ConfigObject? scaling, ConfigObject parameters)
    {
        if (scaling is null)
        {
            return;
        }

        string[] names = [.. scaling.Names.Concat(parameters.Names).Select(Modern).Distinct()];
        string? different = names.FirstOrDefault(name => Find(scaling, name) is var old && Find(parameters, name) is var now && (old is { } left && now is { } right
            ? !JsonElement.DeepEquals(left, right)
            : (old ?? now) is { } && name is not ("rope_theta" or "partial_rotary_factor")));
        if (different is not null)
        {
            throw json.Contradiction("rope_scaling", "rope_parameters", $"{different} differs: remove the one that is not meant");
        }

        static string Modern(string name) => name == "type" ? "rope_type" : name;

        static JsonElement? Find(ConfigObject from, string name) => from.Find(name) ?? (name == "rope_type" ? from.Find("type") : null);
    }

    double ReadTheta(ConfigObject? scaling, string thetaKey)
    {
        double? outer = json.TryDouble(thetaKey, Theta, value => value > 1);
        double? inner = scaling?.TryDouble("rope_theta", Theta, value => value > 1);
        return outer is { } one && inner is { } other && one != other
            ? throw scaling!.Unexpected("rope_theta", string.Create(CultureInfo.InvariantCulture, $"the same value as the file's other {thetaKey}, {one}"))
            : outer ?? inner ?? DefaultTheta ?? throw json.Missing(thetaKey, $"{Theta}, here or in rope_parameters");
    }

    int Size(int headDim, ConfigObject? scaling)
    {
        const string Key = "partial_rotary_factor";
        const string Expected = "a number above 0, at most 1";
        static bool IsPart(double value) => value is > 0 and <= 1;
        double? stated = scaling?.TryDouble(Key, Expected, IsPart) ?? json.TryDouble(Key, Expected, IsPart);
        if (stated is null && SizeKey is not null && json.TryInt32(SizeKey, 2, headDim) is { } turned)
        {
            return turned % 2 == 0 ? turned : throw json.Unexpected(SizeKey, "an even number");
        }

        double part = stated ?? DefaultPart;
        if (part == 1)
        {
            return headDim;
        }

        ConfigObject where = scaling?.Has(Key) ?? false ? scaling : json;
        if (!AllowsPart)
        {
            throw where.Unsupported(Key, "absent or 1");
        }

        int size = (int)(headDim * part);
        return size > 0 && size % 2 == 0 ? size : throw where.Unexpected(Key, string.Create(CultureInfo.InvariantCulture, $"an even number of the {headDim} elements of a head"));
    }

    static (double Beta, int Length)? ReadQueryGrowth(ConfigObject? scaling)
    {
        const string Key = "llama_4_scaling_beta";
        return scaling?.TryDouble(Key, "a number from 0", value => value >= 0) is { } beta and > 0
            ? (beta, scaling.TryInt32("original_max_position_embeddings", 1) ?? throw scaling.Missing("original_max_position_embeddings", $"a whole number beside {Key}"))
            : null;
    }

    static IEnumerable<double> Llama3(ConfigObject scaling, double[] plain)
    {
        double factor = scaling.Double("factor", Positive, value => value > 0);
        double low = scaling.Double("low_freq_factor", Positive, value => value > 0);
        double high = scaling.Double("high_freq_factor", "a number from low_freq_factor on", value => value >= low);
        int original = scaling.Int32("original_max_position_embeddings", 1);
        return plain.Select(f =>
        {
            // Turns within the original context: fast pairs stay, slow ones are stretched.
            double turns = original * f / (2 * Math.PI);
            double keep = high > low ? Math.Clamp((turns - low) / (high - low), 0, 1) : turns >= high ? 1 : 0;
            return (keep * f) + ((1 - keep) * f / factor);
        });
    }

    // Peng et al., "YaRN: Efficient Context Window Extension of Large Language Models", 2023. The factor is the file's even where
    // original_max_position_embeddings and max_position_embeddings say another (transformers since 5, llama.cpp).
    (Rotary Rotary, int LongestContext) Yarn(ConfigObject scaling, double[] plain, double theta, int size, int maxPositions, Func<IEnumerable<double>, double, Rotary> make)
    {
        int? given = Original(scaling);
        int original = given ?? maxPositions;
        double factor = scaling.TryDouble("factor", "a number from 1", value => value >= 1) ?? Math.Max(1, (double)maxPositions / original);
        double fast = scaling.TryDouble("beta_fast", Positive, value => value > 0) ?? 32;
        double slow = scaling.TryDouble("beta_slow", Positive, value => value > 0) ?? 1;
        double Pair(double turns) => size * Math.Log(original / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));
        double from = Pair(fast);
        double to = Pair(slow);
        if (scaling.TryBoolean("truncate") ?? true)
        {
            from = Math.Floor(from);
            to = Math.Ceiling(to);
        }

        from = Math.Max(from, 0);
        to = Math.Min(to, size - 1);
        double width = to == from ? 0.001 : to - from;
        IEnumerable<double> frequencies = plain.Select((f, i) =>
        {
            double keep = 1 - Math.Clamp((i - from) / width, 0, 1);
            return (keep * f) + ((1 - keep) * f / factor);
        });
        return (make(frequencies, YarnFactor(scaling, factor)), (int)Math.Min(int.MaxValue, Math.Max(maxPositions, factor * original)));
    }

    static double YarnFactor(ConfigObject scaling, double factor)
    {
        static bool IsFactor(double value) => value >= 0;
        if (scaling.TryDouble("attention_factor", "a number from 0", IsFactor) is { } given)
        {
            return given;
        }

        double? scale = scaling.TryDouble("mscale", "a number from 0", IsFactor);
        double? all = scaling.TryDouble("mscale_all_dim", "a number from 0", IsFactor);
        return scale is > 0 && all is > 0 ? YarnScale(factor, scale.Value) / YarnScale(factor, all.Value) : YarnScale(factor, 1);
    }

    /// <summary>YaRN's factor on attention for a stretch of <paramref name="factor"/>.</summary>
    internal static double YarnScale(double factor, double scale) => factor <= 1 ? 1 : (0.1 * scale * Math.Log(factor)) + 1;

    Rotary LongRope(ConfigObject scaling, double[] plain, int maxPositions, Func<IEnumerable<double>, double, Rotary> make)
    {
        int original = Original(scaling) ?? throw json.Missing("original_max_position_embeddings", "a whole number, as rope_scaling is longrope");
        double factor = scaling.TryDouble("factor", "a number from 1", value => value >= 1) ?? (double)maxPositions / original;
        double attention = scaling.TryDouble("attention_factor", Positive, value => value > 0) ?? (factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(factor) / Math.Log(original))));
        IEnumerable<double> Stretched(string key)
        {
            double[] factors = scaling.TryDoubles(key, $"{plain.Length} numbers above 0, one for each pair", plain.Length, value => value > 0) ?? throw scaling.Missing(key, $"{plain.Length} numbers");
            return plain.Select((f, i) => f / factors[i]);
        }

        double Scale(string key) => ReadsLongScales ? scaling.Double(key, Positive, value => value > 0) : attention;
        return new Rotary([.. Stretched("short_factor")]) { Factor = Scale("short_mscale"), Long = make(Stretched("long_factor"), Scale("long_mscale")), LongFrom = original };
    }

    // Phi's files have it beside rope_scaling.
    int? Original(ConfigObject scaling)
        => scaling.TryInt32("original_max_position_embeddings", 1) ?? json.TryInt32("original_max_position_embeddings", 1);
}
