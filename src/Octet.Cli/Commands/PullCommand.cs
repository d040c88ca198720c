using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Cli.IO;
using Octet.Cli.Options;

namespace Octet.Cli.Commands;

/// <summary><c>octet pull</c>: a model from the hub into the cache; prints its directory.</summary>
sealed class PullCommand : Command
{
    readonly Argument<string> _id = new("ID") { Description = "org/name, or org/name@revision: a branch, a tag or a commit" };
    readonly Option<int?> _connections = Number.Integer("--connections", "Connections at once [default: 8]", 1, 64);
    readonly Option<bool> _offline = DownloadOptions.Offline();
    readonly Option<bool> _json = new("--json") { Description = "One JSON object: id, commit, directory; unless offline also files, bytes, what of them was missing, which were damaged, seconds" };

    internal PullCommand()
        : base("pull", "Download a model into the Hugging Face cache, or what is new, missing or damaged of it; an interrupted download goes on where it stopped. Prints the model's directory")
    {
        Arguments.Add(_id);
        Options.Add(_connections);
        Options.Add(_offline);
        Options.Add(_json);
        SetAction(RunAsync);
    }

    async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        ModelId id = ModelPath.Id(parsed.GetValue(_id)!);
        var options = new ModelHubOptions { Offline = parsed.GetValue(_offline) ? true : null };
        using var hub = new ModelHub(parsed.GetValue(_connections) is { } connections ? options with { Connections = connections } : options);
        bool json = parsed.GetValue(_json);
        if (hub.IsOffline)
        {
            string here = await hub.PullAsync(id, null, cancellationToken);
            Write(json, here, Start(id, here));
            return 0;
        }

        long started = Stopwatch.GetTimestamp();
        ModelListing listing = await hub.ListFilesAsync(id, cancellationToken);
        foreach (ModelFile damaged in listing.DamagedFiles)
        {
            Standard.Error.WriteLine($"octet: note: {id}: the cache's {damaged.Path} is damaged (its content is not what its hash {damaged.Sha256 ?? damaged.GitOid} says): it is downloaded again");
        }

        string directory = await DownloadBars.RunAsync(id.ToString(), progress => hub.PullAsync(id, progress, cancellationToken));
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        JsonObject result = Start(id, directory);
        result["files"] = listing.Files.Count;
        result["bytes"] = listing.TotalBytes;
        result["missing_bytes"] = listing.MissingBytes;
        result["damaged"] = new JsonArray([.. listing.DamagedFiles.Select(file => (JsonNode)JsonValue.Create(file.Path))]);
        result["seconds"] = seconds;
        if (!json && Standard.ErrorIsTerminal)
        {
            Standard.Error.WriteLine(listing.MissingBytes == 0
                ? $"{id}: {listing.Files.Count} files, {DecimalBytes.Text(listing.TotalBytes)}, all there"
                : string.Create(CultureInfo.InvariantCulture,
                    $"{id}: {listing.Files.Count} files, {DecimalBytes.Text(listing.TotalBytes)}; {DecimalBytes.Text(listing.MissingBytes)} in {seconds:0.0} s, {DecimalBytes.Text(listing.MissingBytes / seconds)}/s"));
        }

        Write(json, directory, result);
        return 0;
    }

    static JsonObject Start(ModelId id, string directory) => new() { ["id"] = id.ToString(), ["commit"] = Path.GetFileName(directory), ["directory"] = directory };

    static void Write(bool json, string directory, JsonObject result)
    {
        if (json)
        {
            JsonOutput.WriteLine(result);
        }
        else
        {
            Standard.Output.WriteLine(directory);
        }
    }
}
