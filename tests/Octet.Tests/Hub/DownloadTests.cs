using System.Collections.Concurrent;
using Octet.TestHub;

namespace Octet.Tests.Hub;

public sealed class DownloadTests : IAsyncLifetime
{
    const string Index = "model.safetensors.index.json";
    HubWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await HubWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_model_comes_with_what_is_needed_to_run_it_and_nothing_else()
    {
        string snapshot = await _world.PullAsync();

        _world.AssertRight(snapshot);
        Assert.Equal(snapshot, _world.Find());
        Assert.DoesNotContain("pytorch_model.bin", _world.Server.Traffic.BytesByFile.Keys);
    }

    [Fact]
    public async Task Templates_with_names_come_in_their_folder_and_are_completed_there()
    {
        const string Template = "additional_chat_templates/tool_use.jinja";
        _world.Server.Add("org/templates", [.. HubRepository.Model(100_000, 1), HubFile.Text(Template, "TOOLS"), HubFile.Text("additional_chat_templates/run.py", "x")]);

        string snapshot = await _world.PullAsync("org/templates");
        Assert.Equal("TOOLS", await File.ReadAllTextAsync(Path.Combine(snapshot, Template)));
        Assert.False(File.Exists(Path.Combine(snapshot, "additional_chat_templates", "run.py")));

        Directory.Delete(Path.Combine(snapshot, "additional_chat_templates"), recursive: true);
        Assert.Equal(snapshot, await _world.PullAsync("org/templates"));
        Assert.Equal("TOOLS", await File.ReadAllTextAsync(Path.Combine(snapshot, Template)));
    }

    [Fact]
    public async Task The_cache_is_laid_out_as_huggingface_hub_lays_it_out()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege there");
        string snapshot = await _world.PullAsync();

