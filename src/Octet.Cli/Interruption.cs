using System.Runtime.InteropServices;

namespace Octet.Cli;

/// <summary>
/// Ctrl+C, a request to terminate or to quit, and the loss of the terminal. The first one asks the command to stop, so that its streams end cleanly and nothing stays
/// half-written; the second ends the process.
/// </summary>
sealed class Interruption : IDisposable
{
    const int Signalled = 128;
    readonly CancellationTokenSource _command = new();
    readonly PosixSignalRegistration[] _signals;
    volatile CancellationTokenSource? _answer;
    volatile Func<bool>? _mayLeave;

    internal Interruption()
    {
        // Left to the system, the others would end the process at once and leave the terminal as an editor has it.
        _signals =
        [
            Register(PosixSignal.SIGINT, 2),
            Register(PosixSignal.SIGTERM, 15),
            Register(PosixSignal.SIGHUP, 1),
            Register(PosixSignal.SIGQUIT, 3),
        ];
    }

    /// <summary>Cancelled by the first signal.</summary>
    internal CancellationToken Token => _command.Token;

    /// <summary>128 and the signal's number: 130 after Ctrl+C, 143 after a request to terminate.</summary>
    internal int ExitCode { get; private set; } = Signalled + 2;

    /// <summary>While an answer is being made Ctrl+C stops that alone; null: it stops the command.</summary>
    internal CancellationTokenSource? Answer
    {
        set => _answer = value;
    }

    /// <summary>While nothing runs and a message is awaited a signal ends the process, Ctrl+C where this agrees; null: something runs.</summary>
    internal Func<bool>? MayLeave
    {
        set => _mayLeave = value;
    }

    /// <summary>What Ctrl+C does where a terminal gives it as a key.</summary>
    internal void Interrupt()
    {
        ExitCode = Signalled + 2;
        _command.Cancel();
    }

    /// <summary>The source is not disposed of: a signal that is being handled may still cancel it, and it holds nothing.</summary>
    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
        {
            signal.Dispose();
        }
    }

    PosixSignalRegistration Register(PosixSignal signal, int number) => PosixSignalRegistration.Create(signal, context => Handle(context, Signalled + number));

    internal void Handle(PosixSignalContext context, int code)
    {
        context.Cancel = true;
        ExitCode = code;
        if (_mayLeave is { } agrees)
        {
            if (context.Signal != PosixSignal.SIGINT || agrees())
            {
                Environment.Exit(code);
            }
        }
        else if (_command.IsCancellationRequested)
        {
            Environment.Exit(code);
        }
        else if (context.Signal != PosixSignal.SIGINT || _answer is not { IsCancellationRequested: false } answer || !TryCancel(answer))
        {
            _command.Cancel();
            TryCancel(_answer);
        }
    }

    /// <summary>False where the answer has ended, at this moment perhaps, and its source is disposed of.</summary>
    static bool TryCancel(CancellationTokenSource? answer)
    {
        try
        {
            answer?.Cancel();
            return answer is not null;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }
}
