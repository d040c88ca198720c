using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Responses;

/// <summary>An answer in the form of a response, whole or in events.</summary>
sealed class ResponseWriter(ResponseRequest asked, string model, AnswerSet answers)
{
    readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    readonly AnswerBlocks _blocks = new();
    readonly ResponseItems _items = new();
    ApiException? _error;
    bool _started;
    int _sequence;

    internal string Id { get; } = ApiRequest.NewId("resp_");

    internal bool HasFailed => _error is not null;

    internal void Collect(GenerationUpdate update)
    {
        foreach (OutputPiece piece in update.Pieces)
        {
            foreach (var _ in _blocks.Add(piece))
            {
            }
        }
    }

    /// <summary>The response as it is.</summary>
    internal void Write(Utf8JsonWriter json, string status)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, Id);
        json.WriteString("object"u8, "response"u8);
        json.WriteNumber("created_at"u8, _created);
        json.WriteString("status"u8, status);
        json.WriteBoolean("background"u8, false);
        WriteError(json);
        WriteIncomplete(json, status);
        json.WriteText("instructions"u8, asked.Instructions);
        json.WriteNode("max_output_tokens"u8, asked.Said["max_output_tokens"]);
        json.WriteString("model"u8, model);
        json.WriteStartArray("output"u8);
        foreach (AnswerBlock block in status == "in_progress" ? [] : _blocks.Whole)
        {
            _items.Write(json, block, isEmpty: false);
        }

        json.WriteEndArray();
        json.WriteBoolean("parallel_tool_calls"u8, asked.Tools.Parallel);
        json.WriteText("previous_response_id"u8, asked.PreviousId);
        json.WriteStartObject("reasoning"u8);
        json.WriteText("effort"u8, asked.Reasoning.Effort);
        json.WriteNull("summary"u8);
        json.WriteEndObject();
        json.WriteBoolean("store"u8, asked.Store);
        json.WriteNode("temperature"u8, asked.Said["temperature"]);
        json.WriteNode("text"u8, asked.Said["text"] ?? new JsonObject { ["format"] = new JsonObject { ["type"] = "text" } });
        json.WriteNode("tool_choice"u8, asked.Said["tool_choice"] ?? "auto");
        json.WriteNode("tools"u8, asked.Said["tools"] ?? new JsonArray());
        json.WriteNode("top_p"u8, asked.Said["top_p"]);
        json.WriteString("truncation"u8, "disabled"u8);
        WriteUsage(json, status);
        json.WriteNode("user"u8, asked.Said["user"]);
        json.WriteNode("metadata"u8, asked.Said["metadata"] ?? new JsonObject());
        json.WriteEndObject();
    }

    /// <summary>Begins a stream, once.</summary>
    internal void Start(EventStream stream)
    {
        if (_started)
        {
            return;
        }

        _started = true;
        SendResponse(stream, "response.created", "in_progress");
        SendResponse(stream, "response.in_progress", "in_progress");
    }

    /// <summary>Adds the events of an update.</summary>
    /// <returns>Whether there was one.</returns>
    internal bool Add(EventStream stream, GenerationUpdate update)
    {
        bool any = !_started;
        Start(stream);
        foreach (OutputPiece piece in update.Pieces)
        {
            any |= Add(stream, _blocks.Add(piece));
        }

        return any;
    }

    /// <summary>Closes a stream.</summary>
    internal void End(EventStream stream, string status)
    {
        Start(stream);
        Add(stream, _blocks.Close());
        SendResponse(stream, status == "completed" ? "response.completed" : "response.incomplete", status);
    }

    /// <summary>Closes a stream that an error ended.</summary>
    internal void Fail(EventStream stream, ApiException error)
    {
        _error = error;
        Start(stream);
        SendResponse(stream, "response.failed", "failed");
    }

    bool Add(EventStream stream, IEnumerable<(BlockStep Step, AnswerBlock Block, string Text)> steps)
    {
        bool any = false;
        foreach ((BlockStep step, AnswerBlock block, string text) in steps)
        {
            foreach ((string name, Action<Utf8JsonWriter> write) in _items.Events(step, block, text))
            {
                any = true;
                Send(stream, name, write);
            }
        }

        return any;
    }

    void SendResponse(EventStream stream, string name, string status) => Send(stream, name, json =>
    {
        json.WritePropertyName("response"u8);
        Write(json, status);
    });

    void Send(EventStream stream, string name, Action<Utf8JsonWriter> write) => stream.Add(name, json =>
    {
        json.WriteStartObject();
        json.WriteString("type"u8, name);
        json.WriteNumber("sequence_number"u8, _sequence++);
        write(json);
        json.WriteEndObject();
    });

    void WriteError(Utf8JsonWriter json)
    {
        if (_error is null)
        {
            json.WriteNull("error"u8);
            return;
        }

        json.WriteStartObject("error"u8);
        json.WriteString("code"u8, _error.Code ?? ErrorBody.OpenAIType(_error.Status));
        json.WriteString("message"u8, _error.Message);
        json.WriteEndObject();
    }

    static void WriteIncomplete(Utf8JsonWriter json, string status)
    {
        if (status != "incomplete")
        {
            json.WriteNull("incomplete_details"u8);
            return;
        }

        json.WriteStartObject("incomplete_details"u8);
        json.WriteString("reason"u8, "max_output_tokens"u8);
        json.WriteEndObject();
    }

    void WriteUsage(Utf8JsonWriter json, string status)
    {
        if (status == "in_progress")
        {
            json.WriteNull("usage"u8);
            return;
        }

        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, answers.PromptTokens);
        json.WriteStartObject("input_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, answers.CachedTokens);
        json.WriteEndObject();
        json.WriteNumber("output_tokens"u8, answers.CompletionTokens);
        json.WriteStartObject("output_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, answers.ReasoningTokens);
        json.WriteEndObject();
        json.WriteNumber("total_tokens"u8, (long)answers.PromptTokens + answers.CompletionTokens);
        json.WriteEndObject();
    }
}
