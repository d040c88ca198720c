using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Octet.Server.Catalog;
using Octet.Server.Http;
using Octet.Tests.Reference;

namespace Octet.Server.Tests;

public class CatalogTests
{
    const string Chat = "/v1/chat/completions";
    const string Ask = """{"messages":[{"role":"user","content":"hi"}],"max_tokens":1}""";

    [Fact]
    public async Task Models_are_listed_with_their_aliases_and_found_by_either()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.Models[0] = options.Models[0] with { Aliases = ["gpt-4o", "team/small"] };
            options.Models.Add(TestModels.Embedder);
        });
        JsonArray models = JsonNode.Parse(await server.Client.GetStringAsync("/v1/models"))!["data"]!.AsArray();
        Assert.Equal(["octet-tiny", "gpt-4o", "team/small", "embedder"], models.Select(model => (string?)model!["id"]));
        Assert.All(models, model => Assert.Equal("model", (string?)model!["object"]));
        Assert.Equal(2048, (int)models[0]!["max_model_len"]!);
        Assert.Equal("embedding", (string?)models[3]!["kind"]);
        Assert.Equal("team/small", (string?)JsonNode.Parse(await server.Client.GetStringAsync("/v1/models/team/small"))!["id"]);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Client.GetAsync("/v1/models/other")).StatusCode);
        Assert.Equal("octet-tiny", (string?)(await server.AskAsync(Chat, """{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"max_tokens":1}"""))["model"]);
    }

    [Fact]
    public async Task The_default_model_answers_who_names_none()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.Models.Add(TestModels.Tiny with { Name = "second" });
            options.DefaultModel = "second";
        });
        Assert.Equal("second", (string?)(await server.AskAsync(Chat, Ask))["model"]);
    }

    [Fact]
    public async Task A_model_that_nobody_uses_is_closed_and_opened_again()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.LoadOnFirstUse = true;
            options.IdleUnload = TimeSpan.FromMilliseconds(200);
        });
        CatalogEntry entry = server.Catalog.Entries[0];
        Assert.Null(entry.Loaded);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health")).StatusCode);
        for (int i = 0; i < 2; i++)
        {
            await server.AskAsync(Chat, Ask);
            Assert.NotNull(entry.Loaded);
            await Eventually.HoldsAsync(() => entry.Loaded is null);
        }
    }

    [Theory]
    [InlineData("Qwen3ForCausalLM", null, null, ServedModelKind.Language)]
    [InlineData("Qwen3ForCausalLM", "Pooling", "SentenceTransformer", ServedModelKind.Embedding)]
    [InlineData("Qwen3ForCausalLM", "LogitScore", "CrossEncoder", ServedModelKind.Reranker)]
    [InlineData("Qwen3ForCausalLM", "LogitScore", null, ServedModelKind.Reranker)]
    [InlineData("BertForSequenceClassification", null, null, ServedModelKind.Reranker)]
    [InlineData("BertModel", null, null, ServedModelKind.Embedding)]
    public void What_a_model_is_for_is_told_by_its_files(string architecture, string? module, string? kind, ServedModelKind expected)
    {
        using var directory = new TemporaryDirectory();
        Write("config.json", $$"""{"architectures":["{{architecture}}"]}""");
        if (module is not null)
        {
            Write("modules.json", $$"""[{"path":"","type":"x.Transformer"},{"path":"1","type":"x.{{module}}"}]""");
        }

        if (kind is not null)
        {
            Write("config_sentence_transformers.json", $$"""{"model_type":"{{kind}}"}""");
        }

        Assert.Equal(expected, ModelLoader.KindOf(directory.Path));

        void Write(string name, string text) => File.WriteAllText(Path.Combine(directory.Path, name), text);
    }

    [Fact]
    public async Task A_model_in_use_is_not_closed()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.IdleUnload = TimeSpan.FromMilliseconds(50));
        using ModelLease lease = await server.Catalog.Entries[0].AcquireAsync(CancellationToken.None);
        await Task.Delay(300);
        Assert.Same(lease.Model, server.Catalog.Entries[0].Loaded);
        lease.Dispose();
        await Eventually.HoldsAsync(() => server.Catalog.Entries[0].Loaded is null);
    }

    [Fact]
    public async Task Health_and_requests_tell_that_models_are_being_loaded()
    {
        var catalog = new ModelCatalog(Options.Create(Named()), TimeProvider.System, NullLogger<ModelCatalog>.Instance);
        Assert.False(catalog.Ready.IsCompleted);
        ApiException refused = await Assert.ThrowsAsync<ApiException>(() => catalog.AcquireAsync(null, ServedModelKind.Language, CancellationToken.None));
        Assert.Equal((503, "model_loading"), (refused.Status, refused.Code));
        Assert.NotNull(refused.RetryAfter);
        await catalog.LoadAllAsync(CancellationToken.None);
        (await catalog.AcquireAsync(null, ServedModelKind.Language, CancellationToken.None)).Dispose();
        catalog.Dispose();

        static OctetServerOptions Named()
        {
            var options = new OctetServerOptions();
            options.Models.Add(TestModels.Tiny);
            return options;
        }
    }

    [Fact]
    public async Task A_model_that_cannot_be_opened_on_first_use_fails_its_requests_alone()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.LoadOnFirstUse = true;
            options.Models.Add(new ServedModel("broken", Path.Combine(Path.GetTempPath(), "no-such-model")));
        });
        JsonObject error = await server.RefusedAsync(Chat, """{"model":"broken","messages":[{"role":"user","content":"hi"}]}""", 503);
        Assert.Contains("the model 'broken' cannot be opened", (string?)error["message"], StringComparison.Ordinal);
        await server.AskAsync(Chat, Ask);
    }

    [Fact]
    public async Task A_host_whose_model_cannot_be_opened_says_why_and_ends_with_an_exit_code()
    {
        using var log = new ListLogger();
        int before = Environment.ExitCode;
        try
        {
            await using TestServer server = await TestServer.StartAsync(
                options => options.Models.Add(new ServedModel("broken", Path.Combine(Path.GetTempPath(), "no-such-model"))),
                services => services.AddLogging(logging => logging.AddProvider(log)),
                waits: false);
            await Eventually.HoldsAsync(() => server.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested);
            Assert.Equal(1, Environment.ExitCode);
            string fault = Assert.Single(log.Faults);
            Assert.StartsWith("a model cannot be opened, and the host stops: ", fault, StringComparison.Ordinal);
            Assert.Contains("no-such-model", fault, StringComparison.Ordinal);
        }
        finally
        {
            Environment.ExitCode = before;
        }
    }

    [Fact]
    public async Task Endpoints_without_models_are_refused_where_they_are_mapped()
    {
        await using WebApplication app = WebApplication.CreateSlimBuilder().Build();
        foreach ((string name, Action map) in (ReadOnlySpan<(string, Action)>)[("MapOctet", () => app.MapOctet()), ("MapOctetOperations", () => app.MapOctetOperations()), ("MapOctetPage", () => app.MapOctetPage())])
        {
            Assert.Equal($"{name} has no models to serve: call AddOctet on the application's services before it is built", Assert.Throws<InvalidOperationException>(map).Message);
        }
    }

    [Fact]
    public async Task A_program_gets_its_models_by_name_and_they_stay_open()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.Models.Add(TestModels.Embedder);
            options.Models.Add(TestModels.Reranker);
            options.IdleUnload = TimeSpan.FromMilliseconds(50);
        });
        LanguageModel model;
        using (IServiceScope scope = server.Services.CreateScope())
        {
            model = scope.ServiceProvider.GetRequiredKeyedService<LanguageModel>("octet-tiny");
            Assert.Same(model, scope.ServiceProvider.GetRequiredService<LanguageModel>());
            Assert.Equal(96, scope.ServiceProvider.GetRequiredKeyedService<EmbeddingModel>("embedder").Dimensions);
            Assert.NotNull(scope.ServiceProvider.GetRequiredKeyedService<Octet.Reranker>("reranker"));
            Assert.Throws<InvalidOperationException>(() => scope.ServiceProvider.GetRequiredKeyedService<LanguageModel>("other"));
            Assert.Throws<InvalidOperationException>(() => scope.ServiceProvider.GetRequiredKeyedService<LanguageModel>("embedder"));
        }

        await Task.Delay(200);
        await foreach (GenerationUpdate update in model.GenerateAsync("hi", new() { MaxTokens = 1 }))
        {
            Assert.True(update.TokenId >= 0);
        }
    }

    public static TheoryData<string, Action<OctetServerOptions>> Wrong => new()
    {
        { "Models is empty", options => options.Models.Clear() },
        { "two models are called 'octet-tiny'", options => options.Models.Add(TestModels.Tiny) },
        { "two models are called 'octet-tiny'", options => options.Models.Add(TestModels.Embedder with { Aliases = ["octet-tiny"] }) },
        { "has an empty name", options => options.Models.Add(new ServedModel(" ", "x")) },
        { "has no path", options => options.Models.Add(new ServedModel("x", "")) },
        { "DefaultModel is 'x'; expected one of octet-tiny", options => options.DefaultModel = "x" },
        { "ApiKeys holds a key", options => options.ApiKeys.Add("") },
        { "ApiKeys holds a key", options => options.ApiKeys.Add("a b") },
        { "CorsOrigins holds 'example.org'", options => options.CorsOrigins.Add("example.org") },
        { "CorsOrigins holds 'https://example.org/path'", options => options.CorsOrigins.Add("https://example.org/path") },
        { "MaxHeldBytes is 2000; expected at least MaxRequestBytes", options => options.MaxHeldBytes = 2000 },
        { "MaxRequestBytes is 10; expected at least 1024", options => options.MaxRequestBytes = 10 },
        { "MaxRequests is 0; expected at least 1", options => options.MaxRequests = 0 },
        { "RequestsPerMinute is 0; expected at least 1", options => options.RequestsPerMinute = 0 },
        { "IdleUnload is 00:00:00; expected more than zero", options => options.IdleUnload = TimeSpan.Zero },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Options_are_checked_when_the_host_starts(string message, Action<OctetServerOptions> spoil)
    {
        OptionsValidationException error = await Assert.ThrowsAsync<OptionsValidationException>(() => TestServer.StartAsync(spoil));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_stops_lets_running_answers_end_and_takes_no_new_ones()
    {
        await using TestServer server = await TestServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, Chat)
        {
            Content = new StringContent("""{"messages":[{"role":"user","content":"hi"}],"max_tokens":150,"ignore_eos":true,"stream":true}""", null, "application/json"),
        };
        using HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Task stop = server.StopAsync();
        Assert.Contains("[DONE]", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await stop;
    }

    /// <summary>Before, while and after the models are there.</summary>
    [Fact]
    public async Task The_health_checks_of_the_application_know_the_models()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddOctet(options => options.Models.Add(TestModels.Tiny));
        builder.Services.AddHealthChecks().AddOctet(failureStatus: HealthStatus.Degraded, tags: ["ready"]);
        await using WebApplication app = builder.Build();
        HealthCheckService checks = app.Services.GetRequiredService<HealthCheckService>();

        Assert.Equal((HealthStatus.Degraded, "models: loading"), await Of());
        await app.StartAsync();
        await app.Services.GetRequiredService<ModelCatalog>().Ready;
        Assert.Equal((HealthStatus.Healthy, "ok"), await Of());
        app.Lifetime.StopApplication();
        Assert.Equal((HealthStatus.Degraded, "models: stopping"), await Of());

        async Task<(HealthStatus Status, string? Description)> Of()
        {
            HealthReportEntry entry = (await checks.CheckHealthAsync(check => check.Tags.Contains("ready"))).Entries["octet"];
            return (entry.Status, entry.Description);
        }
    }
}
