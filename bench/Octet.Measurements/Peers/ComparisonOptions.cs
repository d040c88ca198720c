using Octet.Measurements.Mixtures;

namespace Octet.Measurements.Peers;

/// <summary>What is compared, and how often.</summary>
sealed record ComparisonOptions
{
    internal static readonly string[] Shapes = ["0.6b", "4b", MixtureOptions.Qwen3, MixtureOptions.GptOss];
    static readonly string[] s_sets = ["vbmi", "avx512", "avx2"];

    internal IReadOnlyList<string> Chosen { get; init; } = [Shapes[0]];

    internal int Rounds { get; init; } = 3;

    internal int Repetitions { get; init; } = 3;

    internal IReadOnlyList<int> Threads { get; init; } = [1, 2];

    internal int Depth { get; init; } = 4096;

    internal bool WithBFloat16 { get; init; }

    internal IReadOnlyList<string> InstructionSets { get; init; } = [];

    internal bool TablesOnly { get; init; }

    internal static ComparisonOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new ComparisonOptions();
        List<string> shapes = [];
        for (int i = 0; i < arguments.Length; i++)
        {
            string argument = arguments[i];
            string value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            switch (argument)
            {
                case "--bf16":
                    options = options with { WithBFloat16 = true };
                    continue;
                case "--tables-only":
                    options = options with { TablesOnly = true };
                    continue;
                case "--rounds":
                    options = options with { Rounds = Number(argument, value) };
                    break;
                case "--reps":
                    options = options with { Repetitions = Number(argument, value) };
                    break;
                case "--depth":
                    options = options with { Depth = Number(argument, value) };
                    break;
                case "--threads":
                    options = options with { Threads = [.. value.Split(',').Select(part => Number(argument, part))] };
                    break;
                case "--cpu":
                    options = options with { InstructionSets = [.. value.Split(',').Select(set => OneOf(argument, set, s_sets))] };
                    break;
                default:
                    shapes.Add(OneOf("SHAPE", argument, Shapes));
                    continue;
            }

            i++;
        }

        return shapes.Count == 0 ? options : options with { Chosen = shapes };
    }

    /// <summary>What tables call the shape.</summary>
    internal static string Title(string shape) => shape switch
    {
        MixtureOptions.Qwen3 => "Qwen3-30B-A3B shape, 4 of 48 layers",
        MixtureOptions.GptOss => "gpt-oss-20b shape, 4 of 24 layers",
        _ => $"Qwen3-{shape.ToUpperInvariant()} shape",
    };

    internal static bool IsMixture(string shape) => shape is MixtureOptions.Qwen3 or MixtureOptions.GptOss;

    static int Number(string option, string text)
        => int.TryParse(text, out int value) && value > 0 ? value : throw new MeasurementException($"{option} is '{text}': expected a whole number from 1");

    static string OneOf(string option, string text, string[] words)
        => words.Contains(text) ? text : throw new MeasurementException($"{option} is '{text}': expected {string.Join(" or ", words)}");
}
