using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Server.Http;

namespace Octet.Server.Answers;

/// <summary>The fields that say what the chat template is given, beside messages and tools.</summary>
static class TemplateFields
{
    /// <param name="fields">Of the request.</param>
    /// <param name="model">The model.</param>
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

        bool continues = fields.Flag("continue_final_message") ?? false;
        bool? begins = fields.Flag("add_generation_prompt");
        if (continues && begins == true)
        {
            throw ApiException.Invalid("add_generation_prompt", "add_generation_prompt and continue_final_message are both true; expected one of them: the answer begins, or goes on in the last message");
        }

        return ReasoningWish.Read(fields).ApplyTo(
            new PromptOptions
            {
                Variables = variables,
                ContinueFinalMessage = continues,
                AddGenerationPrompt = begins ?? true,
                Documents = fields.List("documents") is null ? null : fields.Node("documents"),
            },
            model);
    }
}
