namespace Octet.Tests.Hub;

/// <summary>Caches that huggingface_hub may have left, with links and without.</summary>
public sealed class CachedModelTests : IDisposable
{
    const string Commit = HandmadeCache.Commit;
    const string OtherCommit = HandmadeCache.OtherCommit;

    readonly HandmadeCache _cache = new();

    public void Dispose() => _cache.Dispose();

    [Theory]
    [InlineData("org/name", true)]
    [InlineData("org/name", false)]
    [InlineData("gpt2", true)]
    public void A_snapshot_of_the_main_branch_is_found(string repository, bool links)
    {
        _cache.Add(repository, Commit, ["main"], HandmadeCache.ShardedModel, links);

        Assert.Equal(_cache.Snapshot(repository, Commit), Find(repository));
    }

    [Theory]
    [InlineData("org/name@v1")]
    [InlineData("org/name@refs/pr/1")]
    [InlineData("org/name@" + OtherCommit)]
    [InlineData("org/name@bbc77c8")]
    public void A_revision_is_found_by_tag_and_by_commit(string id)
    {
        _cache.Add("org/name", Commit, ["main"], HandmadeCache.SmallModel);
        _cache.Add("org/name", OtherCommit, ["v1", "refs/pr/1"], HandmadeCache.SmallModel);

        Assert.Equal(_cache.Snapshot("org/name", OtherCommit), Find(id));
        Assert.Equal(_cache.Snapshot("org/name", Commit), Find("org/name"));
    }

    [Theory]
    [InlineData("org/name@v2")]
    [InlineData("org/name@bbc77c")]
    [InlineData("org/name@bbc77c9")]
    [InlineData("org/other")]
    [InlineData("name")]
    public void What_is_not_there_is_not_found(string id)
    {
        _cache.Add("org/name", OtherCommit, ["main"], HandmadeCache.SmallModel);

        Assert.Null(Find(id));
    }

    [Fact]
    public void An_empty_cache_has_nothing()
    {
        using ModelHub hub = new(new ModelHubOptions { CacheDirectory = Path.Combine(_cache.Path, "nowhere"), Offline = true });

        Assert.Null(hub.Find(ModelId.Parse("org/name")));
        Assert.Empty(hub.List());
    }

