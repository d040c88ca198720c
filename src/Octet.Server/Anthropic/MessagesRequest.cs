using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Anthropic;

/// <summary>What a request for a message asks for.</summary>
static class MessagesRequest
{
    /// <summary>The conversation of a request.</summary>
    /// <param name="fields">Of the request.</param>
    /// <param name="model">Who is asked.</param>
    /// <param name="counts">Whether only its tokens are to be counted, which needs no <c>max_tokens</c>.</param>
    internal static Conversation Read(Fields fields, LanguageModel model, bool counts = false)
    {
        UnsupportedFields.Refuse(fields, ("mcp_servers", "the server has no tools of its own"), ("container", "the server runs no code"));
        HashSet<string> loaded = new(StringComparer.Ordinal);
        List<ChatTurn> turns = MessageTurns.Read(fields, loaded);
        int? maxTokens = fields.Integer("max_tokens", 1) ?? (counts ? null : throw fields.Missing("max_tokens", "a whole number from 1"));
        GenerationOptions options = SamplingFields.Read(fields, maxTokens, "stop_sequences");
        ReasoningWish reasoning = ReasoningWish.ReadMessage(fields);
        PromptOptions prompt = reasoning.ApplyTo(new PromptOptions { ContinueFinalMessage = turns[^1].Role == "assistant" }, model);
        return new Conversation(turns, prompt, options, MessageTools.Read(fields, loaded), OutputForms.ReadMessage(fields)) { Reasoning = reasoning };
    }
}
