using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Octet.Server.Tests;

public class OperationsTests
{
    const string Chat = "/v1/chat/completions";
    const string Ask = """{"messages":[{"role":"user","content":"What is E4M3?"}],"max_tokens":7,"ignore_eos":true}""";

    [Fact]
    public async Task Metrics_count_what_was_done_by_vLLM_s_names()
    {
        await using TestServer server = await TestServer.StartAsync();
        int prompt = 0;
        for (int i = 0; i < 3; i++)
        {
            prompt += (int)(await server.AskAsync(Chat, Ask))["usage"]!["prompt_tokens"]!;
        }

        await server.RefusedAsync(Chat, "{}", 400);
        await Eventually.HoldsAsync(() => server.State.Requests.All.Sum(entry => entry.Count) == 4);
        using HttpResponseMessage response = await server.Client.GetAsync("/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        string text = await response.Content.ReadAsStringAsync();
        Dictionary<string, double> values = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith('#'))
            .ToDictionary(line => line[..line.LastIndexOf(' ')], line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
        Assert.Equal(prompt, values["vllm:prompt_tokens_total{model_name=\"octet-tiny\"}"]);
        Assert.Equal(21, values["vllm:generation_tokens_total{model_name=\"octet-tiny\"}"]);
        Assert.Equal(3, values["vllm:request_success_total{model_name=\"octet-tiny\",finished_reason=\"length\"}"]);
        Assert.Equal(0, values["vllm:num_requests_running{model_name=\"octet-tiny\"}"]);
        Assert.Equal(0, values["vllm:num_requests_waiting{model_name=\"octet-tiny\"}"]);
        Assert.InRange(values["vllm:kv_cache_usage_perc{model_name=\"octet-tiny\"}"], 0, 1);
        double[] guesses = [.. ((string[])["vllm:spec_decode_num_drafts_total", "vllm:spec_decode_num_draft_tokens_total", "vllm:spec_decode_num_accepted_tokens_total", "octet:draft_failed"]).Select(name => values[$"{name}{{model_name=\"octet-tiny\"}}"])];
        Assert.Equal([0, 0, 0, 0], guesses);
        foreach (string histogram in (string[])["time_to_first_token_seconds", "e2e_request_latency_seconds", "request_prompt_tokens", "request_generation_tokens"])
        {
            Assert.Equal(3, values[$"vllm:{histogram}_count{{model_name=\"octet-tiny\"}}"]);
            Assert.Equal(3, values[$"vllm:{histogram}_bucket{{model_name=\"octet-tiny\",le=\"+Inf\"}}"]);
        }

        Assert.Equal(18, values["vllm:inter_token_latency_seconds_count{model_name=\"octet-tiny\"}"]);
        Assert.Equal(21, values["vllm:request_generation_tokens_sum{model_name=\"octet-tiny\"}"]);
        Assert.Equal((3, 1), (values["octet:http_requests_total{status=\"200\"}"], values["octet:http_requests_total{status=\"400\"}"]));

        // Every family is described before its first series, once.
        string[] families = [.. text.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2])];
        Assert.Equal(families.Length, families.Distinct().Count());
    }

    [Fact]
    public async Task Metrics_count_what_a_draft_model_guessed()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Models[0] = options.Models[0] with
        {
            Options = new() { Speculation = Speculation.DraftModel, DraftModel = TestModels.TinyPath },
        });
        await server.AskAsync("/v1/completions", """{"prompt":"E4M3 is","max_tokens":20,"ignore_eos":true,"temperature":0}""");
        string text = await server.Client.GetStringAsync("/metrics");
        Assert.True(Value("vllm:spec_decode_num_drafts_total") > 0);
        Assert.InRange(Value("vllm:spec_decode_num_accepted_tokens_total"), 1, Value("vllm:spec_decode_num_draft_tokens_total"));

        double Value(string name) => double.Parse(
            text.Split('\n').Single(line => line.StartsWith($"{name}{{", StringComparison.Ordinal)).Split(' ')[^1], CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task Texts_and_conversations_become_tokens_and_tokens_texts()
    {
        await using TestServer server = await TestServer.StartAsync();
        using var model = LanguageModel.Load(TestModels.TinyPath);
        JsonObject text = await server.AskAsync("/tokenize", """{"prompt":"What is E4M3?","return_token_strs":true}""");
        int[] ids = [.. text["tokens"]!.AsArray().Select(id => (int)id!)];
        Assert.Equal(model.Encode("What is E4M3?"), ids);
        Assert.Equal((ids.Length, 2048, ids.Length), ((int)text["count"]!, (int)text["max_model_len"]!, text["token_strs"]!.AsArray().Count));
        JsonObject chat = await server.AskAsync("/tokenize", """{"messages":[{"role":"user","content":"What is E4M3?"}]}""");
        Assert.Equal(model.Encode([new ChatTurn("user", "What is E4M3?")]), chat["tokens"]!.AsArray().Select(id => (int)id!));
        Assert.Equal("What is E4M3?", (string?)(await server.AskAsync("/detokenize", $$"""{"tokens":[{{string.Join(',', ids)}}]}"""))["prompt"]);
    }

    [Fact]
    public async Task A_conversation_is_tokenized_without_the_beginning_of_an_answer_where_none_is_wanted()
    {
        await using TestServer server = await TestServer.StartAsync();
        const string Body = """{"messages":[{"role":"user","content":"hi"}]@0}""";
        string[] with = await Tokens("");
        string[] without = await Tokens(",\"add_generation_prompt\":false");
        Assert.True(without.Length < with.Length);
        Assert.Equal(with[..without.Length], without);
        Assert.Equal("assistant", with[without.Length + 1]);
        await server.RefusedAsync("/tokenize", Body.Replace("@0", ",\"add_generation_prompt\":true,\"continue_final_message\":true", StringComparison.Ordinal), 400);

        async Task<string[]> Tokens(string more) => [.. (await server.AskAsync("/tokenize", Body.Replace("@0", more + ",\"return_token_strs\":true", StringComparison.Ordinal)))["token_strs"]!.AsArray().Select(token => (string)token!)];
    }

    [Fact]
    public async Task An_id_that_no_token_has_is_refused_by_its_place()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonObject error = await server.RefusedAsync("/detokenize", """{"tokens":[64,99999999,64]}""", 400);
        Assert.Equal(("tokens[1]", "tokens[1] is 99999999, which no token has; expected ids below 2009"), ((string?)error["param"], (string?)error["message"]));
    }

    [Fact]
    public async Task The_version_is_the_library_s()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal(typeof(ServedModel).Assembly.GetName().Version!.ToString(3), (string?)JsonNode.Parse(await server.Client.GetStringAsync("/version"))!["version"]);
    }

    [Fact]
    public async Task A_request_is_one_line_of_the_log()
    {
        var log = new ListLogger();
        await using TestServer server = await TestServer.StartAsync(null, services => services.AddSingleton<ILoggerProvider>(log));
        await server.AskAsync(Chat, Ask);
        await server.RefusedAsync(Chat, "{", 400);
        await Eventually.HoldsAsync(() => log.Count(Chat) == 2);
        string[] lines = [.. log.Lines.Where(line => line.Contains(Chat, StringComparison.Ordinal))];
        Assert.Equal(2, lines.Length);
        Assert.Matches(@"^POST /v1/chat/completions 200 octet-tiny \d+\+7 tokens \d+\.\d ms req_[0-9a-f]{32}$", lines[0]);
        Assert.Matches(@"^POST /v1/chat/completions 400 - 0\+0 tokens \d+\.\d ms req_[0-9a-f]{32}$", lines[1]);
    }

    [Fact]
    public async Task A_span_and_measurements_follow_the_conventions_for_who_listens()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Models[0] = options.Models[0] with { Name = "spanned" });
        List<Activity> spans = [];
        using var spansOf = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Octet.Server",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.DisplayName == "chat spanned")
                {
                    spans.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(spansOf);
        List<(string Name, double Value)> values = [];
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "Octet.Server")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        meters.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        meters.Start();

        JsonObject answer = await server.AskAsync(Chat, Ask.Replace("\"ignore_eos\"", "\"temperature\":0.5,\"ignore_eos\"", StringComparison.Ordinal));
        Activity span = Assert.Single(spans);
        Assert.Equal(("chat", "octet", "spanned"), (span.GetTagItem("gen_ai.operation.name"), span.GetTagItem("gen_ai.provider.name"), span.GetTagItem("gen_ai.request.model")));
        Assert.Equal(((int)answer["usage"]!["prompt_tokens"]!, 7), (span.GetTagItem("gen_ai.usage.input_tokens"), span.GetTagItem("gen_ai.usage.output_tokens")));
        Assert.Equal((0.5f, 7), (span.GetTagItem("gen_ai.request.temperature"), span.GetTagItem("gen_ai.request.max_tokens")));
        Assert.Equal(["length"], Assert.IsType<string[]>(span.GetTagItem("gen_ai.response.finish_reasons")));
        Assert.Equal(
            ["gen_ai.client.token.usage", "gen_ai.client.token.usage", "gen_ai.server.request.duration", "gen_ai.server.time_per_output_token", "gen_ai.server.time_to_first_token"],
            values.Select(value => value.Name).Order());

        void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach ((string key, object? tag) in tags)
            {
                if (key == "gen_ai.request.model" && tag as string == "spanned")
                {
                    values.Add((instrument.Name, value));
                }
            }
        }
    }
}
