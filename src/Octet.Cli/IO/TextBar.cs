using Spectre.Console;

namespace Octet.Cli.IO;

/// <summary>A progress bar on the error stream while texts are computed; nothing where that is no terminal.</summary>
static class TextBar
{
    internal static T Run<T>(string name, int texts, Func<IProgress<int>?, T> work)
    {
        if (!Standard.ErrorIsTerminal)
        {
            return work(null);
        }

        return Terminal.Error().Progress().AutoClear(true)
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context => work(new Reports(context.AddTask(name, maxValue: Math.Max(1, texts)))));
    }

    sealed class Reports(ProgressTask task) : IProgress<int>
    {
        public void Report(int value) => task.Value = value;
    }
}
