using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Cli.IO;

namespace Octet.Cli.Commands;

/// <summary><c>octet list</c>: the models in the cache, whoever downloaded them.</summary>
sealed class ListCommand : Command
{
    readonly Option<bool> _verify = new("--verify") { Description = "Read every file and compare it with its hash; exit code 1 if one is damaged" };
    readonly Option<bool> _json = new("--json") { Description = "One JSON object: the cache's directory, and its models with their revisions" };

    internal ListCommand()
        : base("list", "The models in the Hugging Face cache, whoever downloaded them")
    {
        Options.Add(_verify);
        Options.Add(_json);
        SetAction((parsed, cancellationToken) => Task.FromResult(Run(parsed, cancellationToken)));
    }

    int Run(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var hub = new ModelHub();
        IReadOnlyList<CachedModel> models = hub.List();
        Dictionary<string, CacheCheck>? checks = null;
        if (parsed.GetValue(_verify))
        {
            checks = [];
            models = [.. models.Select(model => Verify(hub, model, checks, cancellationToken))];
        }

        Write(hub, models, checks, parsed.GetValue(_json));
        return checks is null ? 0 : Report(models, checks);
    }

    /// <summary>The model, with the reason where it cannot be read.</summary>
    static CachedModel Verify(ModelHub hub, CachedModel model, Dictionary<string, CacheCheck> checks, CancellationToken cancellationToken)
    {
        if (model.Problem is not null)
        {
            return model;
        }

        try
        {
            checks.Add(model.Repository, hub.Verify(model, cancellationToken));
            return model;
        }
        catch (ModelHubException error)
        {
            return model with { Problem = error.Message };
        }
    }

    static void Write(ModelHub hub, IReadOnlyList<CachedModel> models, Dictionary<string, CacheCheck>? checks, bool json)
    {
        if (json)
        {
            JsonOutput.WriteLine(new JsonObject
            {
                ["cache"] = hub.CacheDirectory,
                ["models"] = new JsonArray([.. models.Select(model => (JsonNode)Json(model, checks?.GetValueOrDefault(model.Repository)))]),
            });
            return;
        }

        if (models.Count == 0)
        {
            // For people; a program that reads the table finds a head without rows.
            if (Standard.ErrorIsTerminal)
            {
                Standard.Error.WriteLine($"no models in {hub.CacheDirectory}; octet pull ID downloads one");
            }

            if (Standard.OutputIsTerminal)
            {
                return;
            }
        }

        var table = new ReportTable("model", "revision", "size", "used", "state");
        foreach (CachedModel model in models)
        {
            foreach (CachedRevision revision in model.Revisions)
            {
                string name = revision.References.Count > 0 ? string.Join(", ", revision.References) : revision.Commit[..Math.Min(12, revision.Commit.Length)];
                table.Add(model.Repository, name, DecimalBytes.Text(revision.Bytes), Day(revision.LastUsed), State(revision, checks?.GetValueOrDefault(model.Repository)));
            }

            if (model.Problem is { } problem)
            {
                table.Add(model.Repository, "", "", "", $"not readable: {problem}");
            }
            else if (model.Revisions.Count == 0)
            {
                table.Add(model.Repository, "", DecimalBytes.Text(model.Bytes), "", "incomplete");
            }
        }

        table.Write();
    }

    static string State(CachedRevision revision, CacheCheck? check)
    {
        string state = revision.IsComplete ? "complete" : $"incomplete: {revision.Missing}";
        return check is null ? state
            : check.DamagedFiles.Any(file => file.Commits.Contains(revision.Commit)) ? $"{state}, damaged"
            : check.UnknownFiles.Any(file => file.Commits.Contains(revision.Commit)) ? $"{state}, not all checked"
            : $"{state}, checked";
    }

    /// <summary>Names the damaged files, the first one as the error.</summary>
    static int Report(IReadOnlyList<CachedModel> models, Dictionary<string, CacheCheck> checks)
    {
        string[] damaged = [.. models.Where(model => checks.ContainsKey(model.Repository)).SelectMany(model => checks[model.Repository].DamagedFiles.Select(file => Describe(model, file)))];
        foreach (string file in damaged.Skip(1))
        {
            ErrorReport.WriteLine(file);
        }

        return damaged is [string first, ..] ? throw new CommandException(first) : 0;
    }

    static string Describe(CachedModel model, CachedFile file)
    {
        string advice = file.Commits.Count > 0 ? $"octet pull {model.Repository}@{file.Commits[0]} downloads it again" : "no revision uses it: remove it";
        return $"{model.Repository}: {file.Name} is damaged, its content is not what its hash says ({file.Path}): {advice}";
    }

    static string Day(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    static JsonObject Json(CachedModel model, CacheCheck? check) => new JsonObject
    {
        ["id"] = model.Repository,
        ["bytes"] = model.Bytes,
        ["revisions"] = new JsonArray([.. model.Revisions.Select(revision => (JsonNode)new JsonObject
        {
            ["commit"] = revision.Commit,
            ["refs"] = new JsonArray([.. revision.References.Select(reference => (JsonNode)JsonValue.Create(reference))]),
            ["directory"] = revision.Directory,
            ["bytes"] = revision.Bytes,
            ["last_used"] = revision.LastUsed.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
            ["complete"] = revision.IsComplete,
            ["missing"] = revision.Missing,
        })]),
        ["problem"] = model.Problem,
        ["damaged"] = check is null ? null : Names(check.DamagedFiles),
        ["unchecked"] = check is null ? null : Names(check.UnknownFiles),
    };

    static JsonArray Names(IReadOnlyList<CachedFile> files) => new([.. files.Select(file => (JsonNode)new JsonObject { ["name"] = file.Name, ["path"] = file.Path })]);
}
