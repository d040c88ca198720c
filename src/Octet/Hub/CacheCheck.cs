namespace Octet;

/// <summary>What reading the files of a cached repository gave.</summary>
/// <param name="Files">The files that were read and have a hash to compare with.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="DamagedFiles">Those whose content is not what their hash says. <see cref="ModelHub.PullAsync"/> downloads them again.</param>
/// <param name="UnknownFiles">Files that no hash is known of: copies that another program made where links are not used.</param>
public sealed record CacheCheck(int Files, long Bytes, IReadOnlyList<CachedFile> DamagedFiles, IReadOnlyList<CachedFile> UnknownFiles);
