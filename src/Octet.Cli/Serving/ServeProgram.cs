using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Octet.Cli.IO;
using Octet.Server;
using Octet.Server.Catalog;
using Octet.Server.Http;
using Octet.Server.Telemetry;

namespace Octet.Cli.Serving;

/// <summary>The server's process: a thin one over <c>AddOctet</c> and <c>MapOctet</c>.</summary>
static class ServeProgram
{
    /// <summary>Serves until it is cancelled, then lets running requests end.</summary>
    internal static async Task RunAsync(ServeSettings settings, Action<OctetServerOptions> configure, CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        if (settings.ConfigFile is { } file)
        {
            builder.Configuration.AddJsonFile(Path.GetFullPath(file), optional: false, reloadOnChange: false);
        }

        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.AddServerHeader = false);
        if (Addresses(settings, builder.Configuration) is { } addresses)
        {
            builder.WebHost.UseUrls(addresses);
        }

        Log(builder.Logging, settings.Log);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host =>
        {
            host.ShutdownTimeout = settings.Drain;

            // A model that cannot be opened is told here, not by a host that stops in the middle of its start.
            host.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.Ignore;
        });
        builder.Services.AddOctet(configure);
        await using WebApplication app = builder.Build();
        app.MapOctetOperations();
        app.MapOctetPage();
        app.MapOctet();
        await StartAsync(app, cancellationToken);
        try
        {
            var catalog = app.Services.GetRequiredService<ModelCatalog>();
            WarnIfOpen(app, app.Services.GetRequiredService<IOptions<OctetServerOptions>>().Value);
            await catalog.Ready.WaitAsync(cancellationToken);
            Tell(app, catalog);
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // It was asked to stop, and does.
            TellStopping(app, settings.Drain);
        }
        finally
        {
            await app.StopAsync(CancellationToken.None);
        }

        TellStopped(app.Services.GetRequiredService<ServerState>().Requests, app.Services.GetRequiredService<ServerMetrics>());
    }

    static async Task StartAsync(WebApplication app, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (OptionsValidationException wrong)
        {
            throw new CommandException(string.Join("; ", wrong.Failures));
        }
    }

    /// <summary>Where to listen; null: as the settings of ASP.NET Core say.</summary>
    static string[]? Addresses(ServeSettings settings, ConfigurationManager configuration)
    {
        if (settings.Urls is { } urls)
        {
            return urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        }

        bool said = configuration["urls"] is not null || configuration["http_ports"] is not null || configuration["https_ports"] is not null || configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();
        if (said && settings is { Host: null, Port: null })
        {
            return null;
        }

        string host = settings.Host ?? ServeSettings.DefaultHost;
        host = IPAddress.TryParse(host, out IPAddress? address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : host;
        return [string.Create(CultureInfo.InvariantCulture, $"http://{host}:{settings.Port ?? ServeSettings.DefaultPort}")];
    }

    static void Log(ILoggingBuilder logging, string level)
    {
        logging.ClearProviders();
        if (level == "none")
        {
            return;
        }

        logging.AddProvider(new LineLoggerProvider(Standard.Error));
        logging.SetMinimumLevel(LogLevel.Warning);
        if (level == "requests")
        {
            logging.AddFilter("Octet", LogLevel.Information);
        }

        // A start that fails is told by the tool, in one line.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        logging.AddFilter(typeof(CatalogService).FullName, told => told < LogLevel.Critical && told >= (level == "requests" ? LogLevel.Information : LogLevel.Warning));
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error);
        logging.AddFilter("Microsoft.AspNetCore.Hosting", LogLevel.Critical);
    }

    static void WarnIfOpen(WebApplication app, OctetServerOptions options)
    {
        foreach (string url in app.Urls)
        {
            if (options.ApiKeys.Count == 0 && Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) && !uri.IsLoopback)
            {
                ErrorReport.Warn($"{url} is open to everybody who reaches it: --api-key or OCTET_API_KEY asks for a key");
            }
        }
    }

    /// <summary>The one line of the start: where, and of each model what a user must know.</summary>
    static void Tell(WebApplication app, ModelCatalog catalog)
    {
        IEnumerable<string> models = catalog.Entries.Select(static entry => entry.Loaded is not { } loaded ? $"{entry.Name} (on first use)"
            : loaded.Language is { } language ? string.Create(CultureInfo.InvariantCulture, $"{entry.Name} (context {language.ContextLength} tokens, cache up to {loaded.CacheTokens} tokens in {language.Statistics.PagesTotal} pages, {ByteCount.Text(language.KvCacheBytes)}, {language.Device})")
            : string.Create(CultureInfo.InvariantCulture, $"{entry.Name} (texts up to {loaded.MaxTokens} tokens)"));
        Say($"{string.Join(", ", app.Urls)} {string.Join(", ", models)}");
    }

    /// <summary>Whom the end waits for, where it does.</summary>
    static void TellStopping(WebApplication app, TimeSpan drain)
    {
        long running = app.Services.GetRequiredService<ServerMetrics>().Models.Sum(static model => model.Metrics.Running);
        if (running > 0)
        {
            Say(string.Create(CultureInfo.InvariantCulture, $"stopping; {running} {(running == 1 ? "answer is" : "answers are")} being written and may go on for {drain.TotalSeconds:0.#} s"));
        }
    }

    /// <summary>The last line: what it has done.</summary>
    static void TellStopped(RequestCounts requests, ServerMetrics metrics) => Say(string.Create(
        CultureInfo.InvariantCulture,
        $"stopped after {requests.All.Sum(static item => item.Count)} requests, {metrics.Models.Sum(static model => model.Metrics.PromptTokens)} tokens read, {metrics.Models.Sum(static model => model.Metrics.GeneratedTokens)} written"));

    static void Say(string line)
    {
        Standard.Output.WriteLine($"octet serve: {line}");
        Standard.Output.Flush();
    }
}
