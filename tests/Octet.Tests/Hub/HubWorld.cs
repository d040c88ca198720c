using System.Security.Cryptography;
using Octet.TestHub;
using Octet.Tests.Reference;

namespace Octet.Tests.Hub;

/// <summary>A hub with one small model in shards, and an empty cache.</summary>
sealed class HubWorld : IAsyncDisposable
{
    internal const string Id = "org/tiny-model";

    // Several parts for each shard.
    internal const int PartBytes = 128 << 10;
    const int Shards = 3;
    const long ModelBytes = 1_500_000;

    /// <summary>What of the model is needed to run it.</summary>
    internal static readonly string[] Needed =
    [
        "chat_template.jinja", "config.json", "generation_config.json", "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
        "model-00003-of-00003.safetensors", "model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json",
    ];

    readonly TemporaryDirectory _directory = new();

    HubWorld(HubServer server)
    {
        Server = server;
        Repository = server.Add(Id, HubRepository.Model(ModelBytes, Shards));
    }

    internal HubServer Server { get; }

    internal HubRepository Repository { get; }

    internal string Root => _directory.Path;

    internal string Cache => Path.Combine(_directory.Path, "cache");

    internal static async Task<HubWorld> StartAsync() => new(await HubServer.StartAsync());

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _directory.Dispose();
    }

    /// <summary>The environment of whoever runs the tests plays no part.</summary>
    internal ModelHubOptions Options => new()
    {
        Endpoint = Server.Endpoint,
        CacheDirectory = Cache,
        Token = "",
        Offline = false,
        Connections = 4,
        PartBytes = PartBytes,
        Retries = 3,
        RetryDelay = TimeSpan.FromMilliseconds(1),
        Timeout = TimeSpan.FromSeconds(5),
    };

    internal async Task<string> PullAsync(string id = Id, ModelHubOptions? options = null, IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using var hub = new ModelHub(options ?? Options);
        return await hub.PullAsync(ModelId.Parse(id), progress, cancellationToken);
    }

    internal async Task<ModelHubException> FailAsync(ModelHubError error, string id = Id, ModelHubOptions? options = null)
    {
        ModelHubException thrown = await Assert.ThrowsAsync<ModelHubException>(() => PullAsync(id, options));
        Assert.True(error == thrown.Error, $"expected {error}, got {thrown.Error}: {thrown.Message}");
        Assert.DoesNotContain('\n', thrown.Message);
        Assert.DoesNotContain("secret", thrown.Message, StringComparison.Ordinal);
        AssertNothingWrong(id);
        return thrown;
    }

    internal string? Find(string id = Id)
    {
        using var hub = new ModelHub(Options);
        return hub.Find(ModelId.Parse(id));
    }

    /// <summary>The snapshot holds what is needed of a commit, byte for byte, and nothing else.</summary>
    internal void AssertRight(string snapshot, IReadOnlyList<HubFile>? files = null)
    {
        files ??= Repository.Files;
        Assert.Equal(Needed, Directory.EnumerateFiles(snapshot, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(snapshot, file)).Order(StringComparer.Ordinal));
        foreach (string name in Needed)
        {
            Assert.True(files.Single(file => file.Path == name).ReadAll().AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(snapshot, name))), name);
        }

        AssertBlobs();
    }

    /// <summary>No snapshot that could be taken for whole, and no blob whose content is not what its name says.</summary>
    internal void AssertNothingWrong(string id = Id)
    {
        Assert.Null(Find(id));
        AssertBlobs();
    }

    void AssertBlobs()
    {
        if (!Directory.Exists(Cache))
        {
            return;
        }

        foreach (string blob in Directory.EnumerateFiles(Cache, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(Path.GetDirectoryName(file)) == "blobs"))
        {
            string name = Path.GetFileName(blob);
            if (name.Length == 64)
            {
                Assert.Equal(name, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(blob))));
            }
            else if (name.Length == 40)
            {
                Assert.Equal(name, HubFile.Bytes("", File.ReadAllBytes(blob)).GitId);
            }
        }
    }
}
