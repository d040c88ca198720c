using System.CommandLine;

namespace Octet.Cli.Options;

/// <summary>Whether a model that is not here yet may be downloaded: options of the commands that do it by themselves.</summary>
sealed class DownloadOptions
{
    readonly Option<bool> _yes = new("--yes", "-y") { Description = "Download a model that is not in the cache without asking, whatever its size" };
    readonly Option<bool> _offline = Offline();

    internal DownloadOptions(Command command)
    {
        command.Options.Add(_yes);
        command.Options.Add(_offline);
    }

    /// <summary>Finds the model as <see cref="ModelPath.Resolve"/> does, and downloads it where it is not in the cache.</summary>
    /// <returns>The model's directory.</returns>
    internal Task<string> ResolveAsync(ParseResult parsed, string? model, CancellationToken cancellationToken)
        => ModelPath.ResolveAsync(model, parsed.GetValue(_yes), parsed.GetValue(_offline), cancellationToken);

    internal static Option<bool> Offline() => new("--offline") { Description = "Never ask the network: what is in the cache or nothing (as HF_HUB_OFFLINE=1)" };
}
