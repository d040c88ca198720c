using System.Text.Json;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Responses;

/// <summary>Blocks of an answer as the items of a response, with the events that tell of them.</summary>
sealed class ResponseItems
{
    readonly Dictionary<int, (string Id, string CallId)> _ids = [];

    /// <summary>The events of what happens to a block.</summary>
    internal IEnumerable<(string Name, Action<Utf8JsonWriter> Write)> Events(BlockStep step, AnswerBlock block, string text)
    {
        bool isCall = block.Kind == OutputKind.CallStart;
        string kind = isCall ? "response.function_call_arguments" : block.Kind == OutputKind.Reasoning ? "response.reasoning_text" : "response.output_text";
        switch (step)
        {
            case BlockStep.Start:
                yield return ("response.output_item.added", json => WriteItem(json, block, isEmpty: true));
                if (!isCall)
                {
                    yield return ("response.content_part.added", json => WritePart(json, block, isEmpty: true));
                }

                break;
            case BlockStep.More:
                yield return (kind + ".delta", json => WriteText(json, block, "delta"u8, text));
                break;
            default:
                yield return (kind + ".done", json => WriteText(json, block, isCall ? "arguments"u8 : "text"u8, block.Text.ToString()));
                if (!isCall)
                {
                    yield return ("response.content_part.done", json => WritePart(json, block, isEmpty: false));
                }

                yield return ("response.output_item.done", json => WriteItem(json, block, isEmpty: false));
                break;
        }
    }

    /// <summary>The item itself.</summary>
    internal void Write(Utf8JsonWriter json, AnswerBlock block, bool isEmpty)
    {
        (string id, string callId) = Ids(block);
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("status"u8, isEmpty ? "in_progress"u8 : block.IsBroken ? "incomplete"u8 : "completed"u8);
        switch (block.Kind)
        {
            case OutputKind.CallStart:
                json.WriteString("type"u8, "function_call"u8);
                json.WriteString("call_id"u8, callId);
                json.WriteString("name"u8, block.Name);
                json.WriteString("arguments"u8, isEmpty ? "" : block.Text.ToString());
                break;
            case OutputKind.Reasoning:
                json.WriteString("type"u8, "reasoning"u8);
                json.WriteStartArray("summary"u8);
                json.WriteEndArray();
                WriteContent(json, block, isEmpty);
                break;
            default:
                json.WriteString("type"u8, "message"u8);
                json.WriteString("role"u8, "assistant"u8);
                WriteContent(json, block, isEmpty);
                break;
        }

        json.WriteEndObject();
    }

    static void WriteContent(Utf8JsonWriter json, AnswerBlock block, bool isEmpty)
    {
        json.WriteStartArray("content"u8);
        if (!isEmpty)
        {
            WriteContentPart(json, block, isEmpty: false);
        }

        json.WriteEndArray();
    }

    static void WriteContentPart(Utf8JsonWriter json, AnswerBlock block, bool isEmpty)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, block.Kind == OutputKind.Reasoning ? "reasoning_text"u8 : "output_text"u8);
        json.WriteString("text"u8, isEmpty ? "" : block.Text.ToString());
        if (block.Kind == OutputKind.Text)
        {
            json.WriteStartArray("annotations"u8);
            json.WriteEndArray();
            json.WriteStartArray("logprobs"u8);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    void WriteItem(Utf8JsonWriter json, AnswerBlock block, bool isEmpty)
    {
        json.WriteNumber("output_index"u8, block.Index);
        json.WritePropertyName("item"u8);
        Write(json, block, isEmpty);
    }

    void WritePart(Utf8JsonWriter json, AnswerBlock block, bool isEmpty)
    {
        WritePlace(json, block);
        json.WritePropertyName("part"u8);
        WriteContentPart(json, block, isEmpty);
    }

    void WriteText(Utf8JsonWriter json, AnswerBlock block, ReadOnlySpan<byte> name, string text)
    {
        WritePlace(json, block);
        json.WriteString(name, text);
        if (block.Kind == OutputKind.Text)
        {
            json.WriteStartArray("logprobs"u8);
            json.WriteEndArray();
        }
    }

    void WritePlace(Utf8JsonWriter json, AnswerBlock block)
    {
        json.WriteString("item_id"u8, Ids(block).Id);
        json.WriteNumber("output_index"u8, block.Index);
        if (block.Kind != OutputKind.CallStart)
        {
            json.WriteNumber("content_index"u8, 0);
        }
    }

    (string Id, string CallId) Ids(AnswerBlock block)
    {
        if (!_ids.TryGetValue(block.Index, out (string, string) ids))
        {
            string prefix = block.Kind == OutputKind.CallStart ? "fc_" : block.Kind == OutputKind.Reasoning ? "rs_" : "msg_";
            _ids[block.Index] = ids = (ApiRequest.NewId(prefix), block.CallId ?? ApiRequest.NewId("call_"));
        }

        return ids;
    }
}
