using System.Net;
using System.Text.Json.Nodes;

namespace Octet.Server.Tests;

public class ResponsesTests(TinyServer fixture) : IClassFixture<TinyServer>
{
    const string Path = "/v1/responses";
    const string Weather = """{"type":"function","name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}""";

    readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_response_holds_the_answer_and_what_was_asked()
    {
        JsonObject response = await _server.AskAsync(Path, """{"input":"What is E4M3?","instructions":"Be kind.","metadata":{"a":"b"},"max_output_tokens":100,"temperature":0}""");
        Assert.StartsWith("resp_", (string?)response["id"], StringComparison.Ordinal);
        Assert.Equal(("response", "completed", "octet-tiny", "Be kind."), ((string?)response["object"], (string?)response["status"], (string?)response["model"], (string?)response["instructions"]));
        JsonNode item = Assert.Single(response["output"]!.AsArray())!;
        Assert.Equal(("message", "assistant", "completed"), ((string?)item["type"], (string?)item["role"], (string?)item["status"]));
        Assert.Equal("output_text", (string?)item["content"]![0]!["type"]);
        Assert.NotEmpty((string)item["content"]![0]!["text"]!);
        Assert.Equal("b", (string?)response["metadata"]!["a"]);
        Assert.Equal((int)response["usage"]!["total_tokens"]!, (int)response["usage"]!["input_tokens"]! + (int)response["usage"]!["output_tokens"]!);
        Assert.True(response.ContainsKey("error") && response.ContainsKey("incomplete_details") && response.ContainsKey("previous_response_id"));
    }

    [Fact]
    public async Task A_stream_tells_of_every_step_in_order_and_ends_with_the_response()
    {
        List<(string? Name, string Data)> events = await _server.StreamAsync(Path, """{"input":"What is E4M3?","temperature":0,"stream":true}""");
        JsonObject[] data = [.. events.Select(item => JsonNode.Parse(item.Data)!.AsObject())];
        Assert.Equal(events.Select(item => item.Name), data.Select(item => (string?)item["type"]));
        Assert.Equal(Enumerable.Range(0, data.Length), data.Select(item => (int)item["sequence_number"]!));
        string[] kinds = [.. events.Select(item => item.Name!)];
        Assert.Equal(["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"], kinds[..4]);
        Assert.All(kinds[4..^4], kind => Assert.Equal("response.output_text.delta", kind));
        Assert.Equal(["response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed"], kinds[^4..]);
        string text = string.Concat(data[4..^4].Select(item => (string?)item["delta"]));
        Assert.Contains("448", text, StringComparison.Ordinal);
        Assert.Equal(text, (string?)data[^4]["text"]);
        Assert.Equal(text, (string?)data[^1]["response"]!["output"]![0]!["content"]![0]!["text"]);
        Assert.Single(data[2..^1].Select(item => (string?)item["item_id"] ?? (string?)item["item"]!["id"]).Distinct());
        Assert.Equal("in_progress", (string?)data[0]["response"]!["status"]);
    }

    [Fact]
    public async Task Tokens_of_the_text_are_told_with_their_probabilities()
    {
        const string Body = """ "input":"What is E4M3?","temperature":0,"include":["message.output_text.logprobs"],"top_logprobs":2""";
        JsonObject response = await _server.AskAsync(Path, $"{{{Body}}}");
        Assert.Equal(2, (int)response["top_logprobs"]!);
        JsonNode part = response["output"]![0]!["content"]![0]!;
        JsonArray tokens = part["logprobs"]!.AsArray();
        Assert.Equal((string?)part["text"], string.Concat(tokens.Select(token => (string?)token!["token"])));
        Assert.All(tokens, token =>
        {
            Assert.Equal(["bytes", "logprob", "token", "top_logprobs"], token!.AsObject().Select(field => field.Key).Order());
            Assert.Equal(2, token["top_logprobs"]!.AsArray().Count);
            Assert.Equal((double)token["logprob"]!, (double)token["top_logprobs"]![0]!["logprob"]!);
        });

        JsonObject[] events = [.. (await _server.StreamAsync(Path, $"{{{Body},\"stream\":true}}")).Select(item => JsonNode.Parse(item.Data)!.AsObject())];
        JsonNode?[] streamed = [.. events.Where(item => (string?)item["type"] == "response.output_text.delta").SelectMany(item => item["logprobs"]!.AsArray())];
        string all = tokens.ToJsonString();
        Assert.Equal(all, new JsonArray([.. streamed.Select(token => token!.DeepClone())]).ToJsonString());
        Assert.Equal(all, events.Single(item => (string?)item["type"] == "response.output_text.done")["logprobs"]!.ToJsonString());
        Assert.Equal(all, events[^1]["response"]!["output"]![0]!["content"]![0]!["logprobs"]!.ToJsonString());

        // Calls have none.
        JsonObject called = await _server.AskAsync(Path, $$"""{"input":"What is the weather in Paris?","tools":[{{Weather}}],"temperature":0,"include":["message.output_text.logprobs"]}""");
        Assert.Equal("function_call", (string?)Assert.Single(called["output"]!.AsArray())!["type"]);
    }

