using System.Net;
using System.Text.Json.Nodes;

namespace Octet.Server.Tests;

public class ChatTests(TinyServer fixture) : IClassFixture<TinyServer>
{
    const string Path = "/v1/chat/completions";
    const string Question = """{"role":"user","content":"What is E4M3?"}""";
    const string Weather = """{"type":"function","function":{"name":"get_weather","description":"The weather of a city","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}""";

    readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task An_answer_has_every_field_that_clients_read()
    {
        JsonObject answer = await _server.AskAsync(Path, $$"""{"model":"octet-tiny","messages":[{{Question}}],"user":"me","metadata":{"a":"b"},"no_such_field":[1]}""");

        Assert.StartsWith("chatcmpl-", (string?)answer["id"], StringComparison.Ordinal);
        Assert.Equal(("chat.completion", "octet-tiny"), ((string?)answer["object"], (string?)answer["model"]));
        Assert.InRange(DateTimeOffset.FromUnixTimeSeconds((long)answer["created"]!), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        JsonObject choice = Assert.Single(answer["choices"]!.AsArray())!.AsObject();
        Assert.Equal((0, "stop", "assistant"), ((int)choice["index"]!, (string?)choice["finish_reason"], (string?)choice["message"]!["role"]));
        Assert.Contains("448", (string?)choice["message"]!["content"], StringComparison.Ordinal);
        Assert.True(choice.ContainsKey("logprobs") && choice["message"]!.AsObject().ContainsKey("refusal"));
        JsonNode usage = answer["usage"]!;
        using var model = LanguageModel.Load(TestModels.TinyPath);
        int prompt = model.Encode([new ChatTurn("user", "What is E4M3?")]).Length;
        Assert.Equal(prompt, (int)usage["prompt_tokens"]!);
        Assert.Equal((int)usage["total_tokens"]!, prompt + (int)usage["completion_tokens"]!);
        Assert.NotNull(usage["prompt_tokens_details"]!["cached_tokens"]);
    }

    [Fact]
    public async Task A_stream_says_the_same_in_chunks()
    {
        string body = $$"""{"messages":[{{Question}}],"temperature":0@0}""";
        JsonObject whole = await _server.AskAsync(Path, body.Replace("@0", "", StringComparison.Ordinal));
        JsonObject[] chunks = Events.Chunks(await _server.StreamAsync(Path, body.Replace("@0", ",\"stream\":true,\"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal)));

        Assert.Single(chunks.Select(chunk => (string?)chunk["id"]).Distinct());
        Assert.All(chunks, chunk => Assert.Equal("chat.completion.chunk", (string?)chunk["object"]));
        Assert.Equal(("assistant", ""), ((string?)chunks[0]["choices"]![0]!["delta"]!["role"], (string?)chunks[0]["choices"]![0]!["delta"]!["content"]));
        Assert.Equal((string?)whole["choices"]![0]!["message"]!["content"], Text(chunks));
        Assert.Equal("stop", (string?)chunks[^2]["choices"]![0]!["finish_reason"]);
        Assert.Empty(chunks[^2]["choices"]![0]!["delta"]!.AsObject());
        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        Assert.Equal(whole["usage"]!.ToJsonString(), chunks[^1]["usage"]!.ToJsonString());
        Assert.All(chunks[..^1], chunk => Assert.True(chunk.ContainsKey("usage") && chunk["usage"] is null));
    }

    [Fact]
    public async Task Calls_of_tools_come_apart_whole_and_in_deltas()
    {
        string body = $$"""{"messages":[{"role":"user","content":"What is the weather in Paris?"}],"tools":[{{Weather}}],"temperature":0@0}""";
        JsonNode message = (await _server.AskAsync(Path, body.Replace("@0", "", StringComparison.Ordinal)))["choices"]![0]!;
        JsonNode call = Assert.Single(message["message"]!["tool_calls"]!.AsArray())!;
        Assert.Equal(("tool_calls", "function", "get_weather"), ((string?)message["finish_reason"], (string?)call["type"], (string?)call["function"]!["name"]));
        Assert.Equal("Paris", (string?)JsonNode.Parse((string)call["function"]!["arguments"]!)!["city"]);
        Assert.Null(message["message"]!["content"]);

        JsonObject[] chunks = Events.Chunks(await _server.StreamAsync(Path, body.Replace("@0", ",\"stream\":true", StringComparison.Ordinal)));
        JsonObject[] deltas = [.. chunks.SelectMany(chunk => chunk["choices"]![0]!["delta"]!["tool_calls"]?.AsArray() ?? []).Select(delta => delta!.AsObject())];
        Assert.All(deltas, delta => Assert.Equal(0, (int)delta["index"]!));
        Assert.Equal(("get_weather", ""), ((string?)deltas[0]["function"]!["name"], (string?)deltas[0]["function"]!["arguments"]));
        Assert.StartsWith("call_", (string?)deltas[0]["id"], StringComparison.Ordinal);
        Assert.Equal((string?)call["function"]!["arguments"], string.Concat(deltas.Select(delta => (string?)delta["function"]!["arguments"])));
        Assert.Equal("tool_calls", (string?)chunks[^1]["choices"]![0]!["finish_reason"]);
    }

    [Fact]
    public async Task A_model_that_may_call_no_tools_is_told_of_none()
    {
        JsonNode without = (await _server.AskAsync(Path, """{"messages":[{"role":"user","content":"What is the weather in Paris?"}],"temperature":0}"""))["choices"]![0]!;
        JsonNode none = (await _server.AskAsync(Path, $$"""{"messages":[{"role":"user","content":"What is the weather in Paris?"}],"tools":[{{Weather}}],"tool_choice":"none","temperature":0}"""))["choices"]![0]!;
        Assert.Equal(without["message"]!.ToJsonString(), none["message"]!.ToJsonString());
    }

    [Fact]
    public async Task The_answer_of_a_tool_is_read()
    {
        JsonNode answer = (await _server.AskAsync(Path, $$"""
            {"messages":[{"role":"user","content":"What is the weather in Paris?"},
             {"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"Paris\"}"} }]},
             {"role":"tool","tool_call_id":"call_1","content":"{\"temperature\": 21, \"condition\": \"sunny\"}"}],"tools":[{{Weather}}],"temperature":0}
            """))["choices"]![0]!;
        Assert.Equal("The temperature is 21 and the condition is sunny.", (string?)answer["message"]!["content"]);
    }

    [Theory]
    [InlineData("\"format\"")]
    [InlineData("[\"nothing\",\"format\"]")]
    public async Task A_stop_text_ends_the_answer_and_no_part_of_it_is_sent(string stop)
    {
        string body = $$"""{"messages":[{{Question}}],"temperature":0,"stop":{{stop}}@0}""";
        JsonNode whole = (await _server.AskAsync(Path, body.Replace("@0", "", StringComparison.Ordinal)))["choices"]![0]!;
        Assert.Equal(("stop", "E4M3 is an 8-bit floating-point "), ((string?)whole["finish_reason"], (string?)whole["message"]!["content"]));
        Assert.Equal("E4M3 is an 8-bit floating-point ", Text(Events.Chunks(await _server.StreamAsync(Path, body.Replace("@0", ",\"stream\":true", StringComparison.Ordinal)))));
    }

    [Theory]
    [InlineData("max_tokens")]
    [InlineData("max_completion_tokens")]
    public async Task Tokens_that_are_used_up_end_the_answer(string field)
    {
        JsonObject answer = await _server.AskAsync(Path, $$"""{"messages":[{{Question}}],"{{field}}":3}""");
        Assert.Equal(("length", 3), ((string?)answer["choices"]![0]!["finish_reason"], (int)answer["usage"]!["completion_tokens"]!));
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_answer_and_several_answers_differ()
    {
        string body = $$"""{"messages":[{{Question}}],"temperature":2,"seed":11,"max_tokens":12,"n":3}""";
        JsonArray first = (await _server.AskAsync(Path, body))["choices"]!.AsArray();
        JsonArray second = (await _server.AskAsync(Path, body))["choices"]!.AsArray();
        Assert.Equal([0, 1, 2], first.Select(choice => (int)choice!["index"]!));
        Assert.Equal(first.ToJsonString(), second.ToJsonString());
        Assert.Equal(3, first.Select(choice => (string?)choice!["message"]!["content"]).Distinct().Count());
    }

    [Fact]
    public async Task A_stream_of_several_answers_says_which_each_chunk_is_of()
    {
        string body = $$"""{"messages":[{{Question}}],"temperature":2,"seed":11,"max_tokens":12,"n":3@0}""";
        JsonArray whole = (await _server.AskAsync(Path, body.Replace("@0", "", StringComparison.Ordinal)))["choices"]!.AsArray();
        JsonObject[] chunks = Events.Chunks(await _server.StreamAsync(Path, body.Replace("@0", ",\"stream\":true", StringComparison.Ordinal)));
        foreach (JsonNode? choice in whole)
        {
            JsonObject[] own = [.. chunks.Where(chunk => (int)chunk["choices"]![0]!["index"]! == (int)choice!["index"]!)];
            Assert.Equal((string?)choice!["message"]!["content"], Text(own));
            Assert.Equal((string?)choice["finish_reason"], (string?)own[^1]["choices"]![0]!["finish_reason"]);
        }
    }

    [Fact]
    public async Task Each_of_several_answers_ends_once_behind_its_text_and_has_its_probabilities_with_it()
    {
        for (int i = 0; i < 5; i++)
        {
            JsonObject[] chunks = Events.Chunks(await _server.StreamAsync(Path, $$"""{"messages":[{{Question}}],"n":4,"max_tokens":3,"logprobs":true,"stream":true}"""));
            for (int index = 0; index < 4; index++)
            {
                JsonNode[] own = [.. chunks.Select(chunk => chunk["choices"]![0]!).Where(choice => (int)choice["index"]! == index)];
                Assert.Equal("length", (string?)own[^1]["finish_reason"]);
                Assert.All(own[..^1], choice => Assert.Null(choice["finish_reason"]));
                (string text, string tokens) = ("", "");
                foreach (JsonNode choice in own)
                {
                    text += (string?)choice["delta"]!["content"];
                    tokens += string.Concat((choice["logprobs"]?["content"]!.AsArray() ?? []).Select(token => (string?)token!["token"]));
                    Assert.Equal(text.TrimEnd(), tokens.TrimEnd());
                }
            }
        }
    }

    [Fact]
    public async Task An_answer_of_one_call_says_how_it_ended_and_what_of_its_prompt_was_known()
    {
        string body = $$"""{"messages":[{"role":"user","content":"What is the weather in Paris?"}],"tools":[{{Weather}}],"parallel_tool_calls":false,"temperature":0@0}""";
        JsonObject whole = await _server.AskAsync(Path, body.Replace("@0", "", StringComparison.Ordinal));
        JsonObject[] chunks = Events.Chunks(await _server.StreamAsync(Path, body.Replace("@0", ",\"stream\":true,\"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal)));
        JsonObject again = await _server.AskAsync(Path, body.Replace("@0", "", StringComparison.Ordinal));

        Assert.Equal("tool_calls", (string?)whole["choices"]![0]!["finish_reason"]);
        Assert.Equal("tool_calls", (string?)chunks[^2]["choices"]![0]!["finish_reason"]);
        Assert.All(chunks[..^2], chunk => Assert.Null(chunk["choices"]![0]!["finish_reason"]));
        Assert.All([chunks[^1], again], answer => Assert.True((int)answer["usage"]!["prompt_tokens_details"]!["cached_tokens"]! > 0));
        Assert.Equal((int)whole["usage"]!["completion_tokens"]!, (int)chunks[^1]["usage"]!["completion_tokens"]!);
    }

    [Fact]
    public async Task A_bias_forces_a_token()
    {
        using var model = LanguageModel.Load(TestModels.TinyPath);
        int id = model.Encode("A", addSpecialTokens: false)[0];
        JsonObject answer = await _server.AskAsync(Path, $$"""{"messages":[{{Question}}],"temperature":0,"logit_bias":{"{{id}}":100},"max_tokens":3}""");
        Assert.Equal("AAA", (string?)answer["choices"]![0]!["message"]!["content"]);
    }

    [Theory]
    [InlineData("""[{"role":"developer","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"What is"},{"type":"text","text":"E4M3?"}]}]""")]
    [InlineData("""[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"refusal","refusal":"no"}]},{"role":"user","name":"me","content":"What is E4M3?"}]""")]
    [InlineData("""[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes.","reasoning_content":"hm"},{"role":"user","content":"What is E4M3?"}]""")]
    public async Task Roles_and_parts_of_all_kinds_of_text_are_read(string messages)
        => Assert.Equal("chat.completion", (string?)(await _server.AskAsync(Path, $$"""{"messages":{{messages}},"max_tokens":4}"""))["object"]);

    [Theory]
    [InlineData("messages[0].content[0].type", """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,"}}]}]}""")]
    [InlineData("modalities[1]", """{"messages":[{"role":"user","content":"x"}],"modalities":["text","audio"]}""")]
    [InlineData("audio", """{"messages":[{"role":"user","content":"x"}],"audio":{"voice":"a"}}""")]
    [InlineData("functions", """{"messages":[{"role":"user","content":"x"}],"functions":[{"name":"f"}]}""")]
    [InlineData("tools[0].type", """{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"custom","custom":{"name":"f"}}]}""")]
    public async Task What_is_known_and_not_supported_is_refused_by_name(string param, string body)
    {
        JsonObject error = await _server.RefusedAsync(Path, body, 400);
        Assert.Equal((param, "unsupported_parameter", "invalid_request_error"), ((string?)error["param"], (string?)error["code"], (string?)error["type"]));
    }

    [Theory]
    [InlineData("temperature", "-1", "temperature is -1; expected a number from 0")]
    [InlineData("top_p", "1.5", "top_p is 1.5; expected a number from 0 to 1 (1 is off)")]
    [InlineData("presence_penalty", "3", "presence_penalty is 3; expected a number from -2 to 2 (0 is off)")]
    [InlineData("logit_bias", "{\"x\":1}", "logit_bias has the key \"x\"; expected token ids, such as \"1734\"")]
    [InlineData("logit_bias", "{\"999999\":1}", "logit_bias holds token 999999; expected ids below 2009, the size of the tokenizer")]
    [InlineData("stop", "[\"\"]", "stop holds an empty text; expected at least one character each")]
    [InlineData("n", "17", "n is 17; expected a whole number from 1 to 16")]
    [InlineData("max_tokens", "0", "max_tokens is 0; expected a whole number from 1")]
    [InlineData("seed", "1.5", "seed is 1.5; expected a whole number of at most 64 bits")]
    [InlineData("tool_choice", "\"required\"", "tool_choice asks for a call, and there are no tools")]
    public async Task A_value_out_of_its_range_is_refused_with_the_range(string field, string value, string message)
    {
        JsonObject error = await _server.RefusedAsync(Path, $$"""{"messages":[{{Question}}],"{{field}}":{{value}}}""", 400);
        Assert.Equal((message, field), ((string?)error["message"], (string?)error["param"]));
    }

    [Fact]
    public async Task A_conversation_that_does_not_fit_is_refused_with_both_counts()
    {
        string text = string.Concat(Enumerable.Repeat("word ", 3000));
        JsonObject error = await _server.RefusedAsync(Path, $$"""{"messages":[{"role":"user","content":"{{text}}"}]}""", 400);
        Assert.Equal("context_length_exceeded", (string?)error["code"]);
        Assert.Contains("the context holds 2048", (string?)error["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_is_not_served_is_not_found()
    {
        JsonObject error = await _server.RefusedAsync(Path, $$"""{"model":"gpt-9","messages":[{{Question}}]}""", 404);
        Assert.Equal(("model_not_found", "model", "not_found_error"), ((string?)error["code"], (string?)error["param"], (string?)error["type"]));
    }

    [Fact]
    public async Task A_model_of_another_kind_is_refused_and_its_endpoint_named()
    {
        JsonObject error = await _server.RefusedAsync(Path, $$"""{"model":"embedder","messages":[{{Question}}]}""", 400);
        Assert.Equal("the model 'embedder' makes vectors: expected one that answers. It is used at /v1/embeddings", (string?)error["message"]);
    }

    [Fact]
    public async Task Every_answer_has_an_id_of_its_request()
    {
        using HttpResponseMessage good = await _server.PostAsync(Path, $$"""{"messages":[{{Question}}],"max_tokens":1}""");
        using HttpResponseMessage bad = await _server.PostAsync(Path, "{}");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest), (good.StatusCode, bad.StatusCode));
        Assert.NotEqual(good.Headers.GetValues("x-request-id").Single(), bad.Headers.GetValues("x-request-id").Single());
    }

    static string Text(IEnumerable<JsonObject> chunks)
        => string.Concat(chunks.Where(chunk => chunk["choices"]!.AsArray().Count > 0).Select(chunk => (string?)chunk["choices"]![0]!["delta"]!["content"]));
}
