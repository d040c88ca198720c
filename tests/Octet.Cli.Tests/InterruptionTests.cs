using System.Runtime.InteropServices;

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
}
