using System.Text.Json.Nodes;
using Octet.Tests.Reference;

namespace Octet.Server.Tests;

/// <summary>How long models think, in the words of every API: octet-tiny, whose template always lets it begin.</summary>
public sealed class ReasoningTests : IAsyncLifetime
{
    const string Chat = "/v1/chat/completions";
    const string Question = "\"max_tokens\":40,\"ignore_eos\":true,\"temperature\":0,\"messages\":[{\"role\":\"user\",\"content\":\"What is E4M3?\"}]";

    readonly TinyCopy _thinker = new TinyCopy().With("chat_template.jinja", """
        {%- for message in messages %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{%- endfor %}
        {%- if add_generation_prompt %}{{- '<|im_start|>assistant\n<think>\n' }}{%- endif %}{#- </think> -#}
        """);
    TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync(
        options =>
        {
            options.Models.Add(new ServedModel("thinker", _thinker.Path) { Options = new() { Threads = 1 } });
            options.ReasoningBudget = 20;
        },
        null,
        waits: true);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _thinker.Dispose();
    }

    [Theory]
    [InlineData("\"thinking_token_budget\":4", 4)]
    [InlineData("\"reasoning_budget\":4", 4)]
    [InlineData("\"thinking_budget_tokens\":4", 4)]
    [InlineData("\"reasoning\":{\"max_tokens\":4}", 4)]
    [InlineData("\"reasoning\":{\"effort\":\"high\",\"max_tokens\":4}", 4)]
    [InlineData("\"reasoning_effort\":\"none\"", 0)]
    [InlineData("\"reasoning\":{\"effort\":\"none\"}", 0)]
    [InlineData("\"reasoning\":{\"enabled\":false}", 0)]
    [InlineData("\"thinking_token_budget\":0", 0)]
    [InlineData("\"reasoning_effort\":\"high\"", 20)]
    [InlineData("\"user\":\"x\"", 20)]
    [InlineData("\"thinking_token_budget\":-1", 40)]
    [InlineData("\"thinking_token_budget\":2147483647", 40)]
    public async Task Reasoning_has_so_many_tokens(string field, int budget)
    {
        JsonObject answer = await _server.AskAsync(Chat, $"{{{Question},{field}}}");
        JsonNode message = answer["choices"]![0]!["message"]!;
        AssertBudget(budget, (int)answer["usage"]!["completion_tokens_details"]!["reasoning_tokens"]!, (string?)message["reasoning_content"], (string?)message["content"]);
        Assert.Equal(40, (int)answer["usage"]!["completion_tokens"]!);
    }

    [Fact]
    public async Task The_other_APIs_have_their_own_words()
    {
        JsonObject response = await _server.AskAsync("/v1/responses", """{"input":"What is E4M3?","max_output_tokens":40,"ignore_eos":true,"temperature":0,"reasoning":{"effort":"low","max_tokens":4}}""");
        Assert.Equal(["reasoning", "message"], response["output"]!.AsArray().Select(item => (string?)item!["type"]));
        Assert.Equal("low", (string?)response["reasoning"]!["effort"]);
        Assert.InRange((int)response["usage"]!["output_tokens_details"]!["reasoning_tokens"]!, 1, 7);

        const string Message = """{"max_tokens":40,"ignore_eos":true,"temperature":0,"messages":[{"role":"user","content":"What is E4M3?"}],"thinking":@}""";
        JsonObject thought = await _server.AskAsync("/v1/messages", Message.Replace("@", """{"type":"enabled","budget_tokens":4}""", StringComparison.Ordinal));
        Assert.Equal(["thinking", "text"], thought["content"]!.AsArray().Select(block => (string?)block!["type"]));
        JsonObject plain = await _server.AskAsync("/v1/messages", Message.Replace("@", """{"type":"disabled"}""", StringComparison.Ordinal));
        Assert.Equal(["text"], plain["content"]!.AsArray().Select(block => (string?)block!["type"]));
    }

    [Fact]
    public async Task Agents_words_reach_a_template_that_takes_others()
    {
        // What Qwen3.8's checks.
        using TinyCopy copy = new TinyCopy().With("chat_template.jinja", """
            {%- if reasoning_effort is defined and reasoning_effort not in ('xhigh', 'medium', 'low') %}{{- raise_exception('Unexpected reasoning effort.') }}{%- endif %}
            {%- for message in messages %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{%- endfor %}{{- '<|im_start|>assistant\n' + reasoning_effort|default('') }}
            """);
        await using TestServer server = await TestServer.StartAsync(options => options.Models.Add(new ServedModel("checks", copy.Path) { Options = new() { Threads = 1 } }), null, waits: true);
        const string Count = "/v1/messages/count_tokens";
        const string Body = """{"messages":[{"role":"user","content":"x"}],"output_config":{"effort":"@"}}""";
        Assert.Equal(
            (int)(await server.AskAsync(Count, Body.Replace("@", "xhigh", StringComparison.Ordinal)))["input_tokens"]!, (int)(await server.AskAsync(Count, Body.Replace("@", "high", StringComparison.Ordinal)))["input_tokens"]!);
        await server.AskAsync(Chat, """{"messages":[{"role":"user","content":"x"}],"max_tokens":1,"reasoning_effort":"none"}""");
        await server.AskAsync("/v1/responses", """{"input":"x","max_output_tokens":1,"reasoning":{"effort":"minimal"}}""");
    }

    [Fact]
    public async Task A_form_begins_where_the_reasoning_was_ended()
    {
        JsonObject answer = await _server.AskAsync(Chat, """{"messages":[{"role":"user","content":"Yes or no?"}],"guided_choice":["yes","no"],"thinking_token_budget":5}""");
        Assert.Contains((string?)answer["choices"]![0]!["message"]!["content"], (string[])["yes", "no"]);
    }

    [Theory]
    [InlineData("thinking_token_budget", "\"thinking_token_budget\":-2")]
    [InlineData("thinking_token_budget", "\"thinking_token_budget\":1.5")]
    [InlineData("reasoning_budget", "\"reasoning_budget\":\"much\"")]
    [InlineData("reasoning.max_tokens", "\"reasoning\":{\"max_tokens\":-1}")]
    [InlineData("reasoning.max_tokens", "\"reasoning\":{\"max_tokens\":99999999999}")]
    [InlineData("reasoning", "\"reasoning\":\"high\"")]
    [InlineData("reasoning.effort", "\"reasoning\":{\"effort\":3}")]
    public async Task A_budget_that_is_none_is_refused_by_its_place(string param, string field)
        => Assert.Equal(param, (string?)(await _server.RefusedAsync(Chat, $"{{{Question},{field}}}", 400))["param"]);

    static void AssertBudget(int budget, int tokens, string? reasoning, string? content)
    {
        if (budget == 0)
        {
            Assert.Null(reasoning);
            Assert.NotEmpty(content!);
            return;
        }

        // The marks that end it count too where the last of the text waited for them.
        Assert.InRange(tokens, budget < 40 ? 1 : 38, Math.Min(40, budget + 3));
        Assert.NotEmpty(reasoning!);
        Assert.Equal(budget >= 40, content is null or "");
    }
}
