namespace Octet.Generation;

/// <summary>
/// Whose turn it is to compute: one thread at a time. Who has waited for a while comes before who comes now, so that a long prompt, chunk by
/// chunk, lets others in between; who waits can be cancelled.
/// </summary>
sealed class Turns
{
    // Steps of a small model are shorter than the waking of a thread: some may follow each other before another thread has its turn.
    const long PatienceMilliseconds = 5;

    // Between two looks at the token of one that waits.
    const int LookMilliseconds = 10;

    readonly object _gate = new();
    readonly List<(Thread Thread, long Since)> _line = [];
    Thread? _holder;

    /// <exception cref="OperationCanceledException">The token was cancelled before the turn came.</exception>
    /// <exception cref="InvalidOperationException">It is this thread's turn already.</exception>
    internal void Enter(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Thread self = Thread.CurrentThread;
        lock (_gate)
        {
            if (_holder == self)
            {
                throw new InvalidOperationException("the model was called from inside one of its own steps: expected a call after the step");
            }

            if (_holder is not null || (_line.Count > 0 && Environment.TickCount64 - _line[0].Since >= PatienceMilliseconds))
            {
                Wait(self, cancellationToken);
            }

            _holder = self;
        }
    }

    internal void Leave()
    {
        lock (_gate)
        {
            _holder = null;
            if (_line.Count > 0)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }

    void Wait(Thread self, CancellationToken cancellationToken)
    {
        _line.Add((self, Environment.TickCount64));
        try
        {
            while (_holder is not null || _line[0].Thread != self)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Monitor.Wait(_gate, cancellationToken.CanBeCanceled ? LookMilliseconds : Timeout.Infinite);
            }
        }
        finally
        {
            // The next one may be the first now.
            _line.RemoveAt(_line.FindIndex(entry => entry.Thread == self));
            Monitor.PulseAll(_gate);
        }
    }
}
