namespace Octet.TestHub;

/// <summary>What is asked for.</summary>
enum RequestKind
{
    /// <summary>What a repository is: <c>/api/models/ID</c>.</summary>
    Info,

    /// <summary>Its files: <c>/api/models/ID/tree/REVISION</c>.</summary>
    Tree,

    /// <summary>A file by its name: <c>/ID/resolve/REVISION/PATH</c>.</summary>
    Resolve,

    /// <summary>The content of a small file, where <see cref="Resolve"/> leads on the same host.</summary>
    Content,

    /// <summary>The content of a large file, on the storage host.</summary>
    Storage,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>A request as it came in.</summary>
/// <param name="Kind">What is asked for.</param>
/// <param name="Method">GET or HEAD.</param>
/// <param name="Host">The Host header, with the port.</param>
/// <param name="Path">Path and query.</param>
/// <param name="File">The file's name in its repository; null: not about a file.</param>
/// <param name="Range">The Range header.</param>
/// <param name="Authorization">The Authorization header.</param>
/// <param name="UserAgent">The User-Agent header.</param>
sealed record HubRequest(RequestKind Kind, string Method, string Host, string Path, string? File, string? Range, string? Authorization, string? UserAgent);
