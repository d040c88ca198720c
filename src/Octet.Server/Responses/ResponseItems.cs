using System.Text.Json;
using Octet.Server.Answers;
using Octet.Server.Http;
using Octet.Server.OpenAI;
using Octet.Tokenizers;

namespace Octet.Server.Responses;

/// <summary>Blocks of an answer as the items of a response, with the events that tell of them.</summary>
/// <param name="tokenizer">The model's, for the texts of tokens.</param>
/// <param name="tools">The tools that calls mean.</param>
/// <param name="seals">Whether reasoning comes sealed, too.</param>
sealed class ResponseItems(Tokenizer? tokenizer, ResponseTools tools, bool seals)
{
    readonly Dictionary<int, (string Id, string CallId)> _ids = [];
    readonly Dictionary<int, List<TokenLogProbability>> _tokens = [];

    /// <summary>Tells the tokens of a text that was added to a block, where they are wanted.</summary>
    internal void Note(AnswerBlock block, IReadOnlyList<TokenLogProbability> tokens)
    {
        if (tokens.Count == 0)
        {
            return;
        }

        if (!_tokens.TryGetValue(block.Index, out List<TokenLogProbability>? all))
        {
            _tokens.Add(block.Index, all = []);
        }

        all.AddRange(tokens);
    }

    /// <summary>The events of what happens to a block.</summary>
    internal IEnumerable<(string Name, Action<Utf8JsonWriter> Write)> Events(BlockStep step, AnswerBlock block, string text, IReadOnlyList<TokenLogProbability> tokens)
    {
        bool isCall = block.Kind == OutputKind.CallStart;
        ResponseToolKind? call = isCall ? tools.Of(block.Name).Kind : null;
        string kind = call == ResponseToolKind.Custom ? "response.custom_tool_call_input"
            : isCall ? "response.function_call_arguments"
            : block.Kind == OutputKind.Reasoning ? "response.reasoning_text" : "response.output_text";
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
                // Of the others' arguments the client sees what they stand for, which is known at their end.
                if (call is null or ResponseToolKind.Function)
                {
                    yield return (kind + ".delta", json => WriteText(json, block, "delta"u8, text, tokens));
                }

                break;
            default:
                foreach ((string, Action<Utf8JsonWriter>) done in Done(block, kind, call))
                {
                    yield return done;
                }

                yield return ("response.output_item.done", json => WriteItem(json, block, isEmpty: false));
                break;
        }
    }

    IEnumerable<(string Name, Action<Utf8JsonWriter> Write)> Done(AnswerBlock block, string kind, ResponseToolKind? call)
    {
        string text = block.Text.ToString();
        switch (call)
        {
            case ResponseToolKind.Search:
                break;
            case ResponseToolKind.Custom:
                string input = ResponseTool.CustomInput(text);
                if (input.Length > 0)
                {
                    yield return (kind + ".delta", json => WriteText(json, block, "delta"u8, input, []));
                }

                yield return (kind + ".done", json => WriteText(json, block, "input"u8, input, []));
                break;
            case ResponseToolKind.Function:
                yield return (kind + ".done", json => WriteArguments(json, block, text));
                break;
            default:
                yield return (kind + ".done", json => WriteText(json, block, "text"u8, text, Tokens(block)));
                yield return ("response.content_part.done", json => WritePart(json, block, isEmpty: false));
                break;
        }
    }

    void WriteArguments(Utf8JsonWriter json, AnswerBlock block, string text)
    {
        WriteText(json, block, "arguments"u8, text, []);
        json.WriteString("name"u8, tools.Of(block.Name).Name);
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
                WriteCall(json, tools.Of(block.Name), callId, isEmpty ? "" : block.Text.ToString());
                break;
            case OutputKind.Reasoning:
                json.WriteString("type"u8, "reasoning"u8);
                json.WriteStartArray("summary"u8);
                json.WriteEndArray();
                WriteContent(json, block, isEmpty);
                if (seals)
                {
                    json.WriteText("encrypted_content"u8, isEmpty ? null : SealedReasoning.Seal(block.Text.ToString()));
                }

                break;
            default:
                json.WriteString("type"u8, "message"u8);
                json.WriteString("role"u8, "assistant"u8);
                WriteContent(json, block, isEmpty);
                break;
        }

        json.WriteEndObject();
    }

    static void WriteCall(Utf8JsonWriter json, ResponseTool tool, string callId, string arguments)
    {
        json.WriteString("type"u8, tool.Kind switch
        {
            ResponseToolKind.Custom => "custom_tool_call"u8,
            ResponseToolKind.Search => "tool_search_call"u8,
            _ => "function_call"u8,
        });
        json.WriteString("call_id"u8, callId);
        if (tool.Kind == ResponseToolKind.Search)
        {
            json.WriteString("execution"u8, "client"u8);
            json.WritePropertyName("arguments"u8);
            ToolInput.Write(json, arguments);
            return;
        }

        if (tool.Namespace is { } space)
        {
            json.WriteString("namespace"u8, space);
        }

        json.WriteString("name"u8, tool.Name);
        if (tool.Kind == ResponseToolKind.Custom)
        {
            json.WriteString("input"u8, arguments.Length == 0 ? "" : ResponseTool.CustomInput(arguments));
        }
        else
        {
            json.WriteString("arguments"u8, arguments);
        }
    }

    void WriteContent(Utf8JsonWriter json, AnswerBlock block, bool isEmpty)
    {
        json.WriteStartArray("content"u8);
        if (!isEmpty)
        {
            WriteContentPart(json, block, isEmpty: false);
        }

        json.WriteEndArray();
    }

    void WriteContentPart(Utf8JsonWriter json, AnswerBlock block, bool isEmpty)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, block.Kind == OutputKind.Reasoning ? "reasoning_text"u8 : "output_text"u8);
        json.WriteString("text"u8, isEmpty ? "" : block.Text.ToString());
        if (block.Kind == OutputKind.Text)
        {
            json.WriteStartArray("annotations"u8);
            json.WriteEndArray();
            ChatLogProbs.WriteTokens(json, "logprobs"u8, tokenizer, isEmpty ? [] : Tokens(block));
        }

        json.WriteEndObject();
    }

    List<TokenLogProbability> Tokens(AnswerBlock block) => _tokens.TryGetValue(block.Index, out List<TokenLogProbability>? tokens) ? tokens : [];

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

    void WriteText(Utf8JsonWriter json, AnswerBlock block, ReadOnlySpan<byte> name, string text, IReadOnlyList<TokenLogProbability> tokens)
    {
        WritePlace(json, block);
        json.WriteString(name, text);
        if (block.Kind == OutputKind.Text)
        {
            ChatLogProbs.WriteTokens(json, "logprobs"u8, tokenizer, tokens);
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
            string prefix = block.Kind == OutputKind.CallStart ? (tools.Of(block.Name).Kind == ResponseToolKind.Custom ? "ctc_" : "fc_") : block.Kind == OutputKind.Reasoning ? "rs_" : "msg_";
            _ids[block.Index] = ids = (ApiRequest.NewId(prefix), block.CallId ?? ApiRequest.NewId("call_"));
        }

        return ids;
    }
}
