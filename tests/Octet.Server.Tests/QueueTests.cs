using System.Diagnostics;

namespace Octet.Server.Tests;

/// <summary>More requests than are computed together: they wait, and are answered in their turn.</summary>
public class QueueTests
{
    const int Requests = 1000;

    [Fact]
    public async Task A_thousand_requests_wait_for_their_turn_and_are_all_answered()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Models[0] = options.Models[0] with { Options = new() { Threads = 2, MaxSequences = 16, MaxWaiting = Requests } });
        LanguageModel model = server.Catalog.Entries[0].Loaded!.Language!;
        int pages = model.Statistics.PagesInUse;
        int most = 0;
        model.BeforeStep = _ => most = Math.Max(most, model.Statistics.Waiting);

        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, Requests).Select(i => server.PostAsync("/v1/completions", $$"""{"prompt":"{{i}}","max_tokens":3,"ignore_eos":true}""")));

        Assert.All(responses, response => Assert.Equal(200, (int)response.StatusCode));
        Assert.True(most > Requests / 2, $"at most {most} waited");
        await Eventually.HoldsAsync(() => model.Statistics is { Running: 0, Waiting: 0 });
        Assert.Equal(pages, model.Statistics.PagesInUse);
        Assert.Equal(3 * Requests, model.Statistics.GeneratedTokens);
    }

    [Fact]
    public async Task Of_those_that_wait_any_may_leave_and_the_others_keep_their_turn()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Models[0] = options.Models[0] with { Options = new() { Threads = 2, MaxSequences = 1, MaxWaiting = 300 } });
        LanguageModel model = server.Catalog.Entries[0].Loaded!.Language!;
        using var leaving = new CancellationTokenSource();
        Task<HttpResponseMessage>[] going = [.. Enumerable.Range(0, 200).Select(i => SendAsync(i, leaving.Token))];
        Task<HttpResponseMessage>[] staying = [.. Enumerable.Range(0, 20).Select(i => SendAsync(i, CancellationToken.None))];
        await Eventually.HoldsAsync(() => model.Statistics.Waiting > 100);
        long begun = Stopwatch.GetTimestamp();
        await leaving.CancelAsync();

        Assert.All(await Task.WhenAll(staying), response => Assert.Equal(200, (int)response.StatusCode));
        await Eventually.HoldsAsync(() => model.Statistics is { Running: 0, Waiting: 0, PagesInUse: 0 });
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(30));
        foreach (Task<HttpResponseMessage> gone in going)
        {
            // One or the other may have had its answer before.
            _ = gone.IsCompletedSuccessfully ? (await gone).EnsureSuccessStatusCode() : null;
            Assert.False(gone.IsFaulted);
        }

        Task<HttpResponseMessage> SendAsync(int i, CancellationToken cancellationToken) => server.Client.PostAsync(
            "/v1/completions", new StringContent($$"""{"prompt":"{{i}}","max_tokens":30,"ignore_eos":true}""", null, "application/json"), cancellationToken);
    }
}
