using Octet.Server.Catalog;
using Octet.Server.Http;
using Octet.Tokenizers;

namespace Octet.Server.Answers;

/// <summary>The fields that ask for tokens' probabilities.</summary>
static class LogProbabilities
{
    internal const int MostAlternatives = 20;

    internal static Tokenizer? Tokenizer(ModelLease lease) => lease.Model.Tokenizer;

    /// <summary><c>logprobs</c> and <c>top_logprobs</c> of a chat completion.</summary>
    internal static GenerationOptions ReadChat(Fields fields, GenerationOptions options)
    {
        bool wanted = fields.Flag("logprobs") ?? false;
        int? alternatives = fields.Integer("top_logprobs", 0, MostAlternatives);
        if (alternatives > 0 && !wanted)
        {
            throw ApiException.Invalid("top_logprobs", "top_logprobs is given and logprobs is not true; expected both");
        }

        return wanted ? Add(options, alternatives ?? 0, "logprobs") : options;
    }

    /// <summary>Asks the engine for them.</summary>
    internal static GenerationOptions Add(GenerationOptions options, int alternatives, string path)
        => throw ApiException.Unsupported(path, $"{path} of generated tokens is not supported yet ({alternatives} alternatives, {options.MaxTokens} tokens)");
}
