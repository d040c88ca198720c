using Microsoft.Extensions.Logging;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Responses;

/// <summary>The making of one response in the background. Whoever asked for it may be gone: what becomes of it is kept.</summary>
/// <param name="server">What endpoints share.</param>
/// <param name="answers">What is generated.</param>
/// <param name="writer">Puts the answer into the form of a response.</param>
/// <param name="running">The response.</param>
/// <param name="keep">Keeps what it has become.</param>
sealed partial class BackgroundRun(ServerState server, AnswerSet answers, ResponseWriter writer, RunningResponse running, Action<byte[]> keep)
{
    /// <summary>Makes it, to whichever end.</summary>
    /// <param name="stop">Ends it.</param>
    /// <param name="held">What is given back then: the model, the response's place, and so on.</param>
    internal async Task RunAsync(CancellationToken stop, params IReadOnlyList<IDisposable> held)
    {
        try
        {
            ResponseEvents events = running.Events!;
            try
            {
                bool hasBegun = false;
                await foreach ((_, GenerationUpdate update) in answers.RunAsync(stop))
                {
                    running.Json = hasBegun ? running.Json : JsonText.Bytes(json => writer.Write(json, ResponseWriter.InProgress));
                    hasBegun = true;
                    writer.Add(events, update);
                }

                writer.End(events, answers.Answers[0].End is AnswerEnd.Length or AnswerEnd.Context ? "incomplete" : "completed");
            }
            catch (OperationCanceledException) when (running.IsCancelled)
            {
                writer.End(events, "cancelled");
            }
            catch (Exception error)
            {
                writer.Fail(events, Refusal.Of(error) ?? Failed(error));
            }

            byte[] last = JsonText.Bytes(writer.WriteLast);
            keep(last);
            events.End();
            running.End(last);
        }
        finally
        {
            foreach (IDisposable item in held)
            {
                item.Dispose();
            }
        }
    }

    ApiException Failed(Exception error)
    {
        LogFailed(server.Logger, error, running.Id);
        return new ApiException(StatusCodes.Status500InternalServerError, $"the server failed: its log tells of response {running.Id}", null, "internal_error", error);
    }

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "response {Id} failed in the background")]
    static partial void LogFailed(ILogger logger, Exception error, string id);
}
