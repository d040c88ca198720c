using System.Globalization;
using Octet.TestHub;

namespace Octet.Tests.Hub;

/// <summary>Whatever the hub does, a pull ends with the right files or the right error, and the cache holds nothing wrong.</summary>
public sealed class FaultTests : IAsyncLifetime
{
    const string Shard = "model-00002-of-00003.safetensors";
    HubWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await HubWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    public static TheoryData<string, string> PassingFaults()
    {
        var data = new TheoryData<string, string>();
        foreach (string fault in Passing.Keys)
        {
            foreach (string kind in (string[])["Info", "Tree", "Resolve", "Content", "Storage"])
            {
                data.Add(kind, fault);
            }
        }

        return data;
    }

    static Dictionary<string, Fault> Passing { get; } = new()
    {
        ["429 with Retry-After"] = new Fault { Status = 429, Headers = { ["Retry-After"] = "0" } },
        ["429 without Retry-After"] = new Fault { Status = 429 },
        ["500"] = new Fault { Status = 500 },
        ["502"] = new Fault { Status = 502 },
        ["503 with Retry-After"] = new Fault { Status = 503, Headers = { ["Retry-After"] = "0" } },
        ["504"] = new Fault { Status = 504 },
        ["408"] = new Fault { Status = 408 },
        ["cut behind the headers"] = new Fault { CutAfter = 0 },
        ["cut in the body"] = new Fault { CutAfter = 1 },
        ["late"] = new Fault { Delay = TimeSpan.FromMilliseconds(50) },
    };

    [Theory]
    [MemberData(nameof(PassingFaults))]
    public async Task A_fault_that_passes_is_got_over(string kind, string fault)
    {
        _world.Server.On(Enum.Parse<RequestKind>(kind), Passing[fault], times: 2);

        _world.AssertRight(await _world.PullAsync());
    }

    [Fact]
    public async Task A_connection_that_breaks_again_and_again_but_gets_on_brings_the_file()
    {
        // Each connection brings less than a part, more often than errors are forgiven in a row.
        _world.Server.On(RequestKind.Storage, new Fault { CutAfter = 20_000 }, times: 40);

        _world.AssertRight(await _world.PullAsync(options: _world.Options with { Retries = 8 }));

        // A broken part is not begun anew.
        Assert.InRange(_world.Server.Traffic.Bytes, 1, HubWorld.Needed.Sum(name => _world.Repository[name].Size) * 3 / 2);
    }

    [Fact]
    public async Task A_body_that_stalls_is_asked_for_again()
    {
        _world.Server.On(RequestKind.Storage, new Fault { StallAfter = 5_000 }, times: 3);

        _world.AssertRight(await _world.PullAsync(options: _world.Options with { Timeout = TimeSpan.FromMilliseconds(300) }));
    }

    [Fact]
    public async Task A_slow_body_that_comes_all_the_same_is_no_stall()
    {
        // A whole part takes longer than a silence may.
        _world.Server.On(RequestKind.Storage, new Fault { BytesPerSecond = 200_000 }, times: 4);

        _world.AssertRight(await _world.PullAsync(options: _world.Options with { Timeout = TimeSpan.FromMilliseconds(400), Retries = 0 }));
    }

    [Fact]
    public async Task A_server_that_ignores_ranges_is_understood()
    {
        _world.Server.On(RequestKind.Storage, new Fault { IgnoreRange = true });

        _world.AssertRight(await _world.PullAsync());
    }

    [Fact]
    public async Task A_link_to_the_storage_that_has_expired_is_asked_for_anew()
    {
        _world.Server.Before(RequestKind.Storage, _world.Server.ExpireLinks, Shard);

        _world.AssertRight(await _world.PullAsync());
    }

    [Fact]
    public async Task A_range_that_the_storage_does_not_have_is_an_error()
    {
        _world.Server.On(RequestKind.Storage, new Fault { Status = 416 }, file: Shard);

        await _world.FailAsync(ModelHubError.Damaged);

        _world.Server.Heal();
        _world.AssertRight(await _world.PullAsync());
    }

