using System.Text.Json.Nodes;
using Octet.Tests.Reference;

namespace Octet.Server.Tests;

/// <summary>What Codex and the clients of 2026 send to <c>/v1/responses</c> and read of it.</summary>
public class AgentResponsesTests(TinyServer fixture) : IClassFixture<TinyServer>
{
    const string Path = "/v1/responses";
    const string Shell = """{"type":"function","name":"exec_command","description":"d","strict":false,"parameters":{"type":"object","properties":{"cmd":{"type":"string"}},"required":["cmd"],"additionalProperties":false}}""";
    const string Patch = """{"type":"custom","name":"apply_patch","description":"d","format":{"type":"grammar","syntax":"lark","definition":"start: /a+/"}}""";
    const string Space = """{"type":"namespace","name":"mcp__weather","description":"All about it.","tools":[{"type":"function","name":"get","description":"d","parameters":{"type":"object","properties":{"city":{"enum":["Paris"]}},"required":["city"],"additionalProperties":false}}]}""";
    const string Search = """{"type":"tool_search","execution":"client","description":"d","parameters":{"type":"object","properties":{"query":{"enum":["q"]}},"required":["query"],"additionalProperties":false}}""";
    const string Ask = """ "input":"What is E4M3?","temperature":0,"max_output_tokens":60""";

    readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_request_of_Codex_is_answered()
    {
        List<(string? Name, string Data)> events = await _server.StreamAsync(Path, $$"""
            {"model":"octet-tiny","instructions":"You are Codex.","input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"p"}]},{"type":"message","role":"user","content":[{"type":"input_text","text":"What is E4M3?"}]}],
             "tools":[{{Shell}},{{Patch}},{{Space}},{{Search}},{"type":"web_search","external_web_access":false},{"type":"image_generation","output_format":"png"}],"tool_choice":"auto","parallel_tool_calls":true,
             "reasoning":{"effort":"xhigh","summary":"auto","context":"all_turns"},"store":false,"stream":true,"include":["reasoning.encrypted_content"],"service_tier":"auto","prompt_cache_key":"k","max_tool_calls":3,
             "text":{"verbosity":"low"},"client_metadata":{"a":"b"},"stream_options":{"include_obfuscation":false},"prompt_cache_options":{"mode":"implicit"},"max_output_tokens":5}
            """);
        JsonNode response = JsonNode.Parse(events[^1].Data)!["response"]!;
        Assert.Equal("incomplete", (string?)response["status"]);
        Assert.Equal(["function", "custom", "namespace", "tool_search"], response["tools"]!.AsArray().Select(tool => (string?)tool!["type"]));
        Assert.Equal(["cache_write_tokens", "cached_tokens"], response["usage"]!["input_tokens_details"]!.AsObject().Select(field => field.Key).Order());
        Assert.Null(response["completed_at"]);
        Assert.True((long)(await _server.AskAsync(Path, $"{{{Ask}}}"))["completed_at"]! > 1_700_000_000);
    }

    [Fact]
    public async Task A_custom_tool_gets_a_text()
    {
        string body = $$"""{{{Ask}},"tools":[{{Shell}},{{Patch}}],"tool_choice":{"type":"custom","name":"apply_patch"}@0}""";
        JsonObject response = await _server.AskAsync(Path, body.Replace("@0", "", StringComparison.Ordinal));
        JsonNode call = Assert.Single(response["output"]!.AsArray())!;
        Assert.Equal(("custom_tool_call", "apply_patch"), ((string?)call["type"], (string?)call["name"]));
        string input = (string)call["input"]!;
        Assert.StartsWith("ctc_", (string?)call["id"], StringComparison.Ordinal);
        Assert.False(call.AsObject().ContainsKey("arguments"));

        JsonObject[] events = Data(await _server.StreamAsync(Path, body.Replace("@0", ",\"stream\":true", StringComparison.Ordinal)));
        string[] kinds = [.. events[2..^1].Select(item => (string)item["type"]!)];
        Assert.Equal([.. input.Length == 0 ? (string[])[] : ["response.custom_tool_call_input.delta"], "response.custom_tool_call_input.done", "response.output_item.done"], kinds[1..]);
        Assert.Equal(input, (string?)events.Single(item => (string?)item["type"] == "response.custom_tool_call_input.done")["input"]);
        Assert.Equal("", (string?)events[2]["item"]!["input"]);

        // The model reads it again as it wrote it.
        Assert.Equal(
            await CountAsync($$"""{"input":[{"role":"user","content":"x"},{"type":"function_call","name":"apply_patch","arguments":"{\"input\":\"a\\nb\"}","call_id":"c"},{"type":"function_call_output","call_id":"c","output":"ok"}]}"""),
            await CountAsync($$"""{"input":[{"role":"user","content":"x"},{"type":"custom_tool_call","name":"apply_patch","input":"a\nb","call_id":"c"},{"type":"custom_tool_call_output","call_id":"c","output":[{"type":"input_text","text":"ok"}]}]}"""));
    }

