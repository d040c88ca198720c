using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace Octet.Server.Http;

/// <summary>A path of the server: who is let in, what its methods do, and the one place where every error ends.</summary>
sealed class ApiEndpoint(ApiStyle style, Access access, params (string Method, Func<ApiRequest, Task> Handle)[] methods)
{
    // As nginx names a client that did not wait.
    const int ClientGone = 499;

    internal async Task InvokeAsync(HttpContext context)
    {
        var server = context.RequestServices.GetRequiredService<ServerState>();
        if (CrossOrigin.Apply(context, server.Options.CorsOrigins))
        {
            return;
        }

        ApiRequest? request = null;
        try
        {
            try
            {
                HostCheck.Require(context, server.Options);
                string owner = access == Access.Open || (access == Access.Metrics && server.Options.MetricsWithoutKey) ? "" : server.Keys.Require(context.Request);
                request = Begin(context, server, owner);
                Func<ApiRequest, Task> handle = Handler(context.Request);
                using IDisposable? place = access == Access.Key ? server.Rates.Enter(owner.Length > 0 ? owner : Address(context)) : null;
                RequireRunning(server);
                await handle(request);
            }
            catch (ApiException refusal) when (request is null)
            {
                request = Begin(context, server, "");
                await RefuseAsync(request, refusal);
            }
            catch (Exception error)
            {
                await EndAsync(request!, error);
            }
        }
        finally
        {
            if (request is not null)
            {
                RequestLog.Write(request, Stopwatch.GetElapsedTime(request.Started));
                request.Dispose();
            }
        }
    }

    ApiRequest Begin(HttpContext context, ServerState server, string owner)
    {
        // Clients of Anthropic's ask for models, and for what is not there, too.
        ApiStyle spoken = context.Request.Headers.ContainsKey("anthropic-version") ? ApiStyle.Anthropic : style;
        var request = new ApiRequest(context, server, spoken, owner);
        context.Response.Headers["x-request-id"] = request.Id;
        if (spoken == ApiStyle.Anthropic)
        {
            context.Response.Headers["request-id"] = request.Id;
        }

        return request;
    }

    Func<ApiRequest, Task> Handler(HttpRequest request)
    {
        foreach ((string method, Func<ApiRequest, Task> handle) in methods)
        {
            if (HttpMethods.Equals(method, request.Method) || (HttpMethods.IsGet(method) && HttpMethods.IsHead(request.Method)))
            {
                return handle;
            }
        }

        string allowed = string.Join(", ", methods.Select(entry => entry.Method));
        throw new ApiException(StatusCodes.Status405MethodNotAllowed, $"{request.Path} has no method {request.Method}: expected {allowed}", null, "method_not_allowed") { Allow = allowed };
    }

    void RequireRunning(ServerState server)
    {
        if (access == Access.Key && server.IsStopping)
        {
            throw new ApiException(StatusCodes.Status503ServiceUnavailable, "the server is stopping", null, "stopping") { RetryAfter = TimeSpan.FromSeconds(1) };
        }
    }

    static async Task EndAsync(ApiRequest request, Exception error)
    {
        if (request.Aborted.IsCancellationRequested)
        {
            // What has begun keeps its status: it is on its way already.
            if (!request.Context.Response.HasStarted)
            {
                request.Context.Response.StatusCode = ClientGone;
            }
        }
        else if (request.Context.Response.HasStarted)
        {
            // Half an answer must not look like a whole one.
            request.Fault = error;
            request.Context.Abort();
        }
        else
        {
            await RefuseAsync(request, RefusalOf(request, error));
        }
    }

    /// <summary>What the client is told; what is a fault of the server is kept for its log.</summary>
    internal static ApiException RefusalOf(ApiRequest request, Exception error)
    {
        if (Refusal.Of(error) is { } refusal)
        {
            return refusal;
        }

        request.Fault = error;
        return new ApiException(StatusCodes.Status500InternalServerError, $"the server failed: its log tells of request {request.Id}", null, "internal_error", error);
    }

    static async Task RefuseAsync(ApiRequest request, ApiException refusal)
    {
        HttpResponse response = request.Context.Response;
        if (refusal.RetryAfter is { } after)
        {
            response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        if (refusal.Allow is { } allow)
        {
            response.Headers.Allow = allow;
        }

        if (refusal.Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        await request.WriteAsync(json => ErrorBody.Write(json, request.Style, refusal, request.Id), refusal.Status);
    }

    static string Address(HttpContext context) => (context.Connection.RemoteIpAddress ?? IPAddress.None).ToString();
}
