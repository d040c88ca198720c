using System.Globalization;
using System.Runtime.CompilerServices;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Testing;

namespace Octet.Tests;

public class ReadmeTests
{
    [Fact]
    public async Task The_example_runs_as_printed()
    {
        Directory.SetCurrentDirectory(Fixtures.Repository);
        var Console = new StringWriter();

        // <model>
        using var model = LanguageModel.Load("models/octet-tiny");
        await foreach (var update in model.GenerateAsync("What is E4M3?"))
        {
            Console.Write(update.Text);
        }

        // </model>
        Assert.Contains("448", Console.ToString(), StringComparison.Ordinal);
        string readme = File.ReadAllText("README.md").ReplaceLineEndings("\n");
        Assert.Contains($"```csharp\nusing Octet;\n\n{Example("model")}```", readme, StringComparison.Ordinal);
    }

    [Fact]
    public void The_example_of_numbers_and_files_runs_as_printed()
    {
        Directory.SetCurrentDirectory(Fixtures.Repository);
        var Console = new StringWriter(CultureInfo.InvariantCulture);
        try
        {
            // <libraries>
            float[] values = [0.3f, 17, 448, 1000];
            var codes = new Float8E4M3FN[4];
            Float8E4M3FN.ConvertFromSingle(values, codes, OverflowMode.Saturate);
            SafetensorsWriter.Write("weights.safetensors", [TensorSource.Create<Float8E4M3FN>("w", [2, 2], codes)]);

            using var file = SafetensorsFile.Open("weights.safetensors");
            var weights = file["w"].AsSpan<Float8E4M3FN>();
            Console.Write($"{file["w"]}: {weights[0]} {weights[1]} {weights[2]} {weights[3]}");

            // </libraries>
        }
        finally
        {
            File.Delete("weights.safetensors");
        }

        string readme = File.ReadAllText("README.md").ReplaceLineEndings("\n");
        Assert.Contains($"```csharp\nusing Octet.Numerics;\nusing Octet.Safetensors;\n\n{Example("libraries")}// {Console}\n```", readme, StringComparison.Ordinal);
    }

    static string Example(string region, [CallerFilePath] string path = "")
    {
        // A deterministic build does not know where it was built: the file is found from the repository instead.
        string source = File.ReadAllText(Path.Combine(Fixtures.Repository, "tests", "Octet.Tests", Path.GetFileName(path))).ReplaceLineEndings("\n");
        string[] lines = source.Split('\n');
        int start = Array.FindIndex(lines, line => line.Trim() == $"// <{region}>") + 1;
        int end = Array.FindIndex(lines, line => line.Trim() == $"// </{region}>") - 1;
        int indent = lines[start].Length - lines[start].TrimStart().Length;
        return string.Concat(lines[start..end].Select(line => (line.Length >= indent ? line[indent..] : line) + "\n"));
    }
}
