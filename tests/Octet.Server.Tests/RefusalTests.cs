using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Octet.Server.Tests;

/// <summary>Requests that are none: each is answered with what is wrong and where, never by a fault of the server.</summary>
public class RefusalTests(TinyServer fixture) : IClassFixture<TinyServer>
{
    const string Chat = "/v1/chat/completions";

    static readonly string[] s_values = ["null", "true", "-1", "1.5", "1e400", "99999999999999999999", "\"\"", "\"x\"", "[]", "[null]", "[[]]", "[{}]", "{}", "{\"a\":1}", "{\"type\":1}"];

    readonly TestServer _server = fixture.Server;

    public static TheoryData<string, string, string> Fields => new(
        from entry in ((string Path, string Base, string Names)[])
        [
            (Chat, "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":1",
                "messages model frequency_penalty logit_bias logprobs top_logprobs max_completion_tokens max_tokens metadata modalities n parallel_tool_calls prediction presence_penalty reasoning_effort response_format seed service_tier stop store stream stream_options temperature top_p tools tool_choice user functions function_call audio top_k min_p typical_p repetition_penalty min_tokens stop_token_ids allowed_token_ids ignore_eos skip_special_tokens chat_template_kwargs continue_final_message documents priority cache_salt structured_outputs grammar json_schema add_generation_prompt guided_whitespace_pattern guided_json guided_regex guided_choice guided_grammar"),
            ("/v1/completions", "\"prompt\":\"hi\",\"max_tokens\":1", "prompt model best_of echo logprobs n suffix stop stream stream_options max_tokens seed add_special_tokens logit_bias temperature"),
            ("/v1/responses", "\"input\":\"hi\",\"max_output_tokens\":1", "input model instructions previous_response_id conversation tools tool_choice text reasoning max_output_tokens temperature top_p store stream metadata parallel_tool_calls truncation include background prompt top_logprobs user moderation context_management max_tool_calls prompt_cache_options"),
            ("/v1/responses/input_tokens", "\"input\":\"hi\"", "input model instructions previous_response_id tools tool_choice text reasoning"),
            ("/v1/embeddings", "\"input\":\"hi\"", "input model dimensions encoding_format user prompt_name"),
            ("/v1/rerank", "\"query\":\"q\",\"documents\":[\"a\"]", "query documents model top_n return_documents instruction"),
            ("/v1/messages", "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":1", "output_config output_format context_management messages model max_tokens system stop_sequences stream temperature top_p top_k tools tool_choice thinking metadata"),
            ("/v1/messages/count_tokens", "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]", "messages model system tools tool_choice thinking context_management"),
            ("/tokenize", "\"prompt\":\"hi\"", "prompt messages model add_special_tokens return_token_strs add_generation_prompt"),
            ("/detokenize", "\"tokens\":[1]", "tokens model skip_special_tokens"),
        ]
        select (entry.Path, entry.Base, entry.Names));

    /// <summary>Every field of every endpoint with every kind of value.</summary>
    [Theory]
    [MemberData(nameof(Fields))]
    public async Task A_wrong_value_in_any_field_is_refused_or_has_no_effect(string path, string rest, string names)
    {
        foreach (string name in names.Split(' '))
        {
            foreach (string value in s_values)
            {
                JsonObject body = JsonNode.Parse($"{{{rest}}}")!.AsObject();
                body.Remove(name);
                string text = body.ToJsonString();
                text = text.Length > 2 ? $"{text[..^1]},\"{name}\":{value}}}" : $"{{\"{name}\":{value}}}";
                using HttpResponseMessage response = await _server.PostAsync(path, text);
                string answer = await response.Content.ReadAsStringAsync();
                Assert.True((int)response.StatusCode is 200 or 400 or 404, $"{path} {name} {value}: {(int)response.StatusCode} {answer}");
                if ((int)response.StatusCode == 400)
                {
                    Assert.Equal(System.Text.Json.JsonValueKind.String, JsonNode.Parse(answer)!["error"]!["message"]!.GetValueKind());
                }
            }
        }
    }

    [Theory]
    [InlineData("", "the request has no body")]
    [InlineData("{", "not JSON")]
    [InlineData("{\"messages\":[}", "not JSON")]
    [InlineData("[]", "a list; expected an object")]
    [InlineData("null", "null; expected an object")]
    [InlineData("\"x\"", "\"x\"; expected an object")]
    [InlineData("{\"model\":\"a\",\"model\":\"b\"}", "not JSON that can be used")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800\"}]}", "half of a surrogate pair in the text at byte 38")]
    [InlineData("{\"\\udc00\":1}", "half of a surrogate pair")]
    [InlineData("{\"a\":1} x", "not JSON")]
    [InlineData("{\"a\":1,}", "not JSON")]
    public async Task What_is_no_JSON_object_is_refused(string body, string message)
        => Assert.Contains(message, (string?)(await _server.RefusedAsync(Chat, body, 400))["message"], StringComparison.Ordinal);

