using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Octet.Generation;

/// <summary>A generation on a thread of its own, whose updates are awaited; a slow reader makes it wait.</summary>
static class GenerationStream
{
    // Updates that may be ahead of their reader.
    const int Capacity = 64;

    /// <summary>Runs <paramref name="generation"/> while it is enumerated; it is at rest when the enumeration ends, however that comes about.</summary>
    /// <param name="generation">What is to run, once.</param>
    /// <param name="caller">Ends it with an exception that carries this token.</param>
    /// <param name="enumeration">The same, for who enumerates it.</param>
    internal static async IAsyncEnumerable<GenerationUpdate> RunAsync(
        TextGeneration generation, CancellationToken caller, [EnumeratorCancellation] CancellationToken enumeration = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(caller, enumeration);
        using var reader = new Reader(stop);
        var channel = Channel.CreateBounded<GenerationUpdate>(new BoundedChannelOptions(Capacity) { SingleReader = true, SingleWriter = true });
        Task producer = Task.Factory.StartNew(
            () => Produce(generation, channel.Writer, caller, enumeration, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            // Without a token of ours a channel waits with an object of its own, and keeps who waited last: nothing of it would ever be forgotten.
            using var open = new CancellationTokenSource();
            await foreach (GenerationUpdate update in channel.Reader.ReadAllAsync(open.Token).ConfigureAwait(false))
            {
                // What is ahead of its reader is not wanted any more.
                caller.ThrowIfCancellationRequested();
                enumeration.ThrowIfCancellationRequested();
                yield return update;
            }
        }
        finally
        {
            // Also when the caller walks away in the middle: the session must be at rest when this returns.
            await stop.CancelAsync().ConfigureAwait(false);
            await producer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    static void Produce(TextGeneration generation, ChannelWriter<GenerationUpdate> writer, CancellationToken caller, CancellationToken enumeration, CancellationToken stop)
    {
        try
        {
            generation.Run(
                update =>
                {
                    if (!writer.TryWrite(update))
                    {
                        writer.WriteAsync(update, stop).AsTask().GetAwaiter().GetResult();
                    }
                },
                stop);
            writer.Complete();
        }
        catch (OperationCanceledException end) when (end.CancellationToken == stop)
        {
            writer.Complete(new OperationCanceledException(end.Message, end, caller.IsCancellationRequested ? caller : enumeration.IsCancellationRequested ? enumeration : stop));
        }
        catch (Exception error)
        {
            writer.Complete(error);
        }
    }

    /// <summary>Known to the enumeration alone, not to the generation's thread: that one ends, and what it holds, where the enumeration was forgotten half-way.</summary>
    sealed class Reader(CancellationTokenSource stop) : IDisposable
    {
        ~Reader() => stop.Cancel();

        public void Dispose() => GC.SuppressFinalize(this);
    }
}
