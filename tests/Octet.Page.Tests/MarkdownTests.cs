using System.Diagnostics;
using System.Text;
using Microsoft.Playwright;

namespace Octet.Page.Tests;

/// <summary>What an answer's Markdown becomes, however it is cut into pieces.</summary>
[Collection(Chromium.Collection)]
public class MarkdownTests
{
    public MarkdownTests() => Slow.Require();

    public static TheoryData<string, string> Cases => new()
    {
        { "plain\nnext", "<p>plain<br>next</p>" },
        { "# One\n\n### Three ###\n\nTwo\n---", "<h3>One</h3><h4>Three</h4><h4>Two</h4>" },
        { "*a* **b** ***c*** _d_ __e__ ~~f~~ `g`", "<p><em>a</em> <strong>b</strong> <strong><em>c</em></strong> <em>d</em> <strong>e</strong> <del>f</del> <code>g</code></p>" },
        { "2 * 3 * 4, snake_case_name, a*b, **open", "<p>2 * 3 * 4, snake_case_name, a*b, **open</p>" },
        { "`` a`b `` and \\*stars\\* and \\`ticks`", "<p><code>a`b</code> and *stars* and `ticks`</p>" },
        { "- a\n- b\n  - c\n    - d\n- [x] e", "<ul><li>a</li><li>b<ul><li>c<ul><li>d</li></ul></li></ul></li><li>☑ e</li></ul>" },
        { "3. a\n4. b\n\n   more", "<ol start=3><li><p>a</p></li><li><p>b</p><p>more</p></li></ol>" },
        { "1. one\n  - under\n2. two", "<ol><li>one<ul><li>under</li></ul></li><li>two</li></ol>" },
        { "> quoted\n> - in it\n\nafter", "<blockquote><p>quoted</p><ul><li>in it</li></ul></blockquote><p>after</p>" },
        { "a\n\n---\n\nb", "<p>a</p><hr><p>b</p>" },
        { "| a | b |\n|---|:-:|\n| 1 | **2** |\n| 3 |", "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td><strong>2</strong></td></tr><tr><td>3</td><td></td></tr></tbody></table>" },
        { "text\n| a |\n|---|\n| x \\| y |", "<p>text</p><table><thead><tr><th>a</th></tr></thead><tbody><tr><td>x | y</td></tr></tbody></table>" },
        { "```py\nif x:\n    y = \"<b>\"\n```\nend", "code(py)[if x:\n    y = \"<b>\"]<p>end</p>" },
        { "~~~\na ``` b\n~~~", "code()[a ``` b]" },
        { "````\n```\ninner\n```\n````\nx", "code()[```\ninner\n```]<p>x</p>" },
        { "```js\nnever closed", "code(js)[never closed]" },
        { "- item\n  ```\n  code\n  ```", "<ul><li>itemcode()[code]</li></ul>" },
        { "[a](https://x.org/p?q=1) https://y.org/z. [b](/local) ![c](http://z.org/i.png)", "<p><a https://x.org/p?q=1>a</a> <a https://y.org/z>https://y.org/z</a>. [b](/local) <a http://z.org/i.png>c</a></p>" },
        { "(see https://en.wikipedia.org/wiki/A_(b)) [**x** `y`](http://x.org/) [no] (no)", "<p>(see <a https://en.wikipedia.org/wiki/A_(b)>https://en.wikipedia.org/wiki/A_(b)</a>) <a http://x.org/><strong>x</strong> <code>y</code></a> [no] (no)</p>" },
        { "<b>not bold</b> &amp; <script>alert(1)</script>", "<p><b>not bold</b> &amp; <script>alert(1)</script></p>" },
        { "日本語**太字**です\n\nمرحبا", "<p>日本語<strong>太字</strong>です</p><p>مرحبا</p>" },
    };

    // The page's own names for what it made: tags, addresses, and code by its language and text.
    const string Outline = """
        root => {
          const walk = node => {
            if (node.nodeType === 3) return node.data;
            const inner = [...node.childNodes].map(walk).join("");
            if (node.nodeName === "SPAN") return inner;
            if (node.className === "code") {
              const language = node.querySelector("div span").textContent;
              return `code(${language === "code" ? "" : language})[${node.querySelector("code").textContent}]`;
            }
            if (node.nodeName === "DIV") return inner;
            const tag = node.nodeName.toLowerCase();
            const more = tag === "a" ? ` ${node.getAttribute("href")}` : tag === "ol" && node.start !== 1 ? ` start=${node.start}` : "";
            return ["br", "hr"].includes(tag) ? `<${tag}>` : `<${tag}${more}>${inner}</${tag}>`;
          };
          return [...root.childNodes].map(walk).join("");
        }
        """;

