using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Octet.Extensions.AI;

/// <summary>The tools of a call in OpenAI's form, as chat templates read them.</summary>
static class ToolList
{
    /// <summary>The list; null where there are no tools.</summary>
    /// <exception cref="ModelException">A tool is none that a model can be told of.</exception>
    internal static JsonArray? Create(IList<AITool>? tools)
    {
        if (tools is null or { Count: 0 })
        {
            return null;
        }

        return new JsonArray([.. tools.Select(static tool => (JsonNode)Describe(tool))]);
    }

    static JsonObject Describe(AITool tool)
    {
        // A hosted tool runs at a provider, and here is none.
        if (tool is not AIFunctionDeclaration function)
        {
            throw new ModelException(ModelError.Unsupported, $"the tool {tool?.Name ?? "null"} is a {tool?.GetType().Name ?? "null"}: expected an {nameof(AIFunctionDeclaration)}, hosted tools are not supported");
        }

        var description = new JsonObject { ["name"] = function.Name };
        if (!string.IsNullOrEmpty(function.Description))
        {
            description["description"] = function.Description;
        }

        // A copy: the node keeps nothing of the document that the schema may come from.
        description["parameters"] = JsonNode.Parse(function.JsonSchema.GetRawText());
        return new JsonObject { ["type"] = "function", ["function"] = description };
    }
}
