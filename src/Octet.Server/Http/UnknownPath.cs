namespace Octet.Server.Http;

/// <summary>What is answered where there is no endpoint.</summary>
static class UnknownPath
{
    internal static IEnumerable<(string Method, Func<ApiRequest, Task> Handle)> Methods
        => ((string[])["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]).Select(static method => (method, (Func<ApiRequest, Task>)Refuse));

    static Task Refuse(ApiRequest request) => throw new ApiException(StatusCodes.Status404NotFound, $"there is nothing at {request.Context.Request.Path}", null, "unknown_url");
}
