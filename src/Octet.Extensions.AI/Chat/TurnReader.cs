using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Octet.Extensions.AI;

/// <summary>Messages of Microsoft.Extensions.AI as turns of a conversation. One message can be several: each result of a tool is a turn of its own.</summary>
sealed class TurnReader
{
    // The names and converters of Microsoft.Extensions.AI, without its line breaks: a model reads them all.
    static readonly JsonSerializerOptions s_compact = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };

    readonly List<ChatTurn> _turns = [];

    // What tools' answers are called by; templates want the name of the tool too.
    readonly Dictionary<string, string> _toolNames = new(StringComparer.Ordinal);

    TurnReader()
    {
    }

    /// <summary>The conversation.</summary>
    /// <param name="messages">Its messages, the newest last.</param>
    /// <param name="instructions">More for the system message, in front of what it says; null: nothing.</param>
    /// <exception cref="ArgumentException">A message is null.</exception>
    /// <exception cref="ModelException">There are no messages, or one holds what is not text.</exception>
    internal static IReadOnlyList<ChatTurn> Read(IEnumerable<ChatMessage> messages, string? instructions)
    {
        var reader = new TurnReader();
        int index = 0;
        foreach (ChatMessage? message in messages)
        {
            reader.Add(message ?? throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"message {index} is null: expected a {nameof(ChatMessage)}"), nameof(messages)), index++);
        }

        reader.JoinSystemMessages(instructions);
        return reader._turns.Count > 0 ? reader._turns : throw new ModelException(ModelError.InvalidInput, "the conversation has no messages: expected at least one");
    }

    void Add(ChatMessage message, int index)
    {
        var turn = new OpenTurn();
        foreach (AIContent content in message.Contents)
        {
            switch (content)
            {
                case TextContent text:
                    turn.Texts.Add(text.Text);
                    break;
                case TextReasoningContent reasoning:
                    turn.Reasoning.Append(reasoning.Text);
                    break;
                case FunctionCallContent call:
                    turn.Calls.Add(new ChatToolCall(call.Name, Arguments(call)) { Id = call.CallId });
                    _toolNames[call.CallId] = call.Name;
                    break;
                case FunctionResultContent result:
                    Close(turn, message);
                    turn = new OpenTurn();
                    _turns.Add(new ChatTurn("tool", ResultText(result, index)) { ToolCallId = result.CallId, Name = _toolNames.GetValueOrDefault(result.CallId) });
                    break;
                case UsageContent or ErrorContent:
                    // What was said of an earlier answer, not in it.
                    break;
                default:
                    throw NotText(content, index);
            }
        }

        Close(turn, message);
    }

    void Close(OpenTurn turn, ChatMessage message)
    {
        if (turn.IsEmpty && message.Contents.Count > 0)
        {
            return;
        }

        // An answer's texts are pieces of one; what others say in parts may be told apart by the template.
        bool isAnswer = message.Role == ChatRole.Assistant;
        bool hasParts = turn.Texts.Count > 1 && !isAnswer;
        _turns.Add(new ChatTurn(message.Role.Value, hasParts || (turn.Texts.Count == 0 && turn.Calls.Count > 0) ? null : string.Concat(turn.Texts))
        {
            ContentParts = hasParts ? turn.Texts : null,
            ReasoningContent = turn.Reasoning.Length > 0 ? turn.Reasoning.ToString() : null,
            ToolCalls = turn.Calls.Count > 0 ? turn.Calls : null,
            Name = message.AuthorName,
        });
    }

    /// <summary>Templates know one system message, at the beginning: what stands there is one, the instructions first, a blank line between.</summary>
    void JoinSystemMessages(string? instructions)
    {
        int count = _turns.TakeWhile(static turn => turn.Role == ChatRole.System.Value).Count();
        if (count + (string.IsNullOrEmpty(instructions) ? 0 : 1) < 2 && count > 0)
        {
            return;
        }

        string[] texts =
        [
            .. new[] { instructions }.Concat(_turns.Take(count).Select(static turn => turn.Content ?? string.Join('\n', turn.ContentParts ?? [])))
                .OfType<string>().Where(static text => text.Length > 0),
        ];
        _turns.RemoveRange(0, count);
        if (texts.Length > 0)
        {
            _turns.Insert(0, new ChatTurn(ChatRole.System.Value, string.Join("\n\n", texts)));
        }
    }

    static string Arguments(FunctionCallContent call)
        => call.Arguments is { } arguments ? JsonSerializer.Serialize(arguments, s_compact.GetTypeInfo(typeof(IDictionary<string, object?>))) : "{}";

    static string ResultText(FunctionResultContent result, int index) => result.Result switch
    {
        null => result.Exception is { } failure ? $"error: {failure.Message}" : "",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        AIContent content => Text(content, index),
        IEnumerable<AIContent> contents => string.Concat(contents.Select(content => Text(content, index))),
        { } value => JsonSerializer.Serialize(value, s_compact.GetTypeInfo(value.GetType())),
    };

    static string Text(AIContent content, int index) => content is TextContent text ? text.Text : throw NotText(content, index);

    static ModelException NotText(AIContent? content, int index)
    {
        string type = content switch { DataContent data => $" ({data.MediaType})", UriContent uri => $" ({uri.MediaType})", _ => "" };
        return new ModelException(ModelError.Unsupported, string.Create(CultureInfo.InvariantCulture, $"message {index} holds a {content?.GetType().Name ?? "null"}{type}: expected text, reasoning, calls of functions and their results"));
    }

    /// <summary>What a message has said so far.</summary>
    sealed class OpenTurn
    {
        internal List<string> Texts { get; } = [];

        internal StringBuilder Reasoning { get; } = new();

        internal List<ChatToolCall> Calls { get; } = [];

        internal bool IsEmpty => Texts.Count == 0 && Reasoning.Length == 0 && Calls.Count == 0;
    }
}
