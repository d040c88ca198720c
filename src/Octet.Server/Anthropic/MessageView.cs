using Octet.Server.Http;

namespace Octet.Server.Anthropic;

/// <summary>What of an answer its message tells.</summary>
/// <param name="OmitsThinking">Whether thoughts are sealed: <c>thinking.display</c> is <c>omitted</c>.</param>
/// <param name="TellsEdits">Whether the request has <c>context_management</c>, and the message what came of it.</param>
readonly record struct MessageView(bool OmitsThinking, bool TellsEdits)
{
    internal static MessageView Read(Fields fields)
        => new(fields.Object("thinking")?.Word("display", "summarized", "omitted") == "omitted", fields.Object("context_management") is not null);
}
