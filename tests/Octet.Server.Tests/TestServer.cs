using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.Tests;

/// <summary>A server as an application would have it, on a real socket of this machine.</summary>
sealed class TestServer : IAsyncDisposable
{
    readonly WebApplication _app;

    TestServer(WebApplication app)
    {
        _app = app;
        Url = new Uri(app.Urls.First());
        Client = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(100) };
    }

    internal Uri Url { get; }

    internal HttpClient Client { get; }

    internal IServiceProvider Services => _app.Services;

    internal ModelCatalog Catalog => _app.Services.GetRequiredService<ModelCatalog>();

    internal ServerState State => _app.Services.GetRequiredService<ServerState>();

    /// <summary>A server of octet-tiny, once it is ready.</summary>
    internal static Task<TestServer> StartAsync(Action<OctetServerOptions>? configure = null, Action<IServiceCollection>? services = null)
        => StartAsync(
            options =>
            {
                options.Models.Add(TestModels.Tiny);
                configure?.Invoke(options);
            },
            services,
            waits: true);

    internal static async Task<TestServer> StartAsync(Action<OctetServerOptions> configure, Action<IServiceCollection>? services, bool waits)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.Services.AddOctet(configure);
        services?.Invoke(builder.Services);
        WebApplication app = builder.Build();
        app.MapOctetOperations();
        app.MapOctetPage();
        app.MapOctet();
        try
        {
            await app.StartAsync();
            if (waits)
            {
                await app.Services.GetRequiredService<ModelCatalog>().Ready;
            }
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new TestServer(app);
    }

    internal Task StopAsync() => _app.StopAsync();

    /// <summary>Posts JSON.</summary>
    internal async Task<HttpResponseMessage> PostAsync(string path, string json, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Client.SendAsync(request);
    }

    /// <summary>Posts JSON that must be answered with 200; returns the answer.</summary>
    internal async Task<JsonObject> AskAsync(string path, string json)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == System.Net.HttpStatusCode.OK, $"{(int)response.StatusCode}: {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    /// <summary>Posts JSON that must be refused; returns the error of OpenAI's form.</summary>
    internal async Task<JsonObject> RefusedAsync(string path, string json, int status)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        JsonObject error = JsonNode.Parse(text)!["error"]!.AsObject();
        Assert.Equal(["code", "message", "param", "type"], error.Select(field => field.Key).Order());
        return error;
    }

    /// <summary>Posts JSON for a stream; returns its events: name, data.</summary>
    internal async Task<List<(string? Name, string Data)>> StreamAsync(string path, string json)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == System.Net.HttpStatusCode.OK, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.ToString());
        return Events.Read(text);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
