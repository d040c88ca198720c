using System.Diagnostics;
using System.Text.Json;

namespace Octet.Server.Http;

/// <summary>A request on its way through an endpoint, and what will be told of it when it has ended.</summary>
sealed class ApiRequest(HttpContext context, ServerState server, ApiStyle style, string owner) : IDisposable
{
    readonly BodyBytes.Share _share = server.Bodies.Begin();
    JsonDocument? _body;

    internal HttpContext Context => context;

    internal ServerState Server => server;

    internal OctetServerOptions Options => server.Options;

    internal ApiStyle Style => style;

    /// <summary>Who asks: stored responses are found by the one who made them alone. Empty: there are no keys.</summary>
    internal string Owner => owner;

    internal string Id { get; } = NewId("req_");

    internal long Started { get; } = Stopwatch.GetTimestamp();

    /// <summary>Ends when the client is gone.</summary>
    internal CancellationToken Aborted => context.RequestAborted;

    /// <summary>The model that was used; null: none yet.</summary>
    internal string? ModelName { get; set; }

    internal int PromptTokens { get; set; }

    internal int CompletionTokens { get; set; }

    /// <summary>What ended it, where that was no refusal.</summary>
    internal Exception? Fault { get; set; }

    internal static string NewId(string prefix) => prefix + Guid.NewGuid().ToString("N");

    /// <summary>The request's JSON object.</summary>
    /// <exception cref="ApiException">There is none, or it is too long.</exception>
    internal async Task<Fields> ReadAsync()
    {
        _body = await RequestBody.ReadAsync(context, Options.MaxRequestBytes, _share);
        return new Fields(_body.RootElement, "");
    }

    internal Task WriteAsync(Action<Utf8JsonWriter> write, int status = StatusCodes.Status200OK) => WriteAsync(JsonText.Bytes(write), status);

    internal async Task WriteAsync(byte[] json, int status = StatusCodes.Status200OK)
    {
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = json.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(json, Aborted);
        }
    }

    public void Dispose()
    {
        _body?.Dispose();
        _share.Dispose();
    }
}
