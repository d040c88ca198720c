using Octet.Constraints.Calls;
using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.Answers;

/// <summary>A conversation that is to be answered, whichever API it came by.</summary>
/// <param name="Turns">The messages.</param>
/// <param name="Prompt">Variables of the template and so on; the tools are those of <paramref name="Tools"/>.</param>
/// <param name="Options">How tokens are drawn.</param>
/// <param name="Tools">The tools.</param>
/// <param name="Form">What the text must be.</param>
sealed record Conversation(IReadOnlyList<ChatTurn> Turns, PromptOptions Prompt, GenerationOptions Options, ToolSet Tools, OutputForm Form)
{
    /// <summary>How much the model is to think; <see cref="Prompt"/> knows it already.</summary>
    internal ReasoningWish Reasoning { get; init; }

    /// <summary>The prompt's tokens.</summary>
    internal int[] Encode(LanguageModel model) => model.Encode(model.FitSystems(Turns), Prompt with { Tools = Tools.Offered });

    /// <summary>Begins answers to it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="lease">Who answers.</param>
    /// <param name="choices">How many answers.</param>
    internal AnswerSet Begin(ApiRequest request, ModelLease lease, int choices = 1)
    {
        LanguageModel model = lease.Language;
        bool isForced = Tools is { Offered: not null, Choice.Mode: ToolChoiceMode.Required };
        bool isForeign = isForced && !CallConstraint.IsNative(model.OutputFormat);
        int[] prompt = Encode(model);
        GenerationOptions options = Options with
        {
            Reasoning = ReasoningMode.Separate,
            ReasoningBudget = Reasoning.Limit(request.Options.ReasoningBudget),
            ToolCalls = Tools.Offered is null || isForeign ? ToolCallMode.Keep : ToolCallMode.Separate,
            EndsBehindCall = !isForced && !Tools.Parallel,
            Tools = Tools.Offered,
            Constraint = OutputForms.Constraint(Form, Tools, model.OutputFormat, request.Server.Get<ConstraintCache>()),
        };
        return new AnswerSet(request, lease, "chat", [.. Enumerable.Repeat(prompt, choices)], options, prompt.Length, isForeign);
    }
}
