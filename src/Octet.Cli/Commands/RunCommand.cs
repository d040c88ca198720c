using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Octet.Cli.Chat;
using Octet.Cli.IO;
using Octet.Cli.Options;

namespace Octet.Cli.Commands;

/// <summary><c>octet run</c>: one answer, streamed.</summary>
sealed class RunCommand : Command
{
    // Two places that may stay empty: one argument alone is the prompt.
    readonly Argument<string?> _first = ModelPath.Argument();
    readonly Argument<string?> _second = new("PROMPT") { Description = "What to answer; - reads it from the standard input. An only argument is the prompt", Arity = ArgumentArity.ZeroOrOne };
    readonly Option<string?> _system = new("--system") { Description = "A system message before the prompt", HelpName = "TEXT" };
    readonly Option<string?> _prefill = new("--prefill") { Description = "The beginning of the answer, which the model goes on with; white space at its end is left out", HelpName = "TEXT" };
    readonly Option<bool> _raw = new("--raw") { Description = "Continue the prompt as it is, without the chat template" };
    readonly Option<int[]?> _ids = Number.List("--ids", "Token ids as the prompt; prints the ids generated. Needs no tokenizer", 0);
    readonly Option<bool> _stats = new("--stats") { Description = "Counts and speeds, on the error stream" };
    readonly Option<bool> _json = new("--json") { Description = "One JSON object at the end instead of streamed text" };
    readonly DownloadOptions _download;
    readonly ModelOptions _model;
    readonly SpeculationOptions _speculation;
    readonly SamplingOptions _sampling;
    readonly TemplateOptions _template;

    internal RunCommand()
        : base("run", "One answer, streamed. Example: octet run \"What is E4M3?\"")
    {
        Arguments.Add(_first);
        Arguments.Add(_second);
        Options.Add(_system);
        Options.Add(_prefill);
        _template = new TemplateOptions(this);
        Options.Add(_raw);
        Options.Add(_ids);
        _sampling = new SamplingOptions(this);
        _model = new ModelOptions(this);
        _speculation = new SpeculationOptions(this);
        _download = new DownloadOptions(this);
        Options.Add(_stats);
        Options.Add(_json);
        SetAction(RunAsync);
    }

    async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        (string? path, string? prompt) = Positional(parsed);
        GenerationOptions options = _sampling.Read(parsed);
        LanguageModelOptions how = await _speculation.ReadAsync(parsed, _model.Read(parsed, template: _template.Template(parsed)), draft => _download.ResolveAsync(parsed, draft, cancellationToken));
        using LanguageModel model = ModelOptions.Open(await _download.ResolveAsync(parsed, path, cancellationToken), how);
        int[] ids = prompt is null ? Number.Given(parsed, _ids)! : parsed.GetValue(_raw) ? model.Encode(prompt) : Encode(parsed, model, prompt);
        ModelNotes.Write(model, options);
        bool json = parsed.GetValue(_json);
        bool printIds = prompt is null;
        var text = new StringBuilder();
        var reasoning = new StringBuilder();
        List<int> generated = [];
        GenerationUpdate last = default;
        try
        {
            await foreach (GenerationUpdate update in model.GenerateAsync(ids, null, options, cancellationToken))
            {
                last = update;
                reasoning.Append(update.Reasoning);
                if (update.TokenId is { } id)
                {
                    generated.Add(id);
                }

                if (!json)
                {
                    // The reasoning ends where the answer begins.
                    bool answers = text.Length == 0 && update.Text.Length > 0 && reasoning.Length > 0;
                    Standard.Error.Write(Standard.Readable(answers ? update.Reasoning + "\n" : update.Reasoning, Standard.ErrorIsTerminal));
                    Stream(update, printIds, generated.Count == 1);
                }

                text.Append(update.Text);
            }
        }
        catch (OperationCanceledException) when (!json)
        {
            Standard.Output.WriteLine();
            throw;
        }

        if (!json && reasoning.Length > 0 && text.Length == 0)
        {
            Standard.Error.WriteLine();
        }

        if (json)
        {
            JsonOutput.WriteLine(Result(model, text.ToString(), options.Reasoning == ReasoningMode.Separate ? reasoning.ToString() : null, printIds ? generated : null, last));
        }
        else
        {
            Standard.Output.WriteLine();
        }

        Standard.Output.Flush();
        if (parsed.GetValue(_stats))
        {
            Standard.Error.Write(AnswerReport.Describe(model, last));
        }

