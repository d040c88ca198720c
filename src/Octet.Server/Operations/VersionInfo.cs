using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.Operations;

/// <summary><c>GET /version</c>.</summary>
static class VersionInfo
{
    internal static Task GetAsync(ApiRequest request) => request.WriteAsync(static json =>
    {
        json.WriteStartObject();
        json.WriteString("version"u8, LoadedModel.Version);
        json.WriteEndObject();
    });
}
