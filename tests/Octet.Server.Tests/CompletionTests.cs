using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Octet.Server.Tests;

public class CompletionTests(TinyServer fixture) : IClassFixture<TinyServer>
{
    const string Path = "/v1/completions";

    readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_prompt_may_be_a_text_texts_ids_or_lists_of_ids()
    {
        using var model = LanguageModel.Load(TestModels.TinyPath);
        string ids = $"[{string.Join(',', model.Encode("E4M3 is"))}]";
        string[] prompts = ["\"E4M3 is\"", "[\"E4M3 is\"]", ids, $"[{ids}]"];
        string?[] texts = new string?[prompts.Length];
        for (int i = 0; i < prompts.Length; i++)
        {
            JsonObject answer = await _server.AskAsync(Path, $$"""{"prompt":{{prompts[i]}},"temperature":0,"max_tokens":8}""");
            Assert.Equal("text_completion", (string?)answer["object"]);
            texts[i] = (string?)Assert.Single(answer["choices"]!.AsArray())!["text"];
        }

        Assert.Single(texts.Distinct());
    }

    [Fact]
    public async Task Several_prompts_with_several_answers_come_in_their_order()
    {
        JsonObject answer = await _server.AskAsync(Path, """{"prompt":["one","two"],"n":2,"max_tokens":2,"echo":true,"seed":3}""");
        JsonArray choices = answer["choices"]!.AsArray();
        Assert.Equal([0, 1, 2, 3], choices.Select(choice => (int)choice!["index"]!));
        Assert.Equal(["one", "one", "two", "two"], choices.Select(choice => ((string)choice!["text"]!)[..3]));
    }

    [Fact]
    public async Task Sixteen_tokens_are_made_where_nothing_is_said()
        => Assert.Equal(16, (int)(await _server.AskAsync(Path, """{"prompt":"x","ignore_eos":true}"""))["usage"]!["completion_tokens"]!);

    /// <summary>What lm-eval's local-completions asks: a text and its continuation as ids, one token more, probabilities of all.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Echo_and_logprobs_score_a_text(int maxTokens)
    {
        using var model = LanguageModel.Load(TestModels.TinyPath);
        int[] ids = model.Encode("E4M3 is an 8-bit floating-point format");
        var expected = new double[ids.Length];
        model.Score(ids, (position, logits) =>
        {
            if (position + 1 < ids.Length)
            {
                double sum = 0;
                foreach (float logit in logits)
                {
                    sum += Math.Exp(logit);
                }

                expected[position + 1] = logits[ids[position + 1]] - Math.Log(sum);
            }
        });

        JsonObject answer = await _server.AskAsync(Path, $$"""{"prompt":[[{{string.Join(',', ids)}}]],"max_tokens":{{maxTokens}},"echo":true,"logprobs":2,"temperature":0,"seed":1}""");
        JsonNode logprobs = answer["choices"]![0]!["logprobs"]!;
        JsonArray scores = logprobs["token_logprobs"]!.AsArray();
        Assert.Equal(ids.Length + maxTokens, scores.Count);
        Assert.All(["tokens", "top_logprobs", "text_offset"], (string name) => Assert.Equal(scores.Count, logprobs[name]!.AsArray().Count));
        Assert.Null(scores[0]);
        Assert.Null(logprobs["top_logprobs"]![0]);
        for (int i = 1; i < ids.Length; i++)
        {
            Assert.Equal(expected[i], (double)scores[i]!, 1e-3);
            double[] top = [.. logprobs["top_logprobs"]![i]!.AsObject().Select(entry => (double)entry.Value!)];
            Assert.InRange(top.Length, 2, 3);
            Assert.Contains((double)scores[i]!, top);
            Assert.All(top, value => Assert.True(value <= 0));
        }

        Assert.Equal("E4M3 is an 8-bit floating-point format", string.Concat(logprobs["tokens"]!.AsArray().Take(ids.Length).Select(token => (string?)token)));

        // The likeliest token is what greedy generation takes.
        if (maxTokens == 1)
        {
            Assert.Equal((double)scores[^1]!, logprobs["top_logprobs"]![ids.Length]!.AsObject().Max(entry => (double)entry.Value!));
        }
    }

    [Fact]
    public async Task Logprobs_without_echo_are_those_of_what_was_made()
    {
        JsonObject answer = await _server.AskAsync(Path, """{"prompt":"E4M3 is","max_tokens":3,"logprobs":1,"temperature":0}""");
        JsonNode choice = answer["choices"]![0]!;
        Assert.Equal(3, choice["logprobs"]!["tokens"]!.AsArray().Count);
        Assert.Equal((string?)choice["text"], string.Concat(choice["logprobs"]!["tokens"]!.AsArray().Select(token => (string?)token)));
        Assert.Equal(0, (int)choice["logprobs"]!["text_offset"]![0]!);
    }

