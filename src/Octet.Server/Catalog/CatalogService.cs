using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Octet.Server.Catalog;

/// <summary>Opens the models when the host has started, and closes those that nobody uses.</summary>
sealed partial class CatalogService(ModelCatalog catalog, IOptions<OctetServerOptions> options, TimeProvider clock, IHostApplicationLifetime lifetime, ILogger<CatalogService> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A server answers meanwhile that it is loading; one that cannot start, because its port is taken, opens none.
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using (lifetime.ApplicationStarted.Register(started.SetResult))
        {
            await started.Task.WaitAsync(stoppingToken);
        }

        if (!options.Value.LoadOnFirstUse)
        {
            try
            {
                await catalog.LoadAllAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                // Thrown out of here, it would stop the host as if nothing had been wrong: whoever started the process would read 0.
                Environment.ExitCode = 1;
                string reason = OneLine.Of(error.Message);
                LogNotOpened(reason);
                lifetime.StopApplication();
                return;
            }
        }

        if (options.Value.IdleUnload is { } idle)
        {
            await CloseIdleAsync(idle, stoppingToken);
        }
    }

    async Task CloseIdleAsync(TimeSpan idle, CancellationToken stoppingToken)
    {
        TimeSpan interval = TimeSpan.FromTicks(Math.Clamp(idle.Ticks / 4, TimeSpan.TicksPerMillisecond, 30 * TimeSpan.TicksPerSecond));
        using var timer = new PeriodicTimer(interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (CatalogEntry entry in catalog.Entries)
                {
                    if (entry.CloseIfIdle(idle))
                    {
                        LogClosed(entry.Name, idle);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "a model cannot be opened, and the host stops: {Reason}")]
    partial void LogNotOpened(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "model {Model} closed after {Idle} without a request")]
    partial void LogClosed(string model, TimeSpan idle);
}
