namespace Octet;

/// <summary>A file in the cache.</summary>
/// <param name="Name">Its name in the model; that of its content where no revision uses it.</param>
/// <param name="Commits">The commits that it belongs to.</param>
/// <param name="Path">Where its content lies.</param>
/// <param name="Bytes">Its bytes.</param>
public sealed record CachedFile(string Name, IReadOnlyList<string> Commits, string Path, long Bytes);
