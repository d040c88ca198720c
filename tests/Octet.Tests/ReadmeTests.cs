using System.Runtime.CompilerServices;
using Octet.Testing;

namespace Octet.Tests;

public class ReadmeTests
{
    [Fact]
    public async Task The_example_runs_as_printed()
    {
        Directory.SetCurrentDirectory(Fixtures.Repository);
        var Console = new StringWriter();

        // <example>
        using var model = LanguageModel.Load("models/octet-tiny");
        await foreach (var update in model.GenerateAsync("What is E4M3?"))
        {
            Console.Write(update.Text);
        }

        // </example>
        Assert.Contains("448", Console.ToString(), StringComparison.Ordinal);
        string readme = File.ReadAllText("README.md").ReplaceLineEndings("\n");
        Assert.Contains($"```csharp\nusing Octet;\n\n{Example()}```", readme, StringComparison.Ordinal);
    }

    static string Example([CallerFilePath] string path = "")
    {
        // A deterministic build does not know where it was built: the file is found from the repository instead.
        string source = File.ReadAllText(Path.Combine(Fixtures.Repository, "tests", "Octet.Tests", Path.GetFileName(path))).ReplaceLineEndings("\n");
        int start = source.IndexOf("// <example>\n", StringComparison.Ordinal) + "// <example>\n".Length;
        int end = source.IndexOf("\n        // </example>", StringComparison.Ordinal);
        return string.Join('\n', source[start..end].Split('\n').Select(line => line.Length >= 8 ? line[8..] : line));
    }
}
