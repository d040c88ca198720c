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

    /// <summary><c>include</c> and <c>top_logprobs</c> of a response: how many alternatives are wanted; null: no probabilities at all.</summary>
    internal static int? ReadResponse(Fields fields)
    {
        const string Wanted = "message.output_text.logprobs";
        bool wanted = (fields.List("include") ?? []).Select(static item => Fields.Text(item.Json, item.Path)).ToArray().Contains(Wanted);
        int? alternatives = fields.Integer("top_logprobs", 0, MostAlternatives);
        return alternatives > 0 && !wanted
            ? throw ApiException.Invalid("top_logprobs", $"top_logprobs is given and include does not hold \"{Wanted}\"; expected both")
            : wanted ? alternatives ?? 0 : null;
    }
}
