using Microsoft.Extensions.Primitives;

namespace Octet.Server.Http;

/// <summary>Which origins' pages may use the server from a browser (CORS): none, unless the options name them.</summary>
static class CrossOrigin
{
    /// <summary>Tells the browser whether the page may read the answer.</summary>
    /// <returns>Whether the request only asks what is allowed, and is answered by that.</returns>
    internal static bool Apply(HttpContext context, IList<string> origins)
    {
        StringValues origin = context.Request.Headers.Origin;
        if (origins.Count == 0 || origin.Count != 1)
        {
            return false;
        }

        IHeaderDictionary headers = context.Response.Headers;
        headers.Append("Vary", "Origin");
        if (!origins.Contains("*") && !origins.Contains(origin[0]!))
        {
            return false;
        }

        headers.AccessControlAllowOrigin = origin;
        headers.AccessControlExposeHeaders = "x-request-id, request-id, retry-after";
        if (!HttpMethods.IsOptions(context.Request.Method) || StringValues.IsNullOrEmpty(context.Request.Headers.AccessControlRequestMethod))
        {
            return false;
        }

        headers.AccessControlAllowMethods = "GET, POST, DELETE";

        // Clients send more headers than can be listed; none of them is a secret of the browser.
        headers.AccessControlAllowHeaders = context.Request.Headers.AccessControlRequestHeaders;
        headers.AccessControlMaxAge = "3600";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }
}
