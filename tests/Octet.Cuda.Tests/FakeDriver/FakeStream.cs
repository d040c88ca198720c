namespace Octet.Cuda.Tests.FakeDriver;

/// <summary>A queue whose work is done when somebody waits for it, and no sooner: what the driver does not promise to be done is not done.</summary>
sealed class FakeStream(FakeCard card)
{
    readonly Queue<FakeOperation> _work = new();

    internal FakeCard Card => card;

    /// <summary>What is recorded instead of being queued; null: nothing is.</summary>
    internal List<FakeOperation>? Capture { get; private set; }

    /// <summary>Whether a call was made that a recording does not allow.</summary>
    internal bool CaptureIsBroken { get; set; }

    /// <summary>The thread that records.</summary>
    internal int CapturingThread { get; private set; }

    internal bool IsIdle => _work.Count == 0;

    /// <summary>Whether work that is not done copies from or to a piece of the host's memory.</summary>
    internal bool Uses(nint address, long bytes) => card.Sticky == 0 && _work.Any(operation => operation.Host >= address && operation.Host < address + bytes);

    internal void Add(FakeOperation operation)
    {
        if (Capture is not null)
        {
            Capture.Add(operation);
            return;
        }

        operation.Queued?.Invoke();
        _work.Enqueue(operation);
        if (card.Owner.Eager)
        {
            Drain();
        }
    }

    internal void Drain()
    {
        while (RunNext())
        {
        }
    }

    /// <summary>Runs until a mark is passed.</summary>
    internal void RunTo(FakeMark mark)
    {
        while (!mark.IsPassed && RunNext())
        {
        }
    }

    /// <summary>False: there was nothing.</summary>
    internal bool RunNext()
    {
        if (!_work.TryDequeue(out FakeOperation? operation))
        {
            return false;
        }

        // After a fault nothing is done any more.
        if (card.Sticky == 0)
        {
            operation.Run();
        }

        operation.Mark?.Pass(card.Clock);
        return true;
    }

    internal void BeginCapture()
    {
        Capture = [];
        CaptureIsBroken = false;
        CapturingThread = Environment.CurrentManagedThreadId;
    }

    internal List<FakeOperation> EndCapture()
    {
        List<FakeOperation> recorded = Capture!;
        Capture = null;
        return recorded;
    }
}
