using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Cli.IO;
using Octet.Cli.Options;

namespace Octet.Cli.Commands;

/// <summary><c>octet rerank</c>: documents by how well they answer a query.</summary>
sealed class RerankCommand : Command
{
    readonly Argument<string> _model = new("MODEL") { Description = "A model directory, or an id in the Hugging Face cache: a cross-encoder (BertForSequenceClassification and the like, of one label) or a decoder that is asked for scores, such as Qwen3-Reranker" };
    readonly Argument<string[]> _documents = new("DOCUMENT") { Description = "Documents [default: the lines of the standard input]", Arity = ArgumentArity.ZeroOrMore };
    readonly Option<string?> _query = new("--query") { Description = "What is asked", HelpName = "TEXT" };
    readonly Option<string?> _file = new("--file") { Description = "JSON Lines of {\"text\"}, a document each; - is the standard input", HelpName = "FILE" };
    readonly Option<string?> _instruction = new("--instruction") { Description = "What documents are judged by, for models that are told in words (Qwen3-Reranker)", HelpName = "TEXT" };
    readonly Option<int?> _top = Number.Integer("--top", "Print only so many, the best [default: all]", 1);
    readonly Option<bool> _json = new("--json") { Description = "One JSON object, {\"results\": [{\"index\", \"score\", \"text\"}, ...]}; indices are from 0" };
    readonly EncoderOptionSet _options;

    internal RerankCommand()
        : base("rerank", "Documents by how well they answer a query, the best first: score, index from 0, document")
    {
        Arguments.Add(_model);
        Arguments.Add(_documents);
        foreach (Option option in (Option[])[_query, _file, _instruction, _top, _json])
        {
            Options.Add(option);
        }

        _options = new EncoderOptionSet(this);
        SetAction((parsed, cancellationToken) => Task.FromResult(Run(parsed, cancellationToken)));
    }

    int Run(ParseResult parsed, CancellationToken cancellationToken)
    {
        string query = parsed.GetValue(_query) ?? throw new UsageException("--query is missing: expected what is asked");
        string[] documents = [.. TextLines.Read(parsed.GetValue(_documents) ?? [], parsed.GetValue(_file), allowsIds: false).Select(line => line.Text!)];
        if (documents.Length == 0)
        {
            throw new CommandException("there are no documents: expected arguments, lines on the standard input, or --file");
        }

        using Reranker model = Reranker.Load(ModelPath.Resolve(parsed.GetValue(_model)), _options.Read(parsed));
        EncoderOptionSet.Tell(model.Notices);
        var options = new RerankOptions { Instruction = parsed.GetValue(_instruction) };
        IEnumerable<RankedDocument> ranked = TextBar.Run("rerank", documents.Length, progress => model.Rank(query, documents, options, progress, cancellationToken)).Take(parsed.GetValue(_top) ?? int.MaxValue);
        if (parsed.GetValue(_json))
        {
            JsonOutput.WriteLine(new JsonObject
            {
                ["results"] = new JsonArray([.. ranked.Select(document => (JsonNode)new JsonObject
                {
                    ["index"] = document.Index,
                    ["score"] = document.Score,
                    ["text"] = documents[document.Index],
                })]),
            });
            return 0;
        }

        foreach (RankedDocument document in ranked)
        {
            Standard.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{document.Score:0.000000}\t{document.Index}\t{Visible.Text(documents[document.Index])}"));
        }

        return 0;
    }
}