    [Fact]
    public async Task Every_construct_becomes_what_it_should_whole_or_streamed_and_after_a_reload()
    {
        await using OpenPage page = await OpenPage.OpenAsync();
        foreach (var row in Cases)
        {
            (string markdown, string expected) = row.Data;
            foreach (int length in (int[])[markdown.Length, 1, 3])
            {
                page.Server.Put(Answer.Pieces(markdown, length) with { Pause = TimeSpan.FromMilliseconds(length == 3 ? 4 : 0) });
                await page.Page.Locator("#new").ClickAsync();
                await page.Ask("x");
                Assert.Equal($"{length}: {expected}", $"{length}: {await page.LastAnswer.EvaluateAsync<string>(Outline)}");
            }
        }

        page.AssertNothingWrong();
    }

    [Fact]
    public async Task Links_leave_the_page_without_a_way_back()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Say("[a](https://x.org) http://y.org"));
        await page.Ask("x");
        foreach (ILocator link in await page.LastAnswer.Locator("a").AllAsync())
        {
            Assert.Contains("noopener", await link.GetAttributeAsync("rel"), StringComparison.Ordinal);
            Assert.Equal("_blank", await link.GetAttributeAsync("target"));
        }
    }

    [Fact]
    public async Task Code_is_copied_as_it_was_written()
    {
        await using OpenPage page = await OpenPage.OpenAsync(
            new BrowserNewContextOptions { Permissions = ["clipboard-read", "clipboard-write"] }, Answer.Say("```cs\nvar x = \"<a>\"; // why\n```"));
        await page.Ask("x");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Copy cs" }).ClickAsync();
        await Assertions.Expect(page.Page.Locator(".code button")).ToHaveTextAsync("Copied");
        Assert.Equal("var x = \"<a>\"; // why", await page.Page.EvaluateAsync<string>("navigator.clipboard.readText()"));
        await Assertions.Expect(page.LastAnswer.Locator(".k")).ToHaveTextAsync("var");
        await Assertions.Expect(page.LastAnswer.Locator(".c")).ToHaveTextAsync("// why");
    }

    public static TheoryData<string, string> Hostile => new()
    {
        { "brackets", new StringBuilder().Insert(0, "[", 100_000).ToString() },
        { "link ends", new StringBuilder().Insert(0, "](", 100_000).ToString() },
        { "stars", new StringBuilder().Insert(0, "*a ", 60_000).ToString() },
        { "marks", new StringBuilder().Insert(0, "**_~~[", 30_000).ToString() },
        { "ticks", string.Concat(Enumerable.Range(1, 500).Select(static n => new string('`', n) + " ")) },
        { "quotes", new string('>', 50_000) },
        { "spaces", "](" + new string(' ', 100_000) },
        { "hashes", "# " + new StringBuilder().Insert(0, "# ", 50_000) },
        { "addresses", new StringBuilder().Insert(0, "http://", 30_000).ToString() },
        { "parentheses", "http://a" + new string(')', 100_000) },
        { "table", string.Concat(Enumerable.Repeat("|a|b|c|\n|-|-|-|\n", 5_000)) },
        { "comments", "```js\n" + new StringBuilder().Insert(0, "/*", 24_000) + "\n```" },
        { "nested list", string.Concat(Enumerable.Range(0, 400).Select(static n => new string(' ', 2 * n) + "- x\n")) },
        { "lines", new StringBuilder().Insert(0, "word *a* `b`\n", 20_000).ToString() },
    };

    [Fact]
    public async Task Text_made_to_be_slow_is_not()
    {
        await using OpenPage page = await OpenPage.OpenAsync();
        foreach (var row in Hostile)
        {
            (string name, string markdown) = row.Data;
            page.Server.Put(Answer.Pieces(markdown, 20_000));
            await page.Page.Locator("#new").ClickAsync();
            var time = Stopwatch.StartNew();
            await page.Ask(name);

            // Milliseconds where the time is linear, minutes where it is not.
            Assert.True(time.Elapsed < TimeSpan.FromSeconds(8), $"{name} took {time.Elapsed}");
            await Assertions.Expect(page.Page.Locator(".message .error")).ToHaveCountAsync(0);
        }

        page.AssertNothingWrong();
    }

    [Fact]
    public async Task A_huge_answer_leaves_the_page_quick()
    {
        string paragraph = "A paragraph with **bold** and `code` of some length, as answers have it.\n\n";
        string code = "```c\n" + string.Concat(Enumerable.Repeat("int f(int x) { return x + 1; } // a line\n", 5_000)) + "```\n";
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Pieces(string.Concat(Enumerable.Repeat(paragraph, 1_500)) + code + "the end", 200));
        await page.Page.EvaluateAsync("""
            window.longest = 0;
            let last = performance.now();
            setInterval(() => { const now = performance.now(); window.longest = Math.max(window.longest, now - last); last = now; }, 5);
            """);
        await page.Ask("write a book");
        await Assertions.Expect(page.LastAnswer.Locator("p").Last).ToHaveTextAsync("the end");
        await Assertions.Expect(page.LastAnswer.Locator("p")).ToHaveCountAsync(1_501);
        double longest = await page.Page.EvaluateAsync<double>("window.longest");
        Assert.True(longest < 1_500, $"the page did not react for {longest:0} ms");
    }
}
