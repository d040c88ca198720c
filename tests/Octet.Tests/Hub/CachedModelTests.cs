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
    [InlineData("model-00002-of-00002.safetensors")]
    public void A_snapshot_without_all_of_its_weights_is_not_found(string missing)
    {
        Dictionary<string, string> files = HandmadeCache.ShardedModel;
        files.Remove(missing);
        _cache.Add("org/name", Commit, ["main"], files);

        Assert.Null(Find("org/name"));
    }

    [Fact]
    public void Shards_that_are_all_there_need_no_index()
    {
        Dictionary<string, string> files = HandmadeCache.ShardedModel;
        files.Remove("model.safetensors.index.json");
        _cache.Add("org/name", Commit, ["main"], files);
        Assert.Equal(_cache.Snapshot("org/name", Commit), Find("org/name"));

        File.Delete(Path.Combine(_cache.Snapshot("org/name", Commit), "model-00001-of-00002.safetensors"));
        Assert.Null(Find("org/name"));
        Assert.Contains("'model-00001-of-00002.safetensors' is missing", Missing("org/name"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_one_complete_snapshot_among_several_without_a_branch_is_meant()
    {
        _cache.Add("org/name", Commit, [], HandmadeCache.SmallModel);
        _cache.Add("org/name", OtherCommit, [], new() { ["config.json"] = "{}" });

        Assert.Equal(_cache.Snapshot("org/name", Commit), Find("org/name"));
    }

    [Fact]
    public void Complete_snapshots_that_are_not_meant_are_named_with_what_to_type()
    {
        _cache.Add("org/name", Commit, [], HandmadeCache.SmallModel);
        _cache.Add("org/name", OtherCommit, [], HandmadeCache.SmallModel);
        Assert.Contains($"main is not known here; complete here, and to be used by these names: org/name@{Commit[..12]}, org/name@{OtherCommit[..12]}", Here("org/name"), StringComparison.Ordinal);

        const string Next = "89abcdef0123456789abcdef0123456789abcdef";
        _cache.Add("org/moved", Commit, [], HandmadeCache.SmallModel);
        Directory.CreateDirectory(Path.Combine(_cache.Folder("org/moved"), "refs"));
        File.WriteAllText(Path.Combine(_cache.Folder("org/moved"), "refs", "main"), Next);
        Assert.Contains($"main is {Next[..12]}, which is not here; complete here, and to be used by this name: org/moved@{Commit[..12]}", Here("org/moved"), StringComparison.Ordinal);
        Assert.Equal(_cache.Snapshot("org/moved", Commit), Find($"org/moved@{Commit[..12]}"));
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    public void What_is_missing_of_a_snapshot_is_named_and_where_its_link_leads(string missing)
    {
        _cache.Add("org/name", Commit, ["main"], HandmadeCache.SmallModel);
        string blob = HandmadeCache.BlobName(HandmadeCache.SmallModel[missing]);
        File.Delete(Path.Combine(_cache.Folder("org/name"), "blobs", blob));
        string expected = $"{missing} is a link to ../../blobs/{blob}, which is not there";

        Assert.Equal(expected, Missing("org/name"));
        Assert.Contains($"main is {Commit[..12]}, of which {expected}", Here("org/name"), StringComparison.Ordinal);

        File.Delete(Path.Combine(_cache.Snapshot("org/name", Commit), missing));
        Assert.Equal($"{missing} is missing", Missing("org/name"));
    }

    [Theory]
    [InlineData("../../blobs/0123456789", "the path of another file")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "Git LFS pointer")]
    public void What_stands_for_a_file_is_none(string content, string what)
    {
        Dictionary<string, string> files = HandmadeCache.SmallModel;
        files["model.safetensors"] = content;
        _cache.Add("org/name", Commit, ["main"], files, links: false);

        Assert.Null(Find("org/name"));
        Assert.Contains(what, Missing("org/name"), StringComparison.Ordinal);
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
    public void What_has_a_name_elsewhere_is_not_free_again()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "links are counted on Linux");
        _cache.Add("org/name", Commit, ["main"], HandmadeCache.SmallModel);
        string blob = Path.Combine(_cache.Folder("org/name"), "blobs", HandmadeCache.BlobName("weights"));
        using (System.Diagnostics.Process link = System.Diagnostics.Process.Start("ln", [blob, Path.Combine(_cache.Path, "elsewhere")]))
        {
            link.WaitForExit();
        }

        using ModelHub hub = _cache.Hub();
        Assert.Equal(2 + 3 + 40, hub.Remove(ModelId.Parse("org/name")));
        Assert.Equal("weights", File.ReadAllText(Path.Combine(_cache.Path, "elsewhere")));
    }

    [Fact]
    public void Two_names_in_one_repository_are_freed_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "links are counted on Linux");
        _cache.Add("org/name", Commit, ["main"], HandmadeCache.SmallModel, links: false);
        string weights = Path.Combine(_cache.Snapshot("org/name", Commit), "model.safetensors");
        using (System.Diagnostics.Process link = System.Diagnostics.Process.Start("ln", [weights, Path.Combine(_cache.Folder("org/name"), "blobs", "again")]))
        {
            link.WaitForExit();
        }

        using ModelHub hub = _cache.Hub();
        Assert.Equal(2 + 3 + 7 + 40, hub.Remove(ModelId.Parse("org/name")));
    }

    [Fact]
    public void What_a_snapshot_links_to_elsewhere_is_neither_removed_nor_counted()
    {
        _cache.Add("org/name", Commit, ["main"], HandmadeCache.SmallModel);
        Dictionary<string, string> other = HandmadeCache.SmallModel;
        other.Remove("model.safetensors");
        _cache.Add("org/name", OtherCommit, ["v1"], other);
        string elsewhere = Path.Combine(_cache.Path, "elsewhere");
        File.WriteAllText(elsewhere, "a megabyte of weights, say");
        File.CreateSymbolicLink(Path.Combine(_cache.Snapshot("org/name", OtherCommit), "model.safetensors"), elsewhere);
        using ModelHub hub = _cache.Hub();

        Assert.Equal(0, hub.Remove(ModelId.Parse("org/name@v1")));
        Assert.True(File.Exists(elsewhere));
    }

    [Fact]
    public void A_link_to_itself_or_to_a_directory_elsewhere_is_not_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege there");
        _cache.Add("org/name", Commit, ["main"], HandmadeCache.SmallModel);
        _cache.Add("org/other", Commit, ["main"], HandmadeCache.SmallModel);
        string snapshot = _cache.Snapshot("org/name", Commit);
        string outside = Directory.CreateDirectory(Path.Combine(_cache.Path, "outside")).FullName;
        File.WriteAllText(Path.Combine(outside, "large"), new string('x', 100_000));
        Directory.CreateSymbolicLink(Path.Combine(snapshot, "elsewhere"), outside);
        Directory.CreateSymbolicLink(Path.Combine(snapshot, "above"), "..");
        File.Delete(Path.Combine(snapshot, "config.json"));
        File.CreateSymbolicLink(Path.Combine(snapshot, "config.json"), "config.json");
        using ModelHub hub = _cache.Hub();

        IReadOnlyList<CachedModel> models = hub.List();

        Assert.Equal(["org/name", "org/other"], models.Select(model => model.Repository));
        Assert.All(models, model => Assert.Null(model.Problem));
        Assert.StartsWith("config.json is a link to config.json", Assert.Single(models[0].Revisions).Missing, StringComparison.Ordinal);
        Assert.True(models[0].Bytes < 1000, $"{models[0].Bytes} bytes");
        Assert.Empty(hub.Verify(models[0], TestContext.Current.CancellationToken).UnknownFiles.Where(file => file.Path.StartsWith(outside, StringComparison.Ordinal)));
        hub.Remove(ModelId.Parse("org/name"));
        Assert.True(File.Exists(Path.Combine(outside, "large")));
    }

    [Fact]
    public void A_repository_that_cannot_be_read_does_not_hide_the_others()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege there");
        _cache.Add("org/bad", Commit, [], HandmadeCache.SmallModel);
        _cache.Add("org/good", Commit, ["main"], HandmadeCache.SmallModel);
        string references = Directory.CreateDirectory(Path.Combine(_cache.Folder("org/bad"), "refs")).FullName;
        File.CreateSymbolicLink(Path.Combine(references, "main"), "main");
        using ModelHub hub = _cache.Hub();

        IReadOnlyList<CachedModel> models = hub.List();

        Assert.Equal(["org/bad", "org/good"], models.Select(model => model.Repository));
        Assert.Contains("main", models[0].Problem, StringComparison.Ordinal);
        Assert.Null(models[1].Problem);
        Assert.True(Assert.Single(models[1].Revisions).IsComplete);
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

    string? Missing(string repository)
    {
        using ModelHub hub = _cache.Hub();
        return Assert.Single(hub.List().Single(model => model.Repository == repository).Revisions).Missing;
    }

    string Here(string id)
    {
        using ModelHub hub = _cache.Hub();
        return Assert.ThrowsAsync<ModelHubException>(() => hub.PullAsync(ModelId.Parse(id))).GetAwaiter().GetResult().Message;
    }

    string? Find(string id)
    {
        using ModelHub hub = _cache.Hub();
        return hub.Find(ModelId.Parse(id));
    }
}