    [Fact]
    public async Task A_part_from_another_place_is_not_taken()
    {
        long size = _world.Repository[Shard].Size;
        _world.Server.On(RequestKind.Storage, new Fault { Headers = { ["Content-Range"] = $"bytes 7-{HubWorld.PartBytes + 6}/{size}" } }, file: Shard);

        await _world.FailAsync(ModelHubError.ServerError);

        _world.Server.Heal();
        _world.AssertRight(await _world.PullAsync());
    }

    [Fact]
    public async Task Bytes_damaged_on_the_way_are_found_and_never_become_a_file()
    {
        _world.Server.On(RequestKind.Storage, new Fault { Corrupt = 300_000 }, file: Shard);

        ModelHubException error = await _world.FailAsync(ModelHubError.Damaged);

        Assert.Contains(Shard, error.Message, StringComparison.Ordinal);
        _world.Server.Heal();
        _world.AssertRight(await _world.PullAsync());
    }

    [Fact]
    public async Task A_small_file_damaged_on_the_way_is_found()
    {
        _world.Server.On(RequestKind.Content, new Fault { Corrupt = 3 }, file: "config.json");

        Assert.Contains("config.json", (await _world.FailAsync(ModelHubError.Damaged)).Message, StringComparison.Ordinal);

        _world.Server.Heal();
        _world.AssertRight(await _world.PullAsync());
    }

