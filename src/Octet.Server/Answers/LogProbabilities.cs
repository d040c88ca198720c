using Octet.Server.Http;

namespace Octet.Server.Answers;

/// <summary>The fields that ask for tokens' probabilities.</summary>
static class LogProbabilities
{
    internal const int MostAlternatives = 20;

    /// <summary><c>logprobs</c> and <c>top_logprobs</c> of a chat completion: how many alternatives are wanted; null: no probabilities at all.</summary>
    internal static int? ReadChat(Fields fields)
    {
        bool wanted = fields.Flag("logprobs") ?? false;
        int? alternatives = fields.Integer("top_logprobs", 0, MostAlternatives);
        return alternatives > 0 && !wanted
            ? throw ApiException.Invalid("top_logprobs", "top_logprobs is given and logprobs is not true; expected both")
            : wanted ? alternatives ?? 0 : null;
    }
}
