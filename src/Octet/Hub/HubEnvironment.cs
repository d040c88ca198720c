using System.Globalization;

namespace Octet;

/// <summary>
/// The environment variables that the hub's own tools obey, read as huggingface_hub reads them (<c>constants.py</c>,
/// <c>utils/_auth.py</c>), so that both use the same cache, the same hub and the same token.
/// </summary>
sealed class HubEnvironment(Func<string, string?> read)
{
    internal const string DefaultEndpoint = "https://huggingface.co";

    static readonly HubEnvironment s_process = new(Environment.GetEnvironmentVariable);
    static readonly AsyncLocal<HubEnvironment?> s_other = new();

    internal static HubEnvironment OfProcess => s_other.Value ?? s_process;

    /// <summary>Gives what the caller calls another environment: several runs of the tool in one process.</summary>
    internal static void Redirect(HubEnvironment environment) => s_other.Value = environment;

    internal string Endpoint => Get("HF_ENDPOINT") ?? DefaultEndpoint;

    internal string CacheDirectory => Path.GetFullPath(Expand(Get("HF_HUB_CACHE") ?? Get("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(Home, "hub")));

    internal bool IsOffline => IsTrue(Get("HF_HUB_OFFLINE") ?? Get("TRANSFORMERS_OFFLINE"));

    internal bool DisablesSymbolicLinks => IsTrue(Get("HF_HUB_DISABLE_SYMLINKS"));

    /// <summary>How long a connection may be silent; null where nothing is said. What is longer than a connection can wait is as long as it can.</summary>
    /// <exception cref="ModelHubException">It is no time.</exception>
    internal TimeSpan? DownloadTimeout
    {
        get
        {
            const string Name = "HF_HUB_DOWNLOAD_TIMEOUT";
            if (Get(Name) is not { } text)
            {
                return null;
            }

            // Any number of digits is a number of this type.
            return double.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out double seconds) && seconds >= 1
                ? TimeSpan.FromSeconds(Math.Min(seconds, Math.Floor(HubClient.LongestTimeout.TotalSeconds)))
                : throw new ModelHubException(ModelHubError.Unreachable, $"'{OneLine.Of(text)}' is not how long a connection may be silent ({Name}): expected seconds, a whole number from 1");
        }
    }

    /// <summary>The token and where it is from; null where there is none.</summary>
    internal (string Value, string Source)? Token
    {
        get
        {
            if (IsTrue(Get("HF_HUB_DISABLE_IMPLICIT_TOKEN")))
            {
                return null;
            }

            foreach (string name in (ReadOnlySpan<string>)["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
            {
                if (Clean(Get(name)) is string value)
                {
                    return (value, name);
                }
            }

            string path = Expand(Get("HF_TOKEN_PATH") ?? Path.Combine(Home, "token"));
            try
            {
                return File.Exists(path) && Clean(File.ReadAllText(path)) is string value ? (value, path) : null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new ModelHubException(ModelHubError.CacheUnusable, $"{path}: the token cannot be read: {OneLine.Of(e.Message)}", e);
            }
        }
    }

    string Home => Expand(Get("HF_HOME") ?? Path.Combine(Get("XDG_CACHE_HOME") ?? Path.Combine(UserProfile, ".cache"), "huggingface"));

    static string UserProfile => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    string? Get(string name) => read(name) is { Length: > 0 } value ? value : null;

    static bool IsTrue(string? value) => value?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    static string? Clean(string? token)
    {
        string clean = (token ?? "").Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal).Trim();
        return clean.Length == 0 ? null : clean;
    }

    // On Windows with either separator, as Python's expanduser.
    static string Expand(string path) => path == "~" || (path.Length > 1 && path[0] == '~' && (path[1] == '/' || path[1] == Path.DirectorySeparatorChar)) ? UserProfile + path[1..] : path;
}
