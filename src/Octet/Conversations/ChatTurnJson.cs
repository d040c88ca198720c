using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Octet;

/// <summary>A <see cref="ChatTurn"/> as JSON: OpenAI's form for files and servers, and what templates see, which differs in two places.</summary>
static class ChatTurnJson
{
    const string ToolCallForm = """{"type":"function","function":{"name":"...","arguments":"{...}"}}""";

    // A model reads the characters themselves, not the web's escapes.
    static readonly JsonWriterOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="ModelException">It is not a message.</exception>
    internal static ChatTurn Read(JsonNode? message)
    {
        try
        {
            return ReadFields(message as JsonObject ?? throw Refuse($"it is {Show(message)}", """{"role":"...","content":"..."}"""));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // What JSON's reader lets pass: half of a surrogate pair in a text, a key twice in an object.
            throw new ModelException(ModelError.InvalidInput, $"a message of the conversation cannot be used: {e.Message.ReplaceLineEndings(" ")}", innerException: e);
        }
    }

    /// <summary>The message in OpenAI's form.</summary>
    internal static JsonObject Write(ChatTurn turn)
        => Write(turn, turn.ContentParts is { } parts ? Parts(parts) : turn.Content, forTemplate: false);

    /// <summary>
    /// The message as templates see it: the arguments of calls are objects, as transformers documents it, and parts are one text where the
    /// template knows only that.
    /// </summary>
    internal static JsonObject ForTemplate(ChatTurn turn, bool knowsParts)
        => Write(turn, turn.ContentParts is not { } parts ? turn.Content : knowsParts ? Parts(parts) : string.Join('\n', parts), forTemplate: true);

    static ChatTurn ReadFields(JsonObject fields)
    {
        string role = Text(fields, "role") is { Length: > 0 } given ? given : throw Unexpected(fields, "role", "a name such as \"user\"");
        if (!fields.ContainsKey("content") && fields["tool_calls"] is null)
        {
            throw Unexpected(fields, "content", "a text, or a list of parts");
        }

        var more = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach ((string key, JsonNode? value) in fields)
        {
            if (key is not ("role" or "content" or "reasoning_content" or "tool_calls" or "tool_call_id" or "name"))
            {
                more.Add(key, value?.DeepClone());
            }
        }

        return new ChatTurn(role, fields["content"] is JsonArray ? null : Text(fields, "content"))
        {
            ContentParts = fields["content"] is JsonArray parts ? [.. parts.Select(Part)] : null,
            ReasoningContent = Text(fields, "reasoning_content"),
            ToolCalls = fields["tool_calls"] switch
            {
                null => null,
                JsonArray calls => [.. calls.Select(Call)],
                _ => throw Unexpected(fields, "tool_calls", "a list"),
            },
            ToolCallId = Text(fields, "tool_call_id"),
            Name = Text(fields, "name"),
            More = more.Count > 0 ? more : null,
        };
    }

    static string Part(JsonNode? part, int index)
    {
        switch (part)
        {
            case JsonValue value when value.TryGetValue(out string? text):
                return text;
            case JsonObject fields when Text(fields, "type") is { } type and not "text":
                throw Refuse($"part {index + 1} of its content is of type {type}", "parts of type text: pictures and sound are not supported");
            case JsonObject fields when Text(fields, "text") is { } text:
                return text;
            default:
                throw Refuse($"part {index + 1} of its content is {Show(part)}", """{"type":"text","text":"..."}""");
        }
    }

    static ChatToolCall Call(JsonNode? call, int index)
    {
        // Some write the function without the envelope around it.
        JsonObject? function = (call as JsonObject)?["function"] as JsonObject ?? call as JsonObject;
        if (function is null || Text(function, "name") is not { } name)
        {
            throw Refuse($"tool call {index + 1} is {Show(call)}", ToolCallForm);
        }

        string arguments = function["arguments"] switch
        {
            null => "{}",
            JsonObject given => Plain(given),
            JsonValue given when given.TryGetValue(out string? text) => text,
            { } other => throw Refuse($"tool call {index + 1} has the arguments {Show(other)}", "a JSON object, or the text of one"),
        };
        return new ChatToolCall(name, arguments) { Id = Text((JsonObject)call!, "id") };
    }

    static JsonObject Write(ChatTurn turn, JsonNode? content, bool forTemplate)
    {
        var message = new JsonObject { ["role"] = turn.Role, ["content"] = content };
        Add("reasoning_content", turn.ReasoningContent);
        Add("tool_calls", turn.ToolCalls is { } calls ? new JsonArray([.. calls.Select(call => (JsonNode)Write(call, forTemplate))]) : null);
        Add("tool_call_id", turn.ToolCallId);
        Add("name", turn.Name);
        foreach ((string key, JsonNode? value) in turn.More ?? new Dictionary<string, JsonNode?>())
        {
            if (!message.ContainsKey(key))
            {
                message.Add(key, value?.DeepClone());
            }
        }

        return message;

        void Add(string key, JsonNode? value)
        {
            if (value is not null)
            {
                message.Add(key, value);
            }
        }
    }

    static JsonObject Write(ChatToolCall call, bool forTemplate)
    {
        var result = new JsonObject();
        if (call.Id is not null)
        {
            result.Add("id", call.Id);
        }

        result.Add("type", "function");
        result.Add("function", new JsonObject { ["name"] = call.Name, ["arguments"] = forTemplate ? Arguments(call.Arguments) : call.Arguments });
        return result;
    }

    static JsonArray Parts(IReadOnlyList<string> parts) => new([.. parts.Select(part => (JsonNode)new JsonObject { ["type"] = "text", ["text"] = part })]);

    /// <summary>The object that the text holds. A model writes what it likes: what is no object stays the text that it is.</summary>
    static JsonNode Arguments(string text)
    {
        try
        {
            return JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject ?? (JsonNode)text;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            return text;
        }
    }

    static string? Text(JsonObject fields, string key) => fields[key] switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out string? text) => text,
        _ => throw Unexpected(fields, key, "a text"),
    };

    static string Plain(JsonNode node)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, s_plain))
        {
            node.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    static ModelException Unexpected(JsonObject fields, string key, string expected)
        => Refuse(fields.ContainsKey(key) ? $"its {key} is {Show(fields[key])}" : $"its {key} is missing", expected);

    static ModelException Refuse(string found, string expected)
        => new(ModelError.InvalidInput, $"a message of the conversation cannot be used: {found}; expected {expected}");

    static string Show(JsonNode? value)
    {
        const int Longest = 80;
        string text = value is null ? "null" : Plain(value);
        return text.Length <= Longest ? text : $"{text.AsSpan(0, Longest)}...";
    }
}
