using Octet.Checkpoints;

namespace Octet.Embeddings;

/// <summary>What sentence-transformers keeps of its first module, the model: <c>sentence_bert_config.json</c>, under one of the names it has had.</summary>
sealed record TransformerSettings
{
    static readonly string[] s_files =
    [
        "sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json", "sentence_camembert_config.json",
        "sentence_albert_config.json", "sentence_xlm-roberta_config.json", "sentence_xlnet_config.json",
    ];

    // Of these texts and chat templates are read; the others say how batches are padded, which none is here, or are about pictures and sounds.
    static readonly string[] s_processing = ["text", "chat_template", "common", "image", "audio", "video"];

    /// <summary>The longest text; null: it does not say.</summary>
    internal int? MaxTokens { get; private init; }

    /// <summary><c>do_lower_case</c> of sentence-transformers, which is not the tokenizer's.</summary>
    internal bool LowersCase { get; private init; }

    /// <summary>How texts become messages; null: they do not.</summary>
    internal MessageForm? Messages { get; private init; }

    /// <param name="directory">The model's.</param>
    /// <param name="isStated">Whether there is a <c>modules.json</c>: without it sentence-transformers does not look at what came with 5.4.</param>
    /// <exception cref="ModelException">The file is broken, or asks for what is not implemented.</exception>
    internal static TransformerSettings Load(string directory, bool isStated)
    {
        if (s_files.Select(name => Path.Combine(directory, name)).FirstOrDefault(File.Exists) is not { } path)
        {
            return new TransformerSettings();
        }

        ConfigObject json = ConfigObject.Load(path);
        var settings = new TransformerSettings { MaxTokens = json.TryInt32("max_seq_length", 1), LowersCase = json.TryBoolean("do_lower_case") ?? false };
        if (!isStated)
        {
            return settings;
        }

        if (json.TryString("transformer_task") is { } task && task is not ("feature-extraction" or "sequence-classification" or "text-generation" or "any-to-any"))
        {
            throw json.Unsupported("transformer_task", "\"feature-extraction\", \"sequence-classification\", \"text-generation\", \"any-to-any\"");
        }

        ConfigObject? processing = json.TryObject("processing_kwargs");
        return settings with { MaxTokens = TextLength(processing) ?? settings.MaxTokens, Messages = MessageForm.Read(json) };
    }

    static int? TextLength(ConfigObject? processing)
    {
        if (processing is not null && processing.Names.FirstOrDefault(name => !s_processing.Contains(name)) is { } unknown)
        {
            throw processing.Refused(unknown, "is not known");
        }

        if (processing?.TryObject("text") is not { } text)
        {
            return null;
        }

        foreach (string name in text.Names)
        {
            bool isKnown = name is "max_length" or "padding" or "padding_side" or "pad_to_multiple_of" or "return_tensors" || (name == "truncation" && !text.IsFalse(name) && (!text.IsString(name) || text.TryString(name) == "longest_first"));
            if (!isKnown)
            {
                throw text.Refused(name, "is not implemented");
            }
        }

        return text.TryInt32("max_length", 1);
    }
}
