using System.CommandLine;
using Octet.Cli.Inspection;
using Octet.Cli.IO;
using Octet.Cli.Options;
using Octet.Safetensors;

namespace Octet.Cli.Commands;

/// <summary><c>octet inspect</c>: what is in a checkpoint, and whether it is sound.</summary>
sealed class InspectCommand : Command
{
    readonly Argument<string> _path = new("PATH") { Description = "A safetensors file, an index of shards, a model directory, or an id in the Hugging Face cache" };
    readonly Option<bool> _json = new("--json") { Description = "One JSON object" };
    readonly Option<bool> _verify = new("--verify") { Description = "Read everything: NaN and infinite values, of a model directory whether every tensor has its place, and warnings where scales do not look like those of their codes. Exit code 1 where something is wrong" };
    readonly Option<bool> _stats = new("--stats") { Description = "Smallest, largest and mean value and number of NaN of every tensor, as stored; of quantised layers also with scales applied, the row of the largest weight, and how many codes are saturated or zero" };
    readonly Option<bool> _tree = new("--tree") { Description = "Tensors as a tree of their names" };
    readonly Option<(int Rows, int Columns)?> _block = BlockSize.Option();

    internal InspectCommand()
        : base("inspect", "Tensors, types, shapes, sizes, quantisation scheme and metadata of a checkpoint")
    {
        Arguments.Add(_path);
        Options.Add(_json);
        Options.Add(_verify);
        Options.Add(_stats);
        Options.Add(_tree);
        Options.Add(_block);
        SetAction((parsed, cancellationToken) => Task.FromResult(Run(parsed, cancellationToken)));
    }

    int Run(ParseResult parsed, CancellationToken cancellationToken)
    {
        string path = parsed.GetValue(_path)!;
        bool json = parsed.GetValue(_json);
        bool stats = parsed.GetValue(_stats);
        bool verify = parsed.GetValue(_verify);
        if (!File.Exists(path))
        {
            path = ModelPath.Resolve(path);
        }

        using SafetensorsCheckpoint checkpoint = Open(path, stats || verify);
        string? directory = Directory.Exists(path) ? path : null;
        CheckpointReport report = CheckpointReport.Create(checkpoint, directory, stats, verify, cancellationToken, parsed.GetValue(_block));
        if (json)
        {
            JsonOutput.WriteLine(ReportJson.Create(report));
        }
        else
        {
            ReportText.Write(report, parsed.GetValue(_tree));
        }

        return report.Problems switch
        {
            null or [] => 0,
            [string only] => throw new CommandException(only),
            [string first, ..] => throw new CommandException($"{first} (and {report.Problems.Count - 1} more problems, listed in the report)"),
        };
    }

    /// <summary>Where all of it is read nothing is mapped: of a file that somebody cuts short meanwhile a mapping ends the process, a read says so.</summary>
    internal static SafetensorsCheckpoint Open(string path, bool readsAll) => SafetensorsCheckpoint.Open(path, readsAll ? SafetensorsReadMode.Positional : SafetensorsReadMode.MemoryMap);
}
