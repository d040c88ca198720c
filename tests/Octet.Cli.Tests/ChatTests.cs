using System.Text.Json.Nodes;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public sealed class ChatTests : IDisposable
{
    readonly TestModel _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Piped_lines_are_messages_and_commands()
    {
        string saved = Path.Combine(_model.Path, "saved.json");
        ToolResult result = Chat($"/system Short.\nfirst\n//second\n/save {saved}\n/stats\n/reset\n/exit\nnever read\n");

        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
        string[] lines = result.Output.Split('\n');
        Assert.Equal("AAA", lines[0]);
        Assert.Equal("AAA", lines[1]);
        Assert.Contains("finish       length", result.Output, StringComparison.Ordinal);

        JsonNode expected = JsonNode.Parse("""
            {"messages":[{"role":"system","content":"Short."},{"role":"user","content":"first"},{"role":"assistant","content":"AAA"},
            {"role":"user","content":"/second"},{"role":"assistant","content":"AAA"}]}
            """)!;
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(File.ReadAllText(saved))));
        Assert.Empty(Directory.GetFiles(_model.Path, "*.tmp"));
    }

    [Fact]
    public void A_conversation_goes_on_where_it_was_saved()
    {
        string saved = Path.Combine(_model.Path, "saved.json");
        string again = Path.Combine(_model.Path, "again.json");
        File.WriteAllText(saved, """{"messages":[{"role":"system","content":"é"},{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}""");

        ToolResult result = Chat($"/load {saved}\nmore\n/save {again}\n");

        Assert.Equal("", result.Error);
        JsonArray messages = JsonNode.Parse(File.ReadAllText(again))!["messages"]!.AsArray();
        Assert.Equal(["é", "q", "a", "more", "AAA"], messages.Select(message => (string)message!["content"]!));
    }

    [Fact]
    public void Messages_with_tool_calls_and_parts_of_content_are_gone_on_with_and_saved_as_they_were()
    {
        const string Messages = """
            [{"role":"user","content":[{"type":"text","text":"What is"},{"type":"text","text":"6 * 7?"}]},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"multiply","arguments":"{\"a\": 6}"}}]},
            {"role":"tool","content":"42","tool_call_id":"c1"}]
            """;
        string log = Path.Combine(_model.Path, "log.json");
        string again = Path.Combine(_model.Path, "again.json");
        File.WriteAllText(log, Messages);

        ToolResult result = Chat($"/load {log}\nthanks\n/save {again}\n");

        Assert.Equal("", result.Error);
        JsonArray saved = JsonNode.Parse(File.ReadAllText(again))!["messages"]!.AsArray();
        Assert.Equal(5, saved.Count);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Messages), new JsonArray([.. saved.Take(3).Select(message => message!.DeepClone())])));
    }

    [Fact]
    public void Piped_messages_may_have_several_lines()
    {
        string saved = Path.Combine(_model.Path, "saved.json");

        ToolResult result = Chat($"one\\\ntwo\n\"\"\"\nthree\n\n/four\n\"\"\"\n/save {saved}\n");

        Assert.Equal("AAA\nAAA\n", result.Output);
        Assert.Equal(["one\ntwo", "AAA", "three\n\n/four", "AAA"], JsonNode.Parse(File.ReadAllText(saved))!["messages"]!.AsArray().Select(message => (string)message!["content"]!));
    }

    [Fact]
    public void A_full_context_leaves_the_oldest_messages_out_and_says_so()
    {
        ToolResult result = Run(
            ["chat", _model.Path, "--context", "200", "--logit-bias", "65=100", "--temperature", "0", "--max-tokens", "3"], string.Concat(Enumerable.Repeat($"{new string('x', 40)}\n", 5)));

        Assert.Equal(string.Concat(Enumerable.Repeat("AAA\n", 5)), result.Output);
        Assert.Contains("the context of 200 tokens is full", result.Error, StringComparison.Ordinal);
        Assert.Contains("/reset", result.Error, StringComparison.Ordinal);
        Assert.Equal(0, result.ExitCode);
    }

    [Theory]
    [InlineData("{\"messages\":[{\"role\":\"user\"}]}", "message 1")]
    [InlineData("{\"messages\":", "is not JSON")]
    [InlineData("{}", "no conversation")]
    public void A_file_that_is_no_conversation_is_refused_and_the_chat_goes_on(string content, string fragment)
    {
        string file = Path.Combine(_model.Path, "bad.json");
        File.WriteAllText(file, content);

        ToolResult result = Chat($"/load {file}\nhello\n");

        Assert.StartsWith("octet: error: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(file, result.Error, StringComparison.Ordinal);
        Assert.Contains(fragment, result.Error, StringComparison.Ordinal);
        Assert.Equal("AAA\n", result.Output);
        Assert.Equal(1, result.ExitCode);
    }

    [Fact]
    public void Saving_where_there_is_no_directory_names_it_and_the_chat_goes_on()
    {
        string directory = Path.Combine(_model.Path, "not there");

        ToolResult result = Chat($"/save {Path.Combine(directory, "saved.json")}\nhello\n");

        Assert.StartsWith("octet: error: cannot write ", result.Error, StringComparison.Ordinal);
        Assert.EndsWith($"there is no directory {directory}\n", result.Error, StringComparison.Ordinal);
        Assert.Equal("AAA\n", result.Output);
        Assert.Equal(1, result.ExitCode);
    }

    [Theory]
    [InlineData("--stop-id holds token 99999", "--stop-id", "99999")]
    [InlineData("--logit-bias holds token 99999", "--logit-bias", "99999=1")]
    public void What_the_model_refuses_is_told_before_the_first_message(string fragment, params string[] options)
        => OctetTool.AssertError(OctetTool.Run(["chat", _model.Path, .. options], ""), 1, fragment);

    [Fact]
    public void An_unknown_command_is_not_sent_to_the_model()
    {
        ToolResult result = Chat("/frobnicate\n");

        Assert.Equal("octet: error: there is no command /frobnicate: /help lists them\n", result.Error);
        Assert.Equal("", result.Output);
    }

    [Fact]
    public void A_conversation_that_outgrows_the_context_says_so_and_can_be_reset()
    {
        ToolResult result = Run(["chat", _model.Path, "--context", "80", "--logit-bias", "65=100", "--temperature", "0", "--max-tokens", "3"], $"{new string('x', 90)}\n/reset\nhi\n");

        Assert.Contains("the context holds 80", result.Error, StringComparison.Ordinal);
        Assert.EndsWith("AAA\n", result.Output, StringComparison.Ordinal);
        Assert.Equal(1, result.ExitCode);
    }

    // Every answer is AAA.
    ToolResult Chat(string input) => Run(["chat", _model.Path, "--logit-bias", "65=100", "--temperature", "0", "--max-tokens", "3"], input);
}
