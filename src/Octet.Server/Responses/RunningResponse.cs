namespace Octet.Server.Responses;

/// <summary>A response that is being made.</summary>
/// <param name="id">Its name.</param>
/// <param name="owner">Who may see it.</param>
/// <param name="json">What it is as it begins.</param>
/// <param name="input">The items of its input, a JSON list.</param>
/// <param name="stop">Ends it.</param>
sealed class RunningResponse(string id, string owner, byte[] json, byte[] input, CancellationTokenSource stop) : IDisposable
{
    readonly TaskCompletionSource<byte[]> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal string Id => id;

    internal string Owner => owner;

    internal byte[] Input => input;

    /// <summary>What it is so far.</summary>
    internal byte[] Json { get; set; } = json;

    /// <summary>The events of one that is made in the background; null: it is made while its request waits.</summary>
    internal ResponseEvents? Events { get; init; }

    internal bool IsCancelled { get; private set; }

    /// <summary>What it was when it ended.</summary>
    internal Task<byte[]> Ended => _ended.Task;

    internal async Task CancelAsync()
    {
        IsCancelled = true;
        try
        {
            await stop.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It has ended meanwhile.
        }
    }

    internal void End(byte[] last) => _ended.TrySetResult(last);

    /// <summary>Nobody waits for one that failed.</summary>
    public void Dispose() => _ended.TrySetResult(Json);
}
