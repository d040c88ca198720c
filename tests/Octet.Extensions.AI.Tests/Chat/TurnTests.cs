using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Octet.Extensions.AI.Tests.Chat;

public class TurnTests
{
    [Fact]
    public void Roles_texts_and_names_are_those_of_the_messages()
    {
        Assert.Equal(
            [new ChatTurn("system", "Be short."), new ChatTurn("user", "Hi") { Name = "Ann" }, new ChatTurn("assistant", "Hello")],
            Read(new(ChatRole.System, "Be short."), new(ChatRole.User, "Hi") { AuthorName = "Ann" }, new(ChatRole.Assistant, "Hello")));
    }

    [Fact]
    public void Instructions_and_system_messages_at_the_beginning_are_one_message()
    {
        ChatMessage[] messages = [new(ChatRole.System, "One."), new(ChatRole.System, "Two."), new(ChatRole.User, "Hi"), new(ChatRole.System, "Later.")];
        Assert.Equal(
            [new ChatTurn("system", "First.\n\nOne.\n\nTwo."), new ChatTurn("user", "Hi"), new ChatTurn("system", "Later.")], TurnReader.Read(messages, "First."));
        Assert.Equal(new ChatTurn("system", "First."), TurnReader.Read([new(ChatRole.User, "Hi")], "First.")[0]);
    }

    [Fact]
    public void Parts_of_a_question_stay_parts_and_those_of_an_answer_are_one_text()
    {
        IReadOnlyList<ChatTurn> turns = Read(
            new(ChatRole.User, [new TextContent("a"), new TextContent("b")]), new(ChatRole.Assistant, [new TextReasoningContent("hm"), new TextContent("c"), new TextContent("d")]));
        Assert.Equal(["a", "b"], turns[0].ContentParts!);
        Assert.Null(turns[0].Content);
        Assert.Equal(new ChatTurn("assistant", "cd") { ReasoningContent = "hm" }, turns[1]);
    }

    [Fact]
    public void Calls_and_their_results_are_turns_that_name_each_other()
    {
        IReadOnlyList<ChatTurn> turns = Read(
            new(ChatRole.User, "Weather?"),
            new(ChatRole.Assistant, [new FunctionCallContent("1", "weather", new Dictionary<string, object?> { ["city"] = "Köln", ["days"] = 2 }), new FunctionCallContent("2", "now")]),
            new(ChatRole.Tool, [new FunctionResultContent("1", "rain"), new FunctionResultContent("2", new { hour = 7 })]));
        Assert.Equal(4, turns.Count);
        Assert.Null(turns[1].Content);
        Assert.Equal([new ChatToolCall("weather", """{"city":"Köln","days":2}""") { Id = "1" }, new ChatToolCall("now", "{}") { Id = "2" }], turns[1].ToolCalls!);
        Assert.Equal(new ChatTurn("tool", "rain") { ToolCallId = "1", Name = "weather" }, turns[2]);
        Assert.Equal(new ChatTurn("tool", """{"hour":7}""") { ToolCallId = "2", Name = "now" }, turns[3]);
    }

    [Theory]
    [InlineData("\"sunny\"", "sunny")]
    [InlineData("{\"a\":[1,2]}", "{\"a\":[1,2]}")]
    [InlineData("21.50", "21.50")]
    public void A_result_that_is_JSON_is_its_text(string json, string text)
        => Assert.Equal(text, Read(new ChatMessage(ChatRole.Tool, [new FunctionResultContent("1", JsonElement.Parse(json))]))[0].Content);

    [Fact]
    public void A_result_that_is_content_is_its_text_and_a_failure_says_so()
    {
        IReadOnlyList<ChatTurn> turns = Read(new ChatMessage(
            ChatRole.Tool,
            [
                new FunctionResultContent("1", new List<AIContent> { new TextContent("a"), new TextContent("b") }),
                new FunctionResultContent("2", null) { Exception = new InvalidOperationException("no such city") },
                new FunctionResultContent("3", null),
            ]));
        Assert.Equal(["ab", "error: no such city", ""], turns.Select(static turn => turn.Content));
    }

    [Fact]
    public void A_message_without_contents_is_an_empty_turn_and_one_with_counts_alone_is_none()
    {
        Assert.Equal(
            [new ChatTurn("user", "Hi"), new ChatTurn("assistant", "")],
            Read(new(ChatRole.User, "Hi"), new(ChatRole.Assistant, [new UsageContent(new UsageDetails())]), new(ChatRole.Assistant, (string?)null)));
    }

    [Fact]
    public void What_is_not_text_is_refused_by_name()
    {
        ModelException refusal = Assert.Throws<ModelException>(() => Read(new(ChatRole.User, "Hi"), new(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])));
        Assert.Equal(ModelError.Unsupported, refusal.Error);
        Assert.Equal("message 1 holds a DataContent (image/png): expected text, reasoning, calls of functions and their results", refusal.Message);
    }

    [Fact]
    public void A_conversation_of_nothing_is_refused()
    {
        Assert.Equal(ModelError.InvalidInput, Assert.Throws<ModelException>(() => Read()).Error);
        Assert.Throws<ArgumentException>(() => TurnReader.Read([null!], null));
    }

    static IReadOnlyList<ChatTurn> Read(params ChatMessage[] messages) => TurnReader.Read(messages, null);
}
