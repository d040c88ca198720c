using System.CommandLine;
using System.Text.Json.Nodes;
using Octet.Cli.IO;

namespace Octet.Cli.Commands;

/// <summary><c>octet remove</c>: a model, or one revision of it, out of the cache.</summary>
sealed class RemoveCommand : Command
{
    readonly Argument<string> _id = new("ID") { Description = "org/name: all of it; org/name@revision: what no other revision uses" };
    readonly Option<bool> _json = new("--json") { Description = "One JSON object: {\"id\", \"freed_bytes\"}" };

    internal RemoveCommand()
        : base("remove", "Remove a model from the Hugging Face cache, for every program that shares it")
    {
        Arguments.Add(_id);
        Options.Add(_json);
        SetAction((parsed, _) => Task.FromResult(Run(parsed)));
    }

    int Run(ParseResult parsed)
    {
        ModelId id = ModelPath.Id(parsed.GetValue(_id)!);
        using var hub = new ModelHub();
        long freed = hub.Remove(id);
        if (parsed.GetValue(_json))
        {
            JsonOutput.WriteLine(new JsonObject { ["id"] = id.ToString(), ["freed_bytes"] = freed });
        }
        else
        {
            Standard.Output.WriteLine($"{id} is removed, {DecimalBytes.Text(freed)} are free again");
        }

        return 0;
    }
}
