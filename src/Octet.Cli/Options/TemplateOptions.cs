using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Octet.Cli.Options;

/// <summary>How a conversation becomes a prompt: the options of the commands that use a chat template.</summary>
sealed class TemplateOptions
{
    // Of a value that is wrong: a whole conversation may have been meant.
    const int MostShown = 80;

    readonly Option<string?> _template = new("--chat-template") { Description = "Another chat template, by its name among the model's (rag, tool_use, ...) or in a file", HelpName = "NAME|FILE" };
    readonly Option<Dictionary<string, JsonNode?>?> _variables = new("--template-var")
    {
        Description = "A variable of the chat template, such as enable_thinking=false or reasoning_effort='\"high\"'; may be repeated",
        HelpName = "NAME=JSON",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = ParseVariables,
    };
    readonly Option<bool> _think = new("--think") { Description = "Let the model think before it answers, where its chat template has a switch for that" };
    readonly Option<bool> _noThink = new("--no-think") { Description = "Do not let it" };

    internal TemplateOptions(Command command)
    {
        foreach (Option option in (Option[])[_think, _noThink, _variables, _template])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The chat template to open a model with; null: its own.</summary>
    internal string? Template(ParseResult parsed) => parsed.GetValue(_template);

    /// <summary>The first option given of those that a prompt without a chat template has no use for; null: none.</summary>
    internal string? Given(ParseResult parsed)
        => Array.Find((Option[])[_think, _noThink, _variables, _template], option => parsed.GetResult(option) is { Implicit: false })?.Name;

    /// <summary>What is wanted of this model's template. That it cannot switch thinking is said, and is no error.</summary>
    /// <exception cref="UsageException">Two options contradict each other.</exception>
    internal PromptOptions Read(ParseResult parsed, LanguageModel model)
    {
        bool think = parsed.GetValue(_think), noThink = parsed.GetValue(_noThink);
        if (think && noThink)
        {
            throw new UsageException("--think and --no-think: expected one of them");
        }

        if ((think || noThink) && model.ThinkingVariable is null)
        {
            ErrorReport.Warn($"{(think ? "--think" : "--no-think")} has no effect: the chat template has no switch for thinking (neither enable_thinking nor thinking changes what it writes)");
            think = noThink = false;
        }

        return new PromptOptions { Thinking = think ? true : noThink ? false : null, Variables = parsed.GetValue(_variables) };
    }

    static Dictionary<string, JsonNode?>? ParseVariables(ArgumentResult result)
    {
        Dictionary<string, JsonNode?> variables = new(StringComparer.Ordinal);
        foreach (Token token in result.Tokens)
        {
            int equals = token.Value.IndexOf('=', StringComparison.Ordinal);
            try
            {
                if (equals > 0)
                {
                    variables[token.Value[..equals]] = JsonNode.Parse(token.Value[(equals + 1)..], documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
                    continue;
                }
            }
            catch (Exception e) when (e is JsonException or ArgumentException)
            {
            }

            result.AddError($"--template-var is '{(token.Value.Length <= MostShown ? token.Value : token.Value[..MostShown] + "...")}': expected a name, =, and JSON (true, 3, \"text\" in quotation marks)");
            return null;
        }

        return variables;
    }
}
