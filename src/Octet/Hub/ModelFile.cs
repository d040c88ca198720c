namespace Octet;

/// <summary>A file of a repository.</summary>
/// <param name="Path">Its name.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="GitOid">What git calls its blob: the SHA-1 of the content with its length before it (of a large file: of the pointer to it).</param>
/// <param name="Sha256">The SHA-256 of a large file's content, in hexadecimal; null for a file that git holds itself.</param>
public sealed record ModelFile(string Path, long Size, string GitOid, string? Sha256)
{
    /// <summary>The name of its content in the cache, which is the entity tag that the hub gives it.</summary>
    internal string BlobName => Sha256 ?? GitOid;
}
