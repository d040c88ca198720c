namespace Octet;

/// <summary>
/// Makes a snapshot of blobs that are all here: relative links as huggingface_hub makes them (<c>../../blobs/HASH</c>), or the files
/// themselves where links are refused. A new snapshot is made beside the others and renamed; one that is there in part is completed, its
/// config last, without which nobody takes it for whole.
/// </summary>
sealed class SnapshotWriter(RepositoryCache cache, CheckedContent content, string commit, bool allowLinks)
{
    bool _links = allowLinks;

    /// <summary>Writes what is missing, or wrong. The caller has the commit's lock.</summary>
    /// <returns>The snapshot's directory.</returns>
    internal string Write(IReadOnlyList<ModelFile> files, CancellationToken cancellationToken)
    {
        string snapshot = cache.Snapshot(commit);
        Directory.CreateDirectory(cache.Snapshots);
        cache.ClearTemporary(commit);
        if (!Directory.Exists(snapshot))
        {
            WriteNew(files, snapshot);
        }
        else
        {
            foreach (ModelFile file in files.OrderBy(Turn).Where(file => !content.IsRight(Path.Combine(snapshot, file.Path), file.BlobName, file.Size, anew: false, cancellationToken)))
            {
                string temporary = cache.Temporary(commit);
                Place(file, temporary, mayMove: false);
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(snapshot, file.Path))!);
                File.Move(temporary, Path.Combine(snapshot, file.Path), overwrite: true);
                Note(file, snapshot);
            }
        }

        return snapshot;
    }

    void WriteNew(IReadOnlyList<ModelFile> files, string snapshot)
    {
        string directory = Directory.CreateDirectory(cache.Temporary(commit)).FullName;

        // Where there are no links, a blob that nothing else uses need not be there twice.
        bool isAlone = cache.Commits().Length == 0;
        foreach (ModelFile file in files)
        {
            bool isShared = files.Any(other => other != file && other.BlobName == file.BlobName);
            Place(file, Path.Combine(directory, file.Path), mayMove: isAlone && !isShared);
        }

        Directory.Move(directory, snapshot);
        foreach (ModelFile file in files)
        {
            Note(file, snapshot);
        }
    }

    // A copy of what was hashed; what a link leads to is known.
    void Note(ModelFile file, string snapshot)
    {
        string path = Path.Combine(snapshot, file.Path);
        if (new FileInfo(path).LinkTarget is null)
        {
            content.Note(path, file.BlobName);
        }
    }

    void Place(ModelFile file, string path, bool mayMove)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (_links)
        {
            try
            {
                // From where the link is to be in the end: a file in a folder is one step further away.
                string up = string.Concat(Enumerable.Repeat("../", 2 + file.Path.Count('/')));
                File.CreateSymbolicLink(path, Path.Combine([.. up.Split('/', StringSplitOptions.RemoveEmptyEntries), "blobs", file.BlobName]));
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
            {
                _links = false;
            }
        }

        if (mayMove)
        {
            File.Move(cache.Blob(file), path);
        }
        else
        {
            File.Copy(cache.Blob(file), path);
        }
    }

    static int Turn(ModelFile file) => file.Path switch
    {
        WeightFiles.Config => 3,
        WeightFiles.Single => 2,
        _ when file.Path.EndsWith(WeightFileNames.IndexExtension, StringComparison.Ordinal) => 2,
        _ => file.Path.EndsWith(".safetensors", StringComparison.Ordinal) ? 1 : 0,
    };
}
