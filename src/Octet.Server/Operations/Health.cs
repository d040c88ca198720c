using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.Operations;

/// <summary><c>GET /health</c>: 200 once the models that are opened at the start are open, 503 before, and while the server stops.</summary>
static class Health
{
    internal static Task GetAsync(ApiRequest request)
    {
        (bool isHealthy, string word) = Of(request.Server);
        return request.WriteAsync(
            json =>
            {
                json.WriteStartObject();
                json.WriteString("status"u8, word);
                json.WriteEndObject();
            },
            isHealthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>Whether requests are answered, and a word for it.</summary>
    internal static (bool IsHealthy, string Word) Of(ServerState server)
    {
        Task ready = server.Get<ModelCatalog>().Ready;
        return server.IsStopping ? (false, "stopping")
            : ready.IsCompletedSuccessfully ? (true, "ok")
            : (false, ready.IsFaulted ? "failed" : "loading");
    }
}
