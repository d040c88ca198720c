using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Octet;

/// <summary>
/// What the hub's refusals mean: by status, and by <c>X-Error-Code</c> and <c>X-Error-Message</c>, as huggingface_hub reads them
/// (<c>utils/_http.py</c>, <c>hf_raise_for_status</c>).
/// </summary>
sealed partial class HubErrors(Uri endpoint, string? tokenSource)
{
    /// <summary>The error for an answer of the hub.</summary>
    internal Exception OfHub(HttpResponseMessage response, ModelId id)
    {
        string code = Header(response, "X-Error-Code");
        string said = Header(response, "X-Error-Message");
        string page = $"{endpoint.AbsoluteUri.TrimEnd('/')}/{id.Repository}";
        switch (code, response.StatusCode)
        {
            case ("GatedRepo", _):
                return new ModelHubException(ModelHubError.Gated, tokenSource is null
                    ? $"{id.Repository} is gated: accept its terms at {page}, then give your access token (HF_TOKEN)"
                    : $"{id.Repository} is gated, and the account of the token in {tokenSource} has no access: accept its terms at {page}, and wait if its owner grants access by hand");
            case ("RevisionNotFound", _):
                return new ModelHubException(ModelHubError.RevisionNotFound, $"{id.Repository} has no revision {id.RevisionOrMain}: expected a branch, a tag or a commit of {page}");
            case (_, HttpStatusCode.Unauthorized) when said.StartsWith("Invalid credentials", StringComparison.OrdinalIgnoreCase) || (tokenSource is not null && code != "RepoNotFound"):
                return new ModelHubException(ModelHubError.Unauthorized, $"{endpoint.Host} refuses the access token{(tokenSource is null ? "" : $" in {tokenSource}")}: make a new one at {endpoint.AbsoluteUri.TrimEnd('/')}/settings/tokens");
            case ("RepoNotFound", _) or (_, HttpStatusCode.NotFound or HttpStatusCode.Gone):
                return new ModelHubException(ModelHubError.NotFound, $"{endpoint.Host} has no model {id.Repository}, or it is private: check the name"
                    + (tokenSource is null ? "; for a private one give your access token (HF_TOKEN)" : $"; the account of the token in {tokenSource} may not have access"));
            case (_, HttpStatusCode.Unauthorized):
                return new ModelHubException(ModelHubError.Unauthorized, $"{endpoint.Host} wants an access token for {id.Repository}, which is private or does not exist: check the name, or give your token (HF_TOKEN)");
            case (_, HttpStatusCode.Forbidden):
                return new ModelHubException(ModelHubError.Forbidden, said == "Access to this resource is disabled."
                    ? $"{id.Repository} has been disabled by {endpoint.Host}"
                    : $"{endpoint.Host} forbids access to {id.Repository}{Said(said)}: check what the token{(tokenSource is null ? "" : $" in {tokenSource}")} permits");
            default:
                return OfServer(response, endpoint, id);
        }
    }

    /// <summary>The error for an answer of the storage, to which the hub has led.</summary>
    internal static Exception OfStorage(HttpResponseMessage response, Uri uri, ModelId id)
    {
        // Links to the storage expire: the next attempt asks the hub for another.
        return response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.BadRequest
            ? new TransientFailure(Server(response, uri, id))
            : OfServer(response, uri, id);
    }

    /// <summary>The failure of a connection.</summary>
    internal static TransientFailure OfConnection(Exception e, Uri uri, ModelId id, TimeSpan timeout)
    {
        string why = e is OperationCanceledException
            ? $"it was silent for {timeout.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} seconds"
            : OneLine.Of((e as HttpRequestException)?.InnerException?.Message ?? e.Message);
        return new TransientFailure(new ModelHubException(
            ModelHubError.Unreachable, $"{id.Repository}: {uri.Host} cannot be reached, or the connection breaks ({why}): check the network and the proxy, then try again; what is finished is kept", e));
    }

    static Exception OfServer(HttpResponseMessage response, Uri uri, ModelId id)
    {
        int status = (int)response.StatusCode;
        if (response.StatusCode == HttpStatusCode.TooManyRequests)
        {
            TimeSpan? wait = RetryAfter(response);
            string again = wait is null ? "" : $" in {Math.Ceiling(wait.Value.TotalSeconds).ToString("0", CultureInfo.InvariantCulture)} seconds";
            return new TransientFailure(
                new ModelHubException(ModelHubError.RateLimited, $"{id.Repository}: {uri.Host} limits the rate of requests: try again{again}; with an access token (HF_TOKEN) the limit is higher"), wait);
        }

        return status is 408 or >= 500 ? new TransientFailure(Server(response, uri, id), RetryAfter(response)) : Server(response, uri, id);
    }

    static ModelHubException Server(HttpResponseMessage response, Uri uri, ModelId id) => new(
        ModelHubError.ServerError,
        $"{id.Repository}: {uri.Host} answered {(int)response.StatusCode} {OneLine.Of(response.ReasonPhrase)}".TrimEnd() + $"{Said(Header(response, "X-Error-Message"))}: try again later");

    static string Said(string message) => message.Length == 0 ? "" : $" ({OneLine.Of(message)})";

    // The hub also says it as RateLimit: "api";r=0;t=55 (requests left, seconds until there are more).
    static TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date > DateTimeOffset.UtcNow ? date - DateTimeOffset.UtcNow : TimeSpan.Zero,
        _ => RateLimit.Match(Header(response, "RateLimit")) is { Success: true } match && int.TryParse(match.Groups[1].ValueSpan, out int seconds) ? TimeSpan.FromSeconds(seconds) : null,
    };

    internal static string Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : "";

    [GeneratedRegex(@";\s*r=0\s*;\s*t=([0-9]+)")]
    static partial Regex RateLimit { get; }
}
