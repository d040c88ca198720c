using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Octet.Output;

namespace Octet.Extensions.AI;

/// <summary>One answer as the updates of a chat client: text and reasoning as they come, calls of tools whole, counts and the reason of the end in the last.</summary>
sealed class AnswerUpdates(string modelId, bool showsReasoning)
{
    // Some templates, Mistral's, take no other ids than nine letters and digits.
    const string IdAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const int IdLength = 9;

    readonly string _responseId = $"chatcmpl-{Guid.NewGuid():N}";
    readonly string _messageId = $"msg-{Guid.NewGuid():N}";
    readonly DateTimeOffset _createdAt = DateTimeOffset.UtcNow;
    readonly CallCollector _call = new();
    int _calls;
    long _reasoningTokens;
    long _undecidedTokens;

    /// <summary>What an update of the generation brings; null where that is nothing.</summary>
    internal ChatResponseUpdate? Next(GenerationUpdate update)
    {
        List<AIContent> contents = [];
        foreach (OutputPiece piece in update.Pieces)
        {
            Add(contents, piece);
        }

        Count(update);
        if (update.Statistics is { } statistics)
        {
            contents.Add(new UsageContent(Usage(statistics.Usage)));
        }

        return contents.Count == 0 && update.FinishReason is null ? null : new ChatResponseUpdate(ChatRole.Assistant, contents)
        {
            ResponseId = _responseId,
            MessageId = _messageId,
            ModelId = modelId,
            CreatedAt = _createdAt,
            FinishReason = update.FinishReason is { } reason ? Finish(reason) : null,
            RawRepresentation = update,
        };
    }

    void Add(List<AIContent> contents, OutputPiece piece)
    {
        switch (piece.Kind)
        {
            case OutputKind.Text when contents is [.., TextContent last]:
                last.Text += piece.Text;
                break;
            case OutputKind.Text when piece.Text.Length > 0:
                contents.Add(new TextContent(piece.Text));
                break;
            case OutputKind.Reasoning when !showsReasoning:
                break;
            case OutputKind.Reasoning when contents is [.., TextReasoningContent last]:
                last.Text += piece.Text;
                break;
            case OutputKind.Reasoning when piece.Text.Length > 0:
                contents.Add(new TextReasoningContent(piece.Text));
                break;
        }

        if (_call.Add(piece) is { } made)
        {
            _calls++;
            contents.Add(Call(made));
        }
    }

    static FunctionCallContent Call(ChatToolCall made)
    {
        FunctionCallContent call = FunctionCallContent.CreateFromParsedArguments(
            string.IsNullOrWhiteSpace(made.Arguments) ? "{}" : made.Arguments,
            made.Id ?? RandomNumberGenerator.GetString(IdAlphabet, IdLength),
            made.Name,
            static json => (IDictionary<string, object?>?)JsonSerializer.Deserialize(json, AIJsonUtilities.DefaultOptions.GetTypeInfo(typeof(IDictionary<string, object?>))));
        call.RawRepresentation = made with { Id = call.CallId };
        return call;
    }

    /// <summary>
    /// A token belongs to what it made final, one that made nothing final to what comes next: the mark that ends the reasoning is the answer's.
    /// </summary>
    void Count(GenerationUpdate update)
    {
        _undecidedTokens += update.TokenId is null ? 0 : 1;
        if (update.Pieces.Count == 0)
        {
            return;
        }

        _reasoningTokens += update.Pieces[0].Kind == OutputKind.Reasoning ? _undecidedTokens : 0;
        _undecidedTokens = 0;
    }

    UsageDetails Usage(TokenUsage usage) => new()
    {
        InputTokenCount = usage.PromptTokens,
        OutputTokenCount = usage.CompletionTokens,
        TotalTokenCount = usage.TotalTokens,
        CachedInputTokenCount = usage.CachedTokens,
        ReasoningTokenCount = _reasoningTokens,
    };

    ChatFinishReason Finish(FinishReason reason) => reason switch
    {
        // An answer that was cut short is not to be taken for one that waits for its tools, but whole calls in it can be made.
        FinishReason.Stop => _calls > 0 ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop,
        FinishReason.Length => ChatFinishReason.Length,
        _ => new ChatFinishReason(JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString())),
    };
}
