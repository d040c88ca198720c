using System.Text.Json;
using Octet.Server.Answers;
using Octet.Tokenizers;

namespace Octet.Server.OpenAI;

/// <summary>Tokens' probabilities as chat completions have them.</summary>
static class ChatLogProbs
{
    /// <summary>Writes <c>logprobs</c>: null where none were asked for.</summary>
    /// <param name="json">Where it goes.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="tokens">The tokens; null: none were asked for.</param>
    internal static void Write(Utf8JsonWriter json, Tokenizer? tokenizer, IReadOnlyList<TokenLogProbability>? tokens)
    {
        if (tokens is null)
        {
            json.WriteNull("logprobs"u8);
            return;
        }

        json.WriteStartObject("logprobs"u8);
        WriteTokens(json, "content"u8, tokenizer, tokens);
        json.WriteNull("refusal"u8);
        json.WriteEndObject();
    }

    /// <summary>Writes the tokens, each with the likeliest in its place.</summary>
    internal static void WriteTokens(Utf8JsonWriter json, ReadOnlySpan<byte> name, Tokenizer? tokenizer, IReadOnlyList<TokenLogProbability> tokens)
    {
        json.WriteStartArray(name);
        foreach (TokenLogProbability token in tokens)
        {
            json.WriteStartObject();
            WriteToken(json, tokenizer, token.TokenId, token.LogProbability);
            json.WriteStartArray("top_logprobs"u8);
            foreach (TokenAlternative alternative in token.Alternatives)
            {
                json.WriteStartObject();
                WriteToken(json, tokenizer, alternative.TokenId, alternative.LogProbability);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    static void WriteToken(Utf8JsonWriter json, Tokenizer? tokenizer, int id, float logarithm)
    {
        json.WriteString("token"u8, TokenText.Of(tokenizer, id));
        json.WriteNumber("logprob"u8, TokenText.Finite(logarithm));
        if (tokenizer is null)
        {
            json.WriteNull("bytes"u8);
            return;
        }

        json.WriteStartArray("bytes"u8);
        foreach (byte value in tokenizer.GetBytes(id))
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }
}
