using System.CommandLine;
using Octet.Cli.IO;

namespace Octet.Cli;

/// <summary>What MODEL means: a directory; an id, looked for in the Hugging Face cache; or nothing: the built-in model.</summary>
static class ModelPath
{
    internal const string BuiltInName = "octet-tiny";

    // What is larger is not downloaded unasked.
    const long LargeDownload = 1_000_000_000;

    internal static string BuiltIn => Path.Combine(AppContext.BaseDirectory, "models", BuiltInName);

    internal static Argument<string?> Argument() => new("MODEL")
    {
        Description = $"A model directory, or an id (org/name, org/name@revision) [default: {BuiltInName}]",
        Arity = ArgumentArity.ZeroOrOne,
    };

    /// <summary>The model's directory, without the network.</summary>
    /// <exception cref="CommandException">There is no such model here; the message says where it was looked for.</exception>
    internal static string Resolve(string? model)
    {
        if (Local(model) is { } directory)
        {
            return directory;
        }

        using var hub = new ModelHub();
        ModelId id = Id(model!);
        return hub.Find(id) ?? throw Absent(hub, id, $"download it first (octet pull {id})");
    }

    /// <summary>The model's directory; a model that is not in the cache is downloaded.</summary>
    /// <param name="model">A directory, an id or null.</param>
    /// <param name="yes">Download without asking, whatever the size.</param>
    /// <param name="offline">Do not download.</param>
    /// <param name="cancellationToken">Stops the download; the next one goes on from there.</param>
    /// <exception cref="CommandException">There is no such model, or it is not to be downloaded.</exception>
    /// <exception cref="ModelHubException">The download failed.</exception>
    internal static async Task<string> ResolveAsync(string? model, bool yes, bool offline, CancellationToken cancellationToken)
    {
        if (Local(model) is { } directory)
        {
            return directory;
        }

        using var hub = new ModelHub(new ModelHubOptions { Offline = offline ? true : null });
        ModelId id = Id(model!);
        if (hub.Find(id) is { } found)
        {
            return found;
        }

        if (hub.IsOffline)
        {
            throw Absent(hub, id, $"leave out {(offline ? "--offline" : "HF_HUB_OFFLINE")} to download it");
        }

        ModelListing listing = await hub.ListFilesAsync(id, cancellationToken);
        if (!yes && listing.MissingBytes > LargeDownload)
        {
            await AgreeAsync(hub, id, listing.MissingBytes, cancellationToken);
        }

        return await DownloadBars.RunAsync(id.ToString(), progress => hub.PullAsync(id, progress, cancellationToken));
    }

    /// <summary>What to call it: the id, or the directory's own name.</summary>
    internal static string Name(string? model) => model is null ? BuiltInName
        : Directory.Exists(model) ? Path.GetFileName(Path.GetFullPath(model).TrimEnd(Path.DirectorySeparatorChar))
        : model;

    /// <exception cref="CommandException">It is not an id.</exception>
    internal static ModelId Id(string text) => ModelId.TryParse(text, out ModelId? id)
        ? id!
        : throw new CommandException($"there is no directory {text}, and it is not the id of a model: expected a model directory, or an id such as org/name or org/name@revision");

    /// <summary>The directory of a resolved model, whose weights may have been named by their file.</summary>
    internal static string Folder(string resolved) => ModelLocation.Parts(resolved).Directory;

    /// <returns>The directory, or the file of weights, that is meant; null: an id.</returns>
    static string? Local(string? model)
    {
        if (model is null)
        {
            return File.Exists(Path.Combine(BuiltIn, "config.json"))
                ? BuiltIn
                : throw new CommandException($"the built-in model {BuiltInName} is not beside the program ({BuiltIn}): name a model directory, or build the tool from a complete repository");
        }

        if (Directory.Exists(model))
        {
            return model;
        }

        return ModelLocation.IsWeightFile(model) ? model
            : File.Exists(model) ? throw new CommandException($"{model} is a file: expected a model directory with config.json, *.safetensors and tokenizer.json, or a *.safetensors file in one")
            : model.Length == 0 ? throw new CommandException("MODEL is empty: expected a model directory or an id such as org/name")
            : null;
    }

    static CommandException Absent(ModelHub hub, ModelId id, string advice)
        => new($"there is no directory {id}, and no complete model of that id in the Hugging Face cache {hub.CacheDirectory}{hub.Here(id)}: {advice}");

    /// <exception cref="CommandException">It is not wanted, or nobody can be asked.</exception>
    static async Task AgreeAsync(ModelHub hub, ModelId id, long bytes, CancellationToken cancellationToken)
    {
        string what = $"{id} is not in the cache and {DecimalBytes.Text(bytes)} to download";
        if (!Standard.InputIsTerminal || !Standard.ErrorIsTerminal)
        {
            throw new CommandException($"{what}, more than {DecimalBytes.Text(LargeDownload)}: octet pull {id} first, or --yes");
        }

        Standard.Error.Write($"{what}, to {hub.CacheDirectory}. Download it? [y/N] ");

        string? answer;
        try
        {
            // A console that waits for a line does not hear of Ctrl+C.
            answer = (await Task.Run(() => Standard.OpenTerminal().ReadLine(), CancellationToken.None).WaitAsync(cancellationToken))?.Trim();
        }
        catch (OperationCanceledException)
        {
            Standard.Error.WriteLine();
            throw;
        }

        if (!string.Equals(answer, "y", StringComparison.OrdinalIgnoreCase) && !string.Equals(answer, "yes", StringComparison.OrdinalIgnoreCase))
        {
            throw new CommandException($"{id} is not downloaded: octet pull {id}, or answer y");
        }
    }
}
