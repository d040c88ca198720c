using Microsoft.Playwright;

namespace Octet.Page.Tests;

/// <summary>The page, opened in a context of its own, with what happened in it that should not: errors, violations of the policy, dialogs, requests to elsewhere.</summary>
sealed class OpenPage : IAsyncDisposable
{
    /// <summary>Milliseconds to wait for what should come at once: the machine may be busy.</summary>
    internal const int Patience = 30_000;

    readonly IAsyncDisposable _server;
    readonly IBrowserContext _context;
    readonly List<string> _wrongs = [];

    OpenPage(IAsyncDisposable server, IBrowserContext context, IPage page)
    {
        _server = server;
        _context = context;
        Page = page;
    }

    /// <summary>The server that says what a test tells it to.</summary>
    internal FakeServer Server => (FakeServer)_server;

    internal IPage Page { get; }

    internal ILocator Input => Page.Locator("#input");

    internal ILocator Answers => Page.Locator(".message.assistant .text");

    internal ILocator LastAnswer => Answers.Last;

    internal ILocator Said => Page.Locator(".message.user .said");

    internal static async Task<OpenPage> OpenAsync(BrowserNewContextOptions? options = null, params Answer[] answers)
    {
        await Chromium.Get();
        FakeServer server = await FakeServer.StartAsync();
        server.Put(answers);
        return await OpenAsync(server, server.Address, options);
    }

    /// <summary>The page of a server, which is disposed of with it.</summary>
    internal static async Task<OpenPage> OpenAsync(IAsyncDisposable server, string address, BrowserNewContextOptions? options = null, bool waitsForModels = true)
    {
        IBrowser browser = await Chromium.Get();
        IBrowserContext context = await browser.NewContextAsync(options ?? new() { ViewportSize = new() { Width = 1280, Height = 800 } });
        context.SetDefaultTimeout(Patience);
        IPage page = await context.NewPageAsync();
        var opened = new OpenPage(server, context, page);
        page.PageError += (_, error) => opened._wrongs.Add(error);
        page.Dialog += async (_, dialog) =>
        {
            opened._wrongs.Add($"dialog: {dialog.Message}");
            await dialog.DismissAsync();
        };
        page.Console += (_, message) =>
        {
            // A status that is not 200 is written there by the browser itself.
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
            {
                opened._wrongs.Add(message.Text);
            }
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(address, StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
            {
                opened._wrongs.Add($"request to {request.Url}");
            }
        };
        await page.GotoAsync(address);
        if (waitsForModels)
        {
            await Assertions.Expect(page.Locator("#model option").First).ToBeAttachedAsync();
        }

        return opened;
    }

    internal static Task<OpenPage> OpenAsync(params Answer[] answers) => OpenAsync(null, answers);

    /// <summary>Types a message, sends it with Enter, and waits until its answer is finished.</summary>
    internal async Task Ask(string text)
    {
        await Send(text);
        await Finished();
    }

    internal async Task Send(string text)
    {
        await Input.FillAsync(text);
        await Input.PressAsync("Enter");
    }

    internal Task Finished() => Assertions.Expect(Page.Locator("#send")).ToBeVisibleAsync();

    internal void AssertNothingWrong() => Assert.Empty(_wrongs);

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        await _server.DisposeAsync();
    }
}