    [Fact]
    public async Task Nesting_without_end_is_refused()
        => Assert.Contains("depth", (string?)(await _server.RefusedAsync(Chat, $"{{\"messages\":{new string('[', 100_000)}", 400))["message"], StringComparison.Ordinal);

    [Fact]
    public async Task Bytes_that_are_no_text_are_refused_with_their_place()
    {
        byte[] body = [.. "{\"messages\":\""u8, 0xC3, 0x28, .. "\"}"u8];
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpResponseMessage response = await _server.Client.PostAsync(Chat, content);
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Contains("not UTF-8 at byte 13", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_packed_is_refused_by_the_name_of_its_packing_and_one_that_is_not_is_read()
    {
        foreach ((string encoding, int status) in ((string, int)[])[("gzip", 415), ("br, gzip", 415), ("identity", 200)])
        {
            using var content = new ByteArrayContent(Encoding.UTF8.GetBytes("""{"messages":[{"role":"user","content":"hi"}],"max_tokens":1}"""));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
            using HttpResponseMessage response = await _server.Client.PostAsync(Chat, content);
            Assert.Equal(status, (int)response.StatusCode);
            if (status == 415)
            {
                Assert.Contains($"Content-Encoding is '{encoding}'", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task A_mark_of_UTF_8_in_front_of_a_body_is_passed_over()
    {
        JsonObject answer = await _server.AskAsync(Chat, "\uFEFF{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":1}");
        Assert.Equal("chat.completion", (string?)answer["object"]);
        Assert.Contains("no body", (string?)(await _server.RefusedAsync(Chat, "\uFEFF", 400))["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/plain", 415)]
    [InlineData("application/x-www-form-urlencoded", 415)]
    [InlineData("application/json; charset=utf-16", 415)]
    [InlineData(null, 415)]
    [InlineData("application/json; charset=utf-8", 400)]
    [InlineData("application/vnd.me+json", 400)]
    public async Task A_body_must_be_said_to_be_JSON(string? type, int status)
    {
        using var content = new ByteArrayContent("{}"u8.ToArray());
        content.Headers.Remove("Content-Type");
        if (type is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        using HttpResponseMessage response = await _server.Client.PostAsync(Chat, content);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("GET", Chat, "POST")]
    [InlineData("PUT", "/v1/models", "GET")]
    [InlineData("PATCH", "/v1/responses/resp_1", "GET, DELETE")]
    [InlineData("POST", "/health", "GET")]
    public async Task Another_method_is_refused_and_those_that_there_are_named(string method, string path, string allowed)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using HttpResponseMessage response = await _server.Client.SendAsync(request);
        Assert.Equal(405, (int)response.StatusCode);
        Assert.Equal(allowed, string.Join(", ", response.Content.Headers.Allow));
        Assert.Equal("method_not_allowed", (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["code"]);
    }

    [Theory]
    [InlineData("/v1/audio/speech")]
    [InlineData("/v1/chat")]
    [InlineData("/v1/../etc/passwd")]
    public async Task What_there_is_not_is_not_found(string path)
    {
        using HttpResponseMessage response = await _server.PostAsync(path, "{}");
        Assert.Equal(404, (int)response.StatusCode);
    }

    [Fact]
    public async Task An_unknown_path_of_the_API_has_its_form_of_error()
    {
        using HttpResponseMessage response = await _server.Client.GetAsync("/v1/nothing/here");
        Assert.Equal("unknown_url", (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["code"]);
    }

    [Theory]
    [InlineData("messages[1].role", """{"messages":[{"role":"user","content":"x"},{"role":"robot","content":"x"}]}""")]
    [InlineData("messages[0].content", """{"messages":[{"role":"user"}]}""")]
    [InlineData("messages[0].content[1].text", """{"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"text"}]}]}""")]
    [InlineData("messages[0].tool_calls[0].function.name", """{"messages":[{"role":"assistant","tool_calls":[{"function":{}}]}]}""")]
    [InlineData("tools[0].function.name", """{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"a b"}}]}""")]
    [InlineData("response_format.json_schema.name", """{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{}}}""")]
    public async Task A_place_deep_inside_is_named(string param, string body)
        => Assert.Equal(param, (string?)(await _server.RefusedAsync(Chat, body, 400))["param"]);

    [Fact]
    public async Task A_body_longer_than_the_limit_is_refused_however_it_is_sent()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.MaxRequestBytes = 2000);
        string body = $$"""{"messages":[{"role":"user","content":"{{new string('x', 3000)}}"}]}""";
        Assert.Contains("2000", (string?)(await server.RefusedAsync(Chat, body, 413))["message"], StringComparison.Ordinal);

        using var request = new HttpRequestMessage(HttpMethod.Post, Chat) { Content = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes(body))) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TransferEncodingChunked = true;
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        Assert.Equal(413, (int)response.StatusCode);
    }

    [Fact]
    public async Task Bodies_that_are_too_much_together_wait_outside_until_others_are_done()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.MaxRequestBytes = 2000;
            options.MaxHeldBytes = 2000;
        });
        string body = $$"""{"messages":[{"role":"user","content":"hi"}],"pad":"{{new string('x', 1200)}}","max_tokens":@""";
        using (var first = new HttpRequestMessage(HttpMethod.Post, Chat) { Content = new StringContent(body.Replace("@", "2000,\"ignore_eos\":true,\"stream\":true}", StringComparison.Ordinal), null, "application/json") })
        using (HttpResponseMessage streaming = await server.Client.SendAsync(first, HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.Equal(200, (int)streaming.StatusCode);
            using HttpResponseMessage refused = await server.PostAsync(Chat, body.Replace("@", "1}", StringComparison.Ordinal));
            Assert.Equal((429, true), ((int)refused.StatusCode, refused.Headers.RetryAfter is not null));
            Assert.Contains("2000 bytes", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            using HttpResponseMessage small = await server.PostAsync(Chat, """{"messages":[{"role":"user","content":"hi"}],"max_tokens":1}""");
            Assert.Equal(200, (int)small.StatusCode);
        }

        // What is done gives back what it held, and what is refused never held it.
        await Eventually.HoldsAsync(async () =>
        {
            using HttpResponseMessage response = await server.PostAsync(Chat, body.Replace("@", "1}", StringComparison.Ordinal));
            return response.IsSuccessStatusCode;
        });
    }

    [Fact]
    public async Task Any_prefix_and_any_damage_of_a_request_is_answered()
    {
        byte[] whole = Encoding.UTF8.GetBytes("""{"model":"octet-tiny","messages":[{"role":"user","content":"héllo"}],"max_tokens":1,"stop":["a"],"logit_bias":{"1":2}}""");
        var random = new Random(7);
        for (int i = 0; i < 150; i++)
        {
            byte[] body = i < whole.Length ? whole[..i] : [.. whole];
            for (int j = 0; i >= whole.Length && j < 3; j++)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using HttpResponseMessage response = await _server.Client.PostAsync(Chat, content);
            string answer = await response.Content.ReadAsStringAsync();
            Assert.True((int)response.StatusCode is 200 or 400 or 404, $"{i}: {(int)response.StatusCode} {answer}");
        }
    }
}
