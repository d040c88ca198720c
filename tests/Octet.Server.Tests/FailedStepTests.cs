using System.Text.Json.Nodes;

namespace Octet.Server.Tests;

/// <summary>A model that fails in the middle of a step: everyone in it is told, nobody hangs, and the server goes on.</summary>
public class FailedStepTests
{
    const string Chat = "/v1/chat/completions";

    [Fact]
    public async Task Everyone_in_a_step_that_fails_gets_the_error_and_the_next_request_an_answer()
    {
        await using TestServer server = await TestServer.StartAsync();
        LanguageModel model = server.Catalog.Entries[0].Loaded!.Language!;
        int together = 0;
        model.BeforeStep = sequences => _ = sequences == 4 && ++together == 20 ? throw new InvalidOperationException("the device is gone") : 0;

        // Two wait for the whole answer, two read it as it comes; by the twentieth step of all four they have begun to.
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
        {
            string stream = i < 2 ? "false" : "true";
            using HttpResponseMessage response = await server.PostAsync(Chat, $$"""{"messages":[{"role":"user","content":"{{i}}"}],"max_tokens":1800,"ignore_eos":true,"stream":{{stream}}}""");
            string text = await response.Content.ReadAsStringAsync();
            Assert.Equal(i < 2 ? 500 : 200, (int)response.StatusCode);
            return text;
        }));

        Assert.All(answers[..2], answer => Assert.Equal("server_error", (string?)JsonNode.Parse(answer)!["error"]!["type"]));
        Assert.All(answers[2..], answer => Assert.NotNull(JsonNode.Parse(Events.Read(answer).Last(item => item.Data != "[DONE]").Data)!["error"]));
        Assert.All(answers, answer => Assert.DoesNotContain("the device is gone", answer, StringComparison.Ordinal));
        model.BeforeStep = null;
        await server.AskAsync(Chat, """{"messages":[{"role":"user","content":"hi"}],"max_tokens":2}""");
        await Eventually.HoldsAsync(() => model.Statistics is { Running: 0, Waiting: 0, PagesInUse: 0 });
    }

    [Fact]
    public async Task Where_every_step_fails_all_that_wait_are_told()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Models[0] = options.Models[0] with { Options = new() { Threads = 2, MaxSequences = 2, MaxWaiting = 100 } });
        LanguageModel model = server.Catalog.Entries[0].Loaded!.Language!;
        model.BeforeStep = _ => throw new InvalidOperationException("the device is gone");
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => server.PostAsync(Chat, $$"""{"messages":[{"role":"user","content":"{{i}}"}],"max_tokens":9}""")));
        Assert.All(responses, response => Assert.Equal(500, (int)response.StatusCode));
        await Eventually.HoldsAsync(() => model.Statistics is { Running: 0, Waiting: 0, PagesInUse: 0 });
    }

    [Theory]
    [InlineData("/v1/messages", """{"messages":[{"role":"user","content":"hi"}],"max_tokens":900,"stream":true}""", "error")]
    [InlineData("/v1/responses", """{"input":"hi","max_output_tokens":900,"stream":true}""", "response.failed")]
    public async Task A_stream_of_another_API_ends_with_its_own_error(string path, string body, string last)
    {
        await using TestServer server = await TestServer.StartAsync();
        LanguageModel model = server.Catalog.Entries[0].Loaded!.Language!;
        int steps = 0;
        model.BeforeStep = _ => _ = ++steps == 3 ? throw new InvalidOperationException("the device is gone") : 0;
        Assert.Equal(last, (await server.StreamAsync(path, body))[^1].Name);
    }
}