        string repository = Path.Combine(_world.Cache, "models--org--tiny-model");
        Assert.Equal(Path.Combine(repository, "snapshots", _world.Repository.Head), snapshot);
        Assert.Equal(_world.Repository.Head, await File.ReadAllTextAsync(Path.Combine(repository, "refs", "main")));
        Assert.Equal(
            HubWorld.Needed.Select(name => _world.Repository[name].ETag).Order(StringComparer.Ordinal),
            Directory.EnumerateFileSystemEntries(Path.Combine(repository, "blobs")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (string name in HubWorld.Needed)
        {
            Assert.Equal($"../../blobs/{_world.Repository[name].ETag}", new FileInfo(Path.Combine(snapshot, name)).LinkTarget);
        }
    }

    [Fact]
    public async Task What_is_there_is_not_sent_again()
    {
        await _world.PullAsync();
        _world.Server.Traffic.Clear();

        string snapshot = await _world.PullAsync();

        Assert.Equal(0, _world.Server.Traffic.Bytes);
        _world.AssertRight(snapshot);
    }

    [Fact]
    public async Task A_whole_model_in_a_cache_without_locks_is_left_as_it_is()
    {
        string snapshot = await _world.PullAsync();
        string locks = Path.Combine(_world.Cache, ".locks");
        Directory.Delete(locks, recursive: true);

        Assert.Equal(snapshot, await _world.PullAsync());

        // Nothing was written: it may be somebody else's.
        Assert.False(Directory.Exists(locks));
    }

    [Fact]
    public async Task Every_byte_is_sent_once_but_those_of_the_index()
    {
        await _world.PullAsync();

        AssertOneModel();
    }

    [Fact]
    public async Task A_listing_in_pages_is_read_to_its_end()
    {
        _world.Server.PageSize = 3;

        _world.AssertRight(await _world.PullAsync());

        // 14 files and a folder.
        Assert.Equal(5, _world.Server.Traffic.Count(RequestKind.Tree));
    }

    [Fact]
    public async Task A_large_file_comes_in_parts_over_several_connections()
    {
        // Slow enough that they overlap.
        _world.Server.BytesPerSecond = 2_000_000;
        await _world.PullAsync();

        // Four connections; each may ask again before the server has noted that its last answer ended.
        Assert.InRange(_world.Server.Traffic.MostAtOnce, 2, 2 * 4);
        Assert.All(_world.Server.Traffic.Requests.Where(request => request.Kind == RequestKind.Storage && request.Method == "GET" && request.File!.EndsWith(".safetensors", StringComparison.Ordinal)), request =>
        {
            long[] bounds = [.. request.Range!["bytes=".Length..].Split('-').Select(long.Parse)];
            Assert.InRange(bounds[1] - bounds[0] + 1, 1, HubWorld.PartBytes);
        });
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_and_never_to_the_storage()
    {
        _world.Server.Tokens.Add("hf_me");
        _world.Repository.IsPrivate = true;
        _world.Repository.Readers.Add("hf_me");

        _world.AssertRight(await _world.PullAsync(options: _world.Options with { Token = "hf_me" }));

        ILookup<bool, HubRequest> byHost = _world.Server.Traffic.Requests.ToLookup(request => request.Host == _world.Server.StorageHost);
        Assert.All(byHost[false], request => Assert.Equal("Bearer hf_me", request.Authorization));
        Assert.NotEmpty(byHost[true]);
        Assert.All(byHost[true], request => Assert.Null(request.Authorization));
    }

    [Fact]
    public async Task A_branch_and_a_commit_are_other_snapshots_that_share_what_is_the_same()
    {
        await _world.PullAsync();
        List<HubFile> main = [.. _world.Repository.Files];
        List<HubFile> other = [.. main.Select(file => file.Path == "config.json" ? HubFile.Text("config.json", """{"architectures":["Qwen3ForCausalLM"],"model_type":"qwen3","n":2}""") : file)];
        string commit = _world.Repository.Commit(other, "experiment/1");
        _world.Server.Traffic.Clear();

        string branch = await _world.PullAsync($"{HubWorld.Id}@experiment/1");
        string byCommit = await _world.PullAsync($"{HubWorld.Id}@{commit}");

        Assert.Equal(branch, byCommit);
        Assert.EndsWith(commit, branch, StringComparison.Ordinal);
        _world.AssertRight(branch, other);
        _world.AssertRight(_world.Find()!, main);
        Assert.Equal(other.Single(file => file.Path == "config.json").Size, _world.Server.Traffic.Bytes);
    }

    [Fact]
    public async Task A_new_commit_brings_what_changed_and_main_moves_to_it()
    {
        string before = await _world.PullAsync();
        HubFile changed = HubFile.Safetensors("model-00002-of-00003.safetensors", "t2", 300_000, seed: 77);
        _world.Repository.Replace(changed);
        _world.Server.Traffic.Clear();

        string after = await _world.PullAsync();

        Assert.NotEqual(before, after);
        Assert.Equal(after, _world.Find());
        _world.AssertRight(after);
        Assert.Equal(changed.Size, _world.Server.Traffic.Bytes);
    }

    [Fact]
    public async Task A_listing_tells_what_is_missing()
    {
        using var hub = new ModelHub(_world.Options);
        ModelListing before = await hub.ListFilesAsync(ModelId.Parse(HubWorld.Id));
        await _world.PullAsync();
        ModelListing after = await hub.ListFilesAsync(ModelId.Parse(HubWorld.Id));

        Assert.Equal(HubWorld.Needed, before.Files.Select(file => file.Path));
        Assert.Equal(_world.Repository.Head, before.Commit);
        Assert.Equal(HubWorld.Needed.Sum(name => _world.Repository[name].Size), before.TotalBytes);
        Assert.Equal(before.TotalBytes, before.MissingBytes);
        Assert.Equal(0, after.MissingBytes);
    }

    [Fact]
    public async Task Progress_grows_to_the_whole()
    {
        var reports = new ConcurrentQueue<DownloadProgress>();

        await _world.PullAsync(progress: new Queue(reports));

        long total = HubWorld.Needed.Sum(name => _world.Repository[name].Size);
        Assert.All(reports, report => Assert.Equal(total, report.Total));
        Assert.Equal(total, reports.Max(report => report.Done));
        foreach (IGrouping<string, DownloadProgress> file in reports.GroupBy(report => report.File))
        {
            Assert.Equal(_world.Repository[file.Key].Size, file.Last().FileTotal);
            Assert.Equal(_world.Repository[file.Key].Size, file.Max(report => report.FileDone));
        }
    }

    [Fact]
    public async Task A_cancelled_download_goes_on_where_it_stopped()
    {
        _world.Server.BytesPerSecond = 1_000_000;
        using var stop = new CancellationTokenSource();
        long total = HubWorld.Needed.Sum(name => _world.Repository[name].Size);
        var half = new Watch(report =>
        {
            if (report.Done > total / 2)
            {
                stop.Cancel();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _world.PullAsync(progress: half, cancellationToken: stop.Token));
        _world.AssertNothingWrong();
        _world.Server.BytesPerSecond = null;
        _world.Server.Traffic.Clear();

        _world.AssertRight(await _world.PullAsync());

        Assert.InRange(_world.Server.Traffic.Bytes, 1, total / 2 + 4 * HubWorld.PartBytes);
    }

    [Fact]
    public async Task Offline_nothing_is_asked()
    {
        ModelHubOptions offline = _world.Options with { Offline = true };
        await _world.FailAsync(ModelHubError.Offline, options: offline);
        Assert.Empty(_world.Server.Traffic.Requests);
        string snapshot = await _world.PullAsync();
        _world.Server.Traffic.Clear();

        Assert.Equal(snapshot, await _world.PullAsync(options: offline));
        Assert.Empty(_world.Server.Traffic.Requests);
    }

    [Fact]
    public async Task Two_at_once_in_one_process_download_one_model()
    {
        _world.Server.BytesPerSecond = 3_000_000;

        string[] both = await Task.WhenAll(_world.PullAsync(), _world.PullAsync());

        Assert.Equal(both[0], both[1]);
        _world.AssertRight(both[0]);
        AssertOneModel();
    }

    [Fact]
    public async Task What_is_removed_is_gone_and_what_another_revision_uses_stays()
    {
        string first = await _world.PullAsync();
        HubFile changed = HubFile.Safetensors("model-00002-of-00003.safetensors", "t2", 300_000, seed: 77);
        _world.Repository.Replace(changed);
        string second = await _world.PullAsync();
        using var hub = new ModelHub(_world.Options);
        CachedModel before = Assert.Single(hub.List());

        long freed = hub.Remove(ModelId.Parse($"{HubWorld.Id}@{Path.GetFileName(first)}"));

        Assert.Equal(2, before.Revisions.Count);
        Assert.True(freed > 400_000, $"{freed}");
        Assert.False(Directory.Exists(first));
        _world.AssertRight(second);
        hub.Remove(ModelId.Parse(HubWorld.Id));
        Assert.Empty(hub.List());
        Assert.Null(_world.Find());
    }

    // Whoever lists reads the index, which names what is needed.
    void AssertOneModel()
        => Assert.Equal(
            HubWorld.Needed.Where(name => name != Index).Select(name => _world.Repository[name].Size).Sum(),
            _world.Server.Traffic.BytesByFile.Where(pair => pair.Key != Index).Sum(pair => pair.Value));

    sealed class Queue(ConcurrentQueue<DownloadProgress> reports) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => reports.Enqueue(value);
    }

    sealed class Watch(Action<DownloadProgress> act) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => act(value);
    }
}
