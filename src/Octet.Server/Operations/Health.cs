using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.Operations;

/// <summary><c>GET /health</c>: 200 once the models that are opened at the start are open, 503 before, and while the server stops.</summary>
static class Health
{
    internal static Task GetAsync(ApiRequest request)
    {
        Task ready = request.Server.Get<ModelCatalog>().Ready;
        (int status, string word) = request.Server.IsStopping ? (StatusCodes.Status503ServiceUnavailable, "stopping")
            : ready.IsCompletedSuccessfully ? (StatusCodes.Status200OK, "ok")
            : (StatusCodes.Status503ServiceUnavailable, ready.IsFaulted ? "failed" : "loading");
        return request.WriteAsync(
            json =>
            {
                json.WriteStartObject();
                json.WriteString("status"u8, word);
                json.WriteEndObject();
            },
            status);
    }
}
