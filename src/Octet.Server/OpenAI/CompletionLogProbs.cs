using System.Text.Json;
using Octet.Server.Answers;
using Octet.Tokenizers;

namespace Octet.Server.OpenAI;

/// <summary>Tokens' probabilities as completions have them, four lists side by side.</summary>
static class CompletionLogProbs
{
    /// <param name="json">Where it goes.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="tokens">The tokens; null: none were asked for.</param>
    /// <param name="offset">Characters of the text before them.</param>
    /// <returns>Characters of the text up to their end.</returns>
    internal static int Write(Utf8JsonWriter json, Tokenizer? tokenizer, IReadOnlyList<ScoredToken>? tokens, int offset)
    {
        if (tokens is null)
        {
            json.WriteNull("logprobs"u8);
            return offset;
        }

        string[] texts = [.. tokens.Select(token => TokenText.Of(tokenizer, token.Id))];
        json.WriteStartObject("logprobs"u8);
        json.WriteStartArray("tokens"u8);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
        json.WriteStartArray("token_logprobs"u8);
        foreach (ScoredToken token in tokens)
        {
            if (token.Score is { } score)
            {
                json.WriteNumberValue(TokenText.Finite(score));
            }
            else
            {
                json.WriteNullValue();
            }
        }

        json.WriteEndArray();
        json.WriteStartArray("top_logprobs"u8);
        foreach (ScoredToken token in tokens)
        {
            WriteLikeliest(json, tokenizer, token);
        }

        json.WriteEndArray();
        json.WriteStartArray("text_offset"u8);
        foreach (string text in texts)
        {
            json.WriteNumberValue(offset);
            offset += text.Length;
        }

        json.WriteEndArray();
        json.WriteEndObject();
        return offset;
    }

    static void WriteLikeliest(Utf8JsonWriter json, Tokenizer? tokenizer, ScoredToken token)
    {
        if (token.Score is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (TokenAlternative likely in token.Likeliest)
        {
            // Different tokens may have the same text: the likelier one stands for it.
            string text = TokenText.Of(tokenizer, likely.TokenId);
            if (written.Add(text))
            {
                json.WriteNumber(text, TokenText.Finite(likely.LogProbability));
            }
        }

        json.WriteEndObject();
    }
}
