using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Cli.IO;

namespace Octet.Cli.Commands;

/// <summary><c>octet list</c>: the models in the cache, whoever downloaded them.</summary>
sealed class ListCommand : Command
{
    readonly Option<bool> _json = new("--json") { Description = "One JSON object: the cache's directory, and its models with their revisions" };

    internal ListCommand()
        : base("list", "The models in the Hugging Face cache, whoever downloaded them")
    {
        Options.Add(_json);
        SetAction((parsed, _) => Task.FromResult(Run(parsed)));
    }

    int Run(ParseResult parsed)
    {
        using var hub = new ModelHub();
        IReadOnlyList<CachedModel> models = hub.List();
        if (parsed.GetValue(_json))
        {
            JsonOutput.WriteLine(new JsonObject
            {
                ["cache"] = hub.CacheDirectory,
                ["models"] = new JsonArray([.. models.Select(Json)]),
            });
            return 0;
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
                return 0;
            }
        }

        var table = new ReportTable("model", "revision", "size", "used", "state");
        foreach (CachedModel model in models)
        {
            foreach (CachedRevision revision in model.Revisions)
            {
                string name = revision.References.Count > 0 ? string.Join(", ", revision.References) : revision.Commit[..Math.Min(12, revision.Commit.Length)];
                table.Add(model.Repository, name, DecimalBytes.Text(revision.Bytes), Day(revision.LastUsed), revision.IsComplete ? "complete" : "incomplete");
            }

            if (model.Revisions.Count == 0)
            {
                table.Add(model.Repository, "", DecimalBytes.Text(model.Bytes), "", "incomplete");
            }
        }

        table.Write();
        return 0;
    }

    static string Day(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    static JsonNode Json(CachedModel model) => new JsonObject
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
        })]),
    };
}
