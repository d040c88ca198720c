namespace Octet;

/// <summary>What a model consists of at one commit: the files that are needed to run it.</summary>
/// <param name="Id">The model, as it was asked for.</param>
/// <param name="Commit">The commit that its revision stands for, 40 hexadecimal digits.</param>
/// <param name="Files">The files, in the order of their names.</param>
/// <param name="MissingBytes">Bytes of them that the cache does not hold yet.</param>
public sealed record ModelListing(ModelId Id, string Commit, IReadOnlyList<ModelFile> Files, long MissingBytes)
{
    /// <summary>Those that the cache holds with the right length and another content than their hashes say. A pull downloads them again.</summary>
    public IReadOnlyList<ModelFile> DamagedFiles { get; init; } = [];

    /// <summary>Bytes of all files.</summary>
    public long TotalBytes => Files.Sum(file => file.Size);
}
