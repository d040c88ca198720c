using System.Text.Json.Nodes;
using Octet.Tests.Reference;

namespace Octet.Server.Tests;

/// <summary>What Claude Code and the clients of 2026 send to <c>/v1/messages</c>, and what of it the model reads: by the counts of tokens.</summary>
public class AgentMessagesTests(TinyServer fixture) : IClassFixture<TinyServer>
{
    const string Path = "/v1/messages";
    const string Ask = """ "max_tokens":60,"temperature":0,"messages":[{"role":"user","content":"What is E4M3?"}]""";

    readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_request_of_Claude_Code_is_answered()
    {
        JsonObject message = await _server.AskAsync(Path + "?beta=true", """
            {"model":"octet-tiny","max_tokens":32000,"stream":false,"temperature":0,"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"xhigh"},"metadata":{"user_id":"u"},
             "context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]},"fallbacks":[],"speed":"standard","cache_control":{"type":"ephemeral","ttl":"1h"},
             "system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.177.01c; cc_entrypoint=cli; cch=36ee5;"},{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral","ttl":"1h"}}],
             "tools":[{"name":"Read","description":"d","input_schema":{"type":"object","properties":{}},"eager_input_streaming":true}],
             "messages":[{"role":"user","content":[{"type":"text","text":"What is E4M3?","cache_control":{"type":"ephemeral"}}]},{"role":"system","content":"Available agents: none."}]}
            """);
        Assert.Contains((string?)message["stop_reason"], (string[])["end_turn", "tool_use"]);
        Assert.Equal("{\"applied_edits\":[]}", message["context_management"]!.ToJsonString());
        Assert.Equal(0, (int)message["usage"]!["output_tokens_details"]!["thinking_tokens"]!);
        Assert.False((await _server.AskAsync(Path, $"{{{Ask}}}")).ContainsKey("context_management"));
    }

    [Fact]
    public async Task Edits_that_are_asked_for_are_told_of_in_a_stream_and_in_a_count()
    {
        List<(string? Name, string Data)> events = await _server.StreamAsync(Path, $$"""{{{Ask}},"stream":true,"context_management":{"edits":[]} }""");
        Assert.Equal("{\"applied_edits\":[]}", JsonNode.Parse(events.Single(item => item.Name == "message_delta").Data)!["context_management"]!.ToJsonString());
        JsonObject count = await _server.AskAsync(Path + "/count_tokens", $$"""{{{Ask}},"context_management":{"edits":[]} }""");
        Assert.Equal((int)count["input_tokens"]!, (int)count["context_management"]!["original_input_tokens"]!);
    }

    [Theory]
    [InlineData("the header for the accounts is not read", "\"system\":[{\"type\":\"text\",\"text\":\"x-anthropic-billing-header: cch=1;\"},{\"type\":\"text\",\"text\":\"Be kind.\"}]", "\"system\":\"Be kind.\"")]
    [InlineData("nor in a text of its own", "\"system\":\"x-anthropic-billing-header: cch=1;\\nBe kind.\"", "\"system\":\"Be kind.\"")]
    [InlineData("what is in no first line is text", "\"system\":\"Be x-anthropic-billing-header: kind.\"", "\"system\":\"Be x-anthropic-billing-header: kind.\",\"tools\":[]")]
    [InlineData("a deferred tool is not told of", "\"tools\":[{\"name\":\"a\",\"input_schema\":{}},{\"name\":\"b\",\"input_schema\":{},\"defer_loading\":true}]", "\"tools\":[{\"name\":\"a\",\"input_schema\":{}}]")]
    [InlineData("unless the service was to search", "\"tools\":[{\"type\":\"tool_search_tool_bm25_20251119\",\"name\":\"tool_search_tool_bm25\"},{\"name\":\"b\",\"input_schema\":{},\"defer_loading\":true}]", "\"tools\":[{\"name\":\"b\",\"input_schema\":{}}]")]
    public async Task What_is_not_the_model_s_is_not_read(string what, string sent, string read)
        => Assert.True(await CountAsync($"{{{Ask},{sent}}}") == await CountAsync($"{{{Ask},{read}}}"), what);

    [Theory]
    [InlineData("a failure is said", """{"content":"no such file","is_error":true}""", """{"content":"Error: no such file"}""")]
    [InlineData("once", """{"content":"Error: no such file","is_error":true}""", """{"content":"Error: no such file"}""")]
    [InlineData("and of one that says nothing", """{"is_error":true}""", """{"content":"Error"}""")]
    [InlineData("no failure is none", """{"content":"fine","is_error":false}""", """{"content":"fine"}""")]
    [InlineData("documents are read", """{"content":[{"type":"document","title":"t","context":"c","source":{"type":"text","media_type":"text/plain","data":"d"}}]}""", """{"content":"t\nc\nd"}""")]
    [InlineData("of blocks too", """{"content":[{"type":"document","source":{"type":"content","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]}""", """{"content":"a\nb"}""")]
    [InlineData("and what a search found", """{"content":[{"type":"search_result","title":"t","source":"s","content":[{"type":"text","text":"a"}]}]}""", """{"content":"t\ns\na"}""")]
    public async Task A_result_is_read_as_it_is_meant(string what, string sent, string read)
    {
        Assert.True(await CountAsync(Body(sent)) == await CountAsync(Body(read)), what);

        static string Body(string result) => $$"""
            {"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"a","input":{} }]},
             {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1",{{result[1..]}}]} ]}
            """;
    }

