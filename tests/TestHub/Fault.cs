namespace Octet.TestHub;

/// <summary>How an answer is spoilt. What is not set stays right.</summary>
sealed record Fault
{
    /// <summary>This status instead of the answer.</summary>
    internal int? Status { get; init; }

    /// <summary>X-Error-Code beside <see cref="Status"/>.</summary>
    internal string? ErrorCode { get; init; }

    /// <summary>X-Error-Message beside <see cref="Status"/>.</summary>
    internal string? Message { get; init; }

    /// <summary>Further headers, over the right ones.</summary>
    internal Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>The connection ends behind so many bytes of the body; 0: behind the headers.</summary>
    internal long? CutAfter { get; init; }

    /// <summary>Nothing more comes behind so many bytes of the body, and the connection stays.</summary>
    internal long? StallAfter { get; init; }

    /// <summary>The body comes no faster than this.</summary>
    internal long? BytesPerSecond { get; init; }

    /// <summary>The byte of the file at this position is another.</summary>
    internal long? Corrupt { get; init; }

    /// <summary>The whole file, with status 200, whatever range was asked for.</summary>
    internal bool IgnoreRange { get; init; }

    /// <summary>The file is served so many bytes longer (or shorter), and says so itself.</summary>
    internal long SizeError { get; init; }

    /// <summary>This text instead of the body.</summary>
    internal string? Body { get; init; }

    /// <summary>Waits before the answer.</summary>
    internal TimeSpan Delay { get; init; }
}