    [Fact]
    public async Task A_stream_joins_to_the_whole_with_its_echo()
    {
        string body = """{"prompt":"E4M3 is","temperature":0,"max_tokens":20,"echo":true@0}""";
        JsonObject whole = await _server.AskAsync(Path, body.Replace("@0", "", StringComparison.Ordinal));
        JsonObject[] chunks = Events.Chunks(await _server.StreamAsync(Path, body.Replace("@0", ",\"stream\":true,\"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal)));
        Assert.Equal((string?)whole["choices"]![0]!["text"], string.Concat(chunks[..^1].Select(chunk => (string?)chunk["choices"]![0]!["text"])));
        Assert.Equal(whole["usage"]!.ToJsonString(), chunks[^1]["usage"]!.ToJsonString());
        Assert.Equal((string?)whole["choices"]![0]!["finish_reason"], (string?)chunks[^2]["choices"]![0]!["finish_reason"]);
    }

    [Fact]
    public async Task A_stream_tells_the_same_probabilities_in_pieces()
    {
        string body = """{"prompt":"E4M3 is","max_tokens":6,"echo":true,"logprobs":2,"temperature":0@0}""";
        JsonNode whole = (await _server.AskAsync(Path, body.Replace("@0", "", StringComparison.Ordinal)))["choices"]![0]!["logprobs"]!;
        JsonObject[] chunks = Events.Chunks(await _server.StreamAsync(Path, body.Replace("@0", ",\"stream\":true", StringComparison.Ordinal)));
        foreach (string list in (string[])["tokens", "text_offset"])
        {
            Assert.Equal(
                whole[list]!.AsArray().Select(value => value!.ToJsonString()),
                chunks.SelectMany(chunk => chunk["choices"]![0]!["logprobs"]![list]!.AsArray()).Select(value => value!.ToJsonString()));
        }
    }

    [Fact]
    public async Task Each_of_several_texts_comes_with_its_own_probabilities_and_ends_once()
    {
        for (int i = 0; i < 5; i++)
        {
            JsonObject[] chunks = Events.Chunks(await _server.StreamAsync(Path, """{"prompt":["E4M3 is","E5M2 is"],"n":4,"max_tokens":12,"logprobs":1,"temperature":0,"stream":true}"""));
            for (int index = 0; index < 8; index++)
            {
                JsonNode[] own = [.. chunks.Select(chunk => chunk["choices"]![0]!).Where(choice => (int)choice["index"]! == index)];
                Assert.Equal("length", (string?)own[^1]["finish_reason"]);
                Assert.All(own[..^1], choice => Assert.Null(choice["finish_reason"]));
                Assert.All(own, choice => Assert.Equal((string?)choice["text"], string.Concat(choice["logprobs"]!["tokens"]!.AsArray().Select(token => (string?)token))));
            }
        }
    }

    [Theory]
    [InlineData("prompt", """{"max_tokens":1}""")]
    [InlineData("prompt", """{"prompt":[]}""")]
    [InlineData("prompt[1]", """{"prompt":["a",1]}""")]
    [InlineData("prompt[0][1]", """{"prompt":[[1,"a"]]}""")]
    [InlineData("prompt[1]", """{"prompt":[1,-1]}""")]
    [InlineData("suffix", """{"prompt":"a","suffix":"b"}""")]
    [InlineData("best_of", """{"prompt":"a","best_of":3}""")]
    public async Task What_cannot_be_done_is_refused_by_its_place(string param, string body)
        => Assert.Equal(param, (string?)(await _server.RefusedAsync(Path, body, 400))["param"]);

    [Fact]
    public async Task Prompts_are_checked_before_any_is_scored()
    {
        // To score it takes half a minute.
        string longer = string.Join(',', Enumerable.Repeat("5", 400_000));
        long begun = Stopwatch.GetTimestamp();
        JsonObject error = await _server.RefusedAsync(Path, $$"""{"prompt":[[1,2,3],[{{longer}}]],"max_tokens":0,"echo":true,"logprobs":0}""", 400);
        Assert.Equal("context_length_exceeded", (string?)error["code"]);
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task An_id_that_no_token_has_is_not_echoed()
        => Assert.Contains("99999", (string?)(await _server.RefusedAsync(Path, """{"prompt":[99999],"max_tokens":0,"echo":true,"logprobs":0}""", 400))["message"], StringComparison.Ordinal);

    [Fact]
    public async Task An_id_that_no_token_has_is_refused()
        => Assert.Contains("99999", (string?)(await _server.RefusedAsync(Path, """{"prompt":[1,99999],"max_tokens":1}""", 400))["message"], StringComparison.Ordinal);
}
