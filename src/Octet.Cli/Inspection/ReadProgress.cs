using Octet.Cli.IO;
using Spectre.Console;

namespace Octet.Cli.Inspection;

/// <summary>A progress bar on the error stream while many bytes are read; nothing where that is not a terminal, or it is soon over.</summary>
static class ReadProgress
{
    const long Noticeable = 256L << 20;

    internal static void Run(long bytes, Action<Action<int>> read)
    {
        if (!Standard.ErrorIsTerminal || bytes < Noticeable)
        {
            read(_ => { });
            return;
        }

        Terminal.Error().Progress().AutoClear(true).Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new TransferSpeedColumn()).Start(context =>
        {
            ProgressTask task = context.AddTask("read", maxValue: bytes);
            read(count => task.Increment(count));
        });
    }
}
