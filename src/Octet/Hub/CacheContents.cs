namespace Octet;

/// <summary>What one repository has in the cache, and its removal.</summary>
sealed class CacheContents(RepositoryCache cache)
{
    /// <summary>Describes a repository; what is not understood in a foreign cache is left out, and one that cannot be read hides no other.</summary>
    internal static CachedModel Describe(RepositoryCache cache)
    {
        try
        {
            return new CacheContents(cache).Describe();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new CachedModel(cache.Repository, cache.Root, [], 0, 0) { Problem = OneLine.Of(e.Message) };
        }
    }

    CachedModel Describe()
    {
        ILookup<string, string> references = cache.AllReferences().ToLookup(reference => reference.Commit, reference => reference.Name);
        List<CachedRevision> revisions = [];
        foreach (string commit in cache.Commits())
        {
            string directory = cache.Snapshot(commit);
            (long bytes, DateTimeOffset used) = Measure(directory);
            string? missing = WeightFiles.Missing(directory);
            revisions.Add(new CachedRevision(commit, [.. references[commit]], directory, bytes, used, missing is null) { Missing = missing });
        }

        long unfinished = Directory.Exists(cache.Blobs) ? PartialBlob.All(cache.Blobs).Sum(partial => partial.Bytes) : 0;
        return new CachedModel(cache.Repository, cache.Root, [.. revisions.OrderByDescending(revision => revision.LastUsed)], Bytes(cache.Root) + unfinished, unfinished);
    }

    /// <summary>Removes all of the repository.</summary>
    /// <returns>The bytes freed.</returns>
    internal long RemoveAll()
    {
        using var locks = new AllLocks(cache);
        long unfinished = Directory.Exists(cache.Blobs) ? PartialBlob.All(cache.Blobs).Sum(partial => partial.Bytes) : 0;
        long bytes = unfinished + Freed(Files(cache.Root).Where(file => !PartialBlob.IsPartial(file) && Path.GetFileName(file) != CheckedContent.FileName));

        // Branches first: nothing finds what is half gone.
        DeleteDirectory(cache.References);
        DeleteDirectory(cache.Root);
        return bytes;
    }

    /// <summary>Removes one snapshot, with its branches and the blobs that no other snapshot uses.</summary>
    /// <returns>The bytes freed.</returns>
    internal long Remove(string commit)
    {
        if (cache.Commits() is [string only] && only == commit)
        {
            return RemoveAll();
        }

        using var locks = new AllLocks(cache);
        foreach ((string name, _) in cache.AllReferences().Where(reference => reference.Commit == commit).ToArray())
        {
            File.Delete(Path.Combine(cache.References, name));
        }

        HashSet<string> kept = [.. cache.Commits().Where(other => other != commit).SelectMany(other => Targets(cache.Snapshot(other)))];

        // What lies outside the repository's own blobs is somebody else's.
        string blobs = Path.TrimEndingDirectorySeparator(RepositoryCache.Final(cache.Blobs)) + Path.DirectorySeparatorChar;
        string[] own = [.. Targets(cache.Snapshot(commit)).Where(target => !kept.Contains(target) && target.StartsWith(blobs, StringComparison.Ordinal)).Distinct()];
        long bytes = Freed([.. Files(cache.Snapshot(commit)), .. own]);

        // Out of sight first, in one step.
        string removed = cache.Temporary(commit);
        Directory.Move(cache.Snapshot(commit), removed);
        DeleteDirectory(removed);
        foreach (string blob in own)
        {
            File.Delete(blob);
        }

        if (File.Exists(cache.Tree(commit)))
        {
            File.Delete(cache.Tree(commit));
        }

        return bytes;
    }

