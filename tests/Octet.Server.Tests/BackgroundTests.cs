using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;

namespace Octet.Server.Tests;

/// <summary>Responses that nobody waits for.</summary>
public class BackgroundTests(TinyServer fixture) : IClassFixture<TinyServer>
{
    const string Path = "/v1/responses";
    const string Long = """{"input":"Hi","max_output_tokens":1500,"ignore_eos":true,"background":true}""";

    readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_response_is_made_after_its_request_and_read_by_its_name()
    {
        JsonObject queued = await _server.AskAsync(Path, """{"input":"What is the bias of E5M2?","temperature":0,"background":true}""");
        Assert.Equal(("queued", true, 0), ((string?)queued["status"], (bool)queued["background"]!, queued["output"]!.AsArray().Count));
        JsonObject made = await EndAsync(_server, queued);
        Assert.Equal("completed", (string?)made["status"]);
        Assert.Equal("The exponent bias of E5M2 is 15.", (string?)made["output"]![0]!["content"]![0]!["text"]);
        JsonObject next = await _server.AskAsync(Path, $$"""{"input":"and E4M3?","previous_response_id":"{{made["id"]}}","temperature":0}""");
        Assert.Equal("The exponent bias of E4M3 is 7.", (string?)next["output"]![0]!["content"]![0]!["text"]);
    }

    [Fact]
    public async Task Its_events_are_streamed_again_from_any_of_them_on()
    {
        const string Body = """{"input":"What is E4M3?","temperature":0,"background":true,"stream":true}""";
        List<(string? Name, string Data)> first = await _server.StreamAsync(Path, Body);
        Assert.Equal(["response.created", "response.queued", "response.in_progress"], first.Take(3).Select(item => item.Name));
        Assert.Equal("response.completed", first[^1].Name);
        JsonObject[] data = [.. first.Select(item => JsonNode.Parse(item.Data)!.AsObject())];
        Assert.Equal(Enumerable.Range(0, data.Length), data.Select(item => (int)item["sequence_number"]!));
        string id = (string)data[0]["response"]!["id"]!;
        Assert.Equal(first, Events.Read(await _server.Client.GetStringAsync($"{Path}/{id}?stream=true")));
        Assert.Equal(first.Skip(5), Events.Read(await _server.Client.GetStringAsync($"{Path}/{id}?stream=true&starting_after=4")));
        Assert.Empty(Events.Read(await _server.Client.GetStringAsync($"{Path}/{id}?stream=true&starting_after={data.Length - 1}")));
        Assert.Equal(data[^1]["response"]!.ToJsonString(), JsonNode.Parse(await _server.Client.GetStringAsync($"{Path}/{id}"))!.ToJsonString());
    }

