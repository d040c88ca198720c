namespace Octet;

/// <summary>A repository in the cache.</summary>
/// <param name="Repository">Its id, without a revision.</param>
/// <param name="Directory">Its directory in the cache.</param>
/// <param name="Revisions">Its snapshots, the one used last first; none where a first download has not ended.</param>
/// <param name="Bytes">Bytes that it takes on the disk, what revisions share once, with unfinished downloads.</param>
/// <param name="UnfinishedBytes">Bytes of those that belong to downloads that have not ended.</param>
public sealed record CachedModel(string Repository, string Directory, IReadOnlyList<CachedRevision> Revisions, long Bytes, long UnfinishedBytes)
{
    /// <summary>Why the repository cannot be read, on one line, where nothing else is known of it; null where it can.</summary>
    public string? Problem { get; init; }
}
