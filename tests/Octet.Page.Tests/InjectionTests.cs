using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Octet.Page.Tests;

/// <summary>Nothing that a model, a server or a file says is ever run.</summary>
[Collection(Chromium.Collection)]
public class InjectionTests
{
    const string Run = "window.ran=(window.ran||0)+1;alert(1)";

    static readonly string[] s_vectors =
    [
        $"<script>{Run}</script>",
        $"<img src=x onerror=\"{Run}\">",
        $"<svg onload=\"{Run}\"><animate onbegin=\"{Run}\" attributeName=x dur=1s>",
        $"<svg><script>{Run}</script></svg>",
        $"<iframe srcdoc=\"<script>parent.{Run}</script>\"></iframe>",
        $"<iframe src=\"javascript:{Run}\"></iframe>",
        $"<details open ontoggle=\"{Run}\">x</details>",
        $"<input autofocus onfocus=\"{Run}\">",
        $"<a href=\"javascript:{Run}\">click</a>",
        $"<math><mtext></mtext><mglyph><style><img src=x onerror=\"{Run}\"></style></mglyph></math>",
        $"<noscript><p title=\"</noscript><img src=x onerror={Run}>\">",
        $"<template><script>{Run}</script></template>",
        $"</textarea></title></style></script><script>{Run}</script>",
        $"<!--<img src=\"--><img src=x onerror={Run}//\">",
        $"[click](javascript:{Run})",
        $"[click](JaVaScRiPt:{Run})",
        $"[click](java\tscript:{Run})",
        $"[click](&#106;avascript:{Run})",
        $"[click](data:text/html,<script>{Run}</script>)",
        $"[click](vbscript:{Run})",
        $"[click](https://x.org\" onmouseover=\"{Run})",
        $"[click](https://x.org/\u0000javascript:{Run})",
        $"[a\"onmouseover=\"{Run}](https://x.org)",
        $"![x\" onerror=\"{Run}](x)",
        $"![x](javascript:{Run})",
        $"<javascript:{Run}>",
        $"```html\" onmouseover=\"{Run}\n<script>{Run}</script>\n```",
        $"```<img src=x onerror={Run}>\ncode\n```",
        $"`<img src=x onerror={Run}>`",
        $"| <img src=x onerror={Run}> | b |\n|---|---|\n| <script>{Run}</script> | [x](javascript:{Run}) |",
        $"> <script>{Run}</script>\n\n- <img src=x onerror={Run}>\n\n# <svg onload={Run}>",
        $"**<img src=x onerror={Run}>** *[b](javascript:{Run})*",
        $"{{{{constructor.constructor('{Run}')()}}}}",
        $"<form action=\"javascript:{Run}\"><button>x</button></form>",
        $"<meta http-equiv=refresh content=\"0;url=javascript:{Run}\">",
        $"<base href=\"https://evil.example/\"><link rel=stylesheet href=\"https://evil.example/x.css\">",
        $"<style>@import url(https://evil.example/x.css);</style>",
        "__proto__ constructor toString [__proto__](https://x.org/__proto__)",
    ];

    [Fact]
    public async Task What_a_model_says_never_runs_and_fetches_nothing()
    {
        await using OpenPage page = await OpenPage.OpenAsync();
        foreach (string vector in s_vectors)
        {
            page.Server.Put(Answer.Deltas(
                new JsonObject { ["reasoning_content"] = vector },
                new JsonObject { ["content"] = vector },
                new JsonObject { ["tool_calls"] = new JsonArray(new JsonObject { ["index"] = 0, ["id"] = vector, ["function"] = new JsonObject { ["name"] = vector, ["arguments"] = vector } }) }));

            // What a user pastes is no more to be trusted, nor is the title made of it.
            await page.Page.Locator("#new").ClickAsync();
            await page.Ask(vector);
            await Check(page, vector);
        }

        await page.Page.ReloadAsync();
        await Check(page, "after a reload");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task Names_of_models_errors_of_servers_and_imported_files_never_run()
    {
        string image = $"<img src=x onerror=\"{Run}\">";
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Refuse(400, image), new Answer { Events = [new JsonObject { ["error"] = new JsonObject { ["message"] = image } }.ToJsonString()] });
        page.Server.Models = [image];
        await page.Page.ReloadAsync();
        await Assertions.Expect(page.Page.Locator("#model option")).ToHaveTextAsync(image);
        await page.Ask("hi");
        await page.Ask("hi");
        await Assertions.Expect(page.Page.Locator(".message .error")).ToHaveTextAsync([$"The server answered 400. ({image})", image]);
        string file = new JsonObject
        {
            ["id"] = image,
            ["title"] = image,
            ["leaf"] = 1,
            ["nodes"] = new JsonArray(
                new JsonObject { ["role"] = "user", ["parent"] = -1, ["content"] = image },
                new JsonObject { ["role"] = image, ["parent"] = 0, ["content"] = image, ["model"] = image, ["counts"] = image, ["error"] = image, ["__proto__"] = new JsonObject { ["ran"] = 1 } }),
        }.ToJsonString();
        await page.Page.Locator("#import-file").SetInputFilesAsync(new FilePayload { Name = $"{image}.json", MimeType = "application/json", Buffer = System.Text.Encoding.UTF8.GetBytes(file) });
        await page.Page.Locator("#list .open", new() { HasText = image }).First.ClickAsync();
        await Check(page, "an import");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task The_policy_itself_refuses_what_the_page_does_not_do()
    {
        await using OpenPage page = await OpenPage.OpenAsync();
        string outcome = await page.Page.EvaluateAsync<string>("""
            async () => {
              const script = document.createElement("script");
              script.textContent = "window.ran = 1";
              document.body.append(script);
              const image = document.createElement("img");
              image.setAttribute("onerror", "window.ran = 1");
              image.src = "data:broken";
              document.body.append(image);
              const style = document.createElement("p");
              style.setAttribute("style", "color: rgb(1, 2, 3)");
              document.body.append(style);
              const fetched = await fetch("https://example.org/").then(() => "fetched", () => "refused");
              await new Promise(done => setTimeout(done, 100));
              return `${window.ran ?? "nothing"} ran, ${getComputedStyle(style).color === "rgb(1, 2, 3)" ? "styled" : "unstyled"}, ${fetched}`;
            }
            """);
        Assert.Equal("nothing ran, unstyled, refused", outcome);
    }

    static async Task Check(OpenPage page, string vector)
    {
        // Whatever could be clicked, hovered or focused is.
        string found = await page.Page.EvaluateAsync<string>("""
            () => {
              for (const element of document.querySelectorAll("#messages *, #list *")) {
                element.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
                if (element.matches("a")) { element.addEventListener("click", event => { if (/^https?:$/.test(element.protocol)) event.preventDefault(); }); element.click(); }
              }
              const odd = [...document.querySelectorAll("#messages *, #list *")].filter(element =>
                /^(script|img|svg|iframe|object|embed|form|input|style|link|base|meta|math|template|noscript|video|audio)$/i.test(element.localName)
                && !element.closest(".icon, form.result")
                || [...element.attributes].some(attribute => /^on/i.test(attribute.name) || attribute.name === "style")
                || (element.localName === "a" && !/^https?:$/.test(element.protocol)));
              return `${window.ran ?? 0} ${odd.map(element => element.outerHTML).join(" ")} ${({}).ran ?? ""}`;
            }
            """);
        Assert.True(found.Trim() == "0", $"{vector} made {found}");
    }
}
