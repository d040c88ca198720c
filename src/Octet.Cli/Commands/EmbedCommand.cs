using System.CommandLine;
using System.Text.Json.Nodes;
using Octet.Cli.IO;
using Octet.Cli.Options;
using Octet.Embeddings;

namespace Octet.Cli.Commands;

/// <summary><c>octet embed</c>: a vector for each text.</summary>
sealed class EmbedCommand : Command
{
    // Texts whose vectors are computed before any is written: many batches, little memory.
    const int Together = 1024;

    readonly Argument<string> _model = new("MODEL") { Description = "A model directory, or an id in the Hugging Face cache: an encoder (BERT, RoBERTa, ModernBERT) or an embedding model such as Qwen3-Embedding" };
    readonly Argument<string[]> _texts = new("TEXT") { Description = "Texts [default: the lines of the standard input]", Arity = ArgumentArity.ZeroOrMore };
    readonly Option<string?> _file = new("--file") { Description = "JSON Lines of {\"text\"}, or of {\"ids\"}: token ids with their special tokens; - is the standard input", HelpName = "FILE" };
    readonly Option<string?> _out = new("--out") { Description = "Write float32 [texts, dimensions] to this file, .npy or .safetensors (tensor 'embeddings'), instead of JSON Lines {\"embedding\"}", HelpName = "FILE" };
    readonly Option<string?> _prompt = new("--prompt") { Description = "The name of a prompt of the model (config_sentence_transformers.json), such as query, which is put before each text", HelpName = "NAME" };
    readonly Option<string?> _prefix = new("--prefix") { Description = "A text that is put before each, whatever prompts the model has", HelpName = "TEXT" };
    readonly Option<int?> _dimensions = Number.Integer("--dims", "Elements of a vector that are kept, the first ones, for models that were trained so (Matryoshka) [default: all]", 1);
    readonly Option<string?> _pooling = Choice.Create("--pooling", "How the states of tokens become one vector [default: what the model's files say, or the mean]", "cls", "mean", "max", "last");
    readonly EncoderOptionSet _options;

    internal EmbedCommand()
        : base("embed", "A vector for each text: JSON Lines out, in their order")
    {
        Arguments.Add(_model);
        Arguments.Add(_texts);
        foreach (Option option in (Option[])[_file, _out, _prompt, _prefix, _dimensions, _pooling])
        {
            Options.Add(option);
        }

        _options = new EncoderOptionSet(this);
        SetAction((parsed, cancellationToken) => Task.FromResult(Run(parsed, cancellationToken)));
    }

    int Run(ParseResult parsed, CancellationToken cancellationToken)
    {
        string? output = parsed.GetValue(_out);
        if (output is not null && !MatrixFile.IsKnown(output))
        {
            throw new UsageException($"--out is '{output}': expected a name that ends in .npy or .safetensors");
        }

        if (output is not null)
        {
            AtomicOutput.Require(output);
        }

        if (parsed.GetValue(_prompt) is not null && parsed.GetValue(_prefix) is not null)
        {
            throw new UsageException("--prompt and --prefix: expected one of them");
        }

        IEnumerable<TextLine> texts = TextLines.Read(parsed.GetValue(_texts) ?? [], parsed.GetValue(_file), allowsIds: true);
        var options = new EmbeddingOptions { PromptName = parsed.GetValue(_prompt), Prompt = parsed.GetValue(_prefix), Dimensions = parsed.GetValue(_dimensions) };
        using EmbeddingModel model = EmbeddingModel.Load(ModelPath.Resolve(parsed.GetValue(_model)), _options.Read(parsed) with { Pooling = Pooling(parsed) });
        EncoderOptionSet.Tell(model.Notices);
        List<float[]> rows = [];
        foreach (TextLine[] chunk in texts.Chunk(Together))
        {
            float[][] vectors = TextBar.Run("embed", chunk.Length, progress => Embed(model, chunk, options, progress, cancellationToken));
            if (output is not null)
            {
                rows.AddRange(vectors);
                continue;
            }

            foreach (float[] vector in vectors)
            {
                JsonOutput.WriteLine(new JsonObject { ["embedding"] = new JsonArray([.. vector.Select(value => (JsonNode)JsonValue.Create(value))]) });
            }
        }

        if (output is not null)
        {
            MatrixFile.Write(output, "embeddings", rows, options.Dimensions ?? model.Dimensions, cancellationToken);
        }

        return 0;
    }

    /// <summary>Lines with text and lines with token ids, each in its place.</summary>
    static float[][] Embed(EmbeddingModel model, TextLine[] texts, EmbeddingOptions options, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        try
        {
            return texts.All(text => text.Text is not null)
                ? model.Embed([.. texts.Select(text => text.Text!)], options, progress, cancellationToken)
                : model.EmbedTokens([.. texts.Select(text => text.Ids ?? model.Encode(text.Text!, options))], options, progress, cancellationToken);
        }
        catch (ModelException error) when (error.Data[TextEncoder.IndexKey] is int index)
        {
            // The library knows of these texts only.
            throw new CommandException(texts[index].Place + error.Message[TextEncoder.TextName(index).Length..]);
        }
    }

    PoolingMode? Pooling(ParseResult parsed) => parsed.GetValue(_pooling) switch
    {
        "cls" => PoolingMode.FirstToken,
        "mean" => PoolingMode.Mean,
        "max" => PoolingMode.Max,
        "last" => PoolingMode.LastToken,
        _ => null,
    };
}
