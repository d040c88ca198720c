using Octet.TestHub;

namespace Octet.Tests.Hub;

/// <summary>Blobs that are not what their name says: an interrupted writer, a network file system, a dying disk (huggingface_hub #4306, #1396).</summary>
public sealed class CacheIntegrityTests : IAsyncLifetime
{
    const string Shard = "model-00002-of-00003.safetensors";
    HubWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await HubWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    string Root => Path.Combine(_world.Cache, "models--org--tiny-model");

    string Blob => Path.Combine(Root, "blobs", _world.Repository[Shard].ETag);

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_damaged_blob_of_the_right_length_is_named_and_downloaded_again(bool snapshotThere)
    {
        string snapshot = await _world.PullAsync();
        Damage(Blob);
        if (!snapshotThere)
        {
            Directory.Delete(Path.Combine(Root, "snapshots"), recursive: true);
            Directory.Delete(Path.Combine(Root, "refs"), recursive: true);
        }

        _world.Server.Traffic.Clear();
        using var hub = new ModelHub(_world.Options);
        ModelListing listing = await hub.ListFilesAsync(ModelId.Parse(HubWorld.Id), Cancelled);
        Assert.Equal([Shard], listing.DamagedFiles.Select(file => file.Path));
        Assert.Equal(_world.Repository[Shard].Size, listing.MissingBytes);

        await hub.PullAsync(ModelId.Parse(HubWorld.Id), cancellationToken: Cancelled);

        Assert.Equal([Shard], _world.Server.Traffic.BytesByFile.Keys);
        _world.AssertRight(snapshot);
    }

    [Fact]
    public async Task A_change_that_keeps_length_and_time_is_found()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only there is the inode's own time known");
        string snapshot = await _world.PullAsync();
        DateTime written = File.GetLastWriteTimeUtc(Blob);
        Damage(Blob);
        File.SetLastWriteTimeUtc(Blob, written);

        await _world.PullAsync();

        _world.AssertRight(snapshot);
    }

    [Fact]
    public async Task A_blob_that_another_tool_wrote_is_hashed_once()
    {
        string snapshot = await _world.PullAsync();
        File.Delete(Path.Combine(Root, "octet-checked"));
        foreach (string blob in Directory.GetFiles(Path.Combine(Root, "blobs")))
        {
            File.SetLastWriteTimeUtc(blob, DateTime.UtcNow.AddDays(-1));
        }

        await Task.Delay(TimeSpan.FromSeconds(2.5), Cancelled);
        await _world.PullAsync();
        string[] remembered = await File.ReadAllLinesAsync(Path.Combine(Root, "octet-checked"), Cancelled);
        Assert.Equal(HubWorld.Needed.Length + 1, remembered.Length);

        var known = new CheckedContent(new RepositoryCache(_world.Cache, HubWorld.Id));
        Assert.Equal(_world.Repository[Shard].ETag, known.HashOf(Path.Combine(snapshot, Shard)));
        Assert.True(known.IsRight(Blob, _world.Repository[Shard].ETag, null, anew: false, new CancellationToken(canceled: true)));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("octet-checked 1\nnonsense\n1 2 3\n")]
    public async Task A_record_that_is_none_is_passed_over(string content)
    {
        string snapshot = await _world.PullAsync();
        Damage(Blob);
        await File.WriteAllTextAsync(Path.Combine(Root, "octet-checked"), content, Cancelled);

        await _world.PullAsync();

        _world.AssertRight(snapshot);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_damaged_copy_in_a_snapshot_without_links_is_replaced(bool blobsThere)
    {
        string snapshot = await _world.PullAsync();
        foreach (string file in Directory.GetFiles(snapshot))
        {
            byte[] content = await File.ReadAllBytesAsync(file, Cancelled);
            File.Delete(file);
            await File.WriteAllBytesAsync(file, content, Cancelled);
        }

        if (!blobsThere)
        {
            Directory.Delete(Path.Combine(Root, "blobs"), recursive: true);
        }

        Damage(Path.Combine(snapshot, Shard));
        await _world.PullAsync();
        _world.AssertRight(snapshot);
    }

    [Fact]
    public async Task A_damaged_index_is_not_believed()
    {
        string snapshot = await _world.PullAsync();
        string index = Path.Combine(Root, "blobs", _world.Repository["model.safetensors.index.json"].ETag);
        await File.WriteAllTextAsync(index, (await File.ReadAllTextAsync(index, Cancelled)).Replace("00002-of", "00001-of", StringComparison.Ordinal), Cancelled);

        await _world.PullAsync();

        _world.AssertRight(snapshot);
    }

    [Fact]
    public async Task Verifying_reads_everything_again_and_needs_no_network()
    {
        string snapshot = await _world.PullAsync();
        using var hub = new ModelHub(_world.Options with { Offline = true });
        CacheCheck right = hub.Verify(hub.List()[0], Cancelled);
        Assert.Equal(HubWorld.Needed.Length, right.Files);
        Assert.Equal(HubWorld.Needed.Sum(name => _world.Repository[name].Size), right.Bytes);
        Assert.Empty(right.DamagedFiles);
        Assert.Empty(right.UnknownFiles);

        Damage(Blob);
        CachedFile damaged = Assert.Single(hub.Verify(hub.List()[0], Cancelled).DamagedFiles);
        Assert.Equal((Shard, Blob, _world.Repository[Shard].Size), (damaged.Name, damaged.Path, damaged.Bytes));
        Assert.Equal([_world.Repository.Head], damaged.Commits);

        // What was found is known to the next pull, and mended by it.
        Assert.Equal([Shard], (await new ModelHub(_world.Options).ListFilesAsync(ModelId.Parse(HubWorld.Id), Cancelled)).DamagedFiles.Select(file => file.Path));
        await _world.PullAsync();
        _world.AssertRight(snapshot);
    }

    [Fact]
    public void Copies_that_nobody_hashed_are_told_apart_from_right_ones()
    {
        using var cache = new HandmadeCache();
        cache.Add("org/name", HandmadeCache.Commit, ["main"], HandmadeCache.SmallModel, links: false);
        using ModelHub hub = cache.Hub();

        CacheCheck check = hub.Verify(hub.List()[0], Cancelled);

        Assert.Equal(0, check.Files);
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], check.UnknownFiles.Select(file => file.Name));
    }

    /// <summary>Turns one bit in the middle.</summary>
    static void Damage(string path)
    {
        using FileStream file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = file.Length / 2;
        int old = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(old ^ 1));
    }
}
