using Microsoft.Extensions.Logging;

namespace Octet.Server.Http;

/// <summary>A line of the log for each request.</summary>
static partial class RequestLog
{
    internal static void Write(ApiRequest request, TimeSpan duration)
    {
        int status = request.Context.Response.StatusCode;
        request.Server.Requests.Add(status);
        string method = request.Context.Request.Method;
        string path = request.Context.Request.Path;
        if (request.Fault is { } fault)
        {
            Failed(request.Server.Logger, fault, method, path, status, request.ModelName ?? "-", request.PromptTokens, request.CompletionTokens, duration.TotalMilliseconds, request.Id);
        }
        else
        {
            Ended(request.Server.Logger, method, path, status, request.ModelName ?? "-", request.PromptTokens, request.CompletionTokens, duration.TotalMilliseconds, request.Id);
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "{Method} {Path} {Status} {Model} {PromptTokens}+{CompletionTokens} tokens {Milliseconds:0.0} ms {RequestId}")]
    static partial void Ended(ILogger logger, string method, string path, int status, string model, int promptTokens, int completionTokens, double milliseconds, string requestId);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "{Method} {Path} {Status} {Model} {PromptTokens}+{CompletionTokens} tokens {Milliseconds:0.0} ms {RequestId}")]
    static partial void Failed(ILogger logger, Exception fault, string method, string path, int status, string model, int promptTokens, int completionTokens, double milliseconds, string requestId);
}
