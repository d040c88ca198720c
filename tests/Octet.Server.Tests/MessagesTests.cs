using System.Text.Json.Nodes;

namespace Octet.Server.Tests;

public class MessagesTests(TinyServer fixture) : IClassFixture<TinyServer>
{
    const string Path = "/v1/messages";
    const string Weather = """{"name":"get_weather","input_schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}""";

    readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_message_has_every_field_that_clients_read()
    {
        JsonObject message = await _server.AskAsync(Path, """{"max_tokens":100,"temperature":0,"messages":[{"role":"user","content":"What is E4M3?"}]}""");
        Assert.StartsWith("msg_", (string?)message["id"], StringComparison.Ordinal);
        Assert.Equal(("message", "assistant", "octet-tiny", "end_turn"), ((string?)message["type"], (string?)message["role"], (string?)message["model"], (string?)message["stop_reason"]));
        Assert.True(message.ContainsKey("stop_sequence"));
        JsonNode block = Assert.Single(message["content"]!.AsArray())!;
        Assert.Equal("text", (string?)block["type"]);
        Assert.Contains("448", (string?)block["text"], StringComparison.Ordinal);

        JsonObject count = await _server.AskAsync(Path + "/count_tokens", """{"messages":[{"role":"user","content":"What is E4M3?"}]}""");
        Assert.Equal((int)message["usage"]!["input_tokens"]! + (int)message["usage"]!["cache_read_input_tokens"]!, (int)count["input_tokens"]!);
    }

    [Fact]
    public async Task A_stream_tells_of_every_block_in_order()
    {
        List<(string? Name, string Data)> events = await _server.StreamAsync(Path, """{"max_tokens":100,"temperature":0,"stream":true,"messages":[{"role":"user","content":[{"type":"text","text":"What is E4M3?"}]}]}""");
        string[] names = [.. events.Select(item => item.Name!)];
        Assert.Equal(["message_start", "content_block_start"], names[..2]);
        Assert.All(names[2..^3], name => Assert.Equal("content_block_delta", name));
        Assert.Equal(["content_block_stop", "message_delta", "message_stop"], names[^3..]);
        Assert.All(events, item => Assert.Equal(item.Name, (string?)JsonNode.Parse(item.Data)!["type"]));
        Assert.Contains("448", string.Concat(events.Skip(2).SkipLast(3).Select(item => (string?)JsonNode.Parse(item.Data)!["delta"]!["text"])), StringComparison.Ordinal);
        JsonNode last = JsonNode.Parse(events[^2].Data)!;
        Assert.Equal("end_turn", (string?)last["delta"]!["stop_reason"]);
        Assert.True((int)last["usage"]!["output_tokens"]! > 10);
    }

    [Fact]
    public async Task A_tool_is_called_and_its_result_read()
    {
        string ask = $$"""{"max_tokens":100,"temperature":0,"tools":[{{Weather}}],"messages":[{"role":"user","content":"What is the weather in Paris?"}@0]@1}""";
        JsonObject message = await _server.AskAsync(Path, ask.Replace("@0", "", StringComparison.Ordinal).Replace("@1", "", StringComparison.Ordinal));
        JsonNode use = Assert.Single(message["content"]!.AsArray())!;
        Assert.Equal(("tool_use", "tool_use", "get_weather", "Paris"), ((string?)message["stop_reason"], (string?)use["type"], (string?)use["name"], (string?)use["input"]!["city"]));

        string behind = $$""",{"role":"assistant","content":[{{use.ToJsonString()}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"{{use["id"]}}","content":[{"type":"text","text":"{\"temperature\": 21, \"condition\": \"sunny\"}"}]}]}""";
        JsonObject answer = await _server.AskAsync(Path, ask.Replace("@0", behind, StringComparison.Ordinal).Replace("@1", "", StringComparison.Ordinal));
        Assert.Equal("The temperature is 21 and the condition is sunny.", (string?)answer["content"]![0]!["text"]);

        List<(string? Name, string Data)> events = await _server.StreamAsync(Path, ask.Replace("@0", "", StringComparison.Ordinal).Replace("@1", ",\"stream\":true", StringComparison.Ordinal));
        string input = string.Concat(events.Where(item => item.Name == "content_block_delta").Select(item => (string?)JsonNode.Parse(item.Data)!["delta"]!["partial_json"]));
        Assert.Equal("Paris", (string?)JsonNode.Parse(input)!["city"]);
    }

