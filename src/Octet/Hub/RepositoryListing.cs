using System.Text.Json;

namespace Octet;

/// <summary>The hub's listing of a repository (<c>/api/models/ID/tree/COMMIT</c>), of which nothing is taken on trust.</summary>
static class RepositoryListing
{
    /// <summary>More than any file has; sums of sizes stay far from overflowing.</summary>
    const long LargestFile = 1L << 50;

    /// <summary>Reads one page.</summary>
    /// <param name="repository">For messages.</param>
    /// <param name="json">The page: an array of files and directories.</param>
    /// <param name="files">Receives the files.</param>
    /// <exception cref="ModelHubException">A name is unsafe, or the page is not of this form.</exception>
    internal static void ReadPage(string repository, ReadOnlyMemory<byte> json, List<ModelFile> files)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            foreach (JsonElement entry in document.RootElement.EnumerateArray())
            {
                string path = entry.GetProperty("path").GetString() ?? "";
                RequireSafe(repository, path);
                if (entry.GetProperty("type").GetString() == "file")
                {
                    files.Add(ReadFile(path, entry));
                }
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ModelHubException(ModelHubError.ServerError, $"{repository}: the hub's listing cannot be read: {OneLine.Of(e.Message)}", e);
        }
    }

    /// <summary>Requires a name to stay below the repository's own directory, on every system.</summary>
    internal static void RequireSafe(string repository, string path)
    {
        bool safe = path.Length > 0 && path.AsSpan().IndexOfAny('\\', '\0') < 0 && !path.Any(char.IsControl)
            && path.Split('/').All(step => step is not ("" or "." or ".."))
            && !(path.Length > 1 && path[1] == ':');
        if (!safe)
        {
            throw new ModelHubException(
                ModelHubError.UnsafeName, $"{repository} has a file named '{OneLine.Of(path)}', which would lie outside its directory: nothing of it is downloaded");
        }
    }

    static ModelFile ReadFile(string path, JsonElement entry)
    {
        long size = entry.GetProperty("size").GetInt64();
        string oid = entry.GetProperty("oid").GetString() ?? "";
        string? sha256 = null;
        if (entry.TryGetProperty("lfs", out JsonElement lfs) && lfs.ValueKind == JsonValueKind.Object)
        {
            sha256 = lfs.GetProperty("oid").GetString() ?? "";
            size = lfs.GetProperty("size").GetInt64();
        }

        // They become names of files.
        return size is >= 0 and <= LargestFile && IsHex(oid, 40) && (sha256 is null || IsHex(sha256, 64))
            ? new ModelFile(path, size, oid, sha256)
            : throw new FormatException($"the size or the hash of {OneLine.Of(path)} is none");
    }

    internal static bool IsHex(string text, int length) => text.Length == length && text.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'));
}
