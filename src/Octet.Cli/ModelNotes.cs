namespace Octet.Cli;

/// <summary>What is said of a model before its first answer.</summary>
static class ModelNotes
{
    const int MostNames = 10;

    internal static void Write(LanguageModel model, GenerationOptions options)
    {
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
    }
}
