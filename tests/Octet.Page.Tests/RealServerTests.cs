using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using Octet.Server;
using Octet.Testing;

namespace Octet.Page.Tests;

/// <summary>The page as the server has it, in a conversation with octet-tiny.</summary>
[Collection(Chromium.Collection)]
public partial class RealServerTests
{
    [Fact]
    public async Task Octet_tiny_answers_and_its_counts_are_the_server_s()
    {
        await using OpenPage page = await OpenAsync();
        await page.Ask("What is E4M3?");
        await Assertions.Expect(page.LastAnswer).ToContainTextAsync("448");
        int tokens = Counted(await page.Page.Locator(".counts").InnerTextAsync());
        string metrics = await Metrics(page);
        Assert.Contains($"vllm:generation_tokens_total{{model_name=\"octet-tiny\"}} {tokens.ToString(CultureInfo.InvariantCulture)}", metrics, StringComparison.Ordinal);
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task Stop_ends_the_generation_on_the_server_and_the_conversation_goes_on()
    {
        await using OpenPage page = await OpenAsync(options => options.Models[0] = options.Models[0] with { Options = new() { Threads = 1, StepLimit = TimeSpan.FromSeconds(1) } });

        // Its own settings make it write until it is stopped.
        await page.Page.EvaluateAsync("() => { const send = window.fetch; window.fetch = (url, init) => { if (init && init.body && init.method === 'POST') { const body = JSON.parse(init.body); if (body.messages.length === 1) { body.ignore_eos = true; body.max_tokens = 2000; init = { ...init, body: JSON.stringify(body) }; } } return send(url, init); }; }");
        await page.Send("What is E4M3?");
        await Assertions.Expect(page.LastAnswer).ToContainTextAsync("E4M3");
        await page.Page.Locator("#stop").ClickAsync();
        await page.Finished();
        for (int i = 0; i < 200 && !(await Metrics(page)).Contains("finished_reason=\"abort\"} 1", StringComparison.Ordinal); i++)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        string metrics = await Metrics(page);
        Assert.Contains("vllm:num_requests_running{model_name=\"octet-tiny\"} 0", metrics, StringComparison.Ordinal);
        Assert.Contains("finished_reason=\"abort\"} 1", metrics, StringComparison.Ordinal);
        await page.Ask("What is E5M2?");
        await Assertions.Expect(page.LastAnswer).ToContainTextAsync("E5M2");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task A_key_is_asked_for_and_then_used()
    {
        await using OpenPage page = await OpenAsync(options => options.ApiKeys.Add("the-key"), waitsForModels: false);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Settings" }).ClickAsync();
        await page.Page.GetByLabel("API key").FillAsync("the-key");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.Page.Locator("#model option").First).ToBeAttachedAsync();
        await page.Ask("What is E4M3?");
        await Assertions.Expect(page.LastAnswer).ToContainTextAsync("448");
        page.AssertNothingWrong();
    }

    static async Task<OpenPage> OpenAsync(Action<OctetServerOptions>? configure = null, bool waitsForModels = true)
    {
        await Chromium.Get();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddOctet(options =>
        {
            options.Models.Add(new ServedModel("octet-tiny", Path.Combine(Fixtures.Repository, "models", "octet-tiny")) { Options = new() { Threads = 2 } });
            configure?.Invoke(options);
        });
        WebApplication app = builder.Build();
        app.MapOctetOperations();
        app.MapOctetPage();
        app.MapOctet();
        await app.StartAsync();

        // Who asks while the model is being loaded is told to come again.
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        for (int i = 0; i < OpenPage.Patience / 50 && !(await client.GetAsync("/health")).IsSuccessStatusCode; i++)
        {
            await Task.Delay(50);
        }

        return await OpenPage.OpenAsync(app, app.Urls.First(), waitsForModels: waitsForModels);
    }

    static async Task<string> Metrics(OpenPage page) => await (await page.Page.APIRequest.GetAsync(new Uri(new Uri(page.Page.Url), "/metrics").ToString())).TextAsync();

    static int Counted(string counts) => int.Parse(Count().Match(counts).Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(\d+) tokens")]
    private static partial Regex Count();
}
