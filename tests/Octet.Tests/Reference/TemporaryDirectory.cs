namespace Octet.Tests.Reference;

/// <summary>A directory that goes when the test does.</summary>
sealed class TemporaryDirectory : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("octet-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
