using System.Globalization;
using System.Text;
using System.Text.Json;
using Octet.Backends.Cpu;
using Octet.Testing;
using Octet.Tests.Backends;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Families;

/// <summary>
/// Every family against logits that the oracle of <see cref="OracleTests"/> computed in double precision, committed with this repository, so
/// that they are compared where the oracle is not: those of a small checkpoint that <see cref="FamilyCheckpoint"/> writes.
/// </summary>
public sealed class GoldenTests : IDisposable
{
    /// <summary>Set to 1, the file is written anew.</summary>
    const string Variable = "OCTET_WRITE_GOLDENS";

    // Past two pages, all windows and the original contexts of stretched rotary embeddings.
    const int Tokens = 70;

    static readonly int[] s_positions = [0, 17, 40, Tokens - 1];
    static readonly int[] s_ids = [.. Enumerable.Range(0, Tokens).Select(i => ((7 * i * i) + (29 * i) + 11) % FamilyCheckpoint.Vocabulary)];
    static readonly string s_path = Path.Combine(Fixtures.Repository, "tests", "Octet.Tests", "Goldens", "families.json");
    static readonly Lazy<Dictionary<string, double[][]>> s_goldens = new(() => JsonSerializer.Deserialize<Dictionary<string, double[][]>>(File.ReadAllBytes(s_path))!);

    readonly TemporaryDirectory _directory = new();

    public static TheoryData<string> Families => [.. FamilyCheckpoint.Families];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Families))]
    public void Logits_are_those_that_the_oracle_gave(string family)
    {
        double[][] expected = s_goldens.Value[family];
        FamilyCheckpoint.Write(family, _directory.Path);
        foreach ((string name, CpuKernels kernels) in KernelSets.For(family))
        {
            using LanguageModel model = LogitsTests.Open(_directory.Path, kernels, chunk: 33);
            float[][] found = LogitsTests.Score(model, s_ids);
            LogitsTests.AssertClose(expected, [.. s_positions.Select(position => found[position])], 1e-5, $"{family} on {name}");
        }
    }

    /// <summary>One family by turns, day by day; OCTET_SLOW=1: all.</summary>
    [Fact]
    public void The_oracle_still_gives_what_is_committed()
    {
        bool writes = Environment.GetEnvironmentVariable(Variable) == "1";
        string[] families = [.. FamilyCheckpoint.Families];
        if (!writes && Environment.GetEnvironmentVariable("OCTET_SLOW") != "1")
        {
            families = [families[DateTime.UtcNow.DayOfYear % families.Length]];
        }

        Dictionary<string, double[][]> made = families.ToDictionary(family => family, Oracle);
        if (writes)
        {
            File.WriteAllText(s_path, Json(made));
        }

        foreach ((string family, double[][] expected) in made)
        {
            LogitsTests.AssertClose(expected, [.. s_goldens.Value[family].Select(row => Array.ConvertAll(row, value => (float)value))], 1e-7, family);
        }
    }

    double[][] Oracle(string family)
    {
        string model = Path.Combine(_directory.Path, family);
        FamilyCheckpoint.Write(family, model);
        using var gemma = new Gemma4Models();
        double[][] logits = family == "gemma4_text" ? gemma.Forward(_directory.Path, model, s_ids) : OracleTests.Forward(_directory.Path, model, s_ids);
        return [.. s_positions.Select(position => logits[position])];
    }

    // A line for each position; ten digits are far more than float32 has.
    static string Json(Dictionary<string, double[][]> goldens)
    {
        var text = new StringBuilder();
        foreach ((string family, double[][] rows) in goldens)
        {
            IEnumerable<string> lines = rows.Select(row => $"[{string.Join(',', row.Select(value => value.ToString("G10", CultureInfo.InvariantCulture)))}]");
            text.Append(text.Length == 0 ? "{\n" : ",\n").Append(CultureInfo.InvariantCulture, $"\"{family}\": [\n{string.Join(",\n", lines)}\n]");
        }

        return text.Append("\n}\n").ToString();
    }
}
