using System.Text.Json.Nodes;

namespace Octet.Page.Tests;

/// <summary>What the fake server says to one request for an answer.</summary>
sealed record Answer
{
    /// <summary>The data of its events, in order.</summary>
    internal required IReadOnlyList<string> Events { get; init; }

    internal int Status { get; init; } = 200;

    internal string? RetryAfter { get; init; }

    /// <summary>Between two events.</summary>
    internal TimeSpan Pause { get; init; }

    /// <summary>After the last event it neither ends nor says anything, until this is complete or the client has gone.</summary>
    internal Task? Until { get; init; }

    /// <summary>The connection is cut after the last event.</summary>
    internal bool Cut { get; init; }

    /// <summary>An answer in pieces, with counts and an end.</summary>
    internal static Answer Say(params string[] pieces) => Deltas([.. pieces.Select(static piece => new JsonObject { ["content"] = piece })]);

    /// <summary>An answer cut into pieces of so many characters.</summary>
    internal static Answer Pieces(string text, int length) => Say([.. text.Chunk(length).Select(static piece => new string(piece))]);

    internal static Answer Deltas(params JsonObject[] deltas) => Deltas("stop", deltas);

    internal static Answer Deltas(string finish, params JsonObject[] deltas) => new()
    {
        Events =
        [
            .. deltas.Select(static delta => Chunk(delta, null)),
            Chunk([], finish),
            new JsonObject
            {
                ["choices"] = new JsonArray(),
                ["usage"] = new JsonObject { ["prompt_tokens"] = 12, ["completion_tokens"] = 34, ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = 5 } },
            }.ToJsonString(),
            "[DONE]",
        ],
    };

    /// <summary>The beginning of an answer whose end is told by the task.</summary>
    internal static Answer Begin(Task until, params string[] pieces) => new()
    {
        Events = [.. pieces.Select(static piece => Chunk(new JsonObject { ["content"] = piece }, null))],
        Until = until,
    };

    internal static Answer Refuse(int status, string message, string? retryAfter = null) => new()
    {
        Events = [new JsonObject { ["error"] = new JsonObject { ["message"] = message, ["type"] = "error" } }.ToJsonString()],
        Status = status,
        RetryAfter = retryAfter,
    };

    static string Chunk(JsonObject delta, string? finish) => new JsonObject
    {
        ["object"] = "chat.completion.chunk",
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finish }),
    }.ToJsonString();
}
