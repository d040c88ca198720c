using System.CommandLine;
using Octet.Cli.IO;

namespace Octet.Cli.Options;

/// <summary>How a model that makes vectors or scores of texts is opened: the options that <c>embed</c> and <c>rerank</c> share.</summary>
sealed class EncoderOptionSet
{
    readonly Option<string?> _device = DeviceOption.Create();
    readonly Option<int?> _threads = Number.Integer("--threads", "Threads that compute [default: one for each processor]", 1, 1024);
    readonly Option<int?> _batch = Number.Integer("--batch-tokens", "Tokens computed together, of as many texts as they are [default: 512]", 1, 65536);
    readonly Option<int?> _most = Number.Integer("--max-tokens", "Tokens of a text; what is behind them is cut off [default: what the model's files say]", 1);
    readonly Option<string?> _activation = Choice.Create(
        "--activation", "How the inputs of FP8 layers are held: in float32, or quantised to FP8 as GPUs do, with scales computed or the checkpoint's own [default: weight-only]", "weight-only", "dynamic", "static");

    internal EncoderOptionSet(Command command)
    {
        foreach (Option option in (Option[])[_device, _threads, _batch, _most, _activation])
        {
            command.Options.Add(option);
        }
    }

    internal EncoderOptions Read(ParseResult parsed) => new()
    {
        Device = parsed.GetValue(_device) ?? "cpu",
        Threads = parsed.GetValue(_threads),
        BatchTokens = parsed.GetValue(_batch),
        MaxTokens = parsed.GetValue(_most),
        Activation = parsed.GetValue(_activation) switch
        {
            "dynamic" => ActivationMode.Dynamic,
            "static" => ActivationMode.Static,
            _ => ActivationMode.WeightOnly,
        },
    };

    /// <summary>Says what was decided where a model's files leave a choice.</summary>
    internal static void Tell(IEnumerable<string> notices)
    {
        foreach (string notice in notices)
        {
            Standard.Error.WriteLine($"octet: note: {Visible.Text(notice)}");
        }
    }
}
