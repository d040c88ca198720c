using System.Text.Json;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary>How far the chunks of one choice are.</summary>
sealed class ChatDelta
{
    int _told;

    internal bool HasRole { get; set; }

    /// <summary>The tokens since the last chunk: those that have brought no text yet come with the next that does. Null: none are wanted, or there are none.</summary>
    internal IReadOnlyList<TokenLogProbability>? TakeLogProbabilities(Answer answer)
    {
        if (answer.LogProbabilities is not { } all || all.Count == _told)
        {
            return null;
        }

        TokenLogProbability[] tokens = [.. all.Skip(_told)];
        _told = all.Count;
        return tokens;
    }

    /// <summary>Writes what a piece changes; null: nothing.</summary>
    internal static Action<Utf8JsonWriter>? Writer(OutputPiece piece) => piece.Kind switch
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
