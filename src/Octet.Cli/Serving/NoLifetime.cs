using Microsoft.Extensions.Hosting;

namespace Octet.Cli.Serving;

/// <summary>The tool hears signals itself (<see cref="Interruption"/>): the host is told by it.</summary>
sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
