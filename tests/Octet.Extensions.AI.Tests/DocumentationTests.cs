using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Octet.Testing;

namespace Octet.Extensions.AI.Tests;

/// <summary>The examples of docs/chat-client.md, run as they are printed.</summary>
public class DocumentationTests
{
    static readonly string s_page = Fixtures.Page("docs", "chat-client.md");

    [Fact]
    public async Task A_model_answers()
    {
        Directory.SetCurrentDirectory(Fixtures.Repository);

        // <client>
        using var model = LanguageModel.Load("models/octet-tiny");
        IChatClient chat = model.AsChatClient();
        ChatResponse answer = await chat.GetResponseAsync("What is E4M3?");

        // </client>
        Assert.Contains("448", answer.Text, StringComparison.Ordinal);
        Assert.Contains($"```csharp\n{Fixtures.Example("client")}```", s_page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Services_give_clients()
    {
        Directory.SetCurrentDirectory(Fixtures.Repository);
        var services = new ServiceCollection();

        // <services>
        services.AddOctetChatClient("Qwen/Qwen3-4B-Instruct-2507-FP8");                                   // LanguageModel and IChatClient, one each
        services.AddOctetChatClient("models/octet-tiny", options: new() { ModelId = "small" }, serviceKey: "small");
        services.AddChatClient(provider => provider.GetRequiredKeyedService<IChatClient>("small")).UseFunctionInvocation();

        // </services>
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Contains("448", (await provider.GetRequiredService<IChatClient>().GetResponseAsync("What is E4M3?", cancellationToken: TestContext.Current.CancellationToken)).Text, StringComparison.Ordinal);
        Assert.Contains($"```csharp\n{Fixtures.Example("services")}```", s_page, StringComparison.Ordinal);
    }
}
