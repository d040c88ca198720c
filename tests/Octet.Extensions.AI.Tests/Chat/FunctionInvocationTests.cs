using System.ComponentModel;
using Microsoft.Extensions.AI;
using Octet.Tests;

namespace Octet.Extensions.AI.Tests.Chat;

/// <summary>The middleware of Microsoft.Extensions.AI calls what the model asks for and goes on with the results.</summary>
public class FunctionInvocationTests
{
    static readonly AIFunction s_weather = AIFunctionFactory.Create(
        static (string city) => city == "Paris" ? "{\"temperature\": 21, \"condition\": \"sunny\"}" : "unknown", "get_weather", "The weather in a city");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_model_s_call_is_made_and_its_result_answered(bool streamed)
    {
        using IChatClient client = BuiltInModel.Shared.AsChatClient().AsBuilder().UseFunctionInvocation().Build();
        var options = new ChatOptions { Tools = [s_weather] };
        const string Question = "What is the weather in Paris?";
        ChatResponse response = streamed
            ? await client.GetStreamingResponseAsync(Question, options).ToChatResponseAsync()
            : await client.GetResponseAsync(Question, options);
        Assert.Equal([ChatRole.Assistant, ChatRole.Tool, ChatRole.Assistant], response.Messages.Select(static message => message.Role));
        FunctionCallContent call = Assert.Single(response.Messages[0].Contents.OfType<FunctionCallContent>());
        Assert.Equal(("get_weather", "Paris"), (call.Name, call.Arguments!["city"]!.ToString()));
        Assert.Contains("21", response.Text, StringComparison.Ordinal);
        Assert.Contains("sunny", response.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_side_by_side_are_answered_each_by_its_id()
    {
        var script = new Script(Call("add", """{"a": 2, "b": 3}""") + Call("add", """{"a": 4, "b": 5}"""), "5 and 9");
        using IChatClient client = script.Client().AsBuilder().UseFunctionInvocation().Build();
        ChatResponse response = await client.GetResponseAsync("Sums?", new ChatOptions { Tools = [AIFunctionFactory.Create(static (int a, int b) => a + b, "add")] });
        Assert.Equal("5 and 9", response.Text);
        IReadOnlyList<ChatTurn> second = script.Calls[1].Conversation;
        Assert.Equal(["user", "assistant", "tool", "tool"], second.Select(static turn => turn.Role));
        Assert.Equal(second[1].ToolCalls!.Select(static call => (string?)call.Id), second.Skip(2).Select(static turn => turn.ToolCallId));
        Assert.Equal(["5", "9"], second.Skip(2).Select(static turn => turn.Content));
    }

    [Fact]
    public async Task Functions_take_nothing_lists_objects_and_optional_values()
    {
        List<string> seen = [];
        AIFunction[] tools =
        [
            AIFunctionFactory.Create(() => seen.Add("nothing"), "nothing"),
            AIFunctionFactory.Create((int[] numbers) => seen.Add(string.Join('+', numbers)), "sum"),
            AIFunctionFactory.Create((Place place, [Description("how many")] int days = 3) => seen.Add($"{place.Name} {place.Where.X} {days}"), "visit"),
        ];
        var script = new Script(
            Call("nothing", "{}") + Call("sum", """{"numbers": [1, 2, 3]}""") + Call("visit", """{"place": {"Name": "Ürümqi", "Where": {"X": 1.5}}}"""), "done");
        using IChatClient client = script.Client().AsBuilder().UseFunctionInvocation().Build();
        Assert.Equal("done", (await client.GetResponseAsync("Go", new ChatOptions { Tools = [.. tools] })).Text);
        Assert.Equal(["nothing", "1+2+3", "Ürümqi 1.5 3"], seen);
    }

    [Fact]
    public async Task A_function_that_fails_is_an_error_that_the_model_is_told()
    {
        var script = new Script(Call("fail", "{}"), "It failed.");
        using IChatClient client = script.Client().AsBuilder().UseFunctionInvocation().Build();
        Assert.Equal("It failed.", (await client.GetResponseAsync("Go", new ChatOptions { Tools = [AIFunctionFactory.Create(static string () => throw new InvalidOperationException("broken"), "fail")] })).Text);
        Assert.Contains("Error", script.Calls[1].Conversation[2].Content!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_model_thought_before_a_call_is_in_the_history()
    {
        var script = new Script("<think>look it up</think>" + Call("now", "{}"), "7:00");
        using IChatClient client = script.Client().AsBuilder().UseFunctionInvocation().Build();
        await client.GetResponseAsync("Time?", new ChatOptions { Tools = [AIFunctionFactory.Create(static () => "7:00", "now")] });
        Assert.Equal("look it up", script.Calls[1].Conversation[1].ReasoningContent);
    }

    static string Call(string name, string arguments) => $"<tool_call>\n{{\"name\": \"{name}\", \"arguments\": {arguments}}}\n</tool_call>";

    sealed record Place(string Name, Point Where);

    sealed record Point(double X);
}
