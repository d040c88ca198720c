using System.Text.Json.Nodes;

namespace Octet.Server.Tests;

/// <summary>Answers whose form is promised, at any temperature.</summary>
public class ConstraintTests(TinyServer fixture) : IClassFixture<TinyServer>
{
    const string Chat = "/v1/chat/completions";
    const string Question = """{"role":"user","content":"What is the weather in Paris?"}""";
    const string Weather = """{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"$ref":"#/$defs/city"}},"required":["city"],"additionalProperties":false,"$defs":{"city":{"enum":["Paris","Rome"]}}}}}""";
    const string Time = """{"type":"function","function":{"name":"get_time"}}""";
    const string Schema = """{"type":"object","properties":{"format":{"enum":["E4M3","E5M2"]},"largest":{"type":"integer","minimum":1,"maximum":999}},"required":["format","largest"],"additionalProperties":false}""";

    readonly TestServer _server = fixture.Server;

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_schema_is_held_to(int temperature)
    {
        string format = $$"""{"type":"json_schema","json_schema":{"name":"fp8","strict":true,"schema":{{Schema}}} }""";
        for (int seed = 0; seed < 5; seed++)
        {
            JsonObject answer = await _server.AskAsync(Chat, $$"""{"messages":[{{Question}}],"response_format":{{format}},"temperature":{{temperature}},"seed":{{seed}}}""");
            AssertFits((string?)answer["choices"]![0]!["message"]!["content"]);
            Assert.Equal("stop", (string?)answer["choices"]![0]!["finish_reason"]);
        }
    }

