using System.Runtime.InteropServices;

namespace Octet.Cuda.Tests.FakeDriver;

static unsafe partial class FakeFunctions
{
    [UnmanagedCallersOnly]
    internal static int cuStreamCreateWithPriority(nint* stream, uint flags, int priority) => Call("cuStreamCreateWithPriority", card =>
    {
        var made = new FakeStream(card);
        card.Streams.Add(made);
        *stream = FakeCuda.Add(made);
        return Code.Success;
    });

    [UnmanagedCallersOnly]
    internal static int cuStreamDestroy_v2(nint stream) => Release("cuStreamDestroy_v2", card =>
    {
        if (FakeCuda.Get<FakeStream>(stream) is not { } known)
        {
            return false;
        }

        // The driver lets the work end by itself.
        known.Drain();
        card.Streams.Remove(known);
        return FakeCuda.Remove(stream);
    });

    [UnmanagedCallersOnly]
    internal static int cuStreamSynchronize(nint stream) => Waiting("cuStreamSynchronize", stream, (FakeStream queue) => queue.Drain());

    [UnmanagedCallersOnly]
    internal static int cuStreamQuery(nint stream) => Asking("cuStreamQuery", stream, (FakeStream queue) =>
    {
        if (queue.IsIdle)
        {
            return true;
        }

        // Time passes for who asks again and again.
        queue.RunNext();
        return false;
    });

    [UnmanagedCallersOnly]
    internal static int cuStreamWaitEvent(nint stream, nint mark, uint flags) => FakeCuda.Get<FakeEvent>(mark) is not { } known
        ? Code.InvalidHandle
        : Queue("cuStreamWaitEvent", stream, _ =>
        {
            FakeMark? last = known.Last;
            return new FakeOperation("cuStreamWaitEvent", () => last?.Stream.RunTo(last));
        });

    [UnmanagedCallersOnly]
    internal static int cuStreamBeginCapture_v2(nint stream, int mode) => Call("cuStreamBeginCapture_v2", card =>
    {
        if (FakeCuda.Get<FakeStream>(stream) is not { } queue)
        {
            return Code.InvalidHandle;
        }

        if (queue.Capture is not null)
        {
            return Code.InvalidValue;
        }

        queue.BeginCapture();
        return Code.Success;
    });

    [UnmanagedCallersOnly]
    internal static int cuStreamEndCapture(nint stream, nint* graph) => Call("cuStreamEndCapture", card =>
    {
        if (FakeCuda.Get<FakeStream>(stream) is not { Capture: not null } queue)
        {
            return Code.InvalidHandle;
        }

        *graph = 0;
        List<FakeOperation> work = queue.EndCapture();
        if (queue.CaptureIsBroken)
        {
            return Code.StreamCaptureInvalidated;
        }

        *graph = FakeCuda.Add(new FakeGraph(card, work, IsExecutable: false));
        return Code.Success;
    });

    [UnmanagedCallersOnly]
    internal static int cuGraphInstantiateWithFlags(nint* executable, nint graph, ulong flags) => Unrecorded("cuGraphInstantiateWithFlags", card =>
    {
        if (FakeCuda.Get<FakeGraph>(graph) is not { IsExecutable: false } known)
        {
            return Code.InvalidHandle;
        }

        *executable = FakeCuda.Add(known with { IsExecutable = true });
        return Code.Success;
    });

    [UnmanagedCallersOnly]
    internal static int cuGraphUpload(nint graph, nint stream) => Call("cuGraphUpload", card => IsExecutable(graph) ? Code.Success : Code.InvalidHandle);

    [UnmanagedCallersOnly]
    internal static int cuGraphLaunch(nint graph, nint stream) => Call("cuGraphLaunch", card =>
    {
        if (!IsExecutable(graph) || FakeCuda.Get<FakeStream>(stream) is not { } queue)
        {
            return Code.InvalidHandle;
        }

        foreach (FakeOperation operation in FakeCuda.Get<FakeGraph>(graph)!.Work)
        {
            queue.Add(operation);
        }

        return Code.Success;
    });

    [UnmanagedCallersOnly]
    internal static int cuGraphExecDestroy(nint graph) => Release("cuGraphExecDestroy", card => IsExecutable(graph) && FakeCuda.Remove(graph));

    [UnmanagedCallersOnly]
    internal static int cuGraphDestroy(nint graph) => Release("cuGraphDestroy", card => FakeCuda.Get<FakeGraph>(graph) is { IsExecutable: false } && FakeCuda.Remove(graph));

    [UnmanagedCallersOnly]
    internal static int cuEventCreate(nint* mark, uint flags) => Call("cuEventCreate", card =>
    {
        *mark = FakeCuda.Add(new FakeEvent(card, timed: (flags & 2) == 0));
        return Code.Success;
    });

    [UnmanagedCallersOnly]
    internal static int cuEventDestroy_v2(nint mark) => Release("cuEventDestroy_v2", card => FakeCuda.Get<FakeEvent>(mark) is not null && FakeCuda.Remove(mark));

    [UnmanagedCallersOnly]
    internal static int cuEventRecord(nint mark, nint stream) => FakeCuda.Get<FakeEvent>(mark) is not { } known
        ? Code.InvalidHandle
        : Queue("cuEventRecord", stream, queue =>
        {
            known.Last = new FakeMark(queue);
            return new FakeOperation("cuEventRecord", static () => { }) { Mark = known.Last };
        });

    [UnmanagedCallersOnly]
    internal static int cuEventSynchronize(nint mark) => Waiting("cuEventSynchronize", mark, (FakeEvent known) => known.Last?.Stream.RunTo(known.Last));

    [UnmanagedCallersOnly]
    internal static int cuEventQuery(nint mark) => Asking("cuEventQuery", mark, (FakeEvent known) =>
    {
        if (known.Last is not { IsPassed: false } last)
        {
            return true;
        }

        last.Stream.RunNext();
        return false;
    });

    [UnmanagedCallersOnly]
    internal static int cuEventElapsedTime(float* milliseconds, nint begin, nint end) => Call("cuEventElapsedTime", card =>
    {
        if (FakeCuda.Get<FakeEvent>(begin) is not { IsTimed: true, Last: { } first } || FakeCuda.Get<FakeEvent>(end) is not { IsTimed: true, Last: { } last })
        {
            return Code.InvalidHandle;
        }

        *milliseconds = (float)((last.Time - first.Time) / 1e6);
        return first.IsPassed && last.IsPassed ? Code.Success : Code.NotReady;
    });

    static bool IsExecutable(nint graph) => FakeCuda.Get<FakeGraph>(graph) is { IsExecutable: true };

    /// <summary>Puts a piece of work in a queue, or in what it records.</summary>
    static int Queue(string function, nint stream, Func<FakeStream, FakeOperation> make) => Call(function, card =>
    {
        if (FakeCuda.Get<FakeStream>(stream) is not { } queue)
        {
            return Code.InvalidHandle;
        }

        queue.Add(make(queue));
        return Code.Success;
    });

    static int Waiting<T>(string function, nint handle, Action<T> run)
        where T : class => Unrecorded(function, card =>
        {
            if (FakeCuda.Get<T>(handle) is not { } known)
            {
                return Code.InvalidHandle;
            }

            run(known);
            return Code.Success;
        });

    static int Asking<T>(string function, nint handle, Func<T, bool> isDone)
        where T : class => Unrecorded(function, card => FakeCuda.Get<T>(handle) is not { } known ? Code.InvalidHandle : isDone(known) ? Code.Success : Code.NotReady);
}
