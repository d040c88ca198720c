namespace Octet;

/// <summary>A snapshot in the cache: the files of one commit.</summary>
/// <param name="Commit">The commit.</param>
/// <param name="References">The branches and tags that stand for it, in order.</param>
/// <param name="Directory">Where its files are.</param>
/// <param name="Bytes">Bytes of its files.</param>
/// <param name="LastUsed">When one of them was last read, as far as the file system records it, or written.</param>
/// <param name="IsComplete">Whether it can be opened: config and all weights are there.</param>
public sealed record CachedRevision(string Commit, IReadOnlyList<string> References, string Directory, long Bytes, DateTimeOffset LastUsed, bool IsComplete)
{
    /// <summary>What is missing, a file and why, on one line; null where the revision is complete.</summary>
    public string? Missing { get; init; }
}