    [Fact]
    public async Task Every_API_has_its_own_words_for_it()
    {
        AssertFits((string?)(await _server.AskAsync("/v1/responses", $$$"""{"input":"x","text":{"format":{"type":"json_schema","name":"fp8","schema":{{{Schema}}} } } } """))["output"]![0]!["content"]![0]!["text"]);
        AssertFits((string?)(await _server.AskAsync("/v1/messages", $$$"""{"max_tokens":200,"messages":[{"role":"user","content":"x"}],"output_config":{"format":{"type":"json_schema","schema":{{{Schema}}} } } } """))["content"]![0]!["text"]);
        AssertFits((string?)(await _server.AskAsync("/v1/completions", $$"""{"prompt":"x","max_tokens":200,"guided_json":{{Schema}}}"""))["choices"]![0]!["text"]);
        JsonObject any = await _server.AskAsync(Chat, $$"""{"messages":[{{Question}}],"response_format":{"type":"json_object"},"temperature":0,"max_tokens":400}""");
        Assert.StartsWith("{", (string?)any["choices"]![0]!["message"]!["content"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"guided_choice\":[\"yes\",\"no\"]", "^(yes|no)$")]
    [InlineData("\"structured_outputs\":{\"regex\":\"[0-9]{3}\"}", "^[0-9]{3}$")]
    [InlineData("\"grammar\":\"root ::= \\\"a\\\" \\\"b\\\"?\"", "^ab?$")]
    [InlineData("\"json_schema\":{\"type\":\"integer\",\"minimum\":10,\"maximum\":99}", "^[1-9][0-9]$")]
    [InlineData("\"grammar\":\"\",\"guided_regex\":\"[0-9]{3}\"", "^[0-9]{3}$")]
    [InlineData("\"response_format\":{\"type\":\"json_object\",\"schema\":{\"type\":\"object\",\"properties\":{\"a\":{\"const\":1}},\"required\":[\"a\"]}}", "^{\"a\": ?1}$")]
    [InlineData("\"structured_outputs\":{\"grammar\":\"root ::= \\\"a\\\" \\\"b\\\"?\"}", "^ab?$")]
    public async Task Patterns_choices_and_grammars_are_held_to(string field, string pattern)
    {
        JsonObject answer = await _server.AskAsync(Chat, $$"""{"messages":[{{Question}}],{{field}},"temperature":2,"seed":4}""");
        Assert.Matches(pattern, (string?)answer["choices"]![0]!["message"]!["content"]);
    }

    [Theory]
    [InlineData("[\"yes\\u0000no\"]", "[\"yes\",\"no\"]", "^(yes|no)$")]
    [InlineData("[\"x 1 z\"]", "[\"x\",\"z\"]", "^(x|z)$")]
    public async Task Choices_are_not_taken_for_others_that_were_held_to_before(string before, string choice, string pattern)
    {
        await _server.AskAsync(Chat, $$"""{"messages":[{{Question}}],"guided_choice":{{before}}}""");
        JsonObject answer = await _server.AskAsync(Chat, $$"""{"messages":[{{Question}}],"guided_choice":{{choice}}}""");
        Assert.Matches(pattern, (string?)answer["choices"]![0]!["message"]!["content"]);
    }

    [Theory]
    [InlineData("\"required\"", "get_weather|get_time")]
    [InlineData("""{"type":"function","function":{"name":"get_weather"}}""", "get_weather")]
    [InlineData("""{"type":"function","function":{"name":"get_time"}}""", "get_time")]
    public async Task A_call_that_is_asked_for_comes(string choice, string names)
    {
        string body = $$"""{"messages":[{"role":"user","content":"Hello"}],"tools":[{{Weather}},{{Time}}],"tool_choice":{{choice}},"temperature":1.5,"seed":9@0}""";
        JsonNode whole = (await _server.AskAsync(Chat, body.Replace("@0", "", StringComparison.Ordinal)))["choices"]![0]!;
        Assert.Equal("tool_calls", (string?)whole["finish_reason"]);
        JsonNode call = Assert.Single(whole["message"]!["tool_calls"]!.AsArray())!["function"]!;
        Assert.Contains((string?)call["name"], names.Split('|'));
        JsonObject arguments = JsonNode.Parse((string)call["arguments"]!)!.AsObject();
        if ((string?)call["name"] == "get_weather")
        {
            Assert.Contains((string?)Assert.Single(arguments).Value, (string[])["Paris", "Rome"]);
        }
        else
        {
            Assert.Empty(arguments);
        }

        JsonObject[] chunks = Events.Chunks(await _server.StreamAsync(Chat, body.Replace("@0", ",\"stream\":true", StringComparison.Ordinal)));
        JsonNode[] deltas = [.. chunks.SelectMany(chunk => chunk["choices"]![0]!["delta"]!["tool_calls"]?.AsArray() ?? []).Select(delta => delta!["function"]!)];
        Assert.Equal((string?)call["name"], (string?)deltas[0]["name"]);
        Assert.Equal((string?)call["arguments"], string.Concat(deltas.Select(delta => (string?)delta["arguments"])));
    }

    [Fact]
    public async Task The_other_APIs_ask_for_calls_in_their_own_words()
    {
        JsonObject message = await _server.AskAsync("/v1/messages", """{"max_tokens":100,"messages":[{"role":"user","content":"Hello"}],"tools":[{"name":"get_time","input_schema":{"type":"object","properties":{"zone":{"enum":["UTC"]}},"required":["zone"]}}],"tool_choice":{"type":"any"}}""");
        Assert.Equal(("tool_use", "UTC"), ((string?)message["stop_reason"], (string?)message["content"]![0]!["input"]!["zone"]));
        JsonObject response = await _server.AskAsync("/v1/responses", """{"input":"Hello","tools":[{"type":"function","name":"get_time","parameters":{"type":"object","properties":{"zone":{"enum":["UTC"]}},"required":["zone"]}}],"tool_choice":{"type":"function","name":"get_time"}}""");
        Assert.Equal("UTC", (string?)JsonNode.Parse((string)response["output"]![0]!["arguments"]!)!["zone"]);
    }

    [Theory]
    [InlineData(Chat, "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":400,\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\"}}")]
    [InlineData("/v1/responses", "\"input\":\"x\",\"max_output_tokens\":400,\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"x\"}}")]
    public async Task A_schema_that_is_left_out_is_that_of_any_object(string path, string fields)
    {
        JsonObject answer = await _server.AskAsync(path, $"{{{fields},\"temperature\":0}}");
        Assert.StartsWith("{", (string?)(answer["choices"]?[0]!["message"]!["content"] ?? answer["output"]![0]!["content"]![0]!["text"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("response_format.json_schema.schema", "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"schema\":{\"not\":{}}}}")]
    [InlineData("guided_regex", "\"guided_regex\":\"(\"")]
    [InlineData("structured_outputs.structural_tag", "\"structured_outputs\":{\"structural_tag\":\"{}\"}")]
    [InlineData("structured_outputs.whitespace_pattern", "\"structured_outputs\":{\"json\":{\"type\":\"object\"},\"whitespace_pattern\":\" *\"}")]
    [InlineData("grammar", "\"grammar\":\"root ::= \\\"a\\\"\",\"response_format\":{\"type\":\"json_object\"}")]
    [InlineData("grammar", "\"grammar\":\"root\"")]
    [InlineData("response_format.schema", "\"response_format\":{\"type\":\"json_object\",\"schema\":{\"not\":{}}}")]
    [InlineData("guided_choice", "\"guided_regex\":\"a\",\"guided_choice\":[\"b\"]")]
    [InlineData("guided_json", "\"guided_json\":{\"type\":\"object\"},\"response_format\":{\"type\":\"json_object\"}")]
    [InlineData("tools", "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\",\"not\":{}}}}],\"tool_choice\":\"required\"")]
    public async Task What_cannot_be_promised_is_refused(string param, string fields)
    {
        JsonObject error = await _server.RefusedAsync(Chat, $$"""{"messages":[{{Question}}],{{fields}}}""", 400);
        Assert.Equal(param, (string?)error["param"]);
    }

    [Fact]
    public async Task With_a_form_and_tools_the_model_calls_or_answers_in_the_form()
    {
        string format = $$""" "tools":[{{Weather}},{{Time}}],"response_format":{"type":"json_schema","json_schema":{"name":"fp8","schema":{{Schema}}} }""";
        JsonNode called = (await _server.AskAsync(Chat, $$"""{"messages":[{{Question}}],{{format}},"temperature":0}"""))["choices"]![0]!;
        Assert.Equal("tool_calls", (string?)called["finish_reason"]);
        Assert.Equal("get_weather", (string?)called["message"]!["tool_calls"]![0]!["function"]!["name"]);
        (int forms, int calls) = (0, 0);
        for (int seed = 0; seed < 12; seed++)
        {
            JsonNode choice = (await _server.AskAsync(Chat, $$"""{"messages":[{"role":"user","content":"What is E4M3?"}],{{format}},"temperature":3,"seed":{{seed}}}"""))["choices"]![0]!;
            if (choice["message"]!["tool_calls"] is JsonArray made)
            {
                Assert.Null(choice["message"]!["content"]);
                Assert.All(made, call => Assert.Contains((string?)call!["function"]!["name"], (string[])["get_weather", "get_time"]));
                calls++;
            }
            else
            {
                AssertFits((string?)choice["message"]!["content"]);
                forms++;
            }
        }

        Assert.True(forms > 0, $"{forms} forms and {calls} calls");
    }

    [Fact]
    public async Task A_call_that_is_asked_for_goes_before_the_form()
    {
        JsonNode choice = (await _server.AskAsync(Chat, $$"""{"messages":[{{Question}}],"tools":[{{Time}}],"tool_choice":"required","response_format":{"type":"json_object"} }"""))["choices"]![0]!;
        Assert.Equal("get_time", (string?)choice["message"]!["tool_calls"]![0]!["function"]!["name"]);
    }

    [Fact]
    public async Task A_tool_whose_schema_cannot_be_promised_is_refused_beside_a_form()
    {
        JsonObject error = await _server.RefusedAsync(Chat, $$"""{"messages":[{{Question}}],"tools":[{"type":"function","function":{"name":"f","parameters":{"not":{} } } }],"response_format":{"type":"json_object"} }""", 400);
        Assert.Equal("tools", (string?)error["param"]);
        Assert.Contains("the parameters of f", (string?)error["message"], StringComparison.Ordinal);
    }

    static void AssertFits(string? text)
    {
        JsonObject json = JsonNode.Parse(text!)!.AsObject();
        Assert.Equal(["format", "largest"], json.Select(field => field.Key));
        Assert.Contains((string?)json["format"], (string[])["E4M3", "E5M2"]);
        Assert.InRange((int)json["largest"]!, 1, 999);
    }
}
