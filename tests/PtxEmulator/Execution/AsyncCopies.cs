namespace PtxEmulator;

/// <summary>
/// The copies that a warp's lanes have asked for by <c>cp.async</c>. They are made when they are waited for, the latest
/// moment that PTX allows: a kernel that does not wait finds its shared memory unwritten.
/// </summary>
sealed unsafe class AsyncCopies(Warp warp)
{
    readonly List<Copy> _open = [];
    readonly Queue<Copy[]> _groups = new();

    /// <summary>Asks for a copy of <paramref name="copied"/> bytes, and zeros up to <paramref name="bytes"/>.</summary>
    public void Add(int lane, int destination, byte* source, int copied, int bytes, int pc)
    {
        warp.Block.Lanes?.Check(warp, 1u << lane, lane, destination, bytes, writes: true);
        warp.Block.Lanes?.BeginCopy(destination, bytes);
        _open.Add(new Copy(lane, destination, (nint)source, copied, bytes, pc));
    }

    public void Commit()
    {
        _groups.Enqueue([.. _open]);
        _open.Clear();
    }

    /// <summary>Waits until at most so many groups, the latest, are on their way.</summary>
    public void Wait(int groups)
    {
        while (_groups.Count > groups)
        {
            Make(_groups.Dequeue());
        }
    }

    public void WaitAll()
    {
        Wait(0);
        Make([.. _open]);
        _open.Clear();
    }

    public void Clear()
    {
        _open.Clear();
        _groups.Clear();
    }

    void Make(ReadOnlySpan<Copy> copies)
    {
        SharedMemory shared = warp.Block.Shared;
        foreach (Copy copy in copies)
        {
            if (warp.Block.Order?.Write(warp.Index, copy.Destination, copy.Bytes, copy.Pc) is { } conflict)
            {
                throw Races.Fault(warp, 1u << copy.Lane, conflict, $"the copy of line {warp.LineOf(copy.Pc)} writes");
            }

            warp.Block.Lanes?.EndCopy(copy.Destination, copy.Bytes);
            warp.Block.Lanes?.Note(warp.Epoch, copy.Lane, copy.Destination, copy.Bytes);
            warp.NoteAccess(1u << copy.Lane);
            var target = new Span<byte>(shared.Data + copy.Destination, copy.Bytes);
            new ReadOnlySpan<byte>((byte*)copy.Source, copy.Copied).CopyTo(target);
            target[copy.Copied..].Clear();
            shared.MarkWritten(copy.Destination, copy.Bytes);
        }
    }

    readonly record struct Copy(int Lane, int Destination, nint Source, int Copied, int Bytes, int Pc);
}
