using System.Text.Json;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary>How far the chunks of one choice are.</summary>
sealed class ChatDelta
{
    internal bool HasRole { get; set; }

    /// <summary>Writes what a piece changes; null: nothing.</summary>
    internal Action<Utf8JsonWriter>? Writer(OutputPiece piece) => piece.Kind switch
    {
        OutputKind.Text when piece.Text.Length > 0 => json => json.WriteString("content"u8, piece.Text),
        OutputKind.Reasoning when piece.Text.Length > 0 => json => json.WriteString("reasoning_content"u8, piece.Text),
        OutputKind.CallStart => json => WriteCall(json, piece, isStart: true),
        OutputKind.CallArguments when piece.Text.Length > 0 => json => WriteCall(json, piece, isStart: false),
        _ => null,
    };

    static void WriteCall(Utf8JsonWriter json, OutputPiece piece, bool isStart)
    {
        json.WriteStartArray("tool_calls"u8);
        json.WriteStartObject();
        json.WriteNumber("index"u8, piece.Call);
        if (isStart)
        {
            json.WriteString("id"u8, piece.Id ?? ApiRequest.NewId("call_"));
            json.WriteString("type"u8, "function"u8);
        }

        json.WriteStartObject("function"u8);
        if (isStart)
        {
            json.WriteString("name"u8, piece.Text);
        }

        json.WriteString("arguments"u8, isStart ? "" : piece.Text);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
    }
}
