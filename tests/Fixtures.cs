using System.Runtime.CompilerServices;

namespace Octet.Testing;

/// <summary>
/// Vectors made by reference implementations. They are not part of the repository: the folder is named by
/// <c>OCTET_FIXTURES</c>, or lies beside the checkout as <c>../shared/fixtures</c>. A test that needs it skips where it is absent.
/// </summary>
static class Fixtures
{
    internal static string Repository { get; } = FindRepository();

    internal static string? Root { get; } = FindRoot();

    /// <summary>The path of a fixture; skips the running test where the folder is absent.</summary>
    internal static string Path(params string[] parts)
    {
        if (Root is null)
        {
            Assert.Skip("the reference vectors are not here: set OCTET_FIXTURES to their folder");
        }

        return System.IO.Path.Combine([Root, .. parts]);
    }

    /// <summary>A file of the peers' folder (reference programs) beside the fixtures; skips where it is absent.</summary>
    internal static string Peer(string name)
    {
        string path = System.IO.Path.GetFullPath(Path("..", "peers", name));
        if (!File.Exists(path))
        {
            Assert.Skip($"the reference program {name} is not here");
        }

        return path;
    }

    /// <summary>A file or folder of the situations that public reports describe, beside the fixtures; skips where it is absent.</summary>
    internal static string Case(params string[] parts)
    {
        string path = System.IO.Path.GetFullPath(System.IO.Path.Combine([Path("..", "cases"), .. parts]));
        if (!System.IO.Path.Exists(path))
        {
            Assert.Skip($"the situation {System.IO.Path.Combine(parts)} is not here");
        }

        return path;
    }

    /// <summary>What stands between <c>// &lt;region&gt;</c> and <c>// &lt;/region&gt;</c> in the caller's file, as documentation prints it: an example that runs.</summary>
    internal static string Example(string region, [CallerFilePath] string path = "")
    {
        // A deterministic build does not know where it was built: the file is found from the repository instead.
        string file = path.Replace('\\', '/');
        string[] lines = File.ReadAllText(System.IO.Path.Combine(Repository, file[(file.LastIndexOf("/tests/", StringComparison.Ordinal) + 1)..])).ReplaceLineEndings("\n").Split('\n');
        int start = Array.FindIndex(lines, line => line.Trim() == $"// <{region}>") + 1;
        int end = Array.FindIndex(lines, line => line.Trim() == $"// </{region}>") - 1;
        int indent = lines[start].Length - lines[start].TrimStart().Length;
        return string.Concat(lines[start..end].Select(line => (line.Length >= indent ? line[indent..] : line) + "\n"));
    }

    /// <summary>A page of the repository, with the line endings of an example.</summary>
    internal static string Page(params string[] parts) => File.ReadAllText(System.IO.Path.Combine([Repository, .. parts])).ReplaceLineEndings("\n");

    static string? FindRoot()
    {
        string root = Environment.GetEnvironmentVariable("OCTET_FIXTURES") is { Length: > 0 } named
            ? System.IO.Path.GetFullPath(named, Repository)
            : System.IO.Path.GetFullPath("../shared/fixtures", Repository);
        return Directory.Exists(root) ? root : null;
    }

    static string FindRepository()
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = System.IO.Path.GetDirectoryName(at))
        {
            if (File.Exists(System.IO.Path.Combine(at, "Octet.slnx")))
            {
                return at;
            }
        }

        throw new DirectoryNotFoundException("Octet.slnx is not above the test's output folder");
    }
}
