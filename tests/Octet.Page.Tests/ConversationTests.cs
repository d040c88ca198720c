using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Octet.Page.Tests;

[Collection(Chromium.Collection)]
public class ConversationTests
{
    [Fact]
    public async Task A_question_is_sent_and_its_answer_streams_in()
    {
        var rest = new TaskCompletionSource();
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Begin(rest.Task, "Hel", "lo", " **you"));
        await page.Send("Hi there");
        await Assertions.Expect(page.Said).ToHaveTextAsync("Hi there");
        await Assertions.Expect(page.LastAnswer).ToContainTextAsync("Hello");
        await Assertions.Expect(page.Page.Locator("#hint")).ToContainTextAsync("tokens/s");
        await Assertions.Expect(page.Page.Locator("#stop")).ToBeVisibleAsync();
        rest.SetResult();
        await page.Finished();
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task The_request_has_what_the_API_asks_for()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Say("one"), Answer.Say("two"));
        await page.Ask("first");
        await page.Page.Locator("#model").SelectOptionAsync("other-model");
        await page.Ask("second");
        JsonNode request = page.Server.Requests.Last();
        Assert.Equal("other-model", (string)request["model"]!);
        Assert.True((bool)request["stream"]!);
        Assert.True((bool)request["stream_options"]!["include_usage"]!);
        Assert.Equal(["user first", "assistant one", "user second"], request["messages"]!.AsArray().Select(static message => $"{message!["role"]} {message["content"]}"));

        // What is not set is the model's own.
        Assert.Equal(["messages", "model", "stream", "stream_options"], request.AsObject().Select(static field => field.Key).Order());
    }

    [Fact]
    public async Task Counts_and_speed_stand_under_the_answer()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Say("a", "b", "c"));
        await page.Ask("count");
        string counts = await page.Page.Locator(".counts").InnerTextAsync();
        Assert.Matches(@"^34 tokens · [\d.]+ tokens/s · first after [\d.]+ s · prompt 12 \(5 cached\)$", counts);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stop_keeps_what_has_come_and_tells_the_server(bool byKey)
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Begin(Task.Delay(-1, TestContext.Current.CancellationToken), "The beginning"));
        await page.Send("long");
        await Assertions.Expect(page.LastAnswer).ToHaveTextAsync("The beginning");
        await (byKey ? page.Input.PressAsync("Escape") : page.Page.Locator("#stop").ClickAsync());
        await page.Finished();
        await page.Server.Disconnected.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        await Assertions.Expect(page.LastAnswer).ToHaveTextAsync("The beginning");
        await Assertions.Expect(page.Page.Locator(".counts")).ToContainTextAsync("stopped");
        await Assertions.Expect(page.Page.Locator(".message .error")).ToHaveCountAsync(0);
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task Retry_asks_again_and_both_answers_can_be_seen()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Say("first answer"), Answer.Say("second answer"));
        await page.Ask("question");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Retry: ask for another answer" }).ClickAsync();
        await Assertions.Expect(page.LastAnswer).ToHaveTextAsync("second answer");
        await page.Finished();
        Assert.Single(page.Server.Requests.Last()["messages"]!.AsArray());
        await Assertions.Expect(page.Answers).ToHaveCountAsync(1);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Version before" }).ClickAsync();
        await Assertions.Expect(page.LastAnswer).ToHaveTextAsync("first answer");
        await Assertions.Expect(page.Page.Locator(".assistant .tools")).ToContainTextAsync("1/2");
    }

    [Fact]
    public async Task An_earlier_message_can_be_edited_and_the_conversation_goes_on_from_there()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Say("A1"), Answer.Say("A2"), Answer.Say("A3"));
        await page.Ask("Q1");
        await page.Ask("Q2");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Edit this message" }).First.ClickAsync();
        ILocator area = page.Page.GetByLabel("Edited message");
        await Assertions.Expect(area).ToHaveValueAsync("Q1");
        await area.FillAsync("Q1 in other words");
        await area.PressAsync("Enter");
        await page.Finished();
        await Assertions.Expect(page.Said).ToHaveTextAsync(["Q1 in other words"]);
        await Assertions.Expect(page.Answers).ToHaveTextAsync(["A3"]);
        Assert.Equal("Q1 in other words", (string)Assert.Single(page.Server.Requests.Last()["messages"]!.AsArray())!["content"]!);

        // The branch before is still there, whole.
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Version before" }).ClickAsync();
        await Assertions.Expect(page.Said).ToHaveTextAsync(["Q1", "Q2"]);
        await Assertions.Expect(page.Answers).ToHaveTextAsync(["A1", "A2"]);
    }

    [Fact]
    public async Task A_reload_keeps_the_conversations_and_their_names()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Say("one"), Answer.Say("two **bold**"));
        await page.Ask("first topic");
        await page.Page.Locator("#new").ClickAsync();
        await Assertions.Expect(page.Page.Locator("#welcome")).ToBeVisibleAsync();
        await page.Ask("second topic");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Rename first topic" }).ClickAsync();
        await page.Page.GetByLabel("New title").FillAsync("Renamed");
        await page.Page.GetByLabel("New title").PressAsync("Enter");
        await page.Page.ReloadAsync();
        await Assertions.Expect(page.Page.Locator("#list .open")).ToHaveTextAsync(["second topic", "Renamed"]);
        await Assertions.Expect(page.LastAnswer.Locator("strong")).ToHaveTextAsync("bold");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Renamed", Exact = true }).ClickAsync();
        await Assertions.Expect(page.LastAnswer).ToHaveTextAsync("one");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task A_deleted_conversation_can_be_brought_back()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Say("one"));
        await page.Ask("topic");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Delete topic" }).ClickAsync();
        await Assertions.Expect(page.Page.Locator("#list li")).ToHaveCountAsync(0);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Assertions.Expect(page.Page.Locator("#list .open")).ToHaveTextAsync("topic");
        await page.Page.ReloadAsync();
        await Assertions.Expect(page.LastAnswer).ToHaveTextAsync("one");
    }

    [Fact]
    public async Task What_is_exported_can_be_imported_elsewhere()
    {
        string json;
        await using (OpenPage page = await OpenPage.OpenAsync(Answer.Say("Ä **bold** answer")))
        {
            await page.Ask("Grüße");
            json = await Exported(page, "#export-json");
            Assert.Equal("# Grüße\n\n## You\n\nGrüße\n\n## octet-tiny\n\nÄ **bold** answer\n", await Exported(page, "#export-markdown"));
        }

        await using OpenPage other = await OpenPage.OpenAsync();
        await other.Page.Locator("#import-file").SetInputFilesAsync(new FilePayload { Name = "c.json", MimeType = "application/json", Buffer = System.Text.Encoding.UTF8.GetBytes(json) });
        await other.Page.GetByRole(AriaRole.Button, new() { Name = "Grüße", Exact = true }).ClickAsync();
        await Assertions.Expect(other.LastAnswer).ToHaveTextAsync("Ä bold answer");

        static async Task<string> Exported(OpenPage page, string button)
        {
            IDownload download = await page.Page.RunAndWaitForDownloadAsync(() => page.Page.Locator(button).ClickAsync());
            return await File.ReadAllTextAsync(await download.PathAsync());
        }
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{\"conversations\": 3}")]
    [InlineData("null")]
    public async Task A_file_that_is_no_export_is_refused_in_words(string text)
    {
        await using OpenPage page = await OpenPage.OpenAsync();
        await page.Page.Locator("#import-file").SetInputFilesAsync(new FilePayload { Name = "odd.json", MimeType = "application/json", Buffer = System.Text.Encoding.UTF8.GetBytes(text) });
        await Assertions.Expect(page.Page.Locator("#notice")).ToContainTextAsync("odd.json cannot be imported");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task Reasoning_is_folded_away()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Deltas(
            new JsonObject { ["reasoning_content"] = "Let me " }, new JsonObject { ["reasoning_content"] = "think <b>hard</b>" }, new JsonObject { ["content"] = "42" }));
        await page.Ask("meaning");
        ILocator thoughts = page.Page.Locator("details.folded").First;
        await Assertions.Expect(thoughts.Locator("div")).ToBeHiddenAsync();
        await thoughts.Locator("summary").ClickAsync();
        await Assertions.Expect(thoughts.Locator("div")).ToHaveTextAsync("Let me think <b>hard</b>");
        await Assertions.Expect(page.LastAnswer).ToHaveTextAsync("42");
    }

    [Fact]
    public async Task Calls_of_tools_are_shown_and_their_results_can_be_given()
    {
        var start = new JsonObject { ["index"] = 0, ["id"] = "c1", ["function"] = new JsonObject { ["name"] = "get_weather", ["arguments"] = "" } };
        var arguments = new JsonObject { ["index"] = 0, ["function"] = new JsonObject { ["arguments"] = "{\"city\":\"Paris\"}" } };
        await using OpenPage page = await OpenPage.OpenAsync(
            Answer.Deltas("tool_calls", new JsonObject { ["tool_calls"] = new JsonArray(start) }, new JsonObject { ["tool_calls"] = new JsonArray(arguments) }), Answer.Say("It is sunny."));
        await page.Ask("Weather?");
        await Assertions.Expect(page.Page.Locator(".assistant summary", new() { HasText = "Calls get_weather" })).ToBeVisibleAsync();
        await Assertions.Expect(page.Page.Locator(".assistant .folded pre")).ToContainTextAsync("\"city\": \"Paris\"");
        await page.Page.GetByLabel("Result of get_weather").FillAsync("sunny");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Send results" }).ClickAsync();
        await Assertions.Expect(page.LastAnswer).ToHaveTextAsync("It is sunny.");
        JsonArray messages = page.Server.Requests.Last()["messages"]!.AsArray();
        Assert.Equal(["user", "assistant", "tool"], messages.Select(static message => (string)message!["role"]!));
        Assert.Equal("c1", (string)messages[1]!["tool_calls"]![0]!["id"]!);
        Assert.Equal(("c1", "sunny"), ((string)messages[2]!["tool_call_id"]!, (string)messages[2]!["content"]!));
    }

    [Fact]
    public async Task Settings_reach_the_server_and_are_kept()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Say("ok"));
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Settings" }).ClickAsync();
        foreach ((string name, string value) in ((string, string)[])[("system", "Be short."), ("temperature", "0.5"), ("top_p", "0.9"), ("max_tokens", "64"), ("seed", "7"), ("stop", "END\n###")])
        {
            await page.Page.Locator($"dialog [name={name}]").FillAsync(value);
        }

        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.Page.ReloadAsync();
        await page.Ask("hi");
        JsonNode request = page.Server.Requests.Single();
        Assert.Equal("Be short.", (string)request["messages"]![0]!["content"]!);
        Assert.Equal((0.5, 0.9, 64, 7), ((double)request["temperature"]!, (double)request["top_p"]!, (int)request["max_tokens"]!, (int)request["seed"]!));
        Assert.Equal(["END", "###"], request["stop"]!.AsArray().Select(static stop => (string)stop!));
    }

    [Fact]
    public async Task A_key_is_asked_for_in_words_and_sent_as_a_bearer_and_forgotten_with_the_tab()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Say("welcome"));
        page.Server.Key = "secret";
        await page.Ask("hi");
        await Assertions.Expect(page.Page.Locator(".message .error").First).ToContainTextAsync("The server wants an API key");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Settings" }).ClickAsync();
        await page.Page.GetByLabel("API key").FillAsync("secret");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Retry: ask for another answer" }).ClickAsync();
        await Assertions.Expect(page.LastAnswer).ToHaveTextAsync("welcome");
        Assert.Equal("Bearer secret", page.Server.Authorizations.Last());
        Assert.DoesNotContain("secret", await page.Page.EvaluateAsync<string>("JSON.stringify(localStorage)"), StringComparison.Ordinal);
    }

    public static TheoryData<int, string, string?, string> Refusals => new()
    {
        { 429, "too many requests", "3", "The server is busy: try again in 3 seconds. (too many requests)" },
        { 503, "loading", null, "The server is not ready yet: try again in a moment. (loading)" },
        { 400, "the context holds 2048 tokens", null, "The server answered 400. (the context holds 2048 tokens)" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_refusal_is_said_in_words_and_can_be_tried_again(int status, string message, string? retryAfter, string expected)
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Refuse(status, message, retryAfter), Answer.Say("now"));
        await page.Ask("hi");
        await Assertions.Expect(page.Page.Locator(".message .error")).ToHaveTextAsync(expected);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Retry: ask for another answer" }).ClickAsync();
        await Assertions.Expect(page.LastAnswer).ToHaveTextAsync("now");
        Assert.Single(page.Server.Requests.Last()["messages"]!.AsArray());
    }

    [Fact]
    public async Task An_answer_that_is_cut_off_says_so_and_keeps_what_came()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Begin(Task.CompletedTask, "half of") with { Pause = TimeSpan.FromMilliseconds(300), Cut = true }, new Answer { Events = ["{broken"] });
        await page.Ask("hi");
        await Assertions.Expect(page.LastAnswer).ToHaveTextAsync("half of");
        await Assertions.Expect(page.Page.Locator(".message .error")).ToHaveTextAsync("The connection ended in the middle of the answer.");
        await page.Ask("again");
        await Assertions.Expect(page.Page.Locator(".message .error").Last).ToHaveTextAsync("The server's answer cannot be read.");
    }

    [Fact]
    public async Task Full_storage_lets_the_oldest_conversations_go_and_says_so()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Say("one"), Answer.Say("two"));
        await page.Ask("the old one");
        await page.Page.EvaluateAsync("""
            const id = Object.keys(localStorage).find(key => key.startsWith("octet.conversation."));
            const old = JSON.parse(localStorage.getItem(id));
            old.updated = 1;
            old.nodes[1].content = "x".repeat(2_000_000);
            localStorage.setItem(id, JSON.stringify(old));
            for (let size = 4_000_000, n = 0; size > 50; n++) { try { localStorage.setItem("filler" + n, "y".repeat(size)); } catch { size >>= 1; } }
            """);
        await page.Page.ReloadAsync();
        await page.Page.Locator("#new").ClickAsync();
        await page.Ask("the new one");
        await Assertions.Expect(page.Page.Locator("#notice")).ToContainTextAsync("the oldest conversation was removed");
        await page.Page.ReloadAsync();
        await Assertions.Expect(page.Page.Locator("#list .open")).ToHaveTextAsync(["the new one"]);
        await Assertions.Expect(page.LastAnswer).ToHaveTextAsync("two");
    }

    [Fact]
    public async Task Enter_sends_but_not_with_shift_and_not_while_a_word_is_composed()
    {
        await using OpenPage page = await OpenPage.OpenAsync(Answer.Say("ok"));
        await page.Input.FillAsync("line");
        await page.Input.PressAsync("Shift+Enter");
        await page.Input.PressSequentiallyAsync("two");
        await page.Input.EvaluateAsync("area => area.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }))");
        await Assertions.Expect(page.Said).ToHaveCountAsync(0);
        await page.Input.PressAsync("Enter");
        await page.Finished();
        Assert.Equal("line\ntwo", (string)page.Server.Requests.Single()["messages"]![0]!["content"]!);
    }
}
