using System.Text.Json;
using Octet.Server.Answers;

namespace Octet.Server.OpenAI;

/// <summary>The counts of tokens as OpenAI's API has them.</summary>
static class Usage
{
    internal static void Write(Utf8JsonWriter json, AnswerSet answers)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, answers.PromptTokens);
        json.WriteNumber("completion_tokens"u8, answers.CompletionTokens);
        json.WriteNumber("total_tokens"u8, (long)answers.PromptTokens + answers.CompletionTokens);
        json.WriteStartObject("prompt_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, answers.CachedTokens);
        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, answers.ReasoningTokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
