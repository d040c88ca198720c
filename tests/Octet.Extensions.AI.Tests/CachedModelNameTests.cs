using Microsoft.Extensions.AI;
using Octet.Tests;
using Octet.Tests.Reference;

namespace Octet.Extensions.AI.Tests;

/// <summary>Models of the cache, whose directories are called by commits, are named by their ids.</summary>
public sealed class CachedModelNameTests : IDisposable
{
    const string Commit = "2439f60ef33a0d46d85da5001d52aeda5b00ce9f";
    const string OtherCommit = "bbc77c8132af1cc5cf678da3f1ddf2de43606d48";

    readonly TemporaryDirectory _cache = new();

    public void Dispose() => _cache.Dispose();

    [Fact]
    public async Task A_chat_client_has_the_model_s_id_and_takes_it_with_a_revision_of_that_commit()
    {
        string snapshot = Snapshot("org/small");
        foreach (string file in Directory.GetFiles(BuiltInModel.Path))
        {
            File.Copy(file, Path.Combine(snapshot, Path.GetFileName(file)));
        }

        using LanguageModel model = LanguageModel.Load(snapshot, new() { Threads = 1 });
        using IChatClient client = model.AsChatClient();
        Assert.Equal("org/small", client.GetService<ChatClientMetadata>()!.DefaultModelId);
        foreach (string name in (string[])["org/small", "org/small@main", $"org/small@{Commit}", $"org/small@{Commit[..8]}"])
        {
            Assert.Equal("org/small", (await client.GetResponseAsync("Thanks!", new() { ModelId = name, MaxOutputTokens = 1 }, TestContext.Current.CancellationToken)).ModelId);
        }

        foreach (string name in (string[])["small", "org/other", "org/small@old", $"org/small@{OtherCommit}", Commit])
        {
            ModelException error = await Assert.ThrowsAsync<ModelException>(() => client.GetResponseAsync("Thanks!", new() { ModelId = name }));
            Assert.Equal($"the call asks for the model {name}, and this client has org/small: expected that name or none", error.Message);
        }
    }

    [Fact]
    public async Task A_name_of_the_program_s_stands_for_the_id()
    {
        string snapshot = Snapshot("org/small");
        foreach (string file in Directory.GetFiles(BuiltInModel.Path))
        {
            File.Copy(file, Path.Combine(snapshot, Path.GetFileName(file)));
        }

        using LanguageModel model = LanguageModel.Load(snapshot, new() { Threads = 1 });
        using IChatClient client = model.AsChatClient(new() { ModelId = "mine" });
        Assert.Equal("mine", client.GetService<ChatClientMetadata>()!.DefaultModelId);
        await Assert.ThrowsAsync<ModelException>(() => client.GetResponseAsync("Thanks!", new() { ModelId = "org/small" }));
    }

    [Theory]
    [InlineData("org/embedder")]
    [InlineData("embedder")]
    public async Task An_embedding_generator_has_the_model_s_id(string id)
    {
        string snapshot = Snapshot(id);
        new EncoderCheckpoint { VocabSize = 300, Layers = 1 }.Write(snapshot);
        ByteTokenizer.Write(snapshot, ["[CLS]", "[SEP]"], "[CLS]", "[SEP]");
        using EmbeddingModel model = EmbeddingModel.Load(snapshot + Path.DirectorySeparatorChar, new() { Threads = 1 });
        using IEmbeddingGenerator<string, Embedding<float>> generator = model.AsEmbeddingGenerator();
        Assert.Equal(id, generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelId);
        GeneratedEmbeddings<Embedding<float>> found = await generator.GenerateAsync(["one"], new() { ModelId = $"{id}@main" }, TestContext.Current.CancellationToken);
        Assert.Equal(id, found[0].ModelId);
    }

    /// <summary>An empty snapshot, as huggingface_hub lays it out, and beside it one of another commit.</summary>
    string Snapshot(string id)
    {
        string folder = Path.Combine(_cache.Path, "models--" + id.Replace("/", "--", StringComparison.Ordinal));
        string references = Directory.CreateDirectory(Path.Combine(folder, "refs")).FullName;
        File.WriteAllText(Path.Combine(references, "main"), Commit);
        File.WriteAllText(Path.Combine(references, "old"), OtherCommit);
        Directory.CreateDirectory(Path.Combine(folder, "snapshots", OtherCommit));
        return Directory.CreateDirectory(Path.Combine(folder, "snapshots", Commit)).FullName;
    }
}
