namespace Octet;

/// <summary>
/// The place of one repository in the cache, as huggingface_hub lays it out (guides/manage-cache): <c>models--org--name</c> with
/// <c>blobs/</c>, named by the hub's entity tags, <c>snapshots/COMMIT/</c> with links to them, and <c>refs/</c>, a file with the commit for
/// each branch and tag. What is about to become a snapshot or is about to be deleted lies beside these three as <c>incoming.COMMIT.*</c>.
/// </summary>
sealed class RepositoryCache(string cache, string repository)
{
    const string Prefix = "models--";
    const string Separator = "--";
    const string SnapshotsName = "snapshots";
    const int ShortestCommit = 7;

    internal string Repository { get; } = repository;

    internal string Root { get; } = Path.Combine(cache, FolderName(repository));

    internal string Locks { get; } = Path.Combine(cache, ".locks", FolderName(repository));

    internal string Blobs => Path.Combine(Root, "blobs");

    internal string Snapshots => Path.Combine(Root, SnapshotsName);

    internal string References => Path.Combine(Root, "refs");

    /// <summary>The listing of a commit that newer versions of huggingface_hub keep.</summary>
    internal string Tree(string commit) => Path.Combine(Root, "trees", commit + ".json");

    internal string Blob(ModelFile file) => Path.Combine(Blobs, file.BlobName);

    internal string Snapshot(string commit) => Path.Combine(Snapshots, commit);

    internal string Lock(string name) => Path.Combine(Locks, name + ".lock");

    /// <summary>The repositories of a cache.</summary>
    internal static IEnumerable<RepositoryCache> All(string cache) => Directory.Exists(cache)
        ? Directory.EnumerateDirectories(cache, Prefix + "*").Select(Path.GetFileName).Order(StringComparer.Ordinal)
            .Select(folder => new RepositoryCache(cache, RepositoryOf(folder!)))
        : [];

    /// <summary>The repository whose snapshot a directory is by its name, and the commit; null: it is none's.</summary>
    internal static (RepositoryCache Cache, string Commit)? OfSnapshot(string directory)
    {
        string snapshot = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        string? snapshots = Path.GetDirectoryName(snapshot);
        string? root = Path.GetDirectoryName(snapshots);
        return Path.GetDirectoryName(root) is { } cache && Path.GetFileName(root) is { } folder && folder.StartsWith(Prefix, StringComparison.Ordinal)
            && Path.GetFileName(snapshots) == SnapshotsName && ModelId.TryParse(RepositoryOf(folder), out ModelId? id)
            ? (new RepositoryCache(cache, id.Repository), Path.GetFileName(snapshot))
            : null;
    }

    /// <summary>The commit that a model's revision stands for here; null: it is not known here.</summary>
    internal string? Commit(ModelId id)
    {
        string reference = Path.Combine(References, Path.Combine(id.RevisionOrMain.Split('/')));
        if (File.Exists(reference))
        {
            // It becomes part of a path.
            string commit = File.ReadAllText(reference).Trim();
            return IsPlainName(commit) ? commit : null;
        }

        if (id.Revision is null)
        {
            // A download by commit leaves no branch behind; one snapshot, or one that is complete, is unambiguous all the same.
            string[] commits = Commits();
            string[] complete = commits.Length > 1 ? [.. commits.Where(commit => WeightFiles.Missing(Snapshot(commit)) is null)] : commits;
            return complete is [string only] ? only : null;
        }

        return id.Revision.Length >= ShortestCommit && Commits().Where(commit => commit.StartsWith(id.Revision, StringComparison.Ordinal)).ToArray() is [string meant] ? meant : null;
    }

    /// <summary>The commits that there are snapshots of.</summary>
    internal string[] Commits() => Directory.Exists(Snapshots)
        ? [.. Directory.EnumerateDirectories(Snapshots).Select(directory => Path.GetFileName(directory)!).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Branch or tag, and its commit.</summary>
    internal IEnumerable<(string Name, string Commit)> AllReferences() => Directory.Exists(References)
        ? Files(References).Select(file => file.FullName).Order(StringComparer.Ordinal)
            .Select(file => (Path.GetRelativePath(References, file).Replace('\\', '/'), File.ReadAllText(file).Trim()))
        : [];

    /// <summary>Points a branch or tag to a commit, at once for all who read it.</summary>
    internal void WriteReference(string revision, string commit)
    {
        string path = Path.Combine(References, Path.Combine(revision.Split('/')));
        if (File.Exists(path) && File.ReadAllText(path) == commit)
        {
            // A cache that may not be written to need not fail here.
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = Temporary(commit);
        File.WriteAllText(temporary, commit);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>A path for what is on its way to a commit. The caller has the commit's lock.</summary>
    internal string Temporary(string commit) => Path.Combine(Root, $"incoming.{commit}.{Path.GetRandomFileName()}");

    /// <summary>Removes what a killed process left on its way to a commit. The caller has the commit's lock.</summary>
    internal void ClearTemporary(string commit)
    {
        foreach (string left in Directory.GetFileSystemEntries(Root, $"incoming.{commit}.*"))
        {
            if (Directory.Exists(left) && new DirectoryInfo(left).LinkTarget is null)
            {
                Directory.Delete(left, recursive: true);
            }
            else
            {
                File.Delete(left);
            }
        }
    }

    static string RepositoryOf(string folder) => folder[Prefix.Length..].Replace(Separator, "/", StringComparison.Ordinal);

    internal static string FolderName(string repository) => Prefix + repository.Replace("/", Separator, StringComparison.Ordinal);

    /// <summary>The bytes of a file, through links; null: there is none, or a link that leads nowhere or in a circle.</summary>
    internal static long? Length(string path)
    {
        // File.Exists is true of a link that leads nowhere.
        var file = new FileInfo(path);
        try
        {
            FileSystemInfo? target = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true);
            return target is FileInfo { Exists: true } found ? found.Length : null;
        }
        catch (IOException)
        {
            // Links in a circle.
            return null;
        }
    }

    /// <summary>The files below a directory and the links to files, in directories of its own: a link to a directory may lead anywhere, also to above it.</summary>
    internal static IEnumerable<FileInfo> Files(string directory)
    {
        var own = new EnumerationOptions { IgnoreInaccessible = false, AttributesToSkip = 0, RecurseSubdirectories = true };
        return new System.IO.Enumeration.FileSystemEnumerable<FileInfo>(directory, (ref System.IO.Enumeration.FileSystemEntry entry) => (FileInfo)entry.ToFileSystemInfo(), own)
        {
            ShouldIncludePredicate = (ref System.IO.Enumeration.FileSystemEntry entry) => !entry.IsDirectory,
            ShouldRecursePredicate = (ref System.IO.Enumeration.FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) == 0,
        };
    }

    /// <summary>The full path of what a path leads to in the end; itself where it is no link, or one that cannot be followed.</summary>
    internal static string Final(string path)
    {
        try
        {
            FileSystemInfo info = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
            return info.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
        }
        catch (IOException)
        {
            return Path.GetFullPath(path);
        }
    }

    /// <summary>Whether a name from elsewhere is one step of a path, on every system.</summary>
    internal static bool IsPlainName(string name) =>
        name is not ("" or "." or "..") && name.AsSpan().IndexOfAny("/\\:\0") < 0 && !name.Any(char.IsControl);
}
