using System.Runtime.CompilerServices;
using Octet.Generation;

namespace Octet.Scheduling;

/// <summary>A generation whose updates are awaited; a slow reader makes it wait.</summary>
static class GenerationStream
{
    /// <summary>Runs a generation while it is enumerated; it is at rest when the enumeration ends, however that comes about.</summary>
    /// <param name="scheduler">Who computes it.</param>
    /// <param name="generation">Makes the answer, for each enumeration anew.</param>
    /// <param name="session">Where it is computed; null: a new one.</param>
    /// <param name="settings">What the generation goes by.</param>
    /// <param name="caller">Ends it with an exception that carries this token.</param>
    /// <param name="enumeration">The same, for who enumerates it.</param>
    internal static async IAsyncEnumerable<GenerationUpdate> RunAsync(
        Scheduler scheduler, Func<TextGeneration> generation, InferenceSession? session, GenerationSettings settings, CancellationToken caller,
        [EnumeratorCancellation] CancellationToken enumeration = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(caller, enumeration);
        using var reader = new Reader(stop);

        // Before the session is cut to what it shares with the prompt.
        caller.ThrowIfCancellationRequested();
        enumeration.ThrowIfCancellationRequested();
        TextGeneration answer = generation();
        if (answer.Left <= 0)
        {
            session?.Begin(nameof(LanguageModel.GenerateAsync)).Dispose();
            yield return answer.End(FinishReason.Length);
            yield break;
        }

        GenerationRequest request = scheduler.Submit(answer, session, settings, stop.Token);
        try
        {
            // Without a token of ours a channel waits with an object of its own, and keeps who waited last: nothing of it would ever be forgotten.
            using var open = new CancellationTokenSource();
            while (await Next(request, open.Token, caller, enumeration, stop.Token).ConfigureAwait(false))
            {
                while (request.Updates.TryRead(out GenerationUpdate update))
                {
                    // What is ahead of its reader is not wanted any more.
                    caller.ThrowIfCancellationRequested();
                    enumeration.ThrowIfCancellationRequested();
                    if (request.NoteRead())
                    {
                        scheduler.Wake();
                    }

                    yield return update;
                }
            }
        }
        finally
        {
            // Also when the caller walks away in the middle: the session must be at rest when this returns.
            await stop.CancelAsync().ConfigureAwait(false);
            scheduler.Wake();
            await request.Ended.ConfigureAwait(false);
        }
    }

    /// <summary>Whether there is another update. A cancellation carries the token of who cancelled.</summary>
    static async ValueTask<bool> Next(GenerationRequest request, CancellationToken open, CancellationToken caller, CancellationToken enumeration, CancellationToken stop)
    {
        try
        {
            return await request.Updates.WaitToReadAsync(open).ConfigureAwait(false);
        }
        catch (OperationCanceledException end) when (end.CancellationToken == stop)
        {
            throw new OperationCanceledException(end.Message, end, caller.IsCancellationRequested ? caller : enumeration.IsCancellationRequested ? enumeration : stop);
        }
    }

    /// <summary>Known to the enumeration alone, not to who computes: that ends, and what it holds, where the enumeration was forgotten half-way.</summary>
    sealed class Reader(CancellationTokenSource stop) : IDisposable
    {
        ~Reader() => stop.Cancel();

        public void Dispose() => GC.SuppressFinalize(this);
    }
}
