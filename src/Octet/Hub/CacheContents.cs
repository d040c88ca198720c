namespace Octet;

/// <summary>What one repository has in the cache, and its removal.</summary>
sealed class CacheContents(RepositoryCache cache)
{
    /// <summary>Describes the repository; what is not understood in a foreign cache is left out.</summary>
    internal CachedModel Describe()
    {
        ILookup<string, string> references = cache.AllReferences().ToLookup(reference => reference.Commit, reference => reference.Name);
        List<CachedRevision> revisions = [];
        foreach (string commit in cache.Commits())
        {
            string directory = cache.Snapshot(commit);
            (long bytes, DateTimeOffset used) = Measure(directory);
            revisions.Add(new CachedRevision(commit, [.. references[commit]], directory, bytes, used, WeightFiles.AreComplete(directory)));
        }

        long unfinished = Directory.Exists(cache.Blobs) ? PartialBlob.All(cache.Blobs).Sum(partial => partial.Bytes) : 0;
        return new CachedModel(cache.Repository, cache.Root, [.. revisions.OrderByDescending(revision => revision.LastUsed)], Bytes(cache.Root) + unfinished, unfinished);
    }

    /// <summary>Removes all of the repository.</summary>
    /// <returns>The bytes freed.</returns>
    internal long RemoveAll()
    {
        using var locks = new AllLocks(cache);
        long bytes = Describe().Bytes;

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
        HashSet<string> own = [.. Targets(cache.Snapshot(commit)).Where(target => !kept.Contains(target))];
        long bytes = own.Sum(target => RepositoryCache.Length(target) ?? 0);

        // Out of sight first, in one step.
        string removed = cache.Temporary(commit);
        Directory.Move(cache.Snapshot(commit), removed);
        DeleteDirectory(removed);
        string blobs = Path.TrimEndingDirectorySeparator(Path.GetFullPath(cache.Blobs)) + Path.DirectorySeparatorChar;
        foreach (string blob in own.Where(target => target.StartsWith(blobs, StringComparison.Ordinal)))
        {
            File.Delete(blob);
        }

        if (File.Exists(cache.Tree(commit)))
        {
            File.Delete(cache.Tree(commit));
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
        Directory.EnumerateFiles(snapshot, "*", SearchOption.AllDirectories).Select(file => File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(file));

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

    // Links count nothing. Neither do unfinished files here, whose length is not what they take.
    static long Bytes(string directory) => new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories)
        .Where(file => file.LinkTarget is null && !PartialBlob.IsPartial(file.Name))
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
