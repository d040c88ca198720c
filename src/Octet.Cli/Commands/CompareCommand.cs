using System.CommandLine;
using System.Text.Json.Nodes;
using Octet.Cli.Comparison;
using Octet.Cli.Inspection;
using Octet.Cli.IO;
using Octet.Cli.Options;
using Spectre.Console;

namespace Octet.Cli.Commands;

/// <summary><c>octet compare</c>: how far a model is from another, such as a quantised one from its original.</summary>
sealed class CompareCommand : Command
{
    // Long enough for a context, short enough that memory and time stay small.
    const int DefaultWindow = 512;

    readonly Argument<string> _a = new("A") { Description = "The reference: a model directory, or an id in the Hugging Face cache" };
    readonly Argument<string> _b = new("B") { Description = "The model that is judged; may be A again, with other --b- options" };
    readonly Option<string?> _text = new("--text") { Description = "The text that both compute", HelpName = "TEXT" };
    readonly Option<string?> _file = new("--file") { Description = "A UTF-8 file that holds it; - is the standard input", HelpName = "FILE" };
    readonly Option<string?> _prompts = new("--prompts") { Description = "JSON Lines of {\"text\":\"...\"}, each a text of its own; with \"context\":\"...\" before it that is computed and not judged", HelpName = "FILE" };
    readonly Option<int[]?> _ids = Number.List("--ids", "Token ids. Needs no tokenizer", 0);
    readonly Option<string?> _plot = new("--plot") { Description = "Write a chart of the error by layer to this SVG file", HelpName = "FILE" };
    readonly Option<bool> _json = new("--json") { Description = "Print one JSON object on a terminal too; null stands for an infinite signal-to-noise ratio (no difference), and for layers that cannot be compared" };
    readonly WindowOptions _windows;
    readonly ModelOptions _model;

    internal CompareCommand()
        : base("compare", "How far model B is from model A over the same text: divergence of predictions (KL), agreement, perplexities, signal-to-noise ratio of every layer. Of models that make vectors of texts: cosines, and whether the same texts are near each other")
    {
        Arguments.Add(_a);
        Arguments.Add(_b);
        foreach (Option option in (Option[])[_text, _file, _prompts, _ids, _plot, _json])
        {
            Options.Add(option);
        }

        _windows = new WindowOptions(this, $"{DefaultWindow}, or the context where it is shorter", DefaultWindow);
        _model = new ModelOptions(this, KvCacheType.Float32);
        _model.AddSecond(this);
        SetAction((parsed, cancellationToken) => Task.FromResult(Run(parsed, cancellationToken)));
    }

    int Run(ParseResult parsed, CancellationToken cancellationToken)
    {
        string? text = parsed.GetValue(_text), file = parsed.GetValue(_file), prompts = parsed.GetValue(_prompts), plot = parsed.GetValue(_plot);
        int[]? ids = Number.Given(parsed, _ids);
        if (((object?[])[text, file, prompts, ids]).Count(given => given is not null) != 1)
        {
            throw new UsageException("expected one of --text, --file, --prompts and --ids");
        }

        if (plot is not null)
        {
            AtomicOutput.Require(plot);
        }

        if (Verification.IsEncoder(ModelPath.Folder(ModelPath.Resolve(parsed.GetValue(_a)))))
        {
            return CompareEmbeddings(parsed, prompts, cancellationToken);
        }

        (string Context, string Text)[] texts = prompts is not null ? [.. ReadPrompts(prompts)] : ids is null ? [("", text ?? TextInput.Read(file!))] : [];
        using LanguageModel a = _model.Open(parsed, parsed.GetValue(_a));
        using LanguageModel b = _model.Open(parsed, parsed.GetValue(_b), second: true);
        var comparison = new ModelComparison(a, b, _windows.Read(parsed, Math.Min(a.ContextLength, b.ContextLength)));
        if (plot is not null && comparison.LayersNotCompared is { } reason)
        {
            throw new CommandException($"--plot shows the error of layers, which cannot be compared: {reason}");
        }

        (int[] Ids, int Context)[] sequences = ids is null ? [.. texts.Select(Encode)] : [(ids, 0)];
        Compute(comparison, sequences, cancellationToken);
        ComparisonResult result = comparison.Result();
        if (parsed.GetValue(_json) || !Standard.OutputIsTerminal)
        {
            JsonOutput.WriteLine(ComparisonReport.Json(result, a.Path, b.Path));
        }
        else
        {
            ComparisonReport.Write(result, a.Path, b.Path);
        }

        // Last: what was computed is not lost where the chart cannot be written.
        if (plot is not null)
        {
            AtomicText.Write(plot, ErrorChart.Create(result, a.Path, b.Path).ToSvg());
        }

        return 0;

        (int[] Ids, int Context) Encode((string Context, string Text) part)
        {
            int[] context = part.Context.Length == 0 ? [] : comparison.Encode(part.Context);
            return ([.. context, .. comparison.Encode(part.Text, addSpecialTokens: context.Length == 0)], context.Length);
        }
    }

    /// <summary>Of models that make vectors texts are compared with each other, so there have to be some.</summary>
    int CompareEmbeddings(ParseResult parsed, string? prompts, CancellationToken cancellationToken)
    {
        if (prompts is null || parsed.GetValue(_plot) is not null)
        {
            throw new UsageException("A makes vectors of texts: expected --prompts with a text on each line, and no --plot");
        }

        string[] texts = [.. ReadPrompts(prompts).Select(prompt => prompt.Context + prompt.Text)];
        using EmbeddingModel a = _model.OpenEmbedding(parsed, parsed.GetValue(_a));
        using EmbeddingModel b = _model.OpenEmbedding(parsed, parsed.GetValue(_b), second: true);
        EmbeddingComparisonResult result = TextBar.Run("compare", 2 * texts.Length, progress => EmbeddingComparison.Run(a, b, texts, null, progress, cancellationToken));
        if (parsed.GetValue(_json) || !Standard.OutputIsTerminal)
        {
            JsonOutput.WriteLine(EmbeddingReport.Json(result, a.Path, b.Path));
        }
        else
        {
            EmbeddingReport.Write(result, a.Path, b.Path);
        }

        return 0;
    }

    static void Compute(ModelComparison comparison, (int[] Ids, int Context)[] sequences, CancellationToken cancellationToken)
    {
        if (!Standard.ErrorIsTerminal)
        {
            Add(null);
            return;
        }

        Terminal.Error().Progress().AutoClear(true).Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()).Start(context =>
        {
            ProgressTask task = context.AddTask("compare", maxValue: sequences.Sum(sequence => (double)sequence.Ids.Length));
            Add(count => task.Increment(count));
        });

        void Add(Action<int>? progress)
        {
            foreach ((int[] ids, int context) in sequences)
            {
                comparison.Add(ids, context, progress, cancellationToken);
            }
        }
    }

    static IEnumerable<(string Context, string Text)> ReadPrompts(string path)
    {
        string name = TextInput.Name(path);
        bool any = false;
        foreach ((long line, JsonObject value) in JsonLines.Read(path))
        {
            any = true;
            string context = value["context"] is null ? "" : Text(value["context"]) ?? throw Malformed(line);
            yield return Text(value["text"]) is { Length: > 0 } text ? (context, text) : throw Malformed(line);
        }

        if (!any)
        {
            throw new CommandException($"{name} has no lines: expected {{\"text\":\"...\"}} on each");
        }

        static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

        Exception Malformed(long line) => JsonLines.Malformed(name, line, "expected {\"text\":\"...\"}, a text that is not empty, and with it at most a \"context\"");
    }
}
