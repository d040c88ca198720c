using System.CommandLine;
using System.Text.RegularExpressions;

namespace Octet.Cli;

/// <summary>
/// What MODEL means: a directory; an id in the Hugging Face cache, whose layout is described at
/// https://huggingface.co/docs/huggingface_hub/guides/manage-cache; or nothing: the built-in model.
/// </summary>
static partial class ModelPath
{
    internal const string BuiltInName = "octet-tiny";

    internal static string BuiltIn => Path.Combine(AppContext.BaseDirectory, "models", BuiltInName);

    internal static Argument<string?> Argument() => new("MODEL")
    {
        Description = $"A model directory, or an id (org/name) in the Hugging Face cache [default: {BuiltInName}]",
        Arity = ArgumentArity.ZeroOrOne,
    };

    /// <exception cref="CommandException">There is no such model; the message says where it was looked for.</exception>
    internal static string Resolve(string? model)
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

        if (File.Exists(model))
        {
            throw new CommandException($"{model} is a file: expected a model directory with config.json, *.safetensors and tokenizer.json");
        }

        if (!Id.IsMatch(model))
        {
            throw new CommandException(model.Length == 0 ? "MODEL is empty: expected a model directory" : $"there is no directory {model}: expected a model directory, or an id such as org/name of a model in the Hugging Face cache");
        }

        string repository = Path.Combine(CacheDirectory(), "models--" + model.Replace("/", "--", StringComparison.Ordinal));
        return Directory.Exists(repository)
            ? Snapshot(repository, model)
            : throw new CommandException($"there is no directory {model}, and no model of that id in the Hugging Face cache {CacheDirectory()}: download it first (hf download {model})");
    }

    static string Snapshot(string repository, string model)
    {
        string reference = Path.Combine(repository, "refs", "main");
        string snapshots = Path.Combine(repository, "snapshots");
        if (File.Exists(reference))
        {
            string snapshot = Path.Combine(snapshots, File.ReadAllText(reference).Trim());
            return Directory.Exists(snapshot) ? snapshot : throw Incomplete($"{snapshot} is missing");
        }

        // A download by commit leaves no branch behind; one snapshot is unambiguous all the same.
        string[] all = Directory.Exists(snapshots) ? Directory.GetDirectories(snapshots) : [];
        return all is [string only] ? only : throw Incomplete($"{reference} is missing and there are {all.Length} snapshots");

        CommandException Incomplete(string what) => new($"the Hugging Face cache holds {model} incompletely, {what}: download it again (hf download {model})");
    }

    static string CacheDirectory()
    {
        if (Environment.GetEnvironmentVariable("HF_HUB_CACHE") is { Length: > 0 } hub)
        {
            return hub;
        }

        string home = Environment.GetEnvironmentVariable("HF_HOME") is { Length: > 0 } named
            ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "huggingface");
        return Path.Combine(home, "hub");
    }

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)?$")]
    static partial Regex Id { get; }
}
