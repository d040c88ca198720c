using System.Globalization;

namespace Octet.Measurements.Mixtures;

/// <summary>Which checkpoint, and how much of it.</summary>
sealed record MixtureOptions
{
    internal const string Qwen3 = "qwen3-30b-a3b";
    internal const string GptOss = "gpt-oss-20b";
    internal const string DeepSeek = "deepseek-v3";

    internal string Directory { get; init; } = "";

    internal string Shape { get; init; } = Qwen3;

    internal int Layers { get; init; } = 4;

    internal int Vocabulary { get; init; } = 32768;

    internal static MixtureOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new MixtureOptions();
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            options = arguments[i] switch
            {
                "--out" when value.Length > 0 => options with { Directory = value },
                "--shape" when value is Qwen3 or GptOss or DeepSeek => options with { Shape = value },
                "--layers" => options with { Layers = Number("--layers", value) },
                "--vocabulary" => options with { Vocabulary = Number("--vocabulary", value) },
                "--shape" => throw new MeasurementException($"--shape is '{value}': expected {Qwen3}, {GptOss} or {DeepSeek}"),
                _ => throw new MeasurementException($"there is no option {arguments[i]}, or its value is missing"),
            };
        }

        return options.Directory.Length > 0 ? options : throw new MeasurementException("expected --out and a folder");
    }

    static int Number(string option, string text)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value > 0 ? value : throw new MeasurementException($"{option} is '{text}': expected a whole number from 1");
}
