using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Octet.Cli.IO;
using Octet.Cli.Options;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Cli.Commands;

/// <summary><c>octet score</c>: how well a model predicts a text.</summary>
sealed class ScoreCommand : Command
{
    readonly Argument<string?> _path = ModelPath.Argument();
    readonly Option<string?> _text = new("--text") { Description = "The text to score", HelpName = "TEXT" };
    readonly Option<string?> _file = new("--file") { Description = "A text file that holds it; - is the standard input", HelpName = "FILE" };
    readonly Option<int[]?> _ids = Number.List("--ids", "Token ids to score. Needs no tokenizer", 0);
    readonly Option<string?> _logits = new("--logits") { Description = "Write a float32 tensor 'logits' [positions, vocabulary] to this safetensors file", HelpName = "FILE" };
    readonly Option<bool> _json = new("--json") { Description = "Print {\"tokens\", \"nll\", \"perplexity\"} on a terminal too: tokens predicted, the sum of -ln p over them, exp(nll / tokens); of a mixture also \"experts\", for each layer how often each was chosen" };
    readonly ModelOptions _model;
    readonly WindowOptions _windows;

    internal ScoreCommand()
        : base("score", "How well a model predicts a text: negative log likelihood and perplexity")
    {
        Arguments.Add(_path);
        Options.Add(_text);
        Options.Add(_file);
        Options.Add(_ids);
        Options.Add(_logits);
        Options.Add(_json);

        _windows = new WindowOptions(this, "the whole text, or the context where the text is longer");

        // The model is to be measured, not the rounding of its cache.
        _model = new ModelOptions(this, KvCacheType.Float32);
        SetAction((parsed, cancellationToken) => Task.FromResult(Run(parsed, cancellationToken)));
    }

    int Run(ParseResult parsed, CancellationToken cancellationToken)
    {
        string? text = parsed.GetValue(_text);
        string? file = parsed.GetValue(_file);
        int[]? given = Number.Given(parsed, _ids);
        if ((text is null ? 0 : 1) + (file is null ? 0 : 1) + (given is null ? 0 : 1) != 1)
        {
            throw new UsageException("expected one of --text, --file and --ids");
        }

        if (parsed.GetValue(_logits) is { } logits)
        {
            AtomicOutput.Require(logits);
        }

        text ??= file is null ? null : TextInput.Read(file);
        using LanguageModel model = _model.Open(parsed, parsed.GetValue(_path));
        int[] ids = given ?? model.Encode(text!);
        IReadOnlyList<long[]?> uses = model.CountExperts();
        ScoreOptions options = _windows.Read(parsed, model.ContextLength);
        ScoreResult score = parsed.GetValue(_logits) is { } output ? ScoreTo(output, model, ids, options, cancellationToken) : model.Score(ids, options, null, cancellationToken);

        // Last, so that --logits shows where.
        if (!double.IsFinite(score.NegativeLogLikelihood))
        {
            throw new CommandException($"{model.Path}: the model computes logits that are not finite: a weight or scale of the checkpoint is likely damaged (octet inspect --verify looks at them)");
        }

        if (parsed.GetValue(_json) || !Standard.OutputIsTerminal)
        {
            var json = new JsonObject
            {
                ["tokens"] = score.Tokens,
                ["nll"] = JsonOutput.Number(score.NegativeLogLikelihood),
                ["perplexity"] = JsonOutput.Number(score.Perplexity),
            };
            if (uses.Any(layer => layer is not null))
            {
                json["experts"] = new JsonArray([.. uses.Select(layer => layer is null ? null : new JsonArray([.. layer.Select(count => JsonValue.Create(count))]))]);
            }

            JsonOutput.WriteLine(json);
        }
        else
        {
            Standard.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{score.Tokens} tokens predicted, negative log likelihood {score.NegativeLogLikelihood:0.####}, perplexity {score.Perplexity:0.####}"));
        }

        return 0;
    }

    /// <summary>Rows go to the file as they are computed; the file appears when the last one is there.</summary>
    static ScoreResult ScoreTo(string path, LanguageModel model, int[] ids, ScoreOptions options, CancellationToken cancellationToken)
    {
        ScoreResult score = default;
        var logits = new TensorSource("logits", DataType.Float32, [ids.Length, model.Config.VocabSize],
            stream => score = model.Score(ids, options, (_, row) => stream.Write(MemoryMarshal.AsBytes(row)), cancellationToken));
        SafetensorsWriter.Write(path, [logits], null, cancellationToken);
        return score;
    }
}