    [Fact]
    public void A_single_snapshot_without_a_branch_is_meant()
    {
        _cache.Add("org/name", Commit, [], HandmadeCache.SmallModel);
        Assert.Equal(_cache.Snapshot("org/name", Commit), Find("org/name"));

        _cache.Add("org/name", OtherCommit, [], HandmadeCache.SmallModel);
        Assert.Null(Find("org/name"));
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors.index.json")]
    [InlineData("model-00002-of-00002.safetensors")]
    public void A_snapshot_without_all_of_its_weights_is_not_found(string missing)
    {
        Dictionary<string, string> files = HandmadeCache.ShardedModel;
        files.Remove(missing);
        _cache.Add("org/name", Commit, ["main"], files);

        Assert.Null(Find("org/name"));
    }

    [Fact]
    public void A_link_that_leads_nowhere_is_no_file()
    {
        _cache.Add("org/name", Commit, ["main"], HandmadeCache.SmallModel);
        File.Delete(Path.Combine(_cache.Folder("org/name"), "blobs", HandmadeCache.BlobName("weights")));

        Assert.Null(Find("org/name"));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("""{"weight_map":{}}""")]
    [InlineData("""{"weight_map":{"a":1}}""")]
    [InlineData("""{"weight_map":{"a":"../model-00001-of-00002.safetensors"}}""")]
    public void An_index_that_is_none_makes_no_model(string index)
    {
        Dictionary<string, string> files = HandmadeCache.ShardedModel;
        files["model.safetensors.index.json"] = index;
        _cache.Add("org/name", Commit, ["main"], files);

        Assert.Null(Find("org/name"));
    }

    [Theory]
    [InlineData("../../../outside")]
    [InlineData("/")]
    [InlineData("..")]
    [InlineData("")]
    public void A_branch_that_points_outside_is_not_followed(string content)
    {
        _cache.Add("org/name", Commit, ["main"], HandmadeCache.SmallModel);
        File.WriteAllText(Path.Combine(_cache.Folder("org/name"), "refs", "main"), content);

        Assert.Null(Find("org/name"));
    }

    [Fact]
    public async Task Offline_a_pull_is_what_the_cache_has_or_an_error()
    {
        _cache.Add("org/name", Commit, ["main"], HandmadeCache.SmallModel);
        using ModelHub hub = _cache.Hub();

        Assert.Equal(_cache.Snapshot("org/name", Commit), await hub.PullAsync(ModelId.Parse("org/name")));
        ModelHubException e = await Assert.ThrowsAsync<ModelHubException>(() => hub.PullAsync(ModelId.Parse("org/other")));
        Assert.Equal(ModelHubError.Offline, e.Error);
        Assert.Contains("org/other", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_tells_revisions_sizes_and_completeness()
    {
        _cache.Add("org/name", Commit, ["main", "v1"], HandmadeCache.SmallModel);
        Dictionary<string, string> other = HandmadeCache.SmallModel;
        other["model.safetensors"] = "other weights";
        other.Remove("config.json");
        _cache.Add("org/name", OtherCommit, [], other);
        _cache.Add("gpt2", Commit, ["main"], HandmadeCache.ShardedModel, links: false);
        using ModelHub hub = _cache.Hub();

        IReadOnlyList<CachedModel> models = hub.List();

        Assert.Equal(["gpt2", "org/name"], models.Select(model => model.Repository));

        // Contents {}, { }, weights, other weights, each once, and three references to commits.
        Assert.Equal(2 + 3 + 7 + 13 + (2 * 40), models[1].Bytes);
        Dictionary<string, CachedRevision> revisions = models[1].Revisions.ToDictionary(revision => revision.Commit);
        Assert.Equal((2 + 3 + 7, true), (revisions[Commit].Bytes, revisions[Commit].IsComplete));
        Assert.Equal((3 + 13, false), (revisions[OtherCommit].Bytes, revisions[OtherCommit].IsComplete));
        Assert.Equal(["main", "v1"], revisions[Commit].References);
        Assert.Empty(revisions[OtherCommit].References);
        Assert.Equal(_cache.Snapshot("org/name", Commit), revisions[Commit].Directory);
        Assert.True(Assert.Single(models[0].Revisions).IsComplete);
    }

    [Fact]
    public void A_removed_repository_leaves_nothing_and_others_stay()
    {
        _cache.Add("org/name", Commit, ["main"], HandmadeCache.SmallModel);
        _cache.Add("org/other", Commit, ["main"], HandmadeCache.SmallModel);
        using ModelHub hub = _cache.Hub();

        Assert.Equal(2 + 3 + 7 + 40, hub.Remove(ModelId.Parse("org/name")));

        Assert.False(Directory.Exists(_cache.Folder("org/name")));
        Assert.NotNull(Find("org/other"));
        Assert.Equal(ModelHubError.NotFound, Assert.Throws<ModelHubException>(() => hub.Remove(ModelId.Parse("org/name"))).Error);
    }

    [Fact]
    public void A_removed_revision_leaves_what_others_use()
    {
        _cache.Add("org/name", Commit, ["main"], HandmadeCache.SmallModel);
        Dictionary<string, string> other = HandmadeCache.SmallModel;
        other["model.safetensors"] = "other weights";
        _cache.Add("org/name", OtherCommit, ["v1"], other);
        using ModelHub hub = _cache.Hub();

        Assert.Equal(13, hub.Remove(ModelId.Parse("org/name@v1")));

        Assert.Equal(_cache.Snapshot("org/name", Commit), Find("org/name"));
        Assert.Null(Find("org/name@v1"));
        Assert.False(File.Exists(Path.Combine(_cache.Folder("org/name"), "blobs", HandmadeCache.BlobName("other weights"))));
        Assert.Equal(3, Directory.GetFiles(Path.Combine(_cache.Folder("org/name"), "blobs")).Length);
        Assert.Equal(ModelHubError.RevisionNotFound, Assert.Throws<ModelHubException>(() => hub.Remove(ModelId.Parse("org/name@v1"))).Error);
    }

    [Fact]
    public void The_last_revision_takes_the_repository_with_it()
    {
        _cache.Add("org/name", Commit, ["main"], HandmadeCache.SmallModel);
        using ModelHub hub = _cache.Hub();

        hub.Remove(ModelId.Parse("org/name@" + Commit));

        Assert.False(Directory.Exists(_cache.Folder("org/name")));
    }

    [Fact]
    public void What_is_being_downloaded_is_not_removed()
    {
        _cache.Add("org/name", Commit, ["main"], HandmadeCache.SmallModel);
        using ModelHub hub = _cache.Hub();
        using (CacheLock.TryAcquire(Path.Combine(_cache.Path, ".locks", "models--org--name", "hash.lock")))
        {
            Assert.Equal(ModelHubError.CacheBusy, Assert.Throws<ModelHubException>(() => hub.Remove(ModelId.Parse("org/name"))).Error);
            Assert.NotNull(Find("org/name"));
        }

        hub.Remove(ModelId.Parse("org/name"));
    }

    [Fact]
    public void A_model_that_is_nowhere_is_told_with_the_way_to_get_it()
    {
        ModelException e = Assert.Throws<ModelException>(() => LanguageModel.Load("octet-tests/absent-model"));

        Assert.Contains("octet pull octet-tests/absent-model", e.Message, StringComparison.Ordinal);
    }

    string? Find(string id)
    {
        using ModelHub hub = _cache.Hub();
        return hub.Find(ModelId.Parse(id));
    }
}
