using Microsoft.Playwright;

namespace Octet.Page.Tests;

/// <summary>One browser for all tests: <c>OCTET_CHROMIUM</c>, or that of the system.</summary>
static class Chromium
{
    /// <summary>The collection of all tests with a browser: pages side by side make each other wait.</summary>
    internal const string Collection = "browser";

    static readonly Lazy<Task<IBrowser>> s_browser = new(LaunchAsync);

    static string? Program { get; } = new[] { Environment.GetEnvironmentVariable("OCTET_CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }
        .FirstOrDefault(File.Exists);

    /// <summary>The browser; skips the running test where there is none.</summary>
    internal static Task<IBrowser> Get()
    {
        Assert.SkipWhen(Program is null, "there is no Chromium: install one (Debian: chromium), or name it in OCTET_CHROMIUM");
        return s_browser.Value;
    }

    static async Task<IBrowser> LaunchAsync()
    {
        IPlaywright playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(OpenPage.Patience);
        return await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Program, Headless = true, Args = ["--no-sandbox", "--disable-gpu"] });
    }
}
