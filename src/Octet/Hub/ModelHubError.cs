namespace Octet;

/// <summary>Why a model could not be had from the hub or its cache.</summary>
public enum ModelHubError
{
    /// <summary>The hub has no such repository, or does not show it to this user.</summary>
    NotFound,

    /// <summary>The repository has no such branch, tag or commit.</summary>
    RevisionNotFound,

    /// <summary>The repository's terms must be accepted on the hub first.</summary>
    Gated,

    /// <summary>The hub wants a token, or refuses the one it was given.</summary>
    Unauthorized,

    /// <summary>The token does not permit this, or the hub has disabled the repository.</summary>
    Forbidden,

    /// <summary>The repository has another name now; the message tells it.</summary>
    Renamed,

    /// <summary>The network must not be used, and the cache does not hold the model.</summary>
    Offline,

    /// <summary>The hub or its storage cannot be reached, or the connection breaks again and again.</summary>
    Unreachable,

    /// <summary>The hub limits the rate of requests, and waiting did not help.</summary>
    RateLimited,

    /// <summary>The hub or its storage fails, or answers what it should not.</summary>
    ServerError,

    /// <summary>The repository holds no model that can be opened safely: pickles only, no config, no safetensors.</summary>
    NotAModel,

    /// <summary>The repository names a file that would lie outside its directory.</summary>
    UnsafeName,

    /// <summary>What came is not what the hub's listing promises, by size or by hash.</summary>
    Damaged,

    /// <summary>The disk has no room for the model.</summary>
    DiskFull,

    /// <summary>The cache cannot be read or written.</summary>
    CacheUnusable,

    /// <summary>Another process is using this part of the cache.</summary>
    CacheBusy,
}
