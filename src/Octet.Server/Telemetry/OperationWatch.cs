using System.Diagnostics;
using Octet.Server.Http;

namespace Octet.Server.Telemetry;

/// <summary>Measures an operation that makes no tokens: vectors, scores.</summary>
sealed class OperationWatch : IDisposable
{
    readonly ApiRequest _request;
    readonly ModelMetrics _metrics;
    readonly string _operation;
    readonly string _model;
    readonly Activity? _activity;
    int? _tokens;

    internal OperationWatch(ApiRequest request, string operation, string model)
    {
        _request = request;
        _metrics = request.Server.Get<ServerMetrics>().Of(model);
        _operation = operation;
        _model = model;
        _activity = ServerTelemetry.Start(operation, model, null);
        _metrics.Begin();
    }

    /// <summary>It has come to its end.</summary>
    /// <param name="tokens">That were read.</param>
    internal void End(int tokens)
    {
        _tokens = tokens;
        _request.PromptTokens = tokens;
    }

    public void Dispose()
    {
        TimeSpan duration = Stopwatch.GetElapsedTime(_request.Started);
        bool cancelled = _request.Aborted.IsCancellationRequested;
        _metrics.End();
        _metrics.AddPrompt(_tokens ?? 0, 0);
        _metrics.Request.Record(duration.TotalSeconds);
        _metrics.Finish(_tokens is not null ? "stop" : cancelled ? "abort" : "error");
        ServerTelemetry.End(_activity, _operation, _model, new OperationFigures(duration, null, _tokens ?? 0), _tokens is not null ? null : cancelled ? "cancelled" : "error");
    }
}
