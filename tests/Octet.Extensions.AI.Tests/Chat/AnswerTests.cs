using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Octet.Extensions.AI.Tests.Chat;

public class AnswerTests
{
    const string Call = "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Paris\", \"days\": [1, 2], \"of\": {\"x\": null}}}\n</tool_call>";

    static readonly ChatOptions s_tools = new() { Tools = [AIFunctionFactory.Create(static (string city) => city, "weather")] };

    [Fact]
    public async Task Text_streams_as_it_comes_and_counts_come_last()
    {
        List<ChatResponseUpdate> updates = await Stream("Hello");
        Assert.Equal(["H", "e", "l", "l", "o", ""], updates.Select(static update => update.Text));
        Assert.Equal([null, null, null, null, null, ChatFinishReason.Stop], updates.Select(static update => update.FinishReason));
        UsageDetails usage = Assert.Single(updates[^1].Contents.OfType<UsageContent>()).Details;
        Assert.Equal((10, 6, 16, 4, 0), (usage.InputTokenCount, usage.OutputTokenCount, usage.TotalTokenCount, usage.CachedInputTokenCount, usage.ReasoningTokenCount));
    }

    [Fact]
    public async Task Every_update_of_an_answer_has_the_same_names_and_other_answers_have_others()
    {
        List<ChatResponseUpdate> updates = await Stream("Hello");
        foreach (Func<ChatResponseUpdate, object?> name in (Func<ChatResponseUpdate, object?>[])[u => u.ResponseId, u => u.MessageId, u => u.CreatedAt, u => u.ModelId, u => u.Role])
        {
            Assert.NotNull(Assert.Single(updates.Select(name).Distinct()));
        }

        ChatResponseUpdate other = (await Stream("Hello"))[0];
        Assert.NotEqual(updates[0].ResponseId, other.ResponseId);
        Assert.NotEqual(updates[0].MessageId, other.MessageId);
        Assert.Equal(("octet-tiny", ChatRole.Assistant), (other.ModelId, other.Role));
        Assert.InRange(other.CreatedAt!.Value, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task Every_update_carries_the_generation_s_own()
        => Assert.All(await Stream("Hello"), static update => Assert.IsType<GenerationUpdate>(update.RawRepresentation));

    [Fact]
    public async Task Reasoning_is_a_content_of_its_own_and_counted()
    {
        ChatResponse response = await new Script("<think>I see</think>Yes").Client().GetResponseAsync("hi");
        Assert.Equal(["TextReasoningContent", "TextContent"], response.Messages[0].Contents.Select(static content => content.GetType().Name));
        Assert.Equal("I see", response.Messages[0].Contents.OfType<TextReasoningContent>().Single().Text);
        Assert.Equal("Yes", response.Text);

        // A character is a token: the opening mark and what is between the marks.
        Assert.Equal("<think>I see".Length, response.Usage!.ReasoningTokenCount);
    }

    [Fact]
    public async Task Reasoning_that_is_not_wanted_is_left_out_and_still_counted()
    {
        foreach ((ChatOptions? call, ChatClientOptions? client) in ((ChatOptions?, ChatClientOptions?)[])
            [(new() { Reasoning = new() { Output = ReasoningOutput.None } }, null), (null, new() { Generation = new() { Reasoning = ReasoningMode.Hide } })])
        {
            ChatResponse response = await new Script("<think>I see</think>Yes").Client(client).GetResponseAsync("hi", call);
            Assert.Equal("Yes", Assert.IsType<TextContent>(Assert.Single(response.Messages[0].Contents)).Text);
            Assert.Equal(12, response.Usage!.ReasoningTokenCount);
        }
    }

    [Fact]
    public async Task A_call_of_a_tool_comes_whole_with_its_arguments_parsed()
    {
        List<ChatResponseUpdate> updates = await Stream(Call, s_tools);
        FunctionCallContent call = Assert.Single(updates.SelectMany(static update => update.Contents).OfType<FunctionCallContent>());
        Assert.Equal("weather", call.Name);
        Assert.Null(call.Exception);
        Assert.Equal("""{"city":"Paris","days":[1,2],"of":{"x":null}}""", JsonSerializer.Serialize(call.Arguments));
        Assert.Matches("^[0-9A-Za-z]{9}$", call.CallId);
        Assert.Equal(ChatFinishReason.ToolCalls, updates[^1].FinishReason);
        Assert.Equal("", string.Concat(updates));
    }

    [Fact]
    public async Task Text_and_several_calls_keep_their_order_and_have_ids_of_their_own()
    {
        ChatResponse response = await new Script("Let me see." + Call + Call).Client().GetResponseAsync("hi", s_tools);
        Assert.Equal(["TextContent", "FunctionCallContent", "FunctionCallContent"], response.Messages[0].Contents.Select(static content => content.GetType().Name));
        Assert.Equal(2, response.Messages[0].Contents.OfType<FunctionCallContent>().Select(static call => call.CallId).Distinct().Count());
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
    }

    [Fact]
    public async Task The_first_call_ends_the_generation_where_one_is_asked_for()
    {
        ChatOptions one = s_tools.Clone();
        Assert.False((await Script.AskedFor(one)).Generation.EndsBehindCall);
        one.AllowMultipleToolCalls = true;
        Assert.False((await Script.AskedFor(one)).Generation.EndsBehindCall);
        one.AllowMultipleToolCalls = false;
        Assert.True((await Script.AskedFor(one)).Generation.EndsBehindCall);
    }

    [Fact]
    public async Task A_call_that_is_cut_short_is_text()
    {
        ChatResponse response = await new Script(Call[..60]) { End = FinishReason.Length }.Client().GetResponseAsync("hi", s_tools);
        Assert.Equal(Call[..60], response.Text);
        Assert.Empty(response.Messages[0].Contents.OfType<FunctionCallContent>());
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
    }

    [Fact]
    public void Arguments_that_cannot_be_read_are_kept_with_the_reason()
    {
        // No parser lets such arguments through today; a format of tomorrow may.
        var answer = new AnswerUpdates("m", true);
        ChatResponseUpdate update = answer.Next(new GenerationUpdate("", 1, null, null)
        {
            Pieces = [new(OutputKind.CallStart, "f") { Id = "1" }, new(OutputKind.CallArguments, "{\"a\": }"), new(OutputKind.CallEnd, "")],
        })!;
        FunctionCallContent call = Assert.IsType<FunctionCallContent>(Assert.Single(update.Contents));
        Assert.NotNull(call.Exception);
        Assert.Null(call.Arguments);
        Assert.Equal(new ChatToolCall("f", "{\"a\": }") { Id = "1" }, call.RawRepresentation);
    }

    [Fact]
    public void A_call_without_arguments_has_none()
    {
        ChatResponseUpdate update = new AnswerUpdates("m", true).Next(
            new GenerationUpdate("", 1, null, null) { Pieces = [new(OutputKind.CallStart, "f"), new(OutputKind.CallEnd, "") { Id = "behind" }] })!;
        FunctionCallContent call = Assert.IsType<FunctionCallContent>(Assert.Single(update.Contents));
        Assert.Equal("behind", call.CallId);
        Assert.Empty(call.Arguments!);
        Assert.Null(call.Exception);
    }

    [Fact]
    public async Task Without_tools_what_looks_like_a_call_is_text()
    {
        ChatResponse response = await new Script(Call).Client().GetResponseAsync("hi");
        Assert.Equal(Call, response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
    }

    [Fact]
    public async Task An_empty_answer_is_a_message_with_an_end_and_counts()
    {
        ChatResponse response = await new Script("").Client().GetResponseAsync("hi");
        Assert.Equal(("", ChatRole.Assistant, ChatFinishReason.Stop), (response.Text, Assert.Single(response.Messages).Role, response.FinishReason!.Value));
        Assert.Equal(1, response.Usage!.OutputTokenCount);
    }

    static async Task<List<ChatResponseUpdate>> Stream(string answer, ChatOptions? options = null)
    {
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in new Script(answer).Client().GetStreamingResponseAsync("hi", options))
        {
            updates.Add(update);
        }

        return updates;
    }
}