    /// <summary>Reads every file and compares it with its hash: the blob's name, or what was found before.</summary>
    internal CacheCheck Check(CheckedContent content, CancellationToken cancellationToken)
    {
        // Content, the names that it has in revisions, and the revisions.
        Dictionary<string, (SortedSet<string> Names, SortedSet<string> Commits)> files = new(StringComparer.Ordinal);
        foreach (string blob in Directory.Exists(cache.Blobs) ? Files(cache.Blobs).Where(file => !PartialBlob.IsPartial(file)) : [])
        {
            files.TryAdd(RepositoryCache.Final(blob), ([], []));
        }

        foreach (string commit in cache.Commits())
        {
            foreach (string file in RepositoryCache.Files(cache.Snapshot(commit)).Select(file => file.FullName).Where(file => RepositoryCache.Length(file) is not null))
            {
                string target = RepositoryCache.Final(file);
                files.TryAdd(target, ([], []));
                files[target].Names.Add(Path.GetRelativePath(cache.Snapshot(commit), file).Replace('\\', '/'));
                files[target].Commits.Add(commit);
            }
        }

        int count = 0;
        long bytes = 0;
        List<CachedFile> damaged = [];
        List<CachedFile> unknown = [];
        foreach ((string path, (SortedSet<string> names, SortedSet<string> commits)) in files.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            string name = Path.GetFileName(path);
            var file = new CachedFile(names.Count > 0 ? string.Join(", ", names) : name, [.. commits], path, RepositoryCache.Length(path) ?? 0);
            if ((ContentHash.IsHash(name) ? name : content.HashOf(path)) is not { } hash)
            {
                unknown.Add(file);
                continue;
            }

            count++;
            bytes += file.Bytes;
            if (!content.IsRight(path, hash, size: null, anew: true, cancellationToken))
            {
                damaged.Add(file);
            }
        }

        content.Save();
        return new CacheCheck(count, bytes, damaged, unknown);
    }

    /// <summary>The files below a directory, links left out.</summary>
    static IEnumerable<string> Files(string directory)
        => RepositoryCache.Files(directory).Where(file => file.LinkTarget is null).Select(file => file.FullName);

    /// <summary>What removing files gives back: nothing for one that has a name elsewhere.</summary>
    static long Freed(IEnumerable<string> files)
    {
        long bytes = 0;
        foreach (IGrouping<(ulong, ulong), FileStamp> names in files.Select(FileStamp.Of).OfType<FileStamp>().GroupBy(stamp => (stamp.Device, stamp.Inode)))
        {
            bytes += names.Key == default ? names.Sum(stamp => stamp.Length) : names.Count() >= names.First().Links ? names.First().Length : 0;
        }

        return bytes;
    }

    static void DeleteDirectory(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    static IEnumerable<string> Targets(string snapshot) =>
        RepositoryCache.Files(snapshot).Select(file => RepositoryCache.Final(file.FullName));

    static (long Bytes, DateTimeOffset Used) Measure(string snapshot)
    {
        long bytes = 0;
        DateTime used = Directory.GetLastWriteTimeUtc(snapshot);
        foreach (string target in Targets(snapshot).Distinct())
        {
            var file = new FileInfo(target);
            if (file.Exists)
            {
                bytes += file.Length;
                used = file.LastAccessTimeUtc > used ? file.LastAccessTimeUtc : used;
            }
        }

        return (bytes, new DateTimeOffset(used, TimeSpan.Zero));
    }

    // Links count nothing. Neither do unfinished files here, whose length is not what they take, nor the record of what was hashed.
    static long Bytes(string directory) => RepositoryCache.Files(directory)
        .Where(file => file.LinkTarget is null && !PartialBlob.IsPartial(file.Name) && file.Name != CheckedContent.FileName)
        .Sum(file => file.Length);

    /// <summary>All locks of a repository: nobody downloads into it.</summary>
    sealed class AllLocks : IDisposable
    {
        readonly List<CacheLock> _locks = [];

        internal AllLocks(RepositoryCache cache)
        {
            string[] paths = Directory.Exists(cache.Locks) ? Directory.GetFiles(cache.Locks, "*.lock") : [];
            foreach (string path in paths)
            {
                if (CacheLock.TryAcquire(path) is not { } acquired)
                {
                    Dispose();
                    throw new ModelHubException(ModelHubError.CacheBusy, $"{cache.Repository} is being downloaded by another process ({path} is locked): wait for it, or end it, and try again");
                }

                _locks.Add(acquired);
            }
        }

        public void Dispose() => _locks.ForEach(held => held.Dispose());
    }
}
