using System.Text.Json;

namespace Octet;

/// <summary>One model on its way from the hub into the cache: its commit, its files, their download, the snapshot.</summary>
sealed class ModelPull(HubClient client, RepositoryCache cache, CheckedContent content, ModelId id, ModelHubOptions options)
{
    /// <summary>Files at a time: one that ends does not leave the connections idle until its hash is known.</summary>
    const int FilesAtATime = 4;

    /// <summary>Room that is left on the disk, for the file system's own needs.</summary>
    const long SpareBytes = 16 << 20;

    /// <summary>What the model consists of now.</summary>
    internal async Task<ModelListing> ListAsync(CancellationToken cancellationToken)
    {
        string commit = ReadCommit(await client.GetInfoAsync(id, cancellationToken).ConfigureAwait(false));
        List<ModelFile> all = await client.GetTreeAsync(id, commit, cancellationToken).ConfigureAwait(false);
        ReadOnlyMemory<byte>? index = NeededFiles.Index(all) is { } file ? await ReadIndexAsync(file, commit, cancellationToken).ConfigureAwait(false) : default(ReadOnlyMemory<byte>?);
        IReadOnlyList<ModelFile> needed = NeededFiles.Select(id.Repository, all, index);
        List<ModelFile> missing = await MissingAsync(needed, commit, cancellationToken).ConfigureAwait(false);
        content.Save();
        return new ModelListing(id, commit, needed, missing.Sum(file => file.Size - PartialBlob.FinishedBytes(cache.Blob(file), file.Size)))
        {
            DamagedFiles = [.. missing.Where(file => content.IsKnownWrong(cache.Blob(file), file.BlobName) || content.IsKnownWrong(InSnapshot(file, commit), file.BlobName))],
        };
    }

    /// <summary>Brings what is missing into the cache.</summary>
    /// <returns>The snapshot's directory.</returns>
    internal async Task<string> RunAsync(bool allowLinks, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        ModelListing listing = await ListAsync(cancellationToken).ConfigureAwait(false);

        // A cache that may not be written to serves as it is, if it holds all of it.
        if (IsThere(listing, cancellationToken))
        {
            return cache.Snapshot(listing.Commit);
        }

        // Another process that pulls the same commit is waited for; then there is nothing left to do.
        using CacheLock mine = await CacheLock.AcquireAsync(cache.Lock(listing.Commit), cancellationToken).ConfigureAwait(false);
        List<ModelFile> missing = await MissingAsync(listing.Files, listing.Commit, cancellationToken).ConfigureAwait(false);
        RequireRoom(missing);
        var meter = new DownloadMeter(progress, listing.TotalBytes);
        foreach (ModelFile file in listing.Files.Except(missing))
        {
            meter.File(file).Present(file.Size);
        }

        await DownloadAsync(missing, listing.Commit, meter, cancellationToken).ConfigureAwait(false);
        foreach (ModelFile file in listing.Files)
        {
            PartialBlob.Sweep(cache.Blob(file));
        }

        string snapshot = new SnapshotWriter(cache, content, listing.Commit, allowLinks).Write(listing.Files, cancellationToken);
        content.Save();
        if (id.RevisionOrMain != listing.Commit)
        {
            cache.WriteReference(id.RevisionOrMain, listing.Commit);
        }

        return snapshot;
    }

    bool IsThere(ModelListing listing, CancellationToken cancellationToken) =>
        (id.RevisionOrMain == listing.Commit || cache.Commit(id) == listing.Commit)
        && listing.Files.All(file => IsRight(InSnapshot(file, listing.Commit), file, cancellationToken));

    async Task DownloadAsync(List<ModelFile> missing, string commit, DownloadMeter meter, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(cache.Blobs);
        Directory.CreateDirectory(cache.Snapshots);
        using SemaphoreSlim connections = new(options.Connections);
        var degree = new ParallelOptions { MaxDegreeOfParallelism = FilesAtATime, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(missing.OrderBy(file => file.Size), degree, async (file, token) =>
        {
            // As huggingface_hub: one download of a blob at a time, whoever it is that downloads.
            using CacheLock blobLock = await CacheLock.AcquireAsync(cache.Lock(file.BlobName), token).ConfigureAwait(false);
            DownloadMeter.FileMeter fileMeter = meter.File(file);
            string blob = cache.Blob(file);
            if (IsRight(blob, file, token))
            {
                fileMeter.Present(file.Size);
                return;
            }

            await BlobDownload.RunAsync(new FileSource(client, id, commit, file), blob, fileMeter, connections, options, token).ConfigureAwait(false);
            content.Note(blob, file.BlobName);
        }).ConfigureAwait(false);
    }

    /// <summary>The files that the cache does not hold, or holds with other content than their hashes say.</summary>
    async Task<List<ModelFile>> MissingAsync(IReadOnlyList<ModelFile> files, string commit, CancellationToken cancellationToken)
    {
        bool[] isMissing = new bool[files.Count];
        var degree = new ParallelOptions { MaxDegreeOfParallelism = Math.Min(FilesAtATime, Environment.ProcessorCount), CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, files.Count, degree, (i, token) =>
        {
            isMissing[i] = !IsRight(cache.Blob(files[i]), files[i], token) && !IsRight(InSnapshot(files[i], commit), files[i], token);
            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
        return [.. files.Where((_, i) => isMissing[i])];
    }

    bool IsRight(string path, ModelFile file, CancellationToken cancellationToken) => content.IsRight(path, file.BlobName, file.Size, anew: false, cancellationToken);

    string InSnapshot(ModelFile file, string commit) => Path.Combine(cache.Snapshot(commit), file.Path);

    Task<ReadOnlyMemory<byte>> ReadIndexAsync(ModelFile file, string commit, CancellationToken cancellationToken)
    {
        string blob = cache.Blob(file);
        return file.Size <= WeightFiles.LongestIndex && IsRight(blob, file, cancellationToken)
            ? Task.FromResult<ReadOnlyMemory<byte>>(File.ReadAllBytes(blob))
            : BackOff.RepeatAsync(options, () => new FileSource(client, id, commit, file).ReadAllAsync(WeightFiles.LongestIndex, cancellationToken), cancellationToken);
    }

    void RequireRoom(List<ModelFile> missing)
    {
        long needed = missing.Sum(file => file.Size - PartialBlob.FinishedBytes(cache.Blob(file), file.Size));
        if (needed == 0)
        {
            return;
        }

        Directory.CreateDirectory(cache.Root);
        long free;
        try
        {
            free = new DriveInfo(cache.Root).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A file system that does not tell will say when it is full.
            return;
        }

        if (free < needed + SpareBytes)
        {
            throw new ModelHubException(
                ModelHubError.DiskFull, $"{id.Repository} needs {needed} more bytes, and {free} are free at {cache.Root}: make room (octet list, octet remove), or name another cache (HF_HUB_CACHE)");
        }
    }

    string ReadCommit(ReadOnlyMemory<byte> info)
    {
        string? commit = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(info);
            commit = document.RootElement.GetProperty("sha").GetString();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // No commit, below.
        }

        // It becomes the name of a directory.
        return commit is not null && RepositoryListing.IsHex(commit, 40)
            ? commit
            : throw new ModelHubException(ModelHubError.ServerError, $"{id}: the hub does not name the commit: expected 'sha' with 40 hexadecimal digits; check HF_ENDPOINT");
    }
}
