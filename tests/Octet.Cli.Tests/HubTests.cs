using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Octet.TestHub;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

/// <summary>The tool against a hub on the loopback, with a home that is not ASCII.</summary>
public sealed class HubTests : IAsyncLifetime
{
    const string Id = "org/tiny-model";
    readonly TestModel _model = new();
    readonly string _home = Directory.CreateTempSubdirectory("octet-test-").FullName;
    HubServer _hub = null!;
    HubRepository _repository = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubServer.StartAsync();
        _repository = _hub.Add(Id, HubFile.Directory(_model.Path));
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _model.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    string Home => Path.Combine(_home, "дом é");

    string Snapshot => Path.Combine(Home, "hub", "models--org--tiny-model", "snapshots", _repository.Head);

    (string, string)[] Environment(params (string, string)[] more)
        => [("HF_ENDPOINT", _hub.Endpoint.GetLeftPart(UriPartial.Authority)), ("HF_HOME", Home), ("HF_HUB_CACHE", ""), ("HF_HUB_OFFLINE", "0"), .. more];

    ToolResult Octet(params string[] arguments) => RunWithHub(arguments, null, Environment());

    /// <summary>In a process of its own: with its real environment, and where it is killed or is one of two.</summary>
    ToolResult OctetProcess(params string[] arguments) => Run(arguments, null, Environment());

    [Fact]
    public void Pull_prints_the_directory_and_the_model_is_listed_and_removed()
    {
        ToolResult pulled = OctetProcess("pull", Id);
        ToolResult listed = OctetProcess("list");
        JsonObject json = Octet("list", "--json").Json;
        ToolResult removed = Octet("remove", Id, "--json");
        ToolResult empty = Octet("list");

        Assert.Equal((Snapshot + "\n", "", 0), (pulled.Output, pulled.Error, pulled.ExitCode));
        string[] row = listed.Output.Split('\n')[1].Split('\t');
        Assert.Equal([Id, "main"], row[..2]);
        Assert.Equal("complete", row[4]);
        JsonObject model = json["models"]![0]!.AsObject();
        Assert.Equal(Id, (string?)model["id"]);
        JsonObject revision = model["revisions"]![0]!.AsObject();
        Assert.Equal(_repository.Head, (string?)revision["commit"]);
        Assert.Equal("main", (string?)revision["refs"]![0]);
        Assert.Equal(Snapshot, (string?)revision["directory"]);
        Assert.True((bool?)revision["complete"]);
        Assert.Equal(_repository.Files.Sum(file => file.Size), (long?)revision["bytes"]);

        // And the file that names the commit of main.
        Assert.Equal(_repository.Files.Sum(file => file.Size) + _repository.Head.Length, (long?)removed.Json["freed_bytes"]);
        Assert.Equal("model\trevision\tsize\tused\tstate\n", empty.Output);
    }

    [Fact]
    public void Pull_as_json_tells_what_was_missing()
    {
        JsonObject first = Octet("pull", Id, "--json").Json;
        JsonObject second = Octet("pull", Id, "--json").Json;

        long bytes = _repository.Files.Sum(file => file.Size);
        Assert.Equal((Id, _repository.Head, Snapshot), ((string?)first["id"], (string?)first["commit"], (string?)first["directory"]));
        Assert.Equal((bytes, bytes), ((long?)first["bytes"], (long?)first["missing_bytes"]));
        Assert.Equal((bytes, 0L), ((long?)second["bytes"], (long?)second["missing_bytes"]));
        Assert.Equal(_repository.Files.Count, (int?)second["files"]);
    }

    [Fact]
    public void A_damaged_file_is_found_by_verification_and_replaced_by_the_next_pull()
    {
        Octet("pull", Id);
        ToolResult right = Octet("list", "--verify");
        string weights = Path.Combine(Snapshot, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);

        ToolResult damaged = Octet("list", "--verify");
        JsonObject json = JsonNode.Parse(Octet("list", "--verify", "--json").Output)!.AsObject();
        ToolResult pulled = Octet("pull", Id);
        ToolResult mended = Octet("list", "--verify");

        string State(ToolResult listed) => listed.Output.Split('\n')[1].Split('\t')[4];
        Assert.Equal(("complete, checked", "", 0), (State(right), right.Error, right.ExitCode));
        Assert.Equal(("complete, damaged", 1), (State(damaged), damaged.ExitCode));
        Assert.StartsWith($"octet: error: {Id}: model.safetensors is damaged", damaged.Error, StringComparison.Ordinal);
        Assert.Contains($"octet pull {Id}@{_repository.Head} downloads it again", damaged.Error, StringComparison.Ordinal);
        Assert.Equal("model.safetensors", (string?)json["models"]![0]!["damaged"]![0]!["name"]);
        Assert.StartsWith($"octet: note: {Id}: the cache's model.safetensors is damaged", pulled.Error, StringComparison.Ordinal);
        Assert.Equal((Snapshot + "\n", 0), (pulled.Output, pulled.ExitCode));
        Assert.Equal(("complete, checked", 0), (State(mended), mended.ExitCode));
    }

