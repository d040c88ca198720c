using Octet.Quantization;
using Spectre.Console;

namespace Octet.Cli.IO;

/// <summary>A progress bar on the error stream, with rate and time left, while a checkpoint is quantised; nothing where that is no terminal.</summary>
static class QuantizationBar
{
    internal static T Run<T>(Func<IProgress<QuantizationProgress>?, T> work)
    {
        if (!Standard.ErrorIsTerminal)
        {
            return work(null);
        }

        return Terminal.Error().Progress().AutoClear(true)
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new TransferSpeedColumn())
            .Start(context => work(new Reports(context.AddTask("quantize"))));
    }

    sealed class Reports(ProgressTask task) : IProgress<QuantizationProgress>
    {
        readonly Lock _lock = new();

        public void Report(QuantizationProgress value)
        {
            lock (_lock)
            {
                // Threads overtake one another between counting and telling.
                task.MaxValue = value.Total;
                task.Value = Math.Max(task.Value, value.Done);
            }
        }
    }
}
