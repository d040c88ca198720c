using System.Threading.Channels;
using Octet.Backends;
using Octet.Generation;

namespace Octet.Scheduling;

/// <summary>A generation that a <see cref="Scheduler"/> computes: its updates go into a channel, as far as its reader keeps up.</summary>
sealed class GenerationRequest
{
    // Updates that may be ahead of their reader.
    const int Capacity = 64;

    readonly Channel<GenerationUpdate> _updates = Channel.CreateUnbounded<GenerationUpdate>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly bool _ownsSession;
    int _ahead;

    /// <param name="generation">The answer.</param>
    /// <param name="session">The sequence, with an operation of this request's begun, or one of its own.</param>
    /// <param name="ownsSession">Whether the sequence ends with the request. Otherwise its pages are nobody else's: it may be cut and go on differently.</param>
    /// <param name="settings">Its priority and salt.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal GenerationRequest(TextGeneration generation, InferenceSession session, bool ownsSession, GenerationSettings settings, CancellationToken cancellationToken)
    {
        Generation = generation;
        Session = session;
        Salt = settings.CacheSalt ?? "";
        Priority = settings.Priority;
        CancellationToken = cancellationToken;
        _ownsSession = ownsSession;
        if (!ownsSession)
        {
            generation.NoteCached(session.Length);
        }

        session.Know(generation.Prompt.AsSpan(session.Length));
    }

    internal TextGeneration Generation { get; }

    internal InferenceSession Session { get; }

    internal CancellationToken CancellationToken { get; }

    internal int Priority { get; }

    internal string Salt { get; }

    /// <summary>Whether its pages may be found by others.</summary>
    internal bool SharesPages => _ownsSession;

    /// <summary>Its place among those of equal priority: the lower came first.</summary>
    internal long Order { get; set; }

    /// <summary>How many blocks of its text are noted in the prefix cache, and the last of them.</summary>
    internal (int Count, PrefixCache.Block? Last) Noted { get; set; }

    /// <summary>What is guessed to follow, in the step that is planned.</summary>
    internal int[] Guess { get; set; } = [];

    /// <summary>Ends when it is known what the next token may be; null: it is, or nobody has asked.</summary>
    internal Task? MaskSearch { get; set; }

    internal bool HasEnded { get; private set; }

    /// <summary>Whether it waits for its reader.</summary>
    internal bool IsPaused => Volatile.Read(ref _ahead) >= Capacity;

    /// <summary>Whether all of its tokens are computed but the last, and what is guessed to follow: it writes.</summary>
    internal bool IsWriting => Session.Known - Session.Computed == 1 + Guess.Length && Generation.HasBegun;

    internal ChannelReader<GenerationUpdate> Updates => _updates.Reader;

    /// <summary>Ends when the sequence is at rest.</summary>
    internal Task Ended => _ended.Task;

    /// <summary>The reader has taken an update; true where that lets a paused request go on.</summary>
    internal bool NoteRead() => Interlocked.Decrement(ref _ahead) == Capacity - 1;

    internal void Emit(in GenerationUpdate update)
    {
        Interlocked.Increment(ref _ahead);
        _updates.Writer.TryWrite(update);
    }

    /// <summary>The request is over: its sequence is given back, or cut to what was computed.</summary>
    internal void End(Exception? error)
    {
        HasEnded = true;
        Session.DropPending();
        Session.End();
        if (_ownsSession)
        {
            Session.Dispose();
        }

        _updates.Writer.Complete(error);
        _ended.SetResult();
    }
}
