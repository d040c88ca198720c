using System.Text.Json.Nodes;
using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace Octet.Page.Tests;

/// <summary>Sizes, colours, keys and what assistive technology is told.</summary>
[Collection(Chromium.Collection)]
public class LayoutTests
{
    public LayoutTests() => Slow.Require();

    internal const string Example = """
        ## A heading

        Some **bold** text, *emphasis*, `code`, and a [link](https://example.org).

        1. first
        2. second
           - nested

        > A quote.

        | name | bits |
        |:-----|-----:|
        | E4M3 | 8 |
        | BF16 | 16 |

        ```csharp
        // widen a byte
        float Widen(byte code) => code switch { 0x7F => float.NaN, _ => 1.5f };
        ```
        """;

    public static TheoryData<int, int, ColorScheme, string> Screens => new()
    {
        { 1280, 800, ColorScheme.Light, "desktop-light" },
        { 1280, 800, ColorScheme.Dark, "desktop-dark" },
        { 390, 844, ColorScheme.Light, "phone-light" },
        { 360, 640, ColorScheme.Dark, "phone-dark" },
    };

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task Nothing_is_wider_than_the_screen_and_axe_finds_no_violation(int width, int height, ColorScheme scheme, string name)
    {
        await using OpenPage page = await OpenPage.OpenAsync(
            new BrowserNewContextOptions { ViewportSize = new() { Width = width, Height = height }, ColorScheme = scheme },
            Answer.Deltas(
                new JsonObject { ["reasoning_content"] = "They ask for an example." },
                new JsonObject { ["content"] = Example + "\n\nA_very_long_word_" + new string('x', 200) }),
            Answer.Refuse(429, "busy", "2"),
            Answer.Deltas("tool_calls", new JsonObject { ["tool_calls"] = new JsonArray(new JsonObject { ["index"] = 0, ["id"] = "c", ["function"] = new JsonObject { ["name"] = "look", ["arguments"] = "{}" } }) }));
        await Check("empty");
        await page.Ask("Show me what you can do, with a question that is long enough to take more than one line on a small screen");
        await Check("answer");
        await page.Page.Locator("#talk").EvaluateAsync("talk => { talk.scrollTop = 0; }");
        await Shot(page, $"{name}-top");
        await page.Ask("again");
        await page.Ask("and a tool");
        await page.Page.Locator("summary").First.ClickAsync();
        await Check("error-and-tool");
        if (width < 700)
        {
            await page.Page.Locator("#open-side").ClickAsync();
            await Check("side");
            await page.Page.Locator("#close-side").ClickAsync();
        }

        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Settings" }).ClickAsync();
        await Check("settings");
        page.AssertNothingWrong();

        async Task Check(string state)
        {
            await Shot(page, $"{name}-{state}");
            Assert.True(await page.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth && document.querySelector('#talk').scrollWidth <= document.querySelector('#talk').clientWidth"), $"{name} {state} is too wide");
            await AssertAccessible(page, $"{name} {state}");
        }
    }

    [Fact]
    public async Task The_theme_can_be_switched_and_stays()
    {
        await using OpenPage page = await OpenPage.OpenAsync(new BrowserNewContextOptions { ColorScheme = ColorScheme.Light });
        Assert.Equal("rgb(255, 255, 255)", await Background());
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Dark or light" }).ClickAsync();
        Assert.Equal("rgb(21, 24, 29)", await Background());
        await page.Page.ReloadAsync();
        Assert.Equal("rgb(21, 24, 29)", await Background());

        Task<string> Background() => page.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
    }

    [Fact]
    public async Task Everything_can_be_reached_by_keys_and_shows_that_it_has_the_focus()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Say("ok"));
        await page.Ask("hi");
        await page.Page.Locator(".skip").FocusAsync();
        await Assertions.Expect(page.Page.Locator(".skip")).ToBeInViewportAsync();
        await page.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Input).ToBeFocusedAsync();
        await page.Page.Locator(".skip").FocusAsync();
        var seen = new HashSet<string>();
        for (int i = 0; i < 40; i++)
        {
            await page.Page.Keyboard.PressAsync("Tab");
            seen.Add(await page.Page.EvaluateAsync<string>("document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"));
            Assert.True(await page.Page.EvaluateAsync<bool>(
                "document.activeElement === document.body || document.activeElement.id === 'input' || getComputedStyle(document.activeElement).outlineStyle !== 'none'"), string.Join(", ", seen));
        }

        Assert.Superset(new HashSet<string> { "new", "export-markdown", "export-json", "import", "model", "theme", "open-settings", "input", "send", "Rename hi", "Delete hi", "Edit this message", "Retry: ask for another answer" }, seen);
    }

    [Fact]
    public async Task Who_has_scrolled_up_stays_there_while_the_answer_goes_on()
    {
        var rest = new TaskCompletionSource();
        string[] lines = [.. Enumerable.Range(0, 200).Select(static i => $"line {i}\n\n")];
        Answer answer = Answer.Begin(Task.Delay(-1, TestContext.Current.CancellationToken), lines) with { Pause = TimeSpan.FromMilliseconds(5) };
        await using OpenPage page = await OpenPage.OpenAsync(answer);
        await page.Send("many lines");
        await Assertions.Expect(page.LastAnswer).ToContainTextAsync("line 60");
        ILocator talk = page.Page.Locator("#talk");
        Assert.True(await talk.EvaluateAsync<double>("t => t.scrollHeight - t.scrollTop - t.clientHeight") < 100, "the end is not followed");
        await talk.EvaluateAsync("t => { t.scrollTop = 100; }");
        await Assertions.Expect(page.LastAnswer).ToContainTextAsync("line 199");
        Assert.Equal(100, await talk.EvaluateAsync<double>("t => t.scrollTop"));
        await page.Page.Locator("#to-end").ClickAsync();
        Assert.True(await talk.EvaluateAsync<double>("t => t.scrollHeight - t.scrollTop - t.clientHeight") < 2);
        await Assertions.Expect(page.Page.Locator("#to-end")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task An_answer_is_announced_once_and_not_by_the_token()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Say("a", "b", "c", "d"));
        await page.Page.EvaluateAsync("""
            window.said = [];
            new MutationObserver(() => window.said.push(document.querySelector("#status").textContent)).observe(document.querySelector("#status"), { childList: true, characterData: true, subtree: true });
            """);
        await page.Ask("x");
        Assert.Equal(["The answer begins.", "The answer is finished. abcd"], await page.Page.EvaluateAsync<string[]>("window.said"));
        Assert.Equal(0, await page.Page.Locator("#messages [aria-live], #messages [role=log]").CountAsync());
    }

    [Fact]
    public async Task Motion_is_left_out_where_it_is_not_wanted()
    {
        await using OpenPage page = await OpenPage.OpenAsync(
            new BrowserNewContextOptions { ReducedMotion = ReducedMotion.Reduce }, Answer.Begin(Task.Delay(-1, TestContext.Current.CancellationToken), "x"));
        await page.Send("x");
        await Assertions.Expect(page.LastAnswer).ToHaveTextAsync("x");
        Assert.Equal("none", await page.LastAnswer.EvaluateAsync<string>("e => getComputedStyle(e, '::after').animationName"));
    }

    [Fact]
    public async Task Text_that_runs_from_right_to_left_does()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Say("مرحبا\n\nhello"));
        await page.Ask("שלום");
        Assert.Equal("rtl", await page.Said.EvaluateAsync<string>("e => getComputedStyle(e).direction"));
        Assert.Equal(["rtl", "ltr"], await page.LastAnswer.EvaluateAsync<string[]>("e => [...e.querySelectorAll('p')].map(p => getComputedStyle(p).direction)"));
    }

    static async Task AssertAccessible(OpenPage page, string state)
    {
        await page.Page.EvaluateAsync(new BundledAxeScriptProvider().GetScript());
        string violations = await page.Page.EvaluateAsync<string>("""
            async () => {
              const { violations } = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
              return violations.map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " " + n.failureSummary).join(" | ")}`).join("\n");
            }
            """);
        Assert.True(violations.Length == 0, $"{state}: {violations}");
    }

    /// <summary>A picture to look at, where <c>OCTET_SCREENSHOTS</c> names a folder for them.</summary>
    static async Task Shot(OpenPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("OCTET_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png") });
        }
    }
}
