using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Server.Http;

namespace Octet.Server.Answers;

/// <summary>The fields that say what the chat template is given, beside messages and tools.</summary>
static class TemplateFields
{
    /// <param name="fields">Of the request.</param>
    /// <param name="model">The model; null: it is not known yet, and thinking is left as it is.</param>
    internal static PromptOptions Read(Fields fields, LanguageModel model)
    {
        var variables = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        if (fields.Object("chat_template_kwargs") is { } given)
        {
            foreach (JsonProperty entry in given.Json.EnumerateObject())
            {
                variables[entry.Name] = entry.Value.ValueKind == JsonValueKind.Null ? null : Fields.Node(entry.Value);
            }
        }

        return Effort(new PromptOptions
        {
            Variables = variables,
            ContinueFinalMessage = fields.Flag("continue_final_message") ?? false,
            Documents = fields.List("documents") is null ? null : fields.Node("documents"),
        }, fields.Text("reasoning_effort"), model);
    }

    /// <summary>How much the model is to think: switches it off where it can be, and is told to templates that know the word.</summary>
    internal static PromptOptions Effort(PromptOptions prompt, string? effort, LanguageModel model)
    {
        if (effort is null)
        {
            return prompt;
        }

        var variables = new Dictionary<string, JsonNode?>(prompt.Variables ?? new Dictionary<string, JsonNode?>(), StringComparer.Ordinal);
        variables.TryAdd("reasoning_effort", effort);
        return prompt with { Variables = variables, Thinking = model.ThinkingVariable is null ? null : effort != "none" };
    }
}
