namespace Octet.Cuda.Tests.FakeDriver;

/// <summary>A piece of work of a queue.</summary>
/// <param name="Name">The function that queued it.</param>
/// <param name="Run">Does it; more than once where it is part of a graph.</param>
sealed record FakeOperation(string Name, Action Run)
{
    /// <summary>What happens when it is put in a queue, before the driver's function returns.</summary>
    internal Action? Queued { get; init; }

    /// <summary>Where in the host's memory it copies from or to; 0: nowhere.</summary>
    internal nint Host { get; init; }

    /// <summary>The mark that is passed when it is done.</summary>
    internal FakeMark? Mark { get; init; }
}

/// <summary>A place in a queue.</summary>
sealed class FakeMark(FakeStream stream)
{
    internal FakeStream Stream => stream;

    internal bool IsPassed { get; private set; }

    /// <summary>When it was passed, on the card's clock.</summary>
    internal double Time { get; private set; }

    internal void Pass(double time)
    {
        IsPassed = true;
        Time = time;
    }
}

/// <summary>An event: its last mark, or none.</summary>
sealed class FakeEvent(FakeCard card, bool timed)
{
    internal FakeCard Card => card;

    internal bool IsTimed => timed;

    internal FakeMark? Last { get; set; }
}

/// <summary>Work that was recorded; one that is instantiated is launched.</summary>
sealed record FakeGraph(FakeCard Card, IReadOnlyList<FakeOperation> Work, bool IsExecutable);
