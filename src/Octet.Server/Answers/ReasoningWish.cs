using System.Text.Json.Nodes;
using Octet.Server.Http;

namespace Octet.Server.Answers;

/// <summary>How much a model is to think before it answers. The APIs have several words and numbers for it.</summary>
/// <param name="Effort">A word such as <c>low</c>, which templates may know; null: none is said.</param>
/// <param name="Thinks">Whether it is to think at all; null: as it likes.</param>
/// <param name="Budget">The most tokens; negative: any number; null: not said.</param>
readonly record struct ReasoningWish(string? Effort, bool? Thinks, int? Budget)
{
    const string Off = "none";

    // Those of vLLM and llama-server.
    static readonly string[] s_budgets = ["thinking_token_budget", "reasoning_budget", "thinking_budget_tokens"];

    /// <summary>
    /// <c>reasoning_effort</c>, <c>reasoning</c> with <c>effort</c>, <c>max_tokens</c> and <c>enabled</c> (the Responses API and OpenRouter), and the budgets of vLLM and
    /// llama-server, where -1 is none.
    /// </summary>
    internal static ReasoningWish Read(Fields fields)
    {
        Fields? reasoning = fields.Object("reasoning");
        string? effort = fields.Text("reasoning_effort") ?? reasoning?.Text("effort");
        int? asked = reasoning?.Integer("max_tokens", 0);
        int? budget = ReadBudget(fields) ?? asked;
        bool? thinks = effort is not null ? effort != Off : reasoning?.Flag("enabled") ?? (asked is null ? null : asked > 0);
        return new ReasoningWish(effort, budget == 0 ? false : thinks, budget);
    }

    /// <summary><c>thinking</c> of a message with its <c>budget_tokens</c>, and <c>output_config.effort</c>.</summary>
    internal static ReasoningWish ReadMessage(Fields fields)
    {
        string? effort = fields.Object("output_config")?.Text("effort");
        Fields? thinking = fields.Object("thinking");
        int? budget = thinking?.Integer("budget_tokens", 1);
        return thinking?.Word("type", "enabled", "disabled", "adaptive") switch
        {
            "enabled" => new ReasoningWish(effort, true, budget),
            "disabled" => new ReasoningWish(effort, false, 0),
            _ => new ReasoningWish(effort, effort is null ? null : effort != Off, budget),
        };
    }

    /// <summary>A budget by itself, as <c>/v1/completions</c> takes it too; null: none is said.</summary>
    internal static int? ReadBudget(Fields fields)
    {
        foreach (string name in s_budgets)
        {
            if (fields.Integer(name, -1) is { } budget)
            {
                return budget;
            }
        }

        return null;
    }

    /// <summary>Tells the template: thinking is switched where it has a switch, and the word is a variable, the nearest that it takes.</summary>
    internal PromptOptions ApplyTo(PromptOptions prompt, LanguageModel model)
    {
        if (Effort is { } effort)
        {
            var variables = new Dictionary<string, JsonNode?>(prompt.Variables ?? new Dictionary<string, JsonNode?>(), StringComparer.Ordinal);
            variables.TryAdd(ReasoningEfforts.Variable, model.FitEffort(effort));
            prompt = prompt with { Variables = variables };
        }

        // A model without the switch thinks as it was made to, and its budget ends it.
        return Thinks is null || model.ThinkingVariable is null ? prompt : prompt with { Thinking = Thinks };
    }

    /// <summary>The most tokens of reasoning; null: any number.</summary>
    /// <param name="usual">Where nothing is said.</param>
    internal int? Limit(int? usual) => Budget switch
    {
        null => Thinks == false ? 0 : usual,
        < 0 => null,
        _ => Budget,
    };
}
