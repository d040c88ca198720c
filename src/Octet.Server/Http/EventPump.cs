namespace Octet.Server.Http;

/// <summary>Carries what is generated into a stream of events.</summary>
static class EventPump
{
    /// <summary>
    /// Reads all of <paramref name="source"/>. What fails before anything was sent is the caller's, who can still refuse the request; after that the
    /// stream ends with an event that says so.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="source">What is generated.</param>
    /// <param name="stream">Where it goes.</param>
    /// <param name="send">Writes what one item is to the client.</param>
    /// <param name="ping">Sends a sign of life.</param>
    /// <param name="end">Writes what closes the stream.</param>
    /// <param name="fail">Writes the event of an error.</param>
    internal static async Task RunAsync<T>(
        ApiRequest request, IAsyncEnumerable<T> source, EventStream stream, Func<T, ValueTask> send, Func<ValueTask> ping, Func<ValueTask> end, Func<ApiException, ValueTask> fail)
    {
        try
        {
            await ReadAsync(request, source, send, ping);
            await end();
        }
        catch (Exception error) when (stream.HasStarted && !request.Aborted.IsCancellationRequested)
        {
            await fail(ApiEndpoint.RefusalOf(request, error));
        }
    }

    static async Task ReadAsync<T>(ApiRequest request, IAsyncEnumerable<T> source, Func<T, ValueTask> send, Func<ValueTask> ping)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(request.Aborted);
        await using IAsyncEnumerator<T> items = source.GetAsyncEnumerator(leaving.Token);
        while (true)
        {
            ValueTask<bool> next = items.MoveNextAsync();
            if (!(next.IsCompletedSuccessfully ? next.Result : await WaitAsync(next.AsTask(), request.Options.PingInterval, ping, leaving)))
            {
                return;
            }

            await send(items.Current);
        }
    }

    static async Task<bool> WaitAsync(Task<bool> next, TimeSpan interval, Func<ValueTask> ping, CancellationTokenSource leaving)
    {
        while (true)
        {
            await ((Task)next).WaitAsync(interval).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (next.IsCompleted)
            {
                return await next;
            }

            try
            {
                await ping();
            }
            catch
            {
                // An enumerator must be at rest before it is disposed of.
                await leaving.CancelAsync();
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }
        }
    }
}