    [Fact]
    public async Task Calls_of_tools_are_items_and_their_outputs_are_read()
    {
        JsonObject first = await _server.AskAsync(Path, $$"""{"input":"What is the weather in Paris?","tools":[{{Weather}}],"temperature":0}""");
        JsonNode call = Assert.Single(first["output"]!.AsArray())!;
        Assert.Equal(("function_call", "get_weather"), ((string?)call["type"], (string?)call["name"]));
        Assert.Equal("Paris", (string?)JsonNode.Parse((string)call["arguments"]!)!["city"]);

        JsonObject second = await _server.AskAsync(Path, $$"""
            {"previous_response_id":"{{first["id"]}}","input":[{"type":"function_call_output","call_id":"{{call["call_id"]}}","output":"{\"temperature\": 21, \"condition\": \"sunny\"}"}],
             "tools":[{{Weather}}],"temperature":0}
            """);
        Assert.Equal("The temperature is 21 and the condition is sunny.", (string?)second["output"]![0]!["content"]![0]!["text"]);

        JsonObject[] events = [.. (await _server.StreamAsync(Path, $$"""{"input":"What is the weather in Paris?","tools":[{{Weather}}],"temperature":0,"stream":true}""")).Select(item => JsonNode.Parse(item.Data)!.AsObject())];
        string arguments = string.Concat(events.Where(item => (string?)item["type"] == "response.function_call_arguments.delta").Select(item => (string?)item["delta"]));
        Assert.Equal((string?)call["arguments"], arguments);
        Assert.Equal(arguments, (string?)events.Single(item => (string?)item["type"] == "response.function_call_arguments.done")["arguments"]);
    }

    [Fact]
    public async Task A_conversation_goes_on_from_an_earlier_response()
    {
        JsonObject first = await _server.AskAsync(Path, """{"input":"What is the bias of E5M2?","temperature":0}""");
        JsonObject second = await _server.AskAsync(Path, $$"""{"input":"and E4M3?","previous_response_id":"{{first["id"]}}","temperature":0}""");
        Assert.Equal("The exponent bias of E4M3 is 7.", (string?)second["output"]![0]!["content"]![0]!["text"]);
        Assert.Equal((string?)first["id"], (string?)second["previous_response_id"]);
    }

