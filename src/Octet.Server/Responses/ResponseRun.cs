using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Responses;

/// <summary>The making of one response.</summary>
sealed class ResponseRun(ApiRequest request, AnswerSet answers, ResponseWriter writer, RunningResponse running, CancellationToken stop)
{
    /// <summary>Makes it without telling anybody.</summary>
    /// <returns>The response.</returns>
    internal async Task<byte[]> WholeAsync()
    {
        await foreach (GenerationUpdate update in UpdatesAsync())
        {
            writer.Collect(update);
        }

        return Last();
    }

    /// <summary>Makes it while events tell how far it is.</summary>
    /// <returns>The response.</returns>
    internal async Task<byte[]> StreamAsync()
    {
        using var stream = new EventStream(request);
        await EventPump.RunAsync(
            request,
            UpdatesAsync(),
            stream,
            async update =>
            {
                if (writer.Add(stream, update))
                {
                    await stream.FlushAsync();
                }
            },
            async () =>
            {
                writer.Start(stream);
                await stream.PingAsync();
            },
            async () =>
            {
                writer.End(stream, Status);
                await stream.FlushAsync();
            },
            async error =>
            {
                writer.Fail(stream, error);
                await stream.FlushAsync();
            });
        return Last();
    }

    string Status => writer.HasFailed ? "failed" : running.IsCancelled ? "cancelled" : answers.Answers[0].End is AnswerEnd.Length or AnswerEnd.Context ? "incomplete" : "completed";

    byte[] Last() => JsonText.Bytes(json => writer.Write(json, Status));

    /// <summary>What is generated, up to where somebody ended the response; who asked for it still gets it.</summary>
    async IAsyncEnumerable<GenerationUpdate> UpdatesAsync()
    {
        await using IAsyncEnumerator<(Answer, GenerationUpdate Update)> items = answers.RunAsync(stop).GetAsyncEnumerator(stop);
        while (true)
        {
            try
            {
                if (!await items.MoveNextAsync())
                {
                    yield break;
                }
            }
            catch (OperationCanceledException) when (running.IsCancelled && !request.Aborted.IsCancellationRequested)
            {
                yield break;
            }

            yield return items.Current.Update;
        }
    }
}
