using System.Runtime.CompilerServices;
using System.Text.Json;
using Octet.Server.Http;

namespace Octet.Server.Responses;

/// <summary>
/// The events of a response that is made in the background, for whoever wants to follow it, once or again. They are added by one, and read by any number; the oldest
/// are forgotten where they take too many bytes.
/// </summary>
/// <param name="mostBytes">How many bytes they may take, about.</param>
sealed class ResponseEvents(long mostBytes) : IEventSink
{
    readonly Lock _gate = new();
    readonly Queue<ResponseEvent> _events = new();
    TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _count;
    bool _ended;

    /// <summary>About how many bytes they take.</summary>
    internal long Bytes { get; private set; }

    public void Add(string? name, Action<Utf8JsonWriter> write)
    {
        byte[] json = JsonText.Bytes(write);
        lock (_gate)
        {
            var added = new ResponseEvent(_count++, name ?? "message", json);
            _events.Enqueue(added);
            Bytes += added.Bytes;
            while (Bytes > mostBytes && _events.Count > 1)
            {
                Bytes -= _events.Dequeue().Bytes;
            }

            Wake();
        }
    }

    /// <summary>No more events come.</summary>
    internal void End()
    {
        lock (_gate)
        {
            _ended = true;
            Wake();
        }
    }

    /// <summary>The number of the first event that is still kept.</summary>
    internal int First
    {
        get
        {
            lock (_gate)
            {
                return _events.TryPeek(out ResponseEvent first) ? first.Number : _count;
            }
        }
    }

    /// <summary>The events from a number on, as they come, to the last.</summary>
    /// <exception cref="ApiException">The reader was too slow: what comes next is not kept any more.</exception>
    internal async IAsyncEnumerable<ResponseEvent> ReadAsync(int from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            ResponseEvent[] next;
            Task more;
            lock (_gate)
            {
                if (_events.TryPeek(out ResponseEvent first) && first.Number > from)
                {
                    throw Forgotten(from, first.Number);
                }

                next = [.. _events.Skip(Math.Max(0, from - (_count - _events.Count)))];
                if (next.Length == 0 && _ended)
                {
                    yield break;
                }

                more = _more.Task;
            }

            foreach (ResponseEvent item in next)
            {
                yield return item;
            }

            from += next.Length;
            if (next.Length == 0)
            {
                await more.WaitAsync(cancellationToken);
            }
        }
    }

    internal static ApiException Forgotten(int from, int first) => new(
        StatusCodes.Status400BadRequest, FormattableString.Invariant($"event {from} is not kept any more, the first is {first}: read the response itself"), "starting_after", "events_not_kept");

    void Wake()
    {
        TaskCompletionSource more = _more;
        _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        more.SetResult();
    }
}
