namespace Octet.Cli.Serving;

/// <summary>Where a server listens and how it ends: what is not its models'.</summary>
sealed record ServeSettings
{
    internal const string DefaultHost = "127.0.0.1";
    internal const int DefaultPort = 8000;

    /// <summary>An address; null: not said.</summary>
    internal string? Host { get; init; }

    /// <summary>From 0, which is any free one; null: not said.</summary>
    internal int? Port { get; init; }

    /// <summary>As ASP.NET Core has them; null: not said.</summary>
    internal string? Urls { get; init; }

    /// <summary>Settings of ASP.NET Core; null: none.</summary>
    internal string? ConfigFile { get; init; }

    /// <summary>How long running requests have at the end.</summary>
    internal TimeSpan Drain { get; init; }

    /// <summary><c>requests</c>, <c>warnings</c> or <c>none</c>.</summary>
    internal string Log { get; init; } = "requests";
}
