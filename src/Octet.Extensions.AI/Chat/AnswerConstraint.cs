using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Octet.Extensions.AI;

/// <summary>What a call asks of the form of its answer: the one place where the response format and the tool mode become a constraint of the generation.</summary>
static class AnswerConstraint
{
    // A constraint that is used again knows the tokenizer already; a program has few schemas, and one that makes them up does not fill the memory.
    const int MostKept = 64;

    static readonly ConcurrentDictionary<string, OutputConstraint> s_kept = new(StringComparer.Ordinal);

    /// <summary>The options with the constraint that format and mode ask for.</summary>
    /// <param name="generation">The options without it.</param>
    /// <param name="format">What the answer is to be.</param>
    /// <param name="mode">Whether a tool has to be called.</param>
    /// <param name="hasTools">Whether the model is told of tools: a call of one is no JSON of a schema.</param>
    /// <exception cref="ConstraintException">The schema is broken or not supported.</exception>
    /// <exception cref="ModelException">A constraint is asked for that is not supported.</exception>
    internal static GenerationOptions Apply(GenerationOptions generation, ChatResponseFormat? format, ChatToolMode? mode, bool hasTools)
    {
        if (mode is RequiredChatToolMode required)
        {
            string tool = required.RequiredFunctionName ?? "any";
            throw new ModelException(ModelError.Unsupported, $"ToolMode requires a call ({tool}): expected Auto or None, calls cannot be required");
        }

        if (format is null or ChatResponseFormatText)
        {
            return generation;
        }

        if (format is not ChatResponseFormatJson json)
        {
            throw new ModelException(ModelError.Unsupported, $"ResponseFormat is {format.GetType().Name}: expected text or JSON");
        }

        return hasTools
            ? throw new ModelException(ModelError.Unsupported, "ResponseFormat is JSON and there are tools: expected one of them, an answer that has to be JSON cannot call any (ToolMode None leaves them out)")
            : generation with { Constraint = json.Schema is { } schema ? OfSchema(schema) : OutputConstraint.JsonObject };
    }

    static OutputConstraint OfSchema(JsonElement schema)
    {
        if (s_kept.Count >= MostKept)
        {
            s_kept.Clear();
        }

        return s_kept.GetOrAdd(schema.GetRawText(), static text => OutputConstraint.JsonSchema(text));
    }
}
