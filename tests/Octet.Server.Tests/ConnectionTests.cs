using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Octet.Server.Telemetry;

namespace Octet.Server.Tests;

/// <summary>Clients that leave, read slowly or come in crowds: nothing of them stays behind.</summary>
public class ConnectionTests
{
    const string Chat = "/v1/chat/completions";
    const string Long = """{"messages":[{"role":"user","content":"hi"}],"max_tokens":1800,"ignore_eos":true,"stream":true}""";

    [Fact]
    public async Task A_client_that_leaves_at_any_byte_ends_its_generation()
    {
        await using TestServer server = await TestServer.StartAsync();
        LanguageModel model = server.Catalog.Entries[0].Loaded!.Language!;
        var random = new Random(3);
        byte[] request = Encoding.ASCII.GetBytes($"POST {Chat} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {Long.Length}\r\n\r\n{Long}");
        for (int i = 0; i < 24; i++)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(server.Url.Host, server.Url.Port);
            NetworkStream stream = client.GetStream();

            // Half of them leave in the middle of their request, the others somewhere in the answer.
            await stream.WriteAsync(request.AsMemory(0, i % 2 == 0 ? random.Next(request.Length) : request.Length));
            if (i % 2 == 1)
            {
                await stream.ReadAtLeastAsync(new byte[4000], random.Next(1, 4000), throwOnEndOfStream: false);
            }

            client.Client.LingerState = new LingerOption(true, 0);
        }

        await IdleAsync(server, model);
        Assert.Equal("chat.completion", (string?)(await server.AskAsync(Chat, """{"messages":[{"role":"user","content":"hi"}],"max_tokens":1}"""))["object"]);
        Assert.Contains("finished_reason=\"abort\"", await server.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Chat, "messages")]
    [InlineData("/v1/messages", "messages")]
    [InlineData("/v1/responses", "input")]
    public async Task A_client_that_leaves_in_the_middle_of_a_stream_is_no_fault_of_the_server(string path, string conversation)
    {
        var log = new ListLogger();
        await using TestServer server = await TestServer.StartAsync(null, services => services.AddSingleton<ILoggerProvider>(log));
        string body = Long.Replace("messages", conversation, StringComparison.Ordinal);
        byte[] request = Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(server.Url.Host, server.Url.Port);
            await client.GetStream().WriteAsync(request);
            await client.GetStream().ReadAtLeastAsync(new byte[4000], 500);
        }

        await Eventually.HoldsAsync(() => server.State.Requests.All.Sum(entry => entry.Count) == 1);
        await server.StopAsync();
        Assert.Empty(log.Faults);
        Assert.Equal(200, server.State.Requests.All.Single().Status);
    }

    [Fact]
    public async Task A_client_that_does_not_wait_for_a_whole_answer_ends_its_generation()
    {
        await using TestServer server = await TestServer.StartAsync();
        LanguageModel model = server.Catalog.Entries[0].Loaded!.Language!;
        using var leaving = new CancellationTokenSource();
        using var content = new StringContent(Long.Replace(",\"stream\":true", "", StringComparison.Ordinal), null, "application/json");
        Task<HttpResponseMessage> asking = server.Client.PostAsync(Chat, content, leaving.Token);
        await Eventually.HoldsAsync(() => model.Statistics.Running == 1);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await IdleAsync(server, model);
    }

    [Fact]
    public async Task A_client_that_reads_slowly_makes_its_own_generation_wait_and_no_other()
    {
        await using TestServer server = await TestServer.StartAsync();
        using var client = new TcpClient { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(server.Url.Host, server.Url.Port);
        byte[] request = Encoding.ASCII.GetBytes($"POST {Chat} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {Long.Length}\r\n\r\n{Long}");
        await client.GetStream().WriteAsync(request);
        for (int i = 0; i < 5; i++)
        {
            JsonObject answer = await server.AskAsync(Chat, """{"messages":[{"role":"user","content":"What is E4M3?"}],"max_tokens":5}""");
            Assert.Equal(5, (int)answer["usage"]!["completion_tokens"]!);
        }

        using var reader = new StreamReader(client.GetStream());
        string? line;
        int chunks = 0;
        while ((line = await reader.ReadLineAsync()) is not "data: [DONE]")
        {
            chunks += line!.StartsWith("data: {", StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.InRange(chunks, 100, 1810);
    }

    [Fact]
    public async Task A_crowd_is_answered_or_refused_and_leaves_nothing_behind()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Models[0] = options.Models[0] with { Options = new() { Threads = 2, MaxSequences = 4, MaxWaiting = 8 } });
        LanguageModel model = server.Catalog.Entries[0].Loaded!.Language!;
        int pages = model.Statistics.PagesInUse;
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => server.PostAsync(Chat, $$"""{"messages":[{"role":"user","content":"{{i}}"}],"max_tokens":4,"ignore_eos":true}""")));
        Assert.All(responses, response => Assert.True((int)response.StatusCode is 200 or 429, $"{(int)response.StatusCode}"));
        Assert.InRange(responses.Count(response => (int)response.StatusCode == 200), 12, 100);
        Assert.All(responses.Where(response => (int)response.StatusCode == 429), response => Assert.NotNull(response.Headers.RetryAfter));
        await IdleAsync(server, model);
        Assert.Equal(pages, model.Statistics.PagesInUse);
    }

    [Fact]
    public async Task A_stream_that_waits_shows_that_it_lives()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.PingInterval = TimeSpan.FromMilliseconds(1));
        LanguageModel model = server.Catalog.Entries[0].Loaded!.Language!;
        foreach ((string path, string body) in ((string, string)[])
            [
                (Chat, """{"messages":[{"role":"user","content":"What is E4M3?"}],"stream":true,"max_tokens":30}"""),
                ("/v1/messages", """{"messages":[{"role":"user","content":"What is E4M3?"}],"stream":true,"max_tokens":30}"""),
                ("/v1/responses", """{"input":"What is E4M3?","stream":true,"max_output_tokens":30}"""),
            ])
        {
            // The model takes no step before the sign has come.
            using var sign = new ManualResetEventSlim();
            model.BeforeStep = _ => Assert.True(sign.Wait(TimeSpan.FromSeconds(60)));
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            using HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            var text = new StringBuilder();
            while (await reader.ReadLineAsync() is { } line)
            {
                text.Append(line).Append('\n');
                if (line.Contains("ping", StringComparison.Ordinal))
                {
                    sign.Set();
                }
            }

            Assert.True(sign.IsSet);
            Assert.NotEmpty(Events.Read(text.ToString()));
            model.BeforeStep = null;
        }
    }

    /// <summary>Waits until nobody uses the model and no generation is left.</summary>
    static async Task IdleAsync(TestServer server, LanguageModel model)
        => await Eventually.HoldsAsync(() => model.Statistics is { Running: 0, Waiting: 0 } && server.State.Get<ServerMetrics>().Models.All(entry => entry.Metrics.Running == 0));
}