    [Fact]
    public async Task A_stored_response_is_read_listed_and_deleted()
    {
        JsonObject made = await _server.AskAsync(Path, """{"input":"Hi","max_output_tokens":2}""");
        string path = $"{Path}/{made["id"]}";
        Assert.Equal("incomplete", (string?)made["status"]);
        Assert.Equal("max_output_tokens", (string?)made["incomplete_details"]!["reason"]);
        Assert.Equal(made.ToJsonString(), JsonNode.Parse(await _server.Client.GetStringAsync(path))!.ToJsonString());
        Assert.Equal("Hi", (string?)JsonNode.Parse(await _server.Client.GetStringAsync($"{path}/input_items"))!["data"]![0]!["content"]![0]!["text"]);
        Assert.Equal(HttpStatusCode.OK, (await _server.PostAsync($"{path}/cancel", "{}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _server.Client.DeleteAsync(path)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Client.GetAsync(path)).StatusCode);
        Assert.Equal("previous_response_id", (string?)(await _server.RefusedAsync(Path, $$"""{"input":"x","previous_response_id":"{{made["id"]}}"}""", 404))["param"]);
    }

    [Fact]
    public async Task Items_of_an_input_are_listed_in_pages_and_either_order()
    {
        string items = string.Join(',', Enumerable.Range(0, 25).Select(i => $$"""{"id":"i{{i}}","role":"user","content":"x"}"""));
        string path = $"{Path}/{(await _server.AskAsync(Path, $$"""{"input":[{{items}}],"max_output_tokens":1}"""))["id"]}/input_items";
        JsonObject first = await ListAsync("");
        Assert.Equal(Enumerable.Range(5, 20).Reverse().Select(i => $"i{i}"), Ids(first));
        Assert.Equal(("i24", "i5", true), ((string?)first["first_id"], (string?)first["last_id"], (bool)first["has_more"]!));
        JsonObject rest = await ListAsync("?after=i5");
        Assert.Equal(["i4", "i3", "i2", "i1", "i0"], Ids(rest));
        Assert.False((bool)rest["has_more"]!);
        Assert.Equal(["i3", "i4"], Ids(await ListAsync("?order=asc&limit=2&after=i2")));
        Assert.Empty(Ids(await ListAsync("?after=i0")));
        foreach ((string param, string query) in ((string, string)[])[("limit", "limit=0"), ("limit", "limit=101"), ("limit", "limit=x"), ("order", "order=up"), ("after", "after=nothing")])
        {
            using HttpResponseMessage response = await _server.Client.GetAsync($"{path}?{query}");
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Equal(param, (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["param"]);
        }

        async Task<JsonObject> ListAsync(string query) => JsonNode.Parse(await _server.Client.GetStringAsync(path + query))!.AsObject();

        static IEnumerable<string?> Ids(JsonObject list) => list["data"]!.AsArray().Select(item => (string?)item!["id"]);
    }

    [Fact]
    public async Task What_is_not_to_be_stored_is_not()
    {
        JsonObject made = await _server.AskAsync(Path, """{"input":"Hi","max_output_tokens":2,"store":false}""");
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Client.GetAsync($"{Path}/{made["id"]}")).StatusCode);
    }

    [Fact]
    public async Task A_response_that_is_being_made_is_cancelled_and_its_maker_told()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new StringContent("""{"input":"Hi","max_output_tokens":2000,"ignore_eos":true,"stream":true}""", null, "application/json") };
        using HttpResponseMessage response = await _server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await reader.ReadLineAsync();
        string id = (string)JsonNode.Parse((await reader.ReadLineAsync())!["data: ".Length..])!["response"]!["id"]!;
        Assert.Equal("in_progress", (string?)JsonNode.Parse(await _server.Client.GetStringAsync($"{Path}/{id}"))!["status"]);

        JsonNode cancelled = JsonNode.Parse(await (await _server.PostAsync($"{Path}/{id}/cancel", "{}")).Content.ReadAsStringAsync())!;
        Assert.Equal("cancelled", (string?)cancelled["status"]);
        Assert.Contains("\"status\":\"cancelled\"", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("input", "{}")]
    [InlineData("input", """{"input":[]}""")]
    [InlineData("input[0].type", """{"input":[{"type":"item_reference","id":"x"}]}""")]
    [InlineData("input[0].content[0].type", """{"input":[{"role":"user","content":[{"type":"input_image","image_url":"x"}]}]}""")]
    [InlineData("background", """{"input":"x","background":true,"store":false}""")]
    [InlineData("top_logprobs", """{"input":"x","top_logprobs":2}""")]
    [InlineData("top_logprobs", """{"input":"x","top_logprobs":21,"include":["message.output_text.logprobs"]}""")]
    [InlineData("include[0]", """{"input":"x","include":[1]}""")]
    [InlineData("tools[0].type", """{"input":"x","tools":[{"type":"web_search"}]}""")]
    [InlineData("truncation", """{"input":"x","truncation":"auto"}""")]
    public async Task What_cannot_be_done_is_refused_by_its_place(string param, string body)
        => Assert.Equal(param, (string?)(await _server.RefusedAsync(Path, body, 400))["param"]);
}
