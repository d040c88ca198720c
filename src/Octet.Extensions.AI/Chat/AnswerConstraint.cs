using Microsoft.Extensions.AI;

namespace Octet.Extensions.AI;

/// <summary>What a call asks of the form of its answer: the one place where the response format and the tool mode become a constraint of the generation.</summary>
static class AnswerConstraint
{
    /// <summary>The options with the constraint that format and mode ask for.</summary>
    /// <exception cref="ModelException">They ask for one: constrained answers are not supported.</exception>
    internal static GenerationOptions Apply(GenerationOptions generation, ChatResponseFormat? format, ChatToolMode? mode)
    {
        if (format is not null and not ChatResponseFormatText)
        {
            throw new ModelException(ModelError.Unsupported, $"ResponseFormat is {format.GetType().Name}: expected text or none, constrained answers are not supported");
        }

        if (mode is RequiredChatToolMode required)
        {
            string tool = required.RequiredFunctionName ?? "any";
            throw new ModelException(ModelError.Unsupported, $"ToolMode requires a call ({tool}): expected Auto or None, constrained answers are not supported");
        }

        return generation;
    }
}
