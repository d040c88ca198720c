namespace Octet.Safetensors.Tests;

/// <summary>A directory of a test's own.</summary>
sealed class TemporaryDirectory : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("octet-safetensors-").FullName;

    internal string At(string name) => System.IO.Path.Combine(Path, name);

    internal string[] FileNames => [.. Directory.EnumerateFiles(Path).Select(file => System.IO.Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
