using System.Text.Json;

namespace Octet.Tests.Constraints;

public class ConstrainedGenerationTests
{
    const string Schema = """
        {"type":"object","properties":{"name":{"type":"string","maxLength":12},"age":{"type":"integer","minimum":0,"maximum":120},
        "tags":{"type":"array","items":{"enum":["small","fast","eight bits"]},"maxItems":3}},"required":["name","age","tags"],"additionalProperties":false}
        """;

    [Theory]
    [InlineData(0f)]
    [InlineData(2f)]
    public async Task An_answer_is_what_the_schema_says(float temperature)
    {
        var constraint = OutputConstraint.JsonSchema(Schema);
        for (int seed = 0; seed < (temperature == 0 ? 1 : 5); seed++)
        {
            List<GenerationUpdate> updates = await BuiltInModel.Collect(BuiltInModel.Shared.GenerateAsync(
                "Describe E4M3 as JSON.", new GenerationOptions { Constraint = constraint, Temperature = temperature, Seed = seed, RepetitionPenalty = 1.3f, MaxTokens = 200 }));
            string text = BuiltInModel.Text(updates);
            Assert.True(SchemaChecker.IsValid(Schema, text), text);
            Assert.Equal(FinishReason.Stop, updates[^1].FinishReason);
            Assert.Null(updates[^1].StopTokenId);
        }
    }

    [Fact]
    public async Task The_example_of_the_documentation_runs()
    {
        LanguageModel model = BuiltInModel.Shared;

        // begin: docs/constraints.md
        var constraint = OutputConstraint.JsonSchema("""
            {
              "type": "object",
              "properties": { "format": { "enum": ["E4M3", "E5M2"] }, "largest": { "type": "integer", "minimum": 1, "maximum": 60000 } },
              "required": ["format", "largest"],
              "additionalProperties": false
            }
            """);
        string answer = "";
        await foreach (GenerationUpdate update in model.GenerateAsync("What is the largest value of E4M3?", new GenerationOptions { Constraint = constraint }))
        {
            answer += update.Text;
        }

        using var document = JsonDocument.Parse(answer);
        int largest = document.RootElement.GetProperty("largest").GetInt32();

        // end
        Assert.InRange(largest, 1, 60000);
        string page = File.ReadAllText(Path.Combine(Testing.Fixtures.Repository, "docs", "constraints.md"));
        string source = File.ReadAllText(Path.Combine(Testing.Fixtures.Repository, "tests", "Octet.Tests", "Constraints", "ConstrainedGenerationTests.cs"));
        string example = source[(source.IndexOf("// begin", StringComparison.Ordinal) + 31)..source.IndexOf("// end\n", StringComparison.Ordinal)];
        Assert.Contains(Lines(example), Lines(page), StringComparison.Ordinal);

        static string Lines(string text) => string.Concat(text.Split('\n').Select(static line => line.Trim() + "\n")).Trim().Replace("\n\n", "\n", StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_ends_with_its_constraint_whatever_the_minimum_length()
    {
        List<GenerationUpdate> updates = await BuiltInModel.Collect(BuiltInModel.Shared.GenerateAsync(
            "Yes or no?", new GenerationOptions { Constraint = OutputConstraint.Choice(["yes", "no"]), MinTokens = 20, MaxTokens = 40 }));
        Assert.Contains(BuiltInModel.Text(updates), (string[])["yes", "no"]);
        Assert.Equal(FinishReason.Stop, updates[^1].FinishReason);
    }

    [Fact]
    public async Task A_budget_that_is_too_small_cuts_the_answer()
    {
        List<GenerationUpdate> updates = await BuiltInModel.Collect(BuiltInModel.Shared.GenerateAsync(
            "Describe E4M3 as JSON.", new GenerationOptions { Constraint = OutputConstraint.JsonSchema(Schema), MaxTokens = 3 }));
        Assert.Equal(FinishReason.Length, updates[^1].FinishReason);
        Assert.StartsWith("{\"", BuiltInModel.Text(updates), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generations_of_one_constraint_do_not_disturb_each_other()
    {
        var constraint = OutputConstraint.JsonSchema(Schema);
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(async seed => BuiltInModel.Text(await BuiltInModel.Collect(BuiltInModel.Shared.GenerateAsync(
            "Describe E5M2 as JSON.", new GenerationOptions { Constraint = constraint, Temperature = 1.5f, Seed = seed, MaxTokens = 200 })))));
        Assert.All(answers, answer => Assert.True(SchemaChecker.IsValid(Schema, answer), answer));
    }
}