    [Fact]
    public async Task A_tool_that_was_found_is_told_of()
    {
        const string Body = """
            {"tools":[{"name":"ToolSearch","input_schema":{}},{"name":"b","input_schema":{}@0}],
             "messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"ToolSearch","input":{}}]},
             {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"@1","text":"The tool b can be called now.","tool_name":"b"}]}]}]}
            """;
        int deferred = await CountAsync(Body.Replace("@0", ",\"defer_loading\":true", StringComparison.Ordinal).Replace("@1", "text", StringComparison.Ordinal));
        int found = await CountAsync(Body.Replace("@0", ",\"defer_loading\":true", StringComparison.Ordinal).Replace("@1", "tool_reference", StringComparison.Ordinal));
        int plain = await CountAsync(Body.Replace("@0", "", StringComparison.Ordinal).Replace("@1", "text", StringComparison.Ordinal));
        Assert.Equal(plain, found);
        Assert.True(deferred < found);
    }

    [Fact]
    public async Task A_form_in_the_older_field_is_promised_too()
    {
        const string Schema = """{"type":"json_schema","schema":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}}""";
        JsonObject message = await _server.AskAsync(Path, $$"""{{{Ask}},"output_format":{{Schema}}}""");
        Assert.Equal(["a"], JsonNode.Parse((string)message["content"]![0]!["text"]!)!.AsObject().Select(field => field.Key));
        using HttpResponseMessage both = await _server.PostAsync(Path, $$"""{{{Ask}},"output_format":{{Schema}},"output_config":{"format":{{Schema}} } }""");
        Assert.Equal(400, (int)both.StatusCode);
    }

    [Fact]
    public async Task An_answer_that_fills_the_context_says_so()
    {
        JsonObject message = await _server.AskAsync(Path, """{"max_tokens":32000,"ignore_eos":true,"temperature":0,"messages":[{"role":"user","content":"What is E4M3?"}]}""");
        Assert.Equal("model_context_window_exceeded", (string?)message["stop_reason"]);
        JsonObject shorter = await _server.AskAsync(Path, """{"max_tokens":5,"ignore_eos":true,"messages":[{"role":"user","content":"What is E4M3?"}]}""");
        Assert.Equal("max_tokens", (string?)shorter["stop_reason"]);
    }

    [Fact]
    public async Task A_conversation_that_is_too_long_is_refused_in_the_words_that_agents_look_for()
    {
        string text = string.Concat(Enumerable.Repeat("hello world ", 2000));
        using HttpResponseMessage response = await _server.PostAsync(Path, $$"""{"max_tokens":5,"messages":[{"role":"user","content":"{{text}}"}]}""");
        Assert.Equal(400, (int)response.StatusCode);
        Assert.StartsWith("prompt is too long: ", (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["message"], StringComparison.Ordinal);
        Assert.Equal("context_length_exceeded", (string?)(await _server.RefusedAsync("/v1/chat/completions", $$"""{"messages":[{"role":"user","content":"{{text}}"}]}""", 400))["code"]);
    }

    [Fact]
    public async Task Thoughts_are_signed_and_where_they_are_not_told_the_signature_holds_them()
    {
        using TinyCopy copy = new TinyCopy().With("chat_template.jinja", """
            {%- for message in messages %}{{- '<|im_start|>' + message.role + '\n' + (message.reasoning_content or '') + message.content + '<|im_end|>\n' }}{%- endfor %}
            {%- if add_generation_prompt %}{{- '<|im_start|>assistant\n<think>\n' }}{%- endif %}{#- </think> -#}
            """);
        await using TestServer server = await TestServer.StartAsync(options => options.Models.Add(new ServedModel("thinker", copy.Path) { Options = new() { Threads = 1 } }), null, waits: true);
        const string Body = """{"max_tokens":30,"ignore_eos":true,"temperature":0,"messages":[{"role":"user","content":"What is E4M3?"}],"thinking":{"type":"enabled","budget_tokens":4,"display":"@"}@1}""";
        string told = Body.Replace("@1", "", StringComparison.Ordinal).Replace("@", "summarized", StringComparison.Ordinal);
        JsonNode thought = (await server.AskAsync(Path, told))["content"]![0]!;
        Assert.NotEmpty((string)thought["thinking"]!);
        Assert.NotEmpty((string)thought["signature"]!);

        JsonNode omitted = (await server.AskAsync(Path, told.Replace("summarized", "omitted", StringComparison.Ordinal)))["content"]![0]!;
        Assert.Equal(("thinking", ""), ((string?)omitted["type"], (string?)omitted["thinking"]));
        Assert.Equal(await CountAsync(server, Behind(thought)), await CountAsync(server, Behind(omitted)));

        List<(string? Name, string Data)> events = await server.StreamAsync(Path, Body.Replace("@1", ",\"stream\":true", StringComparison.Ordinal).Replace("@", "omitted", StringComparison.Ordinal));
        Assert.Equal(["message_start", "content_block_start", "content_block_delta", "content_block_stop", "content_block_start"], events.Take(5).Select(item => item.Name));
        JsonNode delta = JsonNode.Parse(events[2].Data)!["delta"]!;
        Assert.Equal(("signature_delta", (string?)omitted["signature"]), ((string?)delta["type"], (string?)delta["signature"]));

        static string Behind(JsonNode block) => $$"""{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{{block.ToJsonString()}},{"type":"text","text":"y"}]},{"role":"user","content":"z"}]}""";
    }

    Task<int> CountAsync(string body) => CountAsync(_server, body);

    static async Task<int> CountAsync(TestServer server, string body) => (int)(await server.AskAsync(Path + "/count_tokens", body))["input_tokens"]!;
}
