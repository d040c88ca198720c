using Microsoft.Extensions.Options;

namespace Octet.Server;

/// <summary>Says all that is wrong with a server's options, a line each.</summary>
sealed class OctetServerOptionsValidator : IValidateOptions<OctetServerOptions>
{
    public ValidateOptionsResult Validate(string? name, OctetServerOptions options)
    {
        var wrong = new List<string>();
        Models(options, wrong);
        if (options.ApiKeys.Any(key => string.IsNullOrEmpty(key) || key.Any(c => c is <= ' ' or > '~')))
        {
            wrong.Add("ApiKeys holds a key that is empty or has other characters than printable ASCII without blanks; expected what fits into a header");
        }

        foreach (string origin in options.CorsOrigins)
        {
            if (origin != "*" && !(Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) && uri.GetLeftPart(UriPartial.Authority) == origin && uri.Scheme is "http" or "https"))
            {
                wrong.Add($"CorsOrigins holds '{origin}'; expected an origin such as https://example.org, without a path, or *");
            }
        }

        Require(options.MaxRequestBytes >= 1024, nameof(options.MaxRequestBytes), options.MaxRequestBytes, "at least 1024");
        Require(options.MaxHeldBytes is null || options.MaxHeldBytes >= options.MaxRequestBytes, nameof(options.MaxHeldBytes), options.MaxHeldBytes, "at least MaxRequestBytes");
        Require(options.MaxRequests >= 1, nameof(options.MaxRequests), options.MaxRequests, "at least 1");
        Require(options.RequestsPerMinute is null or >= 1, nameof(options.RequestsPerMinute), options.RequestsPerMinute, "at least 1");
        Require(options.MaxChoices >= 1, nameof(options.MaxChoices), options.MaxChoices, "at least 1");
        Require(options.MaxInputs >= 1, nameof(options.MaxInputs), options.MaxInputs, "at least 1");
        Require(options.ReasoningBudget is null or >= 0, nameof(options.ReasoningBudget), options.ReasoningBudget, "at least 0");
        Require(options.StoredResponses >= 0, nameof(options.StoredResponses), options.StoredResponses, "at least 0");
        Require(options.StoredResponseBytes >= 0, nameof(options.StoredResponseBytes), options.StoredResponseBytes, "at least 0");
        Require(options.BackgroundResponses >= 0, nameof(options.BackgroundResponses), options.BackgroundResponses, "at least 0");
        Require(options.IdleUnload is null || options.IdleUnload > TimeSpan.Zero, nameof(options.IdleUnload), options.IdleUnload, "more than zero");
        Require(options.PingInterval > TimeSpan.Zero, nameof(options.PingInterval), options.PingInterval, "more than zero");
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);

        void Require(bool holds, string option, object? value, string expected)
        {
            if (!holds)
            {
                wrong.Add(FormattableString.Invariant($"{option} is {value}; expected {expected}"));
            }
        }
    }

    static void Models(OctetServerOptions options, List<string> wrong)
    {
        if (options.Models.Count == 0)
        {
            wrong.Add("Models is empty; expected at least one model");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (ServedModel model in options.Models)
        {
            if (string.IsNullOrEmpty(model.Path))
            {
                wrong.Add($"the model '{model.Name}' has no path; expected a directory or an id");
            }

            foreach (string name in model.Aliases.Prepend(model.Name))
            {
                if (string.IsNullOrWhiteSpace(name))
                {
                    wrong.Add($"a model of {model.Path} has an empty name; expected at least one character");
                }
                else if (!names.Add(name))
                {
                    wrong.Add($"two models are called '{name}'; expected distinct names and aliases");
                }
            }
        }

        if (options.DefaultModel is { } given && !names.Contains(given))
        {
            wrong.Add($"DefaultModel is '{given}'; expected one of {string.Join(", ", names)}");
        }
    }
}
