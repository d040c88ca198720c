using Spectre.Console;

namespace Octet.Cli.IO;

/// <summary>
/// Progress bars on the error stream while a model is downloaded: one for all of it, one for each file that is under way, with bytes, rate
/// and time left. They go when it ends, however it ends. Nothing where that is no terminal.
/// </summary>
static class DownloadBars
{
    // Below this a line holds a name and a share only.
    const int WideEnough = 72;

    internal static async Task<T> RunAsync<T>(string title, Func<IProgress<DownloadProgress>?, Task<T>> work)
    {
        if (!Standard.ErrorIsTerminal)
        {
            return await work(null);
        }

        IAnsiConsole console = Terminal.Error();
        ProgressColumn[] columns = console.Profile.Width >= WideEnough
            ? [new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 12 }, new DownloadedColumn { Base = FileSizeBase.Decimal }, new TransferSpeedColumn { Base = FileSizeBase.Decimal }, new RemainingTimeColumn()]
            : [new TaskDescriptionColumn { Alignment = Justify.Left }, new PercentageColumn()];
        return await console.Progress().AutoClear(true).HideCompleted(true).Columns(columns)
            .StartAsync(context => work(new Bars(context, title)));
    }

    sealed class Bars : IProgress<DownloadProgress>
    {
        const int NameWidth = 24;
        readonly Lock _lock = new();
        readonly Dictionary<string, ProgressTask> _files = new(StringComparer.Ordinal);
        readonly ProgressContext _context;
        readonly ProgressTask _all;

        internal Bars(ProgressContext context, string title)
        {
            _context = context;
            _all = context.AddTask(Name(title), maxValue: double.MaxValue);
        }

        public void Report(DownloadProgress value)
        {
            lock (_lock)
            {
                if (!_files.TryGetValue(value.File, out ProgressTask? file))
                {
                    _files.Add(value.File, file = _context.AddTask(Name(value.File), maxValue: Math.Max(1, value.FileTotal)));
                }

                // Connections overtake one another between counting and telling.
                file.Value = Math.Max(file.Value, value.FileDone);
                _all.MaxValue = Math.Max(1, value.Total);
                _all.Value = Math.Max(_all.Value, value.Done);
            }
        }

        /// <summary>The beginning of a long name tells shards apart.</summary>
        static string Name(string name)
        {
            string visible = Visible.Text(name);
            return Markup.Escape(visible.Length <= NameWidth ? visible : $"{visible[..(NameWidth - 3)]}...");
        }
    }
}