    [Fact]
    public async Task A_tool_of_a_namespace_is_called_by_both_names()
    {
        string body = $$"""{{{Ask}},"tools":[{{Space}}],"tool_choice":"required"@0}""";
        JsonNode call = Assert.Single((await _server.AskAsync(Path, body.Replace("@0", "", StringComparison.Ordinal)))["output"]!.AsArray())!;
        Assert.Equal(("function_call", "mcp__weather", "get", "Paris"), ((string?)call["type"], (string?)call["namespace"], (string?)call["name"], (string?)JsonNode.Parse((string)call["arguments"]!)!["city"]));
        JsonObject done = Data(await _server.StreamAsync(Path, body.Replace("@0", ",\"stream\":true", StringComparison.Ordinal))).Single(item => (string?)item["type"] == "response.function_call_arguments.done");
        Assert.Equal(("get", (string?)call["arguments"]), ((string?)done["name"], (string?)done["arguments"]));
        Assert.Equal(
            await CountAsync("""{"input":[{"role":"user","content":"x"},{"type":"function_call","name":"mcp__weather__get","arguments":"{}","call_id":"c"}]}"""),
            await CountAsync("""{"input":[{"role":"user","content":"x"},{"type":"function_call","namespace":"mcp__weather","name":"get","arguments":"{}","call_id":"c"}]}"""));
        JsonNode chosen = Assert.Single((await _server.AskAsync(Path, $$"""{{{Ask}},"tools":[{{Shell}},{{Space}}],"tool_choice":{"type":"function","namespace":"mcp__weather","name":"get"} }"""))["output"]!.AsArray())!;
        Assert.Equal("get", (string?)chosen["name"]);
    }

    [Fact]
    public async Task A_search_for_tools_is_the_client_s_and_what_it_finds_can_be_called()
    {
        const string Deferred = """{"type":"function","name":"found","parameters":{"type":"object"},"defer_loading":true}""";
        JsonNode call = Assert.Single((await _server.AskAsync(Path, $$"""{{{Ask}},"tools":[{{Search}},{{Deferred}}],"tool_choice":"required"}"""))["output"]!.AsArray())!;
        Assert.Equal(("tool_search_call", "client", "q"), ((string?)call["type"], (string?)call["execution"], (string?)call["arguments"]!["query"]));

        string found = $$"""[{"role":"user","content":"x"},{{call.ToJsonString()}},{"type":"tool_search_output","call_id":"{{call["call_id"]}}","execution":"client","status":"completed","tools":[{{Deferred}}]}]""";
        JsonNode called = Assert.Single((await _server.AskAsync(Path, $$"""{"input":{{found}},"temperature":0,"max_output_tokens":60,"tools":[{{Search}},{{Deferred}}],"tool_choice":{"type":"function","name":"found"} }"""))["output"]!.AsArray())!;
        Assert.Equal("found", (string?)called["name"]);

        // Whatever way it is told of, it is told of once.
        int plain = await CountAsync($$"""{"input":"x","tools":[{"type":"function","name":"found","parameters":{"type":"object"} }]}""");
        Assert.Equal(plain, await CountAsync($$"""{"input":"x","tools":[{"type":"tool_search"},{{Deferred}}]}"""));
        Assert.Equal(plain, await CountAsync($$"""{"input":[{"type":"additional_tools","role":"developer","tools":[{{Deferred}}]},{"role":"user","content":"x"}],"tools":[{{Deferred}}]}"""));
    }