    [Fact]
    public void Run_pulls_a_small_model_by_itself_and_asks_the_hub_no_more_when_it_is_here()
    {
        string[] arguments = ["run", Id, "x", "--raw", "--logit-bias", "65=100", "--temperature", "0", "--max-tokens", "3"];

        ToolResult first = OctetProcess(arguments);
        _hub.Traffic.Clear();
        ToolResult second = Octet(arguments);

        Assert.Equal(("AAA\n", ""), (first.Output, first.Error));
        Assert.Equal(("AAA\n", ""), (second.Output, second.Error));
        Assert.Empty(_hub.Traffic.Requests);
    }

    [Fact]
    public void Chat_pulls_too()
    {
        ToolResult result = RunWithHub(["chat", Id, "--max-tokens", "3", "--logit-bias", "65=100", "--temperature", "0"], "hello\n", Environment());

        Assert.Contains("AAA", result.Output, StringComparison.Ordinal);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public void Unasked_nothing_above_1_GB_is_downloaded()
    {
        _hub.On(RequestKind.Tree, new Fault { SizeError = 1_000_000_000 });

        AssertError(Octet("run", Id, "x"), 1, Id, "more than 1.00 GB", $"octet pull {Id}", "--yes");

        Assert.Equal(0, _hub.Traffic.Bytes);
    }

    [Fact]
    public void Yes_downloads_whatever_the_size()
    {
        // The first listing exaggerates.
        _hub.On(RequestKind.Tree, new Fault { SizeError = 1_000_000_000 }, times: 1);

        ToolResult result = Octet("run", Id, "x", "--yes", "--raw", "--logit-bias", "65=100", "--temperature", "0", "--max-tokens", "3");

        Assert.Equal(("AAA\n", ""), (result.Output, result.Error));
    }

    [Theory]
    [InlineData("--offline", "0")]
    [InlineData("--stats", "1")]
    public void Offline_the_hub_is_not_asked(string option, string variable)
    {
        ToolResult absent = RunWithHub(["run", Id, "x", option], null, Environment(("HF_HUB_OFFLINE", variable)));
        Assert.Empty(_hub.Traffic.Requests);
        Octet("pull", Id);
        _hub.Traffic.Clear();
        ToolResult here = RunWithHub(["run", Id, "x", option, "--max-tokens", "1"], null, Environment(("HF_HUB_OFFLINE", variable)));
        ToolResult pulled = RunWithHub(["pull", Id], null, Environment(("HF_HUB_OFFLINE", "1")));

        AssertError(absent, 1, Id, Path.Combine(Home, "hub"));
        Assert.Equal(0, here.ExitCode);
        Assert.Equal((Snapshot + "\n", ""), (pulled.Output, pulled.Error));
        Assert.Empty(_hub.Traffic.Requests);
    }

    [Fact]
    public void Other_commands_take_an_id_that_is_here_and_say_how_to_get_one_that_is_not()
    {
        foreach (string[] arguments in (string[][])
        [
            ["score", Id, "--ids", "1,2,3"], ["inspect", Id], ["tokenize", Id], ["compare", Id, _model.Path, "--ids", "1,2,3"], ["bench", Id, "-p", "1", "-n", "1", "-r", "1"],
            ["quantize", Id, Path.Combine(_home, "out")],
        ])
        {
            AssertError(Octet(arguments), 1, Id, $"octet pull {Id}");
        }

        Assert.Empty(_hub.Traffic.Requests);
        Octet("pull", Id);
        Assert.Equal(2, (int?)Octet("score", Id, "--ids", "1,2,3").Json["tokens"]);
        Assert.Contains("model.embed_tokens.weight", Octet("inspect", $"{Id}@{_repository.Head}").Output, StringComparison.Ordinal);
        Assert.Equal("{\"ids\":[65]}\n", RunWithHub(["tokenize", Id], """{"text":"A"}""", Environment()).Output);
    }

    [Theory]
    [InlineData("org/../name")]
    [InlineData("org/name@../../x")]
    [InlineData("ørg/name")]
    public void What_is_no_id_never_reaches_the_hub_or_the_disk(string id)
    {
        AssertError(Octet("pull", id), 1, "org/name@revision");
        AssertError(Octet("run", id, "x"), 1, "org/name@revision");
        Assert.Empty(_hub.Traffic.Requests);
        Assert.False(Directory.Exists(Home));
    }

    [Fact]
    public void What_the_hub_refuses_is_one_line()
    {
        AssertError(Octet("pull", "org/absent"), 1, "org/absent");
        AssertError(Octet("run", "org/absent", "x"), 1, "org/absent");
        AssertError(Octet("pull", $"{Id}@v9"), 1, Id, "v9");
        AssertError(Octet("remove", "org/absent"), 1, "org/absent");
        _repository.IsGated = true;
        AssertError(Octet("pull", Id), 1, Id, "token");
    }

    [Fact]
    public void The_token_of_the_environment_or_of_its_file_is_used()
    {
        _hub.Tokens.Add("hf_me");
        _repository.IsPrivate = true;
        _repository.Readers.Add("hf_me");
        string file = Path.Combine(_home, "my token");
        File.WriteAllText(file, "hf_me\n");

        Assert.Equal(0, RunWithHub(["pull", Id], null, Environment(("HF_TOKEN", "hf_me"))).ExitCode);
        Octet("remove", Id);
        Assert.Equal(0, RunWithHub(["pull", Id], null, Environment(("HF_TOKEN_PATH", file))).ExitCode);
        Octet("remove", Id);
        Assert.Equal(1, Octet("pull", Id).ExitCode);
    }

    [Fact]
    public void A_proxy_is_asked_instead_of_the_hub()
    {
        // A name that no resolver knows: only the proxy can answer for it.
        ToolResult result = Run(["pull", Id], null,
            Environment(("HF_ENDPOINT", "http://hub.invalid"), ("http_proxy", _hub.Endpoint.GetLeftPart(UriPartial.Authority)), ("no_proxy", "")));

        Assert.Equal((Snapshot + "\n", ""), (result.Output, result.Error));
        Assert.Contains(_hub.Traffic.Requests, request => request.Host == "hub.invalid");
    }

    [Fact]
    public void A_repository_that_cannot_be_read_is_listed_with_the_reason_beside_the_others()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege there");
        Octet("pull", Id);
        string references = Directory.CreateDirectory(Path.Combine(Home, "hub", "models--org--bad", "refs")).FullName;
        File.CreateSymbolicLink(Path.Combine(references, "main"), "main");

        ToolResult listed = Octet("list", "--verify");
        JsonObject json = Octet("list", "--json").Json;

        Assert.Equal(0, listed.ExitCode);
        string[][] rows = [.. listed.Output.Split('\n')[1..3].Select(row => row.Split('\t'))];
        Assert.Equal(["org/bad", Id], rows.Select(row => row[0]));
        Assert.StartsWith("not readable: ", rows[0][4], StringComparison.Ordinal);
        Assert.Equal("complete, checked", rows[1][4]);
        Assert.NotNull((string?)json["models"]![0]!["problem"]);
        Assert.Null((string?)json["models"]![1]!["problem"]);
    }