    [Theory]
    [InlineData("Storage", Shard, 1)]
    [InlineData("Storage", Shard, -1)]
    [InlineData("Storage", "tokenizer.json", 5)]
    [InlineData("Content", "config.json", 1)]
    [InlineData("Content", "config.json", -1)]
    public async Task A_file_of_another_size_than_the_listing_says_is_refused(string kind, string file, long error)
    {
        _world.Server.On(Enum.Parse<RequestKind>(kind), new Fault { SizeError = error }, file: file);

        await _world.FailAsync(ModelHubError.Damaged);

        _world.Server.Heal();
        _world.AssertRight(await _world.PullAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_listing_with_wrong_sizes_is_an_error(long error)
    {
        _world.Server.On(RequestKind.Tree, new Fault { SizeError = error });

        await _world.FailAsync(ModelHubError.Damaged);

        _world.Server.Heal();
        _world.AssertRight(await _world.PullAsync());
    }

    [Fact]
    public async Task A_revision_that_changes_in_the_middle_does_not_mix()
    {
        IReadOnlyList<HubFile> old = _world.Repository.Files;
        string commit = _world.Repository.Head;
        _world.Server.Before(RequestKind.Storage, () => _world.Repository.Commit(HubRepository.Model(1_500_000, 3, seed: 50)), Shard);

        string snapshot = await _world.PullAsync();

        Assert.EndsWith(commit, snapshot, StringComparison.Ordinal);
        _world.AssertRight(snapshot, old);
        _world.AssertRight(await _world.PullAsync(), _world.Repository.Files);
    }

    [Fact]
    public async Task A_revision_that_changes_before_the_listing_does_not_mix()
    {
        _world.Server.Before(RequestKind.Tree, () => _world.Repository.Commit(HubRepository.Model(1_500_000, 3, seed: 50)));

        string snapshot = await _world.PullAsync();

        _world.AssertRight(snapshot, _world.Repository.Revision(Path.GetFileName(snapshot))!.Value.Files);
    }

    [Fact]
    public async Task A_file_that_vanishes_is_an_error_that_names_it()
    {
        _world.Server.On(RequestKind.Resolve, new Fault { Status = 404, ErrorCode = "EntryNotFound", Message = "Entry not found" }, file: Shard);

        ModelHubException error = await Assert.ThrowsAsync<ModelHubException>(() => _world.PullAsync());

        Assert.Contains(Shard, error.Message, StringComparison.Ordinal);
        _world.AssertNothingWrong();
    }

    [Theory]
    [InlineData(429, ModelHubError.RateLimited)]
    [InlineData(500, ModelHubError.ServerError)]
    [InlineData(503, ModelHubError.ServerError)]
    [InlineData(418, ModelHubError.ServerError)]
    public async Task A_status_that_stays_is_an_error_of_its_kind(int status, ModelHubError error)
    {
        foreach (RequestKind kind in (RequestKind[])[RequestKind.Info, RequestKind.Tree, RequestKind.Resolve, RequestKind.Content, RequestKind.Storage])
        {
            _world.Server.Heal();
            _world.Server.On(kind, new Fault { Status = status });

            string message = (await _world.FailAsync(error)).Message;

            Assert.Contains(status == 429 ? "limits the rate" : status.ToString(CultureInfo.InvariantCulture), message, StringComparison.Ordinal);
        }

        _world.Server.Heal();
        _world.AssertRight(await _world.PullAsync());
    }

    [Fact]
    public async Task A_wait_of_hours_is_not_waited()
    {
        _world.Server.On(RequestKind.Info, new Fault { Status = 429, Headers = { ["Retry-After"] = "36000" } });

        await _world.FailAsync(ModelHubError.RateLimited);

        Assert.Equal(1, _world.Server.Traffic.Count(RequestKind.Info));
    }

    [Fact]
    public async Task A_wait_that_the_server_asks_for_is_kept()
    {
        _world.Server.On(RequestKind.Info, new Fault { Status = 429, Headers = { ["Retry-After"] = "1" } }, times: 1);
        long started = Environment.TickCount64;

        _world.AssertRight(await _world.PullAsync());

        Assert.InRange(Environment.TickCount64 - started, 1000, 30_000);
    }

    [Theory]
    [InlineData("Resolve")]
    [InlineData("Storage")]
    [InlineData("Info")]
    public async Task A_connection_that_always_breaks_is_an_error(string kind)
    {
        _world.Server.On(Enum.Parse<RequestKind>(kind), new Fault { CutAfter = 0 });

        await _world.FailAsync(ModelHubError.Unreachable, options: _world.Options with { Retries = 1 });

        _world.Server.Heal();
        _world.AssertRight(await _world.PullAsync());
    }

    [Fact]
    public async Task A_hub_that_is_not_there_is_told_with_its_name()
    {
        Uri gone;
        await using (HubServer other = await HubServer.StartAsync())
        {
            gone = other.Endpoint;
        }

        ModelHubException error = await _world.FailAsync(ModelHubError.Unreachable, options: _world.Options with { Endpoint = gone, Retries = 1 });

        Assert.Contains(gone.Host, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("org/absent", ModelHubError.NotFound, "org/absent")]
    [InlineData("org/tiny-model@absent", ModelHubError.RevisionNotFound, "absent")]
    public async Task What_the_hub_does_not_have_is_told_by_its_name(string id, ModelHubError error, string name)
    {
        _world.Server.Tokens.Add("hf_me");

        Assert.Contains(name, (await _world.FailAsync(error, id, _world.Options with { Token = "hf_me" })).Message, StringComparison.Ordinal);
        Assert.Contains(name, (await _world.FailAsync(error, id)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gated_model_says_where_to_ask_for_access()
    {
        _world.Repository.IsGated = true;
        _world.Server.Tokens.Add("hf_me");

        foreach (string token in (string[])["", "hf_me"])
        {
            ModelHubException error = await _world.FailAsync(ModelHubError.Gated, options: _world.Options with { Token = token });

            Assert.Contains($"{_world.Server.Endpoint.Authority}/{HubWorld.Id}", error.Message, StringComparison.Ordinal);
        }

        _world.Repository.Readers.Add("hf_me");
        _world.AssertRight(await _world.PullAsync(options: _world.Options with { Token = "hf_me" }));
    }

    [Fact]
    public async Task A_private_model_is_told_as_one_that_is_missing_or_wants_a_token()
    {
        _world.Repository.IsPrivate = true;

        Assert.Contains("HF_TOKEN", (await _world.FailAsync(ModelHubError.NotFound)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_the_hub_does_not_know_is_told()
    {
        Assert.Contains("token", (await _world.FailAsync(ModelHubError.Unauthorized, options: _world.Options with { Token = "hf_old" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_renamed_model_is_told_with_its_new_name()
    {
        _world.Server.Add("new/name", _world.Repository.Files);
        _world.Repository.MovedTo = "new/name";

        Assert.Contains("new/name", (await _world.FailAsync(ModelHubError.Renamed)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Info")]
    [InlineData("Tree")]
    public async Task An_answer_that_is_not_what_a_hub_says_is_an_error(string kind)
    {
        foreach (string body in (string[])["<html>Log in to the network of this hotel</html>", "{", "[]", "{}", """{"sha":"../../evil"}""", """[{"type":"file","path":5}]""", """[{"type":"file","path":"config.json","size":-1,"oid":"x"}]"""])
        {
            _world.Server.Heal();
            _world.Server.On(Enum.Parse<RequestKind>(kind), new Fault { Body = body });

            ModelHubException error = await Assert.ThrowsAsync<ModelHubException>(() => _world.PullAsync());

            Assert.True(error.Error is ModelHubError.ServerError or ModelHubError.NotAModel, $"{body}: {error.Error}: {error.Message}");
            _world.AssertNothingWrong();
        }
    }

    [Theory]
    [InlineData("../evil.safetensors")]
    [InlineData("/tmp/evil.safetensors")]
    [InlineData("a/../../evil.safetensors")]
    [InlineData("a\\..\\evil.safetensors")]
    [InlineData("C:evil.safetensors")]
    [InlineData("./evil.safetensors")]
    [InlineData("a//evil.safetensors")]
    public async Task A_name_that_leads_out_of_the_snapshot_is_refused(string name)
    {
        _world.Repository.Commit([.. _world.Repository.Files, HubFile.Safetensors(name, "x", 100)]);

        await _world.FailAsync(ModelHubError.UnsafeName);

        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(_world.Root, "*", SearchOption.AllDirectories), path => path.Contains("evil", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("../../evil.safetensors")]
    [InlineData("/etc/passwd")]
    public async Task An_index_that_leads_out_of_the_snapshot_is_refused(string name)
    {
        _world.Repository.Replace(HubFile.Text("model.safetensors.index.json", $$"""{"weight_map":{"t1":"model-00001-of-00003.safetensors","t2":"{{name}}"} }"""));

        await _world.FailAsync(ModelHubError.UnsafeName);
    }

    [Fact]
    public async Task A_repository_of_pickles_is_refused_with_the_reason()
    {
        _world.Repository.Commit(_world.Repository.Files.Where(file => !file.Path.Contains("safetensors", StringComparison.Ordinal)));

        ModelHubException error = await _world.FailAsync(ModelHubError.NotAModel);

        Assert.Contains("pytorch_model.bin", error.Message, StringComparison.Ordinal);
        Assert.Contains("safetensors", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("//")]
    [InlineData("http://")]
    [InlineData("/org/tiny-model/resolve/main/model-00002-of-00003.safetensors")]
    public async Task A_redirect_to_nowhere_or_in_a_circle_is_an_error(string location)
    {
        _world.Server.On(RequestKind.Resolve, new Fault { Headers = { ["Location"] = location } }, file: Shard);

        await _world.FailAsync(ModelHubError.ServerError);
    }

    [Theory]
    [InlineData("//", "'//', which is no address")]
    [InlineData("file:///etc/passwd", "less safe")]
    public async Task Information_that_is_said_to_lie_nowhere_is_an_error(string location, string message)
    {
        _world.Server.On(RequestKind.Info, new Fault { Status = 302, Headers = { ["Location"] = location } });

        Assert.Contains(message, (await _world.FailAsync(ModelHubError.ServerError)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<file:///etc/passwd>; rel=\"next\"")]
    [InlineData("<ftp://127.0.0.1/x>; rel=\"next\"")]
    public async Task A_next_page_that_is_less_safe_is_not_asked_for(string link)
    {
        _world.Server.On(RequestKind.Tree, new Fault { Headers = { ["Link"] = link } });

        Assert.Contains("less safe", (await _world.FailAsync(ModelHubError.ServerError)).Message, StringComparison.Ordinal);
    }
}
