namespace Octet.Server.Tests;

/// <summary>One server of all test models for the tests of a class.</summary>
public sealed class TinyServer : IAsyncLifetime
{
    internal TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync(options =>
    {
        options.Models.Add(TestModels.Embedder);
        options.Models.Add(TestModels.Reranker);
    });

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
