namespace Octet.Cli;

/// <summary>What is said of a model before its first answer.</summary>
static class ModelNotes
{
    const int MostNames = 10;

    /// <exception cref="ArgumentException">The model cannot follow the options; nothing is said then.</exception>
    /// <exception cref="ModelException">The model's file wants what cannot be followed, and the options say nothing else.</exception>
    internal static void Write(LanguageModel model, GenerationOptions options)
    {
        // The shortest prompt: what depends on its length is told when there is one.
        bool greedy = model.Settings(options, promptTokens: 1).Temperature == 0;
        if (model.EndTokenIds.Count == 0 && !options.IgnoreEos && options.StopStrings is null && options.StopTokenIds is null)
        {
            ErrorReport.Warn($"no end token of {model.Path} is known (from generation_config.json, config.json, the tokenizer or the chat template): "
                + "an answer goes on up to --max-tokens or the end of the context, if --stop or --stop-id does not end it");
        }

        if (model.GenerationConfig.UnknownKeys is { Count: > 0 } unknown && !options.IgnoreGenerationConfig)
        {
            string more = unknown.Count > MostNames ? $" and {unknown.Count - MostNames} more keys" : "";
            ErrorReport.Warn($"{Path.Combine(model.Path, "generation_config.json")} holds {string.Join(", ", unknown.Take(MostNames))}{more}: not known, and without effect");
        }

        if (greedy && Unread(options) is { Length: > 0 } unread)
        {
            ErrorReport.Warn($"{string.Join(", ", unread)}: without effect, as the most likely token is always taken ({(options.Temperature == 0 ? "--temperature 0" : "the model does not sample by itself")}); --temperature above 0 samples");
        }
    }

    /// <summary>The options that were given and count only where tokens are drawn by chance. Those that switch something off have what they want.</summary>
    static string[] Unread(GenerationOptions options)
    {
        (string Name, bool Given)[] all =
        [
            ("--top-k", options.TopK > 0),
            ("--top-p", options.TopP < 1),
            ("--min-p", options.MinP > 0),
            ("--typical-p", options.TypicalP < 1),
            ("--seed", options.Seed is not null),
        ];
        return [.. all.Where(option => option.Given).Select(option => option.Name)];
    }
}
