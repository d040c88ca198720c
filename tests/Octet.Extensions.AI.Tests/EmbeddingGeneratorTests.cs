using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Octet.Tests.Reference;

namespace Octet.Extensions.AI.Tests;

public sealed class EmbeddingGeneratorTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();
    readonly EmbeddingModel _model;

    public EmbeddingGeneratorTests()
    {
        new EncoderCheckpoint { VocabSize = 300, Layers = 1 }.Write(_directory.Path);
        ByteTokenizer.Write(_directory.Path, ["[CLS]", "[SEP]"], "[CLS]", "[SEP]");
        File.WriteAllText(Path.Combine(_directory.Path, "config_sentence_transformers.json"), """{"prompts":{"query":"ask: "}}""");
        _model = EmbeddingModel.Load(_directory.Path, new() { Threads = 1 });
    }

    public void Dispose()
    {
        _model.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Texts_become_the_model_s_vectors_in_their_order()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = _model.AsEmbeddingGenerator();
        GeneratedEmbeddings<Embedding<float>> found = await generator.GenerateAsync(["one", "two"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(_model.Embed(["one", "two"]), found.Select(embedding => embedding.Vector.ToArray()));
        Assert.Equal(Path.GetFileName(_directory.Path), found[0].ModelId);
    }

    [Fact]
    public async Task A_call_chooses_dimensions_and_prompt()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = _model.AsEmbeddingGenerator(new() { Normalize = true });
        var options = new EmbeddingGenerationOptions { Dimensions = 10, AdditionalProperties = new() { ["prompt_name"] = "query" } };
        GeneratedEmbeddings<Embedding<float>> found = await generator.GenerateAsync(["one"], options, TestContext.Current.CancellationToken);
        Assert.Equal(_model.Embed("one", new() { Dimensions = 10, PromptName = "query", Normalize = true }), found[0].Vector.ToArray());
    }

    [Fact]
    public async Task The_name_of_a_prompt_may_be_JSON_and_nothing_else_than_a_name()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = _model.AsEmbeddingGenerator();
        float[] expected = _model.Embed("one", new() { PromptName = "query" });
        foreach (object name in (object[])["query", JsonElement.Parse("\"query\""), JsonValue.Create("query")])
        {
            var options = new EmbeddingGenerationOptions { AdditionalProperties = new() { ["prompt_name"] = name } };
            Assert.Equal(expected, (await generator.GenerateAsync(["one"], options, TestContext.Current.CancellationToken))[0].Vector.ToArray());
        }

        var wrong = new EmbeddingGenerationOptions { AdditionalProperties = new() { ["prompt_name"] = 3 } };
        ModelException error = await Assert.ThrowsAsync<ModelException>(() => generator.GenerateAsync(["one"], wrong));
        Assert.Equal("the additional property prompt_name is 3: expected the name of a prompt", error.Message);
    }

    [Fact]
    public async Task Another_model_is_refused()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = _model.AsEmbeddingGenerator();
        string name = Path.GetFileName(_directory.Path);
        Assert.Single(await generator.GenerateAsync(["one"], new() { ModelId = name }, TestContext.Current.CancellationToken));
        ModelException error = await Assert.ThrowsAsync<ModelException>(() => generator.GenerateAsync(["one"], new() { ModelId = "text-embedding-3-small" }));
        Assert.Equal($"the call asks for the model text-embedding-3-small, and this generator has {name}: expected that name or none", error.Message);
    }

    [Fact]
    public async Task Tokens_are_counted()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = _model.AsEmbeddingGenerator();
        GeneratedEmbeddings<Embedding<float>> found = await generator.GenerateAsync(["one", "three"], cancellationToken: TestContext.Current.CancellationToken);

        // Two special ones around each.
        Assert.Equal((12L, 12L), (found.Usage!.InputTokenCount!.Value, found.Usage.TotalTokenCount!.Value));
    }

    [Fact]
    public async Task Whoever_asks_is_given_the_model_and_what_is_known_of_it()
    {
        IEmbeddingGenerator<string, Embedding<float>> generator = _model.AsEmbeddingGenerator();
        Assert.Same(_model, generator.GetService<EmbeddingModel>());
        Assert.Same(generator, generator.GetService<IDisposable>());
        Assert.Equal(96, generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions);
        Assert.Null(generator.GetService<string>());
        generator.Dispose();
        Assert.Single(await generator.GenerateAsync(["still open"], cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_container_has_models_and_generators_by_their_keys_and_disposes_of_them()
    {
        EmbeddingModel[] models;
        var services = new ServiceCollection();
        services.AddOctetEmbeddingGenerator(_directory.Path, new() { Threads = 1 });
        services.AddOctetEmbeddingGenerator(_directory.Path, new() { Threads = 1 }, new() { PromptName = "query" }, "queries");
        await using (ServiceProvider provider = services.BuildServiceProvider())
        {
            IEmbeddingGenerator<string, Embedding<float>> generator = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
            Assert.Equal(_model.Embed("one"), (await generator.GenerateAsync(["one"], cancellationToken: TestContext.Current.CancellationToken))[0].Vector.ToArray());
            IEmbeddingGenerator<string, Embedding<float>> queries = provider.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>("queries");
            Assert.Equal(_model.Embed("one", new() { PromptName = "query" }), (await queries.GenerateAsync(["one"], cancellationToken: TestContext.Current.CancellationToken))[0].Vector.ToArray());
            models = [provider.GetRequiredService<EmbeddingModel>(), provider.GetRequiredKeyedService<EmbeddingModel>("queries")];
            Assert.Same(models[0], generator.GetService<EmbeddingModel>());
        }

        Assert.All(models, static model => Assert.Throws<ObjectDisposedException>(() => model.Embed("one")));
    }

    [Fact]
    public void How_a_model_is_opened_is_checked_where_it_is_given()
    {
        var services = new ServiceCollection();
        Assert.Throws<ArgumentException>(() => services.AddOctetEmbeddingGenerator(" "));
        Assert.Throws<ArgumentOutOfRangeException>(() => services.AddOctetEmbeddingGenerator("m", new EncoderOptions { Threads = -1 }));
        Assert.Empty(services);
    }
}
