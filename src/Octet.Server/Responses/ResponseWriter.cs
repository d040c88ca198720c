using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Server.Answers;
using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.Responses;

/// <summary>An answer in the form of a response, whole or in events.</summary>
sealed class ResponseWriter(ResponseRequest asked, ModelLease lease, AnswerSet answers)
{
    internal const string Queued = "queued";
    internal const string InProgress = "in_progress";

    readonly string _model = lease.Name;
    readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    readonly AnswerBlocks _blocks = new();
    readonly ResponseItems _items = new(lease.Model.Tokenizer, asked.Tools, asked.SealsReasoning);
    readonly TextProbabilities? _probabilities = asked.Options.LogProbabilities is null ? null : new TextProbabilities(lease.Model.Tokenizer);
    ApiException? _error;
    long? _completed;
    string _status = InProgress;
    bool _isCreated;
    bool _started;
    int _sequence;

    internal string Id { get; } = ApiRequest.NewId("resp_");

    internal bool HasFailed => _error is not null;

    internal void Collect(GenerationUpdate update)
    {
        foreach (var _ in Steps(update))
        {
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
        if (status == "completed")
        {
            json.WriteNumber("completed_at"u8, _completed ??= DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        }
        else
        {
            json.WriteNull("completed_at"u8);
        }

        json.WriteBoolean("background"u8, asked.Background);
        WriteError(json);
        WriteIncomplete(json, status);
        json.WriteText("instructions"u8, asked.Instructions);
        json.WriteNode("max_output_tokens"u8, asked.Said["max_output_tokens"]);
        json.WriteString("model"u8, _model);
        json.WriteStartArray("output"u8);
        foreach (AnswerBlock block in IsOpen(status) ? [] : _blocks.Whole)
        {
            _items.Write(json, block, isEmpty: false);
        }

        json.WriteEndArray();
        json.WriteBoolean("parallel_tool_calls"u8, asked.Tools.Set.Parallel);
        json.WriteText("previous_response_id"u8, asked.PreviousId);
        json.WriteStartObject("reasoning"u8);
        json.WriteText("effort"u8, asked.Reasoning.Effort);
        json.WriteNull("summary"u8);
        json.WriteEndObject();
        json.WriteBoolean("store"u8, asked.Store);
        json.WriteNode("temperature"u8, asked.Said["temperature"]);
        json.WriteNode("text"u8, asked.Said["text"] ?? new JsonObject { ["format"] = new JsonObject { ["type"] = "text" } });
        json.WriteNode("tool_choice"u8, asked.Said["tool_choice"] ?? "auto");
        json.WriteNumber("top_logprobs"u8, asked.Options.LogProbabilities ?? 0);
        json.WriteNode("tools"u8, asked.Tools.Told);
        json.WriteNode("top_p"u8, asked.Said["top_p"]);
        json.WriteString("truncation"u8, "disabled"u8);
        WriteUsage(json, status);
        json.WriteNode("user"u8, asked.Said["user"]);
        json.WriteNode("metadata"u8, asked.Said["metadata"] ?? new JsonObject());
        json.WriteEndObject();
    }

    /// <summary>Begins a stream, once.</summary>
    internal void Start(IEventSink events)
    {
        if (_started)
        {
            return;
        }

        _started = true;
        Create(events, InProgress);
        SendResponse(events, "response.in_progress", InProgress);
    }

    /// <summary>Begins the events of a response that is to be made when the model can.</summary>
    internal void Queue(IEventSink events)
    {
        Create(events, Queued);
        SendResponse(events, "response.queued", Queued);
    }

    /// <summary>Adds the events of an update.</summary>
    /// <returns>Whether there was one.</returns>
    internal bool Add(IEventSink events, GenerationUpdate update)
    {
        bool any = !_started;
        Start(events);
        foreach ((BlockStep step, AnswerBlock block, string text, IReadOnlyList<TokenLogProbability> tokens) in Steps(update))
        {
            any = true;
            Send(events, step, block, text, tokens);
        }

        return any;
    }

    /// <summary>Closes a stream.</summary>
    internal void End(IEventSink events, string status)
    {
        Start(events);
        foreach ((BlockStep step, AnswerBlock block, string text) in _blocks.Close())
        {
            Send(events, step, block, text, []);
        }

        _status = status;
        SendResponse(events, status == "completed" ? "response.completed" : "response.incomplete", status);
    }

    /// <summary>Closes a stream that an error ended.</summary>
    internal void Fail(IEventSink events, ApiException error)
    {
        Start(events);
        _error = error;
        _status = "failed";
        SendResponse(events, "response.failed", "failed");
    }

    /// <summary>The response as it was when it ended.</summary>
    internal void WriteLast(Utf8JsonWriter json) => Write(json, _status);

    static bool IsOpen(string status) => status is InProgress or Queued;

    /// <summary>What an update changes, with the tokens of the text that came.</summary>
    IEnumerable<(BlockStep Step, AnswerBlock Block, string Text, IReadOnlyList<TokenLogProbability> Tokens)> Steps(GenerationUpdate update)
    {
        _probabilities?.Add(update);
        foreach (OutputPiece piece in update.Pieces)
        {
            foreach ((BlockStep step, AnswerBlock block, string text) in _blocks.Add(piece))
            {
                IReadOnlyList<TokenLogProbability> tokens = step == BlockStep.More && block.Kind == OutputKind.Text ? _probabilities?.Take(text) ?? [] : [];
                _items.Note(block, tokens);
                yield return (step, block, text, tokens);
            }
        }
    }

    void Create(IEventSink events, string status)
    {
        if (!_isCreated)
        {
            _isCreated = true;
            SendResponse(events, "response.created", status);
        }
    }

    void Send(IEventSink events, BlockStep step, AnswerBlock block, string text, IReadOnlyList<TokenLogProbability> tokens)
    {
        foreach ((string name, Action<Utf8JsonWriter> write) in _items.Events(step, block, text, tokens))
        {
            Send(events, name, write);
        }
    }

    void SendResponse(IEventSink events, string name, string status) => Send(events, name, json =>
    {
        json.WritePropertyName("response"u8);
        Write(json, status);
    });

    void Send(IEventSink events, string name, Action<Utf8JsonWriter> write) => events.Add(name, json =>
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
        if (IsOpen(status))
        {
            json.WriteNull("usage"u8);
            return;
        }

        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, answers.PromptTokens);
        json.WriteStartObject("input_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, answers.CachedTokens);
        json.WriteNumber("cache_write_tokens"u8, 0);
        json.WriteEndObject();
        json.WriteNumber("output_tokens"u8, answers.CompletionTokens);
        json.WriteStartObject("output_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, answers.ReasoningTokens);
        json.WriteEndObject();
        json.WriteNumber("total_tokens"u8, (long)answers.PromptTokens + answers.CompletionTokens);
        json.WriteEndObject();
    }
}
