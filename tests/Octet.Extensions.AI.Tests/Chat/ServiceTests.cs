using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Octet.Tests;

namespace Octet.Extensions.AI.Tests.Chat;

public class ServiceTests
{
    [Fact]
    public async Task A_container_has_one_model_and_one_client_and_disposes_of_them()
    {
        IChatClient client;
        await using (ServiceProvider provider = new ServiceCollection().AddOctetChatClient(BuiltInModel.Path, new() { Threads = 1 }).BuildServiceProvider())
        {
            client = provider.GetRequiredService<IChatClient>();
            Assert.Same(client, provider.GetRequiredService<IChatClient>());
            Assert.Same(provider.GetRequiredService<LanguageModel>(), client.GetService<LanguageModel>());
            Assert.Equal("You're welcome!", (await client.GetResponseAsync("Thanks!")).Text);
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.GetResponseAsync("Thanks!"));
    }

    [Fact]
    public void Keyed_models_lie_side_by_side_and_the_middleware_goes_around_them()
    {
        var services = new ServiceCollection();
        services.AddOctetChatClient(BuiltInModel.Path, new() { Threads = 1 }, new() { ModelId = "a" }, "first");
        services.AddOctetChatClient(BuiltInModel.Path, new() { Threads = 1 }, new() { ModelId = "b" }, "second");
        services.AddChatClient(static provider => provider.GetRequiredKeyedService<IChatClient>("second")).UseFunctionInvocation();
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal("a", Id(provider.GetRequiredKeyedService<IChatClient>("first")));
        Assert.Equal("b", Id(provider.GetRequiredKeyedService<IChatClient>("second")));
        Assert.Equal("b", Id(provider.GetRequiredService<IChatClient>()));
        Assert.NotNull(provider.GetRequiredService<IChatClient>().GetService<FunctionInvokingChatClient>());
        Assert.NotSame(provider.GetRequiredKeyedService<LanguageModel>("first"), provider.GetRequiredKeyedService<LanguageModel>("second"));

        static string? Id(IChatClient client) => client.GetService<ChatClientMetadata>()!.DefaultModelId;
    }

    [Fact]
    public void Options_are_checked_when_they_are_given()
    {
        var services = new ServiceCollection();
        Assert.Throws<ArgumentException>(() => services.AddOctetChatClient(" "));
        Assert.Throws<ArgumentException>(() => services.AddOctetChatClient("m", options: new() { ModelId = "" }));
        Assert.Throws<ArgumentOutOfRangeException>(() => services.AddOctetChatClient("m", options: new() { Generation = new() { TopP = 2 } }));
        Assert.Throws<ArgumentOutOfRangeException>(() => services.AddOctetChatClient("m", new LanguageModelOptions { Threads = -1 }));
        Assert.Empty(services);
    }
}
