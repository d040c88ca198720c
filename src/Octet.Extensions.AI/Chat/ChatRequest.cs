using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Octet.Constraints.Calls;

namespace Octet.Extensions.AI;

/// <summary>What one call of a chat client comes to: Octet's own conversation and options.</summary>
/// <param name="Conversation">The messages.</param>
/// <param name="Generation">How to generate.</param>
/// <param name="Prompt">Tools and variables of the template.</param>
/// <param name="ShowsReasoning">Whether the reasoning is part of the answer; its tokens are counted in any case.</param>
sealed record ChatRequest(IReadOnlyList<ChatTurn> Conversation, GenerationOptions Generation, PromptOptions Prompt, bool ShowsReasoning)
{
    /// <summary>Whether the answer is a call in a form that is not the model's own.</summary>
    internal bool IsForcedCall { get; private init; }

    /// <param name="client">Given to the call's <see cref="ChatOptions.RawRepresentationFactory"/>.</param>
    /// <param name="model">The model that is asked.</param>
    /// <param name="name">Its name.</param>
    /// <param name="defaults">How to generate where the call does not say it.</param>
    /// <param name="messages">The call's messages.</param>
    /// <param name="options">The call's options.</param>
    /// <exception cref="ModelException">The call asks for what is not supported, or a value is none.</exception>
    /// <exception cref="ConstraintException">The schema of the answer is broken or not supported.</exception>
    internal static ChatRequest Create(IChatClient client, LanguageModel model, ModelName name, GenerationOptions defaults, IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        options ??= new ChatOptions();
        name.Require(options.ModelId, "client");
        Refuse(options);
        JsonArray? tools = options.ToolMode is NoneChatToolMode ? null : ToolList.Create(options.Tools);
        var more = new AdditionalSettings(options.AdditionalProperties);
        GenerationOptions generation = Merge(client, defaults, options, more);
        bool shows = options.Reasoning?.Output is { } output ? output != ReasoningOutput.None : generation.Reasoning != ReasoningMode.Hide;
        bool isForced = options.ToolMode is RequiredChatToolMode && !CallConstraint.IsNative(model.OutputFormat);
        generation = generation with
        {
            Constraint = AnswerConstraint.Of(options.ResponseFormat, options.ToolMode, tools, model.OutputFormat, options.AllowMultipleToolCalls != false) ?? generation.Constraint,

            // Told apart even where the reasoning is not shown: its tokens are counted.
            Reasoning = ReasoningMode.Separate,
            ToolCalls = tools is null || isForced ? ToolCallMode.Keep : ToolCallMode.Separate,

            // Calls that are forced are held to one by the constraint.
            EndsBehindCall = !isForced && options.AllowMultipleToolCalls == false,
        };
        var prompt = new PromptOptions
        {
            Tools = tools,
            Documents = more.Documents,
            Variables = Variables(model, options.Reasoning?.Effort, more),
            Thinking = model.ThinkingVariable is null ? null : Thinks(options.Reasoning?.Effort, generation.Constraint),
        };
        return new ChatRequest(model.FitSystems(TurnReader.Read(messages, options.Instructions)), generation, prompt, shows) { IsForcedCall = isForced };
    }

    /// <summary>A raw object goes before the call's options, as other clients have it, and those before the client's.</summary>
    static GenerationOptions Merge(IChatClient client, GenerationOptions defaults, ChatOptions options, AdditionalSettings more)
    {
        var raw = options.RawRepresentationFactory?.Invoke(client) as GenerationOptions;
        GenerationOptions given = raw ?? defaults;
        return given with
        {
            MaxTokens = Pick(given.MaxTokens, options.MaxOutputTokens),
            Temperature = Pick(given.Temperature, options.Temperature),
            TopP = Pick(given.TopP, options.TopP),
            TopK = Pick(given.TopK, options.TopK),
            PresencePenalty = Pick(given.PresencePenalty, options.PresencePenalty),
            FrequencyPenalty = Pick(given.FrequencyPenalty, options.FrequencyPenalty),
            Seed = Pick(given.Seed, options.Seed),
            StopStrings = PickList(given.StopStrings, options.StopSequences is { Count: > 0 } stops ? [.. stops] : null),
            MinTokens = Pick(given.MinTokens, more.MinTokens),
            MinP = Pick(given.MinP, more.MinP),
            TypicalP = Pick(given.TypicalP, more.TypicalP),
            RepetitionPenalty = Pick(given.RepetitionPenalty, more.RepetitionPenalty),
            NoRepeatNgramSize = Pick(given.NoRepeatNgramSize, more.NoRepeatNgramSize),
            LogitBias = PickList(given.LogitBias, more.LogitBias),
            StopTokenIds = PickList(given.StopTokenIds, more.StopTokenIds),
            ReasoningBudget = Pick(given.ReasoningBudget, more.ReasoningBudget ?? (options.Reasoning?.Effort == ReasoningEffort.None ? 0 : null)),
            IgnoreEos = raw is null ? more.IgnoreEos ?? given.IgnoreEos : given.IgnoreEos,
            SkipSpecialTokens = raw is null ? more.SkipSpecialTokens ?? given.SkipSpecialTokens : given.SkipSpecialTokens,
        };

        T? Pick<T>(T? own, T? asked)
            where T : struct => raw is null ? asked ?? own : own ?? asked;

        T? PickList<T>(T? own, T? asked)
            where T : class => raw is null ? asked ?? own : own ?? asked;
    }

    /// <summary>A constraint is about the whole of what the model writes: what it would think first is no part of it.</summary>
    static bool? Thinks(ReasoningEffort? effort, OutputConstraint? constraint) => effort is { } asked ? asked != ReasoningEffort.None : constraint is null ? null : false;

    static Dictionary<string, JsonNode?>? Variables(LanguageModel model, ReasoningEffort? effort, AdditionalSettings more)
    {
        Dictionary<string, JsonNode?>? variables = more.TemplateVariables;
        string source = model.ChatTemplate?.Source ?? "";
        string? word = effort switch
        {
            ReasoningEffort.Low => "low",
            ReasoningEffort.Medium => "medium",

            // A template that knows three words takes a fourth for none of them.
            ReasoningEffort.ExtraHigh when source.Contains("xhigh", StringComparison.Ordinal) => "xhigh",
            ReasoningEffort.High or ReasoningEffort.ExtraHigh => "high",
            _ => null,
        };
        if (word is not null && source.Contains(ReasoningEfforts.Variable, StringComparison.Ordinal))
        {
            (variables ??= new(StringComparer.Ordinal)).TryAdd(ReasoningEfforts.Variable, model.FitEffort(word));
        }

        return variables;
    }

    static void Refuse(ChatOptions options)
    {
        // Whoever names a conversation believes that its history is here, and sends only what is new.
        if (options.ConversationId is not null)
        {
            throw new ModelException(ModelError.Unsupported, "ConversationId is set, and this client keeps no conversations: send all messages with each call");
        }

        if (options.ContinuationToken is not null)
        {
            throw new ModelException(ModelError.Unsupported, "ContinuationToken is set, and this client has no background responses: send the messages again");
        }
    }
}
