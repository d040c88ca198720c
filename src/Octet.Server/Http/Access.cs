namespace Octet.Server.Http;

/// <summary>Who may use an endpoint.</summary>
enum Access
{
    /// <summary>Everybody: probes have no keys.</summary>
    Open,

    /// <summary>Who has a key, where there are any. Counts for rate limits.</summary>
    Key,

    /// <summary>As <see cref="Key"/>, unless the options open it.</summary>
    Metrics,
}