        return 0;
    }

    (string? Model, string? Prompt) Positional(ParseResult parsed)
    {
        string? first = parsed.GetValue(_first);
        string? second = parsed.GetValue(_second);
        bool raw = parsed.GetValue(_raw);
        string? needsTemplate = parsed.GetValue(_system) is not null ? _system.Name : parsed.GetValue(_prefill) is not null ? _prefill.Name : _template.Given(parsed);
        if (Number.Given(parsed, _ids) is not null)
        {
            return second is not null ? throw new UsageException("a prompt and --ids: expected one of them")
                : needsTemplate is not null ? throw new UsageException($"{needsTemplate} needs a prompt in text, not --ids")
                : (first, null);
        }

        if (raw && needsTemplate is not null)
        {
            throw new UsageException($"{needsTemplate} needs the chat template, which --raw leaves out: write it into the prompt");
        }

        if (first is null)
        {
            throw new UsageException("there is no prompt: octet run [MODEL] \"prompt\"");
        }

        if (second is null && IsModel(first))
        {
            throw new UsageException($"{first} is a model and there is no prompt: octet run {first} \"prompt\"");
        }

        string? model = second is null ? null : first;
        string prompt = second ?? first;
        if (prompt == "-")
        {
            prompt = TextInput.Read(prompt);

            // The end of the line is the shell's, not the message's; continued as it is, it counts.
            prompt = raw ? prompt : prompt.TrimEnd('\r', '\n');
        }

        return prompt.Length > 0 && (raw || !string.IsNullOrWhiteSpace(prompt))
            ? (model, prompt)
            : throw new CommandException("the prompt is empty: expected at least one character");
    }

    /// <summary>An only argument is the prompt, but hardly this one.</summary>
    static bool IsModel(string text)
    {
        if (File.Exists(Path.Combine(text, "config.json")) || ModelLocation.IsWeightFile(text))
        {
            return true;
        }

        if (!text.Contains('/', StringComparison.Ordinal) || !ModelId.TryParse(text, out ModelId? id))
        {
            return false;
        }

        using var hub = new ModelHub();
        return hub.Find(id!) is not null;
    }

    int[] Encode(ParseResult parsed, LanguageModel model, string prompt)
    {
        List<ChatTurn> conversation = parsed.GetValue(_system) is { } system ? [new ChatTurn("system", system)] : [];
        conversation.Add(new ChatTurn("user", prompt));
        PromptOptions options = _template.Read(parsed, model);
        if (parsed.GetValue(_prefill) is { } prefill)
        {
            conversation.Add(new ChatTurn("assistant", prefill));
            options = options with { ContinueFinalMessage = true };
        }

        return model.Encode(conversation, options);
    }

    static void Stream(GenerationUpdate update, bool ids, bool first)
    {
        if (!ids)
        {
            Standard.Output.Write(Standard.Readable(update.Text, Standard.OutputIsTerminal));
        }
        else if (update.TokenId is { } id)
        {
            Standard.Output.Write(first ? $"{id}" : $" {id}");
        }

        Standard.Output.Flush();
    }

    static JsonObject Result(LanguageModel model, string text, string? reasoning, List<int>? ids, GenerationUpdate last)
    {
        GenerationStatistics statistics = last.Statistics.GetValueOrDefault();
        var result = new JsonObject { ["text"] = text };
        if (reasoning is not null)
        {
            result["reasoning"] = reasoning;
        }

        if (ids is not null)
        {
            result["ids"] = JsonOutput.Array(ids);
        }

        result["finish_reason"] = AnswerReport.Word(last.FinishReason);
        result["stop_reason"] = last.StopString ?? (JsonNode?)last.StopTokenId;
        result["prompt_tokens"] = statistics.Usage.PromptTokens;
        result["completion_tokens"] = statistics.Usage.CompletionTokens;
        result["time_to_first_token_seconds"] = statistics.TimeToFirstToken.TotalSeconds;
        result["prompt_tokens_per_second"] = JsonOutput.Number(statistics.PromptTokensPerSecond);
        result["tokens_per_second"] = JsonOutput.Number(statistics.TokensPerSecond);
        result["load_seconds"] = model.LoadDuration.TotalSeconds;
        result["device"] = model.Device;
        result["seed"] = statistics.Seed;
        if (model.Speculation != Speculation.None)
        {
            result["guessed_tokens"] = model.Statistics.GuessedTokens;
            result["accepted_tokens"] = model.Statistics.AcceptedTokens;
        }

        return result;
    }
}
