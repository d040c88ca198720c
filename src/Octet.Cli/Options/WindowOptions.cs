using System.CommandLine;

namespace Octet.Cli.Options;

/// <summary>How a long text is cut: the options of every command that takes one.</summary>
sealed class WindowOptions
{
    readonly Option<int?> _window;
    readonly Option<int?> _stride = Number.Integer("--stride", "Tokens from the start of a window to that of the next; what windows share is context of the later one and counts once [default: half a window]", 1);
    readonly int? _default;

    internal WindowOptions(Command command, string defaultText, int? defaultWindow = null)
    {
        _window = Number.Integer("--window", $"Tokens computed as a sequence of their own, a longer text in several [default: {defaultText}]", 2);
        _default = defaultWindow;
        command.Options.Add(_window);
        command.Options.Add(_stride);
    }

    /// <param name="parsed">The command line.</param>
    /// <param name="contextLength">What the default is cut to.</param>
    /// <exception cref="UsageException">The stride is longer than the window.</exception>
    internal ScoreOptions Read(ParseResult parsed, int contextLength)
    {
        int? window = parsed.GetValue(_window), stride = parsed.GetValue(_stride);
        return window < stride
            ? throw new UsageException($"--stride is {stride}: expected at most --window, {window}")
            : new ScoreOptions { Window = window ?? (_default is { } length && length <= contextLength ? length : null), Stride = stride };
    }
}
