using System.Globalization;
using Microsoft.Extensions.Logging;
using Octet.Cli.IO;

namespace Octet.Cli.Serving;

/// <summary>A log of lines: time in UTC, level, message; what a request brought cannot make a second line or steer a terminal.</summary>
sealed class LineLoggerProvider(TextWriter writer) : ILoggerProvider
{
    readonly Lock _gate = new();

    public ILogger CreateLogger(string categoryName) => new LineLogger(this);

    public void Dispose()
    {
    }

    void Write(LogLevel level, string message, Exception? error)
    {
        string time = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        string word = level switch
        {
            LogLevel.Warning => "warning",
            LogLevel.Error or LogLevel.Critical => "error",
            _ => "info",
        };
        string cause = error is null ? "" : $" {error.GetType().Name}: {error.Message} {error.StackTrace}";
        lock (_gate)
        {
            writer.WriteLine($"{time} {word} {Visible.Text(message + cause)}");
            writer.Flush();
        }
    }

    sealed class LineLogger(LineLoggerProvider provider) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => provider.Write(logLevel, formatter(state, exception), exception);
    }
}
