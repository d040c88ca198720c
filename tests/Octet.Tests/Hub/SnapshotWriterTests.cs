namespace Octet.Tests.Hub;

public sealed class SnapshotWriterTests : IDisposable
{
    const string Commit = HandmadeCache.Commit;

    readonly HandmadeCache _cache = new();

    public void Dispose() => _cache.Dispose();

    [Fact]
    public void A_snapshot_has_relative_links_as_Python_makes_them()
    {
        RepositoryCache cache = Blobs(HandmadeCache.ShardedModel);

        string snapshot = new SnapshotWriter(cache, new CheckedContent(cache), Commit, allowLinks: true).Write(Files(HandmadeCache.ShardedModel), TestContext.Current.CancellationToken);

        Assert.Equal(_cache.Snapshot("org/name", Commit), snapshot);
        foreach ((string name, string content) in HandmadeCache.ShardedModel)
        {
            Assert.Equal(Path.Combine("..", "..", "blobs", HandmadeCache.BlobName(content)), new FileInfo(Path.Combine(snapshot, name)).LinkTarget);
            Assert.Equal(content, File.ReadAllText(Path.Combine(snapshot, name)));
        }

        cache.WriteReference("refs/pr/1", Commit);
        Assert.Equal(Commit, File.ReadAllText(Path.Combine(_cache.Folder("org/name"), "refs", "refs", "pr", "1")));
        Assert.Equal(["blobs", "refs", "snapshots"], Directory.GetDirectories(cache.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Without_links_the_files_themselves_are_there()
    {
        Dictionary<string, string> model = HandmadeCache.ShardedModel;
        model["generation_config.json"] = model["config.json"];
        RepositoryCache cache = Blobs(model);

        string snapshot = new SnapshotWriter(cache, new CheckedContent(cache), Commit, allowLinks: false).Write(Files(model), TestContext.Current.CancellationToken);

        Assert.All(model, file => Assert.Equal(file.Value, File.ReadAllText(Path.Combine(snapshot, file.Key))));
        Assert.All(Directory.GetFiles(snapshot), file => Assert.Null(new FileInfo(file).LinkTarget));
        Assert.True(WeightFiles.AreComplete(snapshot));

        // Not twice on the disk, but for what two names share.
        Assert.Equal([HandmadeCache.BlobName("{}")], Directory.GetFiles(cache.Blobs).Select(Path.GetFileName));
    }

    [Fact]
    public void Without_links_what_another_snapshot_uses_stays()
    {
        _cache.Add("org/name", HandmadeCache.OtherCommit, ["main"], HandmadeCache.SmallModel);
        RepositoryCache cache = Blobs(HandmadeCache.SmallModel);

        new SnapshotWriter(cache, new CheckedContent(cache), Commit, allowLinks: false).Write(Files(HandmadeCache.SmallModel), TestContext.Current.CancellationToken);

        Assert.True(WeightFiles.AreComplete(_cache.Snapshot("org/name", HandmadeCache.OtherCommit)));
        Assert.True(WeightFiles.AreComplete(_cache.Snapshot("org/name", Commit)));
    }

    [Fact]
    public void A_snapshot_that_Python_began_is_completed()
    {
        _cache.Add("org/name", Commit, ["main"], new() { ["tokenizer.json"] = "{ }", ["config.json"] = "a broken config" });
        RepositoryCache cache = Blobs(HandmadeCache.SmallModel);
        File.WriteAllText(Path.Combine(_cache.Snapshot("org/name", Commit), "README.md"), "read me");

        string snapshot = new SnapshotWriter(cache, new CheckedContent(cache), Commit, allowLinks: true).Write(Files(HandmadeCache.SmallModel), TestContext.Current.CancellationToken);

        Assert.True(WeightFiles.AreComplete(snapshot));
        Assert.All(HandmadeCache.SmallModel, file => Assert.Equal(file.Value, File.ReadAllText(Path.Combine(snapshot, file.Key))));
        Assert.Equal("read me", File.ReadAllText(Path.Combine(snapshot, "README.md")));
    }

    [Fact]
    public void What_a_killed_process_left_is_not_in_the_way()
    {
        RepositoryCache cache = Blobs(HandmadeCache.SmallModel);
        string left = Directory.CreateDirectory(cache.Temporary(Commit)).FullName;
        File.WriteAllText(Path.Combine(left, "left.safetensors"), "left");
        File.CreateSymbolicLink(cache.Temporary(Commit), "../../blobs/nothing");

        string snapshot = new SnapshotWriter(cache, new CheckedContent(cache), Commit, allowLinks: true).Write(Files(HandmadeCache.SmallModel), TestContext.Current.CancellationToken);

        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], Directory.GetFiles(snapshot).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(["blobs", "snapshots"], Directory.GetFileSystemEntries(cache.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    RepositoryCache Blobs(Dictionary<string, string> files)
    {
        RepositoryCache cache = new(_cache.Path, "org/name");
        Directory.CreateDirectory(cache.Blobs);
        foreach (string content in files.Values)
        {
            File.WriteAllText(Path.Combine(cache.Blobs, HandmadeCache.BlobName(content)), content);
        }

        return cache;
    }

    static List<ModelFile> Files(Dictionary<string, string> files) =>
        [.. files.Select(file => new ModelFile(file.Key, file.Value.Length, new string('0', 40), HandmadeCache.BlobName(file.Value)))];
}
