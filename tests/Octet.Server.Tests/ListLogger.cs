using Microsoft.Extensions.Logging;

namespace Octet.Server.Tests;

/// <summary>Keeps the lines of the server's log, and of the faults that anybody in the process logs the lines too.</summary>
sealed class ListLogger : ILoggerProvider, ILogger
{
    readonly Lock _gate = new();
    readonly List<string> _lines = [];
    readonly List<string> _faults = [];

    internal string[] Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    internal string[] Faults
    {
        get
        {
            lock (_gate)
            {
                return [.. _faults];
            }
        }
    }

    internal int Count(string text) => Lines.Count(line => line.Contains(text, StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("Octet.", StringComparison.Ordinal) ? this : new FaultLogger(this);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_gate)
        {
            _lines.Add(formatter(state, exception));
        }

        Note(logLevel, formatter(state, exception), exception);
    }

    public void Dispose()
    {
    }

    void Note(LogLevel level, string line, Exception? exception)
    {
        if (level >= LogLevel.Error)
        {
            lock (_gate)
            {
                _faults.Add($"{line} {exception}");
            }
        }
    }

    sealed class FaultLogger(ListLogger all) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => all.Note(logLevel, formatter(state, exception), exception);
    }
}