    [Fact]
    public async Task A_message_of_one_call_says_what_of_its_prompt_was_known()
    {
        const string Body = $$"""{"max_tokens":100,"temperature":0,"tools":[{{Weather}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true},"messages":[{"role":"user","content":"What is the weather in Paris?"}]}""";
        await _server.AskAsync(Path, Body);
        JsonObject again = await _server.AskAsync(Path, Body);
        Assert.Equal("tool_use", (string?)again["stop_reason"]);
        Assert.True((int)again["usage"]!["cache_read_input_tokens"]! > 0);
    }

    [Fact]
    public async Task A_stop_sequence_is_said()
    {
        JsonObject message = await _server.AskAsync(Path, """{"max_tokens":100,"temperature":0,"stop_sequences":["format"],"system":[{"type":"text","text":"Be kind."}],"messages":[{"role":"user","content":"What is E4M3?"}]}""");
        Assert.Equal(("stop_sequence", "format"), ((string?)message["stop_reason"], (string?)message["stop_sequence"]));
    }

    [Fact]
    public async Task An_answer_that_is_begun_goes_on()
    {
        JsonObject message = await _server.AskAsync(Path, """{"max_tokens":100,"temperature":0,"messages":[{"role":"user","content":"What is E4M3?"},{"role":"assistant","content":"E4M3 is an 8-bit"}]}""");
        Assert.StartsWith(" floating-point", (string?)message["content"]![0]!["text"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_an_answer_that_is_begun_nothing_need_be_there_yet()
    {
        const string Body = """{"max_tokens":100,"temperature":0,"messages":[{"role":"user","content":"What is E4M3?"}@0]}""";
        JsonObject begun = await _server.AskAsync(Path, Body.Replace("@0", ",{\"role\":\"assistant\",\"content\":[]}", StringComparison.Ordinal));
        JsonObject plain = await _server.AskAsync(Path, Body.Replace("@0", "", StringComparison.Ordinal));
        Assert.Equal(plain["content"]!.ToJsonString(), begun["content"]!.ToJsonString());
    }

    [Fact]
    public async Task Tokens_of_a_message_without_content_are_not_counted()
    {
        using HttpResponseMessage response = await _server.PostAsync(Path + "/count_tokens", """{"messages":[{"role":"user","content":[]}]}""");
        Assert.Equal(400, (int)response.StatusCode);
    }

    [Theory]
    [InlineData(400, "invalid_request_error", "max_tokens", """{"messages":[{"role":"user","content":"x"}]}""")]
    [InlineData(400, "invalid_request_error", "messages[0].content[0].type", """{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{}}]}]}""")]
    [InlineData(400, "invalid_request_error", "tools[0].type", """{"max_tokens":1,"messages":[{"role":"user","content":"x"}],"tools":[{"type":"web_search_20250305","name":"w"}]}""")]
    [InlineData(400, "invalid_request_error", "messages[0].content", """{"max_tokens":1,"messages":[{"role":"user","content":[]}]}""")]
    [InlineData(400, "invalid_request_error", "messages[1].content", """{"max_tokens":1,"messages":[{"role":"user","content":"x"},{"role":"user","content":[]},{"role":"user","content":"x"}]}""")]
    [InlineData(400, "invalid_request_error", "messages[1].content", """{"max_tokens":1,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[]},{"role":"user","content":"x"}]}""")]
    [InlineData(404, "not_found_error", "model", """{"model":"claude","max_tokens":1,"messages":[{"role":"user","content":"x"}]}""")]
    public async Task Refusals_have_Anthropic_s_form_and_name_the_place(int status, string type, string place, string body)
    {
        using HttpResponseMessage response = await _server.PostAsync(Path, body);
        JsonNode error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal((status, "error", type), ((int)response.StatusCode, (string?)error["type"], (string?)error["error"]!["type"]));
        Assert.StartsWith($"{place}: ", (string?)error["error"]!["message"], StringComparison.Ordinal);
        Assert.Equal(response.Headers.GetValues("request-id").Single(), (string?)error["request_id"]);
    }
}