    [Fact]
    public async Task It_can_be_followed_while_it_is_made_and_cancelled()
    {
        JsonObject queued = await _server.AskAsync(Path, Long);
        using HttpResponseMessage follow = await _server.Client.GetAsync($"{Path}/{queued["id"]}?stream=true&starting_after=0", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await follow.Content.ReadAsStreamAsync());
        Assert.Equal("event: response.queued", await reader.ReadLineAsync());
        await Eventually.HoldsAsync(async () => (string?)(await GetAsync(_server, queued))["status"] == "in_progress");
        Assert.Equal("Hi", (string?)JsonNode.Parse(await _server.Client.GetStringAsync($"{Path}/{queued["id"]}/input_items"))!["data"]![0]!["content"]![0]!["text"]);

        JsonNode cancelled = JsonNode.Parse(await (await _server.PostAsync($"{Path}/{queued["id"]}/cancel", "{}")).Content.ReadAsStringAsync())!;
        Assert.Equal("cancelled", (string?)cancelled["status"]);
        Assert.EndsWith("\n\n", await reader.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Equal("cancelled", (string?)(await GetAsync(_server, queued))["status"]);
        Assert.Equal("cancelled", (string?)JsonNode.Parse(await (await _server.PostAsync($"{Path}/{queued["id"]}/cancel", "{}")).Content.ReadAsStringAsync())!["status"]);
    }

    [Fact]
    public async Task Who_leaves_its_stream_does_not_end_it_and_who_deletes_it_does()
    {
        using (var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new StringContent(Long.Replace("}", ",\"stream\":true}", StringComparison.Ordinal), null, "application/json") })
        using (HttpResponseMessage response = await _server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            await reader.ReadLineAsync();
        }

        JsonObject other = await _server.AskAsync(Path, Long);
        Assert.Equal(HttpStatusCode.OK, (await _server.Client.DeleteAsync($"{Path}/{other["id"]}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Client.GetAsync($"{Path}/{other["id"]}")).StatusCode);
    }

    [Fact]
    public async Task What_fails_is_told_by_its_status()
    {
        JsonObject queued = await _server.AskAsync(Path, $$"""{"input":"{{string.Concat(Enumerable.Repeat("word ", 4000))}}","background":true}""");
        JsonObject failed = await EndAsync(_server, queued);
        Assert.Equal(("failed", "context_length_exceeded"), ((string?)failed["status"], (string?)failed["error"]!["code"]));
        Assert.Equal("response.failed", Events.Read(await _server.Client.GetStringAsync($"{Path}/{queued["id"]}?stream=true"))[^1].Name);
    }

    [Theory]
    [InlineData("stream", "stream=1")]
    [InlineData("starting_after", "starting_after=1")]
    [InlineData("starting_after", "stream=true&starting_after=-1")]
    [InlineData("starting_after", "stream=true&starting_after=99999999999")]
    [InlineData("stream", "stream=true")]
    public async Task What_cannot_be_streamed_is_refused(string param, string query)
    {
        JsonObject made = await _server.AskAsync(Path, """{"input":"Hi","max_output_tokens":1}""");
        using HttpResponseMessage response = await _server.Client.GetAsync($"{Path}/{made["id"]}?{query}");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(param, (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["param"]);
    }

    [Fact]
    public async Task Of_a_thousand_as_many_are_made_at_once_as_the_options_say()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.BackgroundResponses = 3);
        int most = 0;
        using var stop = new CancellationTokenSource();
        Task watch = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                EngineStatistics now = server.Catalog.Entries[0].Loaded!.Language!.Statistics;
                most = Math.Max(most, now.Running + now.Waiting);
                await Task.Delay(1);
            }
        });
        HttpStatusCode[] all = await Task.WhenAll(Enumerable.Range(0, 1000).Select(async _ =>
        {
            using HttpResponseMessage response = await server.PostAsync(Path, Long);
            Assert.True(response.StatusCode == HttpStatusCode.OK || response.Headers.RetryAfter is not null);
            return response.StatusCode;
        }));
        await stop.CancelAsync();
        await watch;
        Assert.InRange(most, 1, 3);
        Assert.Contains(HttpStatusCode.TooManyRequests, all);
        Assert.All(all, static status => Assert.True(status is HttpStatusCode.OK or HttpStatusCode.TooManyRequests));
    }

    [Fact]
    public async Task What_is_too_large_to_be_kept_is_refused_and_events_are_forgotten_from_the_front()
    {
        await using TestServer server = await TestServer.StartAsync(options => (options.BackgroundResponses, options.StoredResponseBytes) = (1, 8000));
        Assert.Equal("background", (string?)(await server.RefusedAsync(Path, $$"""{"input":"{{new string('x', 9000)}}","background":true}""", 400))["param"]);

        // Every event takes more than a hundred bytes.
        JsonObject queued = await server.AskAsync(Path, """{"input":"Hi","max_output_tokens":300,"ignore_eos":true,"background":true}""");
        await Eventually.HoldsAsync(async () =>
        {
            using HttpResponseMessage response = await server.Client.GetAsync($"{Path}/{queued["id"]}?stream=true", HttpCompletionOption.ResponseHeadersRead);
            return response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound;
        });
    }

    [Fact]
    public async Task A_server_that_stops_lets_them_end_and_cancels_those_that_do_not()
    {
        TestServer server = await TestServer.StartAsync();
        await server.AskAsync(Path, """{"input":"Hi","max_output_tokens":2000,"ignore_eos":true,"background":true}""");
        long begun = Stopwatch.GetTimestamp();
        await server.StopAsync();
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(15));
        await server.DisposeAsync();
    }

    static async Task<JsonObject> GetAsync(TestServer server, JsonObject response) => JsonNode.Parse(await server.Client.GetStringAsync($"{Path}/{response["id"]}"))!.AsObject();

    static async Task<JsonObject> EndAsync(TestServer server, JsonObject response)
    {
        JsonObject last = response;
        await Eventually.HoldsAsync(async () => (string?)(last = await GetAsync(server, response))["status"] is not ("queued" or "in_progress"));
        return last;
    }
}
