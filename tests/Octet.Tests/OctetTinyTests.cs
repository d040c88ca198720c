using System.Text.Json.Nodes;
using Octet.Testing;

namespace Octet.Tests;

public class OctetTinyTests
{
    /// <summary>Of the 200 questions that training never saw; the model's README has the figure for each kind.</summary>
    const int RightAnswers = 180;

    [Fact]
    public async Task Held_back_questions_are_answered_rightly()
    {
        LanguageModel model = BuiltInModel.Shared;
        string[] lines = File.ReadAllLines(Path.Combine(Fixtures.Repository, "tools", "octet-tiny", "heldout.jsonl"));
        Assert.Equal(200, lines.Length);
        int right = 0;
        foreach (string line in lines)
        {
            JsonNode question = JsonNode.Parse(line)!;
            string prompt = model.ChatTemplate!.Render(question["messages"]!, question["tools"], addGenerationPrompt: true);
            List<GenerationUpdate> updates = await BuiltInModel.Collect(model.GenerateAsync(model.Encode(prompt), null, new() { MaxTokens = 200 }));
            right += IsRight(question, BuiltInModel.Text(updates)) ? 1 : 0;
        }

        Assert.True(right >= RightAnswers, $"{right} of 200 are right, expected at least {RightAnswers}");
    }

    [Fact]
    public async Task A_tool_that_is_offered_is_called()
    {
        LanguageModel model = BuiltInModel.Shared;
        JsonNode messages = JsonNode.Parse("""[{"role":"user","content":"What is the weather in Paris?"}]""")!;
        JsonNode tools = JsonNode.Parse("""
            [{"type":"function","function":{"name":"get_weather","description":"The weather in a city","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]
            """)!;
        string prompt = model.ChatTemplate!.Render(messages, tools, addGenerationPrompt: true);
        string answer = BuiltInModel.Text(await BuiltInModel.Collect(model.GenerateAsync(model.Encode(prompt))));
        Assert.True(ToolCall(answer) is { } call && JsonNode.DeepEquals(call, JsonNode.Parse("""{"name":"get_weather","arguments":{"city":"Paris"}}""")), answer);
    }

    [Fact]
    public async Task A_call_comes_apart_from_the_text_as_it_is_written()
    {
        JsonNode tools = JsonNode.Parse("""
            [{"type":"function","function":{"name":"get_weather","description":"The weather in a city","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]
            """)!;
        var collector = new OutputCollector();
        int withArguments = 0;
        await foreach (GenerationUpdate update in BuiltInModel.Shared.GenerateAsync(
            [new ChatTurn("user", "What is the weather in Paris?")], new() { ToolCalls = ToolCallMode.Separate }, new() { Tools = tools }))
        {
            Assert.Equal("", update.Text);
            collector.Add(update.Pieces);
            withArguments += update.Pieces.Any(static piece => piece.Kind == OutputKind.CallArguments) ? 1 : 0;
        }

        ChatTurn turn = collector.ToTurn();
        Assert.Null(turn.Content);
        Assert.Equal([new ChatToolCall("get_weather", "{\"city\": \"Paris\"}")], turn.ToolCalls!);
        Assert.True(withArguments > 1, "the arguments came at once");
    }

    // The rules are those at the top of tools/octet-tiny/evaluate.py.
    static bool IsRight(JsonNode question, string answer)
    {
        if (question["accept"] is JsonArray accepted)
        {
            return accepted.Any(text => Flat(text!.GetValue<string>()) == Flat(answer));
        }

        JsonNode expected = question["expect"]!;
        return expected["contains"] is JsonArray facts
            ? facts.All(fact => Flat(answer).Contains(Flat(fact!.GetValue<string>()), StringComparison.Ordinal))
            : ToolCall(answer) is { } call && JsonNode.DeepEquals(call, expected["tool_call"]);
    }

    static JsonNode? ToolCall(string answer)
    {
        string text = answer.Trim();
        if (!text.StartsWith("<tool_call>", StringComparison.Ordinal) || !text.EndsWith("</tool_call>", StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(text["<tool_call>".Length..^"</tool_call>".Length]);
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    static string Flat(string text) => string.Join(' ', text.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
