using System.Text.Json;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Anthropic;

/// <summary>An answer in the form of Anthropic's messages, whole or in events.</summary>
/// <param name="model">The model's name.</param>
/// <param name="answers">The answer.</param>
/// <param name="shows">What of it is told.</param>
sealed class MessageWriter(string model, AnswerSet answers, MessageView shows)
{
    readonly string _id = ApiRequest.NewId("msg_");
    readonly AnswerBlocks _blocks = new();
    readonly Dictionary<int, string> _callIds = [];
    bool _started;

    Answer Answer => answers.Answers[0];

    internal void Collect(GenerationUpdate update)
    {
        foreach (OutputPiece piece in update.Pieces)
        {
            foreach (var _ in _blocks.Add(piece))
            {
            }
        }
    }

    internal void WriteWhole(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        Head(json);
        json.WriteStartArray("content"u8);
        foreach (AnswerBlock block in _blocks.Whole)
        {
            WriteBlock(json, block, isEmpty: false);
        }

        json.WriteEndArray();
        Reason(json);
        Edits(json);
        Usage(json);
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
        stream.Add("message_start", json =>
        {
            Begin(json, "message_start"u8);
            json.WriteStartObject("message"u8);
            Head(json);
            json.WriteStartArray("content"u8);
            json.WriteEndArray();
            json.WriteNull("stop_reason"u8);
            json.WriteNull("stop_sequence"u8);
            Usage(json);
            json.WriteEndObject();
            json.WriteEndObject();
        });
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
    internal void End(EventStream stream)
    {
        Start(stream);
        Add(stream, _blocks.Close());
        stream.Add("message_delta", json =>
        {
            Begin(json, "message_delta"u8);
            json.WriteStartObject("delta"u8);
            Reason(json);
            json.WriteEndObject();
            Edits(json);
            Usage(json);
            json.WriteEndObject();
        });
        stream.Add("message_stop", static json =>
        {
            Begin(json, "message_stop"u8);
            json.WriteEndObject();
        });
    }

    bool Add(EventStream stream, IEnumerable<(BlockStep Step, AnswerBlock Block, string Text)> steps)
    {
        bool any = false;
        foreach ((BlockStep step, AnswerBlock block, string text) in steps)
        {
            any = true;
            switch (step)
            {
                case BlockStep.Start:
                    stream.Add("content_block_start", json =>
                    {
                        Begin(json, "content_block_start"u8);
                        json.WriteNumber("index"u8, block.Index);
                        json.WritePropertyName("content_block"u8);
                        WriteBlock(json, block, isEmpty: true);
                        json.WriteEndObject();
                    });
                    break;
                case BlockStep.More when block.Kind == OutputKind.Reasoning && shows.OmitsThinking:
                    break;
                case BlockStep.More:
                    stream.Add("content_block_delta", json => WriteDelta(json, block, text));
                    break;
                default:
                    if (block.Kind == OutputKind.Reasoning)
                    {
                        stream.Add("content_block_delta", json => WriteSignature(json, block));
                    }

                    stream.Add("content_block_stop", json =>
                    {
                        Begin(json, "content_block_stop"u8);
                        json.WriteNumber("index"u8, block.Index);
                        json.WriteEndObject();
                    });
                    break;
            }
        }

        return any;
    }

    static void WriteDelta(Utf8JsonWriter json, AnswerBlock block, string text)
    {
        Begin(json, "content_block_delta"u8);
        json.WriteNumber("index"u8, block.Index);
        json.WriteStartObject("delta"u8);
        switch (block.Kind)
        {
            case OutputKind.Text:
                json.WriteString("type"u8, "text_delta"u8);
                json.WriteString("text"u8, text);
                break;
            case OutputKind.Reasoning:
                json.WriteString("type"u8, "thinking_delta"u8);
                json.WriteString("thinking"u8, text);
                break;
            default:
                json.WriteString("type"u8, "input_json_delta"u8);
                json.WriteString("partial_json"u8, text);
                break;
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    void WriteSignature(Utf8JsonWriter json, AnswerBlock block)
    {
        Begin(json, "content_block_delta"u8);
        json.WriteNumber("index"u8, block.Index);
        json.WriteStartObject("delta"u8);
        json.WriteString("type"u8, "signature_delta"u8);
        json.WriteString("signature"u8, Signature(block));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    // Clients throw thoughts away that have none, and send back what is there: of thoughts that are not told, the thoughts themselves.
    string Signature(AnswerBlock block) => shows.OmitsThinking ? SealedReasoning.Seal(block.Text.ToString()) : SealedReasoning.Empty;

    void WriteBlock(Utf8JsonWriter json, AnswerBlock block, bool isEmpty)
    {
        string text = isEmpty ? "" : block.Text.ToString();
        json.WriteStartObject();
        switch (block.Kind)
        {
            case OutputKind.Text:
                json.WriteString("type"u8, "text"u8);
                json.WriteString("text"u8, text);
                break;
            case OutputKind.Reasoning:
                json.WriteString("type"u8, "thinking"u8);
                json.WriteString("thinking"u8, shows.OmitsThinking ? "" : text);
                json.WriteString("signature"u8, isEmpty ? "" : Signature(block));
                break;
            default:
                json.WriteString("type"u8, "tool_use"u8);
                json.WriteString("id"u8, CallId(block));
                json.WriteString("name"u8, block.Name);
                json.WritePropertyName("input"u8);
                ToolInput.Write(json, text);
                break;
        }

        json.WriteEndObject();
    }

    string CallId(AnswerBlock block)
    {
        if (!_callIds.TryGetValue(block.Index, out string? id))
        {
            _callIds[block.Index] = id = block.CallId ?? ApiRequest.NewId("toolu_");
        }

        return id;
    }

    static void Begin(Utf8JsonWriter json, ReadOnlySpan<byte> type)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, type);
    }

    void Head(Utf8JsonWriter json)
    {
        json.WriteString("id"u8, _id);
        json.WriteString("type"u8, "message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("model"u8, model);
    }

    void Reason(Utf8JsonWriter json)
    {
        json.WriteString("stop_reason"u8, Answer.End switch
        {
            AnswerEnd.Length => "max_tokens"u8,
            AnswerEnd.Context => "model_context_window_exceeded"u8,
            AnswerEnd.ToolCalls => "tool_use"u8,
            AnswerEnd.StopSequence => "stop_sequence"u8,
            _ => "end_turn"u8,
        });
        json.WriteText("stop_sequence"u8, Answer.StopString);
    }

    /// <summary>Whoever asks for edits of what the model reads is told that there were none.</summary>
    void Edits(Utf8JsonWriter json)
    {
        if (shows.TellsEdits)
        {
            json.WriteStartObject("context_management"u8);
            json.WriteStartArray("applied_edits"u8);
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    void Usage(Utf8JsonWriter json)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, answers.PromptTokens - answers.CachedTokens);
        json.WriteNumber("cache_creation_input_tokens"u8, 0);
        json.WriteNumber("cache_read_input_tokens"u8, answers.CachedTokens);
        json.WriteNumber("output_tokens"u8, answers.CompletionTokens);
        json.WriteStartObject("output_tokens_details"u8);
        json.WriteNumber("thinking_tokens"u8, answers.ReasoningTokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