    [Theory]
    [InlineData("/v1/responses", "\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"required\",\"tools\":[{\"type\":\"function\",\"name\":\"b\"}]}", "\"tools\":[{\"type\":\"function\",\"name\":\"a\"},{\"type\":\"function\",\"name\":\"b\"}],\"input\":\"x\",\"max_output_tokens\":60")]
    [InlineData("/v1/chat/completions", "\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"b\"}}]}}", "\"tools\":[{\"function\":{\"name\":\"a\"}},{\"function\":{\"name\":\"b\"}}],\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":60")]
    public async Task Of_the_tools_those_that_are_allowed_are_called(string path, string choice, string rest)
    {
        string answer = (await _server.AskAsync(path, $"{{{choice},\"temperature\":0,{rest}}}")).ToJsonString();
        Assert.Contains("\"name\":\"b\",\"arguments\"", answer, StringComparison.Ordinal);
        Assert.Equal("tool_choice", (string?)(await _server.RefusedAsync(path, $"{{{choice.Replace("\"b\"", "\"c\"", StringComparison.Ordinal)},{rest}}}", 400))["param"]);
    }

    [Fact]
    public async Task Reasoning_comes_back_sealed_or_in_short()
    {
        using TinyCopy copy = new TinyCopy().With("chat_template.jinja", """
            {%- for message in messages %}{{- '<|im_start|>' + message.role + '\n' + (message.reasoning_content or '') + (message.content or '') + '<|im_end|>\n' }}{%- endfor %}
            {%- if add_generation_prompt %}{{- '<|im_start|>assistant\n<think>\n' }}{%- endif %}{#- </think> -#}
            """);
        await using TestServer server = await TestServer.StartAsync(options => options.Models.Add(new ServedModel("thinker", copy.Path) { Options = new() { Threads = 1 } }), null, waits: true);
        JsonObject response = await server.AskAsync(Path, """{"input":"What is E4M3?","max_output_tokens":40,"ignore_eos":true,"temperature":0,"reasoning":{"max_tokens":4},"include":["reasoning.encrypted_content"]}""");
        JsonObject item = response["output"]![0]!.AsObject();
        Assert.Equal("reasoning", (string?)item["type"]);
        string text = (string)item["content"]![0]!["text"]!;
        int plain = await ReadAsync(item);

        // As Codex sends it back.
        JsonNode sealedItem = new JsonObject { ["type"] = "reasoning", ["summary"] = new JsonArray(), ["encrypted_content"] = (string?)item["encrypted_content"] };
        Assert.Equal(plain, await ReadAsync(sealedItem));
        Assert.Equal(plain, await ReadAsync(new JsonObject { ["type"] = "reasoning", ["summary"] = new JsonArray(new JsonObject { ["type"] = "summary_text", ["text"] = text }), ["encrypted_content"] = "gAAAAA" }));
        Assert.True(plain > await ReadAsync(new JsonObject { ["type"] = "reasoning", ["summary"] = new JsonArray(), ["encrypted_content"] = "gAAAAA" }));
        Assert.False((await server.AskAsync(Path, """{"input":"What is E4M3?","max_output_tokens":20,"ignore_eos":true}"""))["output"]![0]!.AsObject().ContainsKey("encrypted_content"));

        async Task<int> ReadAsync(JsonNode reasoning) => (int)(await server.AskAsync(Path + "/input_tokens", $$"""{"input":[{"role":"user","content":"x"},{{reasoning.ToJsonString()}},{"role":"assistant","content":"y"},{"role":"user","content":"z"}]}"""))["input_tokens"]!;
    }

    [Fact]
    public async Task Tokens_of_an_input_are_counted()
    {
        JsonObject count = await _server.AskAsync(Path + "/input_tokens", """{"input":"What is E4M3?","instructions":"Be kind."}""");
        Assert.Equal("response.input_tokens", (string?)count["object"]);
        Assert.Equal((int)(await _server.AskAsync(Path, """{"input":"What is E4M3?","instructions":"Be kind.","max_output_tokens":1}"""))["usage"]!["input_tokens"]!, (int)count["input_tokens"]!);
    }

    [Theory]
    [InlineData("tools[0].type", """{"input":"x","tools":[{"type":"web_search"}]}""")]
    [InlineData("tools[1].type", """{"input":"x","tools":[{"type":"function","name":"a"},{"type":"file_search"}]}""")]
    [InlineData("tools[0].tools[0].type", """{"input":"x","tools":[{"type":"namespace","name":"a","tools":[{"type":"mcp"}]}]}""")]
    [InlineData("tools[0].name", """{"input":"x","tools":[{"type":"namespace","name":"a b","tools":[{"type":"function","name":"c"}]}]}""")]
    [InlineData("tools[0].tools[0].name", """{"input":"x","tools":[{"type":"namespace","name":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","tools":[{"type":"function","name":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}]}]}""")]
    [InlineData("tools[1].type", """{"input":"x","tools":[{"type":"function","name":"tool_search"},{"type":"tool_search","execution":"client"}]}""")]
    [InlineData("tools[1].name", """{"input":"x","tools":[{"type":"tool_search","execution":"client"},{"type":"function","name":"tool_search"}]}""")]
    [InlineData("tools[1].tools[0].name", """{"input":"x","tools":[{"type":"function","name":"a__b"},{"type":"namespace","name":"a","tools":[{"type":"function","name":"b"}]}]}""")]
    [InlineData("tools[0].format.type", """{"input":"x","tools":[{"type":"custom","name":"a","format":{"type":"json"}}]}""")]
    [InlineData("tool_choice", """{"input":"x","tools":[{"type":"function","name":"a"},{"type":"web_search"}],"tool_choice":{"type":"custom","name":"b"}}""")]
    [InlineData("tool_choice.type", """{"input":"x","tools":[{"type":"function","name":"a"},{"type":"web_search"}],"tool_choice":{"type":"web_search"}}""")]
    [InlineData("tool_choice.mode", """{"input":"x","tools":[{"type":"function","name":"a"}],"tool_choice":{"type":"allowed_tools","tools":[]}}""")]
    [InlineData("moderation", """{"input":"x","moderation":{"model":"m","policy":{"input":{"mode":"block"}}}}""")]
    [InlineData("input[0].type", """{"input":[{"type":"compaction","encrypted_content":"x"}]}""")]
    public async Task What_cannot_be_done_is_refused_by_its_place(string param, string body)
        => Assert.Equal(param, (string?)(await _server.RefusedAsync(Path, body, 400))["param"]);

    async Task<int> CountAsync(string body) => (int)(await _server.AskAsync(Path + "/input_tokens", body))["input_tokens"]!;

    static JsonObject[] Data(List<(string? Name, string Data)> events) => [.. events.Select(item => JsonNode.Parse(item.Data)!.AsObject())];
}
