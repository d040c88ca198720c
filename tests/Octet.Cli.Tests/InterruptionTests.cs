using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public class InterruptionTests
{
    static readonly PosixSignalContext s_interrupt = new(PosixSignal.SIGINT);

    [Fact]
    public void A_signal_at_the_moment_in_which_an_answer_ends_stops_the_command()
    {
        using var interruption = new Interruption();
        var answer = new CancellationTokenSource();
        interruption.Answer = answer;
        answer.Dispose();
        interruption.Handle(s_interrupt, 130);
        Assert.True(interruption.Token.IsCancellationRequested);
        Assert.True(s_interrupt.Cancel);
    }

    [Fact]
    public void A_request_to_terminate_stops_the_command_though_its_answer_has_ended()
    {
        using var interruption = new Interruption();
        var answer = new CancellationTokenSource();
        interruption.Answer = answer;
        answer.Dispose();
        interruption.Handle(new PosixSignalContext(PosixSignal.SIGTERM), 143);
        Assert.True(interruption.Token.IsCancellationRequested);
        Assert.Equal(143, interruption.ExitCode);
    }

    [Fact]
    public void A_signal_that_is_still_being_handled_when_the_tool_ends_harms_nothing()
    {
        var interruption = new Interruption();
        CancellationToken token = interruption.Token;
        interruption.Dispose();
        interruption.Handle(s_interrupt, 130);
        Assert.True(token.IsCancellationRequested);
    }

    [Fact]
    public void An_interrupt_stops_the_answer_alone_while_there_is_one()
    {
        using var interruption = new Interruption();
        using var answer = new CancellationTokenSource();
        interruption.Answer = answer;
        interruption.Handle(s_interrupt, 130);
        Assert.Equal((true, false), (answer.IsCancellationRequested, interruption.Token.IsCancellationRequested));
        interruption.Handle(s_interrupt, 130);
        Assert.True(interruption.Token.IsCancellationRequested);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    [InlineData("HUP", 129)]
    public void One_signal_ends_a_command_that_waits_for_the_next_line(string signal, int code)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are sent as on Unix");
        using Process process = Start(["tokenize"]);
        process.StandardInput.WriteLine("{\"text\":\"a\"}");
        process.StandardInput.Flush();
        Assert.StartsWith("{\"ids\":", process.StandardOutput.ReadLine(), StringComparison.Ordinal);

        AssertEnds(process, signal, code);
    }

    [Theory]
    [InlineData("run -", "INT", 130)]
    [InlineData("score --file -", "TERM", 143)]
    [InlineData("quantize MODEL DST --kv-cache -", "INT", 130)]
    public void One_signal_ends_a_command_that_waits_for_the_rest_of_its_input(string arguments, string signal, int code)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are sent as on Unix");
        using Process process = Start(arguments.Split(' '));

        // More than a pipe holds: behind it the tool is reading.
        process.StandardInput.Write(new string('a', 1 << 20));

        AssertEnds(process, signal, code);
    }

    [Fact]
    public void One_signal_ends_a_command_that_waits_for_a_pipe_with_a_name()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are sent as on Unix");
        string directory = Directory.CreateTempSubdirectory("octet-").FullName;
        try
        {
            string pipe = Path.Combine(directory, "pipe");
            Process.Start("mkfifo", [pipe]).WaitForExit();
            using Process process = Start(["score", "--file", pipe]);

            // Opens when the tool has opened it.
            using FileStream other = new(pipe, FileMode.Open, FileAccess.Write);

            AssertEnds(process, "INT", 130);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    static void AssertEnds(Process process, string signal, int code)
    {
        using (Process kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            kill.WaitForExit();
        }

        ToolResult result = Finish(process, process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        Assert.Equal((code, "", ""), (result.ExitCode, result.Output, result.Error));
    }
}
