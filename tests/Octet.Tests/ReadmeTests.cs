using System.Globalization;
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
        Assert.Contains($"```csharp\nusing Octet;\n\n{Fixtures.Example("model")}```", Fixtures.Page("README.md"), StringComparison.Ordinal);
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

        Assert.Contains($"```csharp\nusing Octet.Numerics;\nusing Octet.Safetensors;\n\n{Fixtures.Example("libraries")}// {Console}\n```", Fixtures.Page("README.md"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_example_of_scales_runs_as_printed()
    {
        var Console = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n// " };
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

        // <scales>
        float[] values = [0.3f, 17, 448, 1000];
        var codes = new Float8E4M3FN[4];
        Float8E4M3FN.ConvertFromSingle(values, codes, OverflowMode.Saturate);
        Console.WriteLine(string.Join(' ', codes));

        var shape = new BlockShape(rows: 2, columns: 2, blockRows: 128, blockColumns: 128);
        var scales = new float[shape.ScaleRows * shape.ScaleColumns];
        BlockScaling.Quantize(values, shape, codes, scales);
        BlockScaling.Dequantize(codes, scales, shape, values);
        Console.Write(string.Join(' ', values));

        // </scales>
        Assert.Contains($"```csharp\nusing Octet.Numerics;\n\n{Fixtures.Example("scales")}// {Console}\n```", Fixtures.Page("docs", "numerics.md"), StringComparison.Ordinal);
    }

    /// <summary>Feeds show these pages without the repository: their examples are those of its pages, which run, and their links would lead nowhere.</summary>
    [Fact]
    public void The_pages_of_packages_have_examples_of_the_documentation_and_no_links()
    {
        string documentation = string.Concat(Directory.GetFiles(Path.Combine(Fixtures.Repository, "docs"), "*.md").Append("README.md").Select(path => Fixtures.Page(path)));
        string[] pages = Directory.GetFiles(Path.Combine(Fixtures.Repository, "src"), "README.md", SearchOption.AllDirectories);
        Assert.Equal(8, pages.Length);
        foreach (string page in pages.Select(path => Fixtures.Page(path)))
        {
            Assert.DoesNotContain("](", page, StringComparison.Ordinal);
            foreach (string example in page.Split("```csharp\n").Skip(1))
            {
                Assert.Contains(example[..example.IndexOf("```", StringComparison.Ordinal)], documentation, StringComparison.Ordinal);
            }
        }
    }
}
