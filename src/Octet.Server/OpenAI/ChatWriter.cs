using System.Text.Json;
using Octet.Server.Answers;
using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary>Answers in the form of chat completions, whole or in chunks.</summary>
sealed class ChatWriter(ModelLease lease, AnswerSet answers) : IAnswerWriter
{
    readonly string _id = ApiRequest.NewId("chatcmpl-");
    readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    readonly ChatDelta[] _deltas = [.. answers.Answers.Select(_ => new ChatDelta())];

    /// <summary>Whether chunks have a place for usage, which the last one fills.</summary>
    public bool IncludesUsage { get; set; }

    /// <summary>The whole answer, once all is generated.</summary>
    public void WriteWhole(Utf8JsonWriter json)
    {
        Begin(json, "chat.completion"u8);
        json.WriteStartArray("choices"u8);
        foreach (Answer answer in answers.Answers)
        {
            json.WriteStartObject();
            json.WriteNumber("index"u8, answer.Index);
            json.WriteStartObject("message"u8);
            WriteMessage(json, answer.Output.ToTurn());
            json.WriteEndObject();
            ChatLogProbs.Write(json, lease.Model.Tokenizer, answer.LogProbabilities);
            json.WriteString("finish_reason"u8, Word(answer.End));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Usage.Write(json, answers);
        json.WriteEndObject();
    }

    /// <summary>Adds the chunks of an update to a stream.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Add(EventStream stream, Answer answer, GenerationUpdate update)
    {
        ChatDelta delta = _deltas[answer.Index];
        bool any = false;
        if (!delta.HasRole)
        {
            // It comes before all text, and so before the probabilities of any.
            delta.HasRole = true;
            any = true;
            stream.Add(null, json => WriteChunk(json, answer.Index, WriteRole, null, null));
        }

        foreach (OutputPiece piece in update.Pieces)
        {
            if (ChatDelta.Writer(piece) is { } write)
            {
                Send(write);
            }
        }

        if (answer.End is { } end)
        {
            Send(static _ => { }, Word(end));
        }

        return any;

        void Send(Action<Utf8JsonWriter> write, string? reason = null)
        {
            any = true;
            IReadOnlyList<TokenLogProbability>? tokens = delta.TakeLogProbabilities(answer);
            stream.Add(null, json => WriteChunk(json, answer.Index, write, tokens, reason));
        }
    }

    /// <summary>The chunk behind the last one, which has the counts.</summary>
    public void WriteUsage(Utf8JsonWriter json)
    {
        Begin(json, "chat.completion.chunk"u8);
        json.WriteStartArray("choices"u8);
        json.WriteEndArray();
        Usage.Write(json, answers);
        json.WriteEndObject();
    }

    void WriteChunk(Utf8JsonWriter json, int index, Action<Utf8JsonWriter> delta, IReadOnlyList<TokenLogProbability>? tokens, string? reason)
    {
        Begin(json, "chat.completion.chunk"u8);
        json.WriteStartArray("choices"u8);
        json.WriteStartObject();
        json.WriteNumber("index"u8, index);
        json.WriteStartObject("delta"u8);
        delta(json);
        json.WriteEndObject();
        ChatLogProbs.Write(json, lease.Model.Tokenizer, tokens);
        json.WriteText("finish_reason"u8, reason);
        json.WriteEndObject();
        json.WriteEndArray();
        if (IncludesUsage)
        {
            json.WriteNull("usage"u8);
        }

        json.WriteEndObject();
    }

    static void WriteRole(Utf8JsonWriter json)
    {
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("content"u8, ""u8);
    }

    void Begin(Utf8JsonWriter json, ReadOnlySpan<byte> type)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, _id);
        json.WriteString("object"u8, type);
        json.WriteNumber("created"u8, _created);
        json.WriteString("model"u8, lease.Name);
        json.WriteString("system_fingerprint"u8, lease.Model.Fingerprint);
    }

    static void WriteMessage(Utf8JsonWriter json, ChatTurn turn)
    {
        json.WriteString("role"u8, "assistant"u8);
        json.WriteText("content"u8, turn.Content);
        json.WriteNull("refusal"u8);
        if (turn.ReasoningContent is { } reasoning)
        {
            json.WriteString("reasoning_content"u8, reasoning);
        }

        if (turn.ToolCalls is not { } calls)
        {
            return;
        }

        json.WriteStartArray("tool_calls"u8);
        foreach (ChatToolCall call in calls)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, call.Id ?? ApiRequest.NewId("call_"));
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            json.WriteString("name"u8, call.Name);
            json.WriteString("arguments"u8, call.Arguments);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>How OpenAI's API calls an end.</summary>
    internal static string Word(AnswerEnd? end) => end switch
    {
        AnswerEnd.Length or AnswerEnd.Context => "length",
        AnswerEnd.ToolCalls => "tool_calls",
        _ => "stop",
    };
}
