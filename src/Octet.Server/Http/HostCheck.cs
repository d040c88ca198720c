using System.Net;

namespace Octet.Server.Http;

/// <summary>
/// A page can give its own name the address of this machine and then talk to a local server as its own (DNS rebinding): the name in the request's Host header
/// gives it away. Where there are keys the page does not have one.
/// </summary>
static class HostCheck
{
    /// <exception cref="ApiException">The request came over the loopback interface to a name that does not mean this machine.</exception>
    internal static void Require(HttpContext context, OctetServerOptions options)
    {
        if (options.ApiKeys.Count > 0 || context.Connection.LocalIpAddress is not { } local || !IPAddress.IsLoopback(local))
        {
            return;
        }

        // A dot at the end says that the name is whole, which changes nothing about it.
        string host = context.Request.Host.Host is [.. { Length: > 0 } name, '.'] ? name : context.Request.Host.Host;
        if (!IsLoopbackName(host) && !options.AllowedHosts.Any(allowed => allowed == "*" || string.Equals(allowed, host, StringComparison.OrdinalIgnoreCase)))
        {
            throw new ApiException(
                StatusCodes.Status403Forbidden,
                "the request is addressed to a name that does not mean this machine: expected localhost or a loopback address (AllowedHosts, --allowed-host, adds names; with API keys any name will do)",
                null, "host_not_allowed");
        }
    }

    static bool IsLoopbackName(string host)
        => string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));
}
