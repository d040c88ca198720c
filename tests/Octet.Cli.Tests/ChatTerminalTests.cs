using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Octet.Cli.Tests;

/// <summary><c>octet chat</c> as a person at a terminal has it.</summary>
public sealed class ChatTerminalTests : IDisposable
{
    const string Paste = "\e[200~Explain this code:\rint x = 1;\rreturn x;\e[201~";
    const string CtrlC = "\u0003";
    readonly TestModel _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Pasted_lines_are_one_message()
    {
        using TerminalSession terminal = Chat();
        AwaitPrompt(terminal);
        terminal.Send(Paste);
        terminal.Await("return x;");
        terminal.Send("\r");
        terminal.Await("AAA");
        List<string> saved = SaveAndLeave(terminal);

        Assert.Equal(["Explain this code:\nint x = 1;\nreturn x;", "AAA"], saved);
        Assert.DoesNotContain("200~", terminal.Shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Quotes_a_backslash_and_alt_enter_begin_another_line()
    {
        using TerminalSession terminal = Chat();
        AwaitPrompt(terminal);
        terminal.Send("one\\\rtwo\e\rthree\r");
        terminal.Await("AAA");
        AwaitPrompt(terminal);
        terminal.Send("\"\"\"four\r/five\r\"\"\"\r");
        terminal.Await("AAA");
        List<string> saved = SaveAndLeave(terminal, "\u0004");

        Assert.Equal(["one\ntwo\nthree", "AAA", "four\n/five", "AAA"], saved);
    }

    [Fact]
    public void Keys_edit_the_message_and_bring_earlier_ones_back()
    {
        using TerminalSession terminal = Chat();
        AwaitPrompt(terminal);
        terminal.Send("héllx\u007fo\e[H1 \r");
        terminal.Await("AAA");
        AwaitPrompt(terminal);
        terminal.Send("draft\e[A!\r");
        terminal.Await("AAA");
        List<string> saved = SaveAndLeave(terminal);

        Assert.Equal(["1 héllo", "AAA", "1 héllo!", "AAA"], saved);
    }

    [Fact]
    public void One_ctrl_c_does_not_throw_a_conversation_away_and_two_leave()
    {
        using TerminalSession terminal = Chat();
        AwaitPrompt(terminal);
        terminal.Send("hello\r");
        terminal.Await("AAA");
        AwaitPrompt(terminal);
        terminal.Send(CtrlC);
        terminal.Await("Ctrl+C again leaves");
        AwaitPrompt(terminal);
        terminal.Send("more\r");
        terminal.Await("AAA");
        AwaitPrompt(terminal);
        terminal.Send(CtrlC);
        terminal.Await("Ctrl+C again leaves");
        AwaitPrompt(terminal);
        terminal.Send(CtrlC);

        Assert.Equal(130, terminal.ExitCode());
    }

    [Fact]
    public void Ctrl_c_clears_what_is_being_written_and_leaves_where_nothing_is_lost()
    {
        using TerminalSession terminal = Chat();
        AwaitPrompt(terminal);
        terminal.Send("half a mess");
        terminal.Await("half a mess");
        terminal.Send(CtrlC);
        terminal.Await("^C");
        terminal.Await("> ");
        terminal.Send(CtrlC);

        Assert.Equal(130, terminal.ExitCode());
        Assert.DoesNotContain("again leaves", terminal.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain("AAA", terminal.Shown, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_context_leaves_the_oldest_messages_out_and_says_so()
    {
        using TerminalSession terminal = Chat("--context", "200");
        for (int i = 0; i < 4; i++)
        {
            AwaitPrompt(terminal);
            terminal.Send($"{new string('x', 40)}\r");
            terminal.Await("AAA");
        }

        List<string> saved = SaveAndLeave(terminal);

        Assert.Contains("the context of 200 tokens is full", terminal.Shown.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Equal(8, saved.Count);
    }

    [Fact]
    public void The_terminal_is_as_it_was_when_the_chat_has_ended()
    {
        using TerminalSession terminal = new(Arguments(), command => $"{command}; stty -a");
        AwaitPrompt(terminal);
        terminal.Send("/exit\r");

        Assert.Equal(0, terminal.ExitCode());

        // What the last program wrote may be read after it has ended.
        terminal.Await(" icanon");
        terminal.Await(" echo ");
        Assert.Contains("\e[?2004l", terminal.Shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HUP", 129)]
    [InlineData("QUIT", 131)]
    [InlineData("TERM", 143)]
    public void A_signal_that_ends_the_chat_leaves_the_terminal_in_order(string signal, int code)
    {
        using TerminalSession terminal = new(Arguments(), command => $"echo process-$$-; exec {command}");
        AwaitPrompt(terminal);
        string process = terminal.Shown.Split("process-")[1].Split('-')[0];
        using Process kill = Process.Start("kill", [$"-{signal}", process]);

        Assert.Equal(code, terminal.ExitCode());
        terminal.Await("\e[?2004l\e[?1l\e>");
    }

    [Fact]
    public void Ctrl_z_puts_the_whole_job_aside()
    {
        // The shell goes on when every process of the job has stopped: 128 and SIGTSTP's 20.
        using TerminalSession terminal = new(Arguments(), command => $"set -m; ({command}; true); echo stopped-$?; fg >/dev/null");
        AwaitPrompt(terminal);
        terminal.Send("dra");
        terminal.Await("dra");
        terminal.Send("\u001a");
        terminal.Await("stopped-148");
        AwaitPrompt(terminal);
        terminal.Send("ft\r");
        terminal.Await("AAA");

        Assert.Equal(["draft", "AAA"], SaveAndLeave(terminal));
    }

    [Fact]
    public void Many_wide_characters_that_come_at_once_are_all_there()
    {
        string message = new('漢', 3000);
        using TerminalSession terminal = Chat();
        AwaitPrompt(terminal);
        terminal.Send($"/system {message}x\r");

        Assert.Equal([message + "x"], SaveAndLeave(terminal));
    }

    [Theory]
    [InlineData("x", "keep")]
    [InlineData("<think>", "show")]
    public void What_the_model_writes_does_not_steer_the_terminal(string prompt, string reasoning)
    {
        // 27 is the byte of the escape character, in the answer or in what is thought before it.
        using TerminalSession terminal = new(["run", _model.Path, prompt, "--raw", "--reasoning", reasoning, "--logit-bias", "27=100", "--temperature", "0", "--max-tokens", "2"]);

        Assert.Equal(0, terminal.ExitCode());
        terminal.Await(@"\u001b\u001b");
        Assert.DoesNotContain("\e", terminal.Shown, StringComparison.Ordinal);
    }

    // The terminal is told to mark pastes as soon as keys are read one by one.
    static void AwaitPrompt(TerminalSession terminal)
    {
        terminal.Await("\e[?2004h");
        terminal.Await("> ");
    }

    /// <summary>The contents of all messages, as <c>/save</c> writes them.</summary>
    List<string> SaveAndLeave(TerminalSession terminal, string leave = "/exit\r")
    {
        string saved = Path.Combine(_model.Path, "saved.json");
        AwaitPrompt(terminal);
        terminal.Send($"/save {saved}\r");
        AwaitPrompt(terminal);
        terminal.Send(leave);
        Assert.Equal(0, terminal.ExitCode());
        return [.. JsonNode.Parse(File.ReadAllText(saved))!["messages"]!.AsArray().Select(message => (string)message!["content"]!)];
    }

    TerminalSession Chat(params string[] more) => new([.. Arguments(), .. more]);

    // Every answer is AAA.
    string[] Arguments() => ["chat", _model.Path, "--logit-bias", "65=100", "--temperature", "0", "--max-tokens", "3"];
}