    [Fact]
    public async Task Interrupting_a_pull_ends_it_with_130_and_the_next_one_goes_on()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "signals are sent as on Unix");
        _hub.BytesPerSecond = 100_000;
        using Process process = Start(["pull", Id], Environment());
        await UntilAsync(() => _hub.Traffic.Bytes > 10_000);
        Signal(process, "INT");
        ToolResult interrupted = Finish(process, process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        ToolResult listed = Octet("list");
        _hub.BytesPerSecond = null;

        Assert.Equal((130, "", ""), (interrupted.ExitCode, interrupted.Output, interrupted.Error));
        Assert.DoesNotContain("\tcomplete", listed.Output, StringComparison.Ordinal);
        AssertComplete();
    }

    [Fact]
    public async Task Killed_at_any_moment_the_next_pull_finishes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "signals are sent as on Unix");
        _repository.Commit([.. HubFile.Directory(_model.Path).Where(file => !file.IsLarge), HubFile.Safetensors("model.safetensors", "t", 3_000_000)]);
        _hub.BytesPerSecond = 2_000_000;
        var random = new Random(6);
        for (int i = 0; i < 4; i++)
        {
            using Process process = Start(["pull", Id], Environment());
            _ = process.StandardError.ReadToEndAsync();
            long asked = _hub.Traffic.Requests.Count;
            await UntilAsync(() => _hub.Traffic.Requests.Count > asked || process.HasExited);
            await Task.Delay(random.Next(600));
            Signal(process, "KILL");
            await process.WaitForExitAsync();
        }

        _hub.BytesPerSecond = null;
        AssertComplete();
    }

    [Fact]
    public async Task Two_processes_download_one_model()
    {
        _repository.Commit([.. HubFile.Directory(_model.Path).Where(file => !file.IsLarge), HubFile.Safetensors("model.safetensors", "t", 3_000_000)]);
        _hub.BytesPerSecond = 2_000_000;

        ToolResult[] both = await Task.WhenAll(Task.Run(() => OctetProcess("pull", Id)), Task.Run(() => OctetProcess("pull", Id)));

        Assert.All(both, result => Assert.Equal((Snapshot + "\n", "", 0), (result.Output, result.Error, result.ExitCode)));
        Assert.Equal(_repository.Files.Sum(file => file.Size), _hub.Traffic.Bytes);
        AssertComplete();
    }

    void AssertComplete()
    {
        ToolResult result = Octet("pull", Id);
        Assert.Equal((Snapshot + "\n", "", 0), (result.Output, result.Error, result.ExitCode));
        foreach (HubFile file in _repository.Files)
        {
            Assert.Equal(file.ReadAll(), File.ReadAllBytes(Path.Combine(Snapshot, file.Path)));
        }
    }

    static void Signal(Process process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    static async Task UntilAsync(Func<bool> condition)
    {
        for (long started = System.Environment.TickCount64; !condition(); await Task.Delay(5))
        {
            Assert.True(System.Environment.TickCount64 - started < 30_000, "it did not happen within 30 s");
        }
    }
}
