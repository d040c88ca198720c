namespace Octet;

/// <summary>
/// Where models come from and where they are kept. Null leaves a choice to the environment, which is read as huggingface_hub reads it
/// (its <c>constants.py</c> and <c>utils/_auth.py</c>).
/// </summary>
public sealed record ModelHubOptions
{
    /// <summary>The hub's address; by default <c>HF_ENDPOINT</c>, then <c>https://huggingface.co</c>.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>
    /// The cache; by default <c>HF_HUB_CACHE</c>, <c>HUGGINGFACE_HUB_CACHE</c>, or <c>hub</c> in <c>HF_HOME</c>, or
    /// <c>huggingface/hub</c> in <c>XDG_CACHE_HOME</c> or <c>~/.cache</c>.
    /// </summary>
    public string? CacheDirectory { get; init; }

    /// <summary>
    /// The access token, empty for none; by default <c>HF_TOKEN</c>, then the file that <c>HF_TOKEN_PATH</c> names, then <c>token</c> in
    /// <c>HF_HOME</c>. It is sent to the hub alone, not to the storage that the hub redirects to.
    /// </summary>
    public string? Token { get; init; }

    /// <summary>Whether the network must not be used; by default what <c>HF_HUB_OFFLINE</c> says.</summary>
    public bool? Offline { get; init; }

    /// <summary>Requests at a time, from 1 to 64.</summary>
    public int Connections { get; init; } = 8;

    /// <summary>How long a connection may be silent before it counts as broken, above zero, at most <see cref="int.MaxValue"/> milliseconds; by default <c>HF_HUB_DOWNLOAD_TIMEOUT</c> seconds, then 30 seconds.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How much of a large file one request asks for: what a killed process loses for each connection at most.</summary>
    internal int PartBytes { get; init; } = 32 << 20;

    /// <summary>How often a request that gets nowhere is sent again.</summary>
    internal int Retries { get; init; } = 5;

    /// <summary>The wait before the first such repetition; it doubles each time.</summary>
    internal TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>The longest wait that a server may ask for; beyond it the error comes at once.</summary>
    internal TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The options without the token.</summary>
    public override string ToString() =>
        $"{nameof(ModelHubOptions)} {{ Endpoint = {Endpoint}, CacheDirectory = {CacheDirectory}, Offline = {Offline}, Connections = {Connections}, Timeout = {Timeout} }}";
}
