using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Octet.Constraints.Calls;

namespace Octet.Extensions.AI;

/// <summary>What a call asks of the form of its answer: the one place where the response format and the tool mode become a constraint of the generation.</summary>
static class AnswerConstraint
{
    // A constraint that is used again knows the tokenizer already; a program has few schemas, and one that makes them up does not fill the memory.
    const int MostKept = 64;

    static readonly ConcurrentDictionary<string, OutputConstraint> s_kept = new(StringComparer.Ordinal);

    /// <summary>What the answer is held to; null: nothing but what the options of the generation say.</summary>
    /// <param name="format">What the answer is to be.</param>
    /// <param name="mode">Whether a tool has to be called: then there is no text that could be of the format.</param>
    /// <param name="tools">The tools that the model is told of; null: none.</param>
    /// <param name="calls">How the model writes calls.</param>
    /// <param name="several">Whether it may write several.</param>
    /// <exception cref="ConstraintException">A schema is broken or not supported.</exception>
    /// <exception cref="ModelException">A call is asked for of a tool that is not there, or a format that is not supported.</exception>
    internal static OutputConstraint? Of(ChatResponseFormat? format, ChatToolMode? mode, JsonArray? tools, OutputFormat calls, bool several)
    {
        if (mode is RequiredChatToolMode { RequiredFunctionName: var name })
        {
            JsonArray all = tools ?? throw new ModelException(ModelError.InvalidInput, "ToolMode requires a call, and there are no tools: expected at least one");
            return name is null || all.Any(tool => (string?)tool!["function"]!["name"] == name)
                ? Keep(string.Create(CultureInfo.InvariantCulture, $"call {calls.Name} {name?.Length} {name} {all.ToJsonString()}"), () => CallConstraint.Required(calls, all, name))
                : throw new ModelException(ModelError.InvalidInput, $"ToolMode requires a call of {name}, and there is no such tool: expected one of the tools");
        }

        OutputConstraint? text = format switch
        {
            null or ChatResponseFormatText => null,
            ChatResponseFormatJson { Schema: { } schema } => OfSchema(schema),
            ChatResponseFormatJson => OutputConstraint.JsonObject,
            _ => throw new ModelException(ModelError.Unsupported, $"ResponseFormat is {format.GetType().Name}: expected text or JSON"),
        };
        return text is null || tools is null ? text : Keep(
            $"form or {several} call {calls.Name} {(format as ChatResponseFormatJson)?.Schema?.GetRawText()} {tools.ToJsonString()}", () => CallConstraint.OrForm(text, calls, tools, several));
    }

    static OutputConstraint OfSchema(JsonElement schema)
    {
        string text = schema.GetRawText();
        return Keep(text, () => OutputConstraint.JsonSchema(text));
    }

    static OutputConstraint Keep(string key, Func<OutputConstraint> make)
    {
        if (s_kept.Count >= MostKept)
        {
            s_kept.Clear();
        }

        return s_kept.GetOrAdd(key, static (_, made) => made(), make);
    }
}
