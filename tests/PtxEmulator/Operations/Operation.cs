namespace PtxEmulator;

/// <summary>A decoded instruction.</summary>
abstract unsafe class Operation
{
    /// <summary>The opcode with its modifiers; empty for steps that are no instruction of their own.</summary>
    public string Name { get; set; } = "";

    public int Line { get; set; }

    /// <summary>The place of the guard's mask in the frame, or -1.</summary>
    public int Guard = -1;

    /// <summary>All ones for a negated guard.</summary>
    public uint GuardFlip;

    /// <summary>Whether <see cref="Control"/> runs it, because it may change where lanes go on.</summary>
    public bool IsControl { get; protected init; }

    /// <summary>Whether it counts as arithmetic in float32.</summary>
    public bool IsFloat32 { get; set; }

    /// <summary>Multiply-adds of single elements in a tensor core.</summary>
    public long MultiplyAdds { get; protected init; }

    /// <summary>Whether it reads or writes a register that may be read before it is written, or that products use.</summary>
    public bool IsTracked { get; private set; }

    (int Mask, string Register, bool IsGuard)[] _trackedReads = [];
    int[] _trackedWrites = [];
    bool _isRename;

    /// <summary>The registers of products that it touches; of a product those of its sums.</summary>
    protected int[] ProductRegisters { get; private set; } = [];

    /// <summary>Of a product, the registers of its rows.</summary>
    protected int[] ProductRows { get; private set; } = [];

    /// <summary>Runs it for these lanes, at least one.</summary>
    public abstract void Execute(Warp warp, uint mask);

    /// <summary>Runs it for these lanes of the fragment and moves the fragment on.</summary>
    public virtual Flow Control(Warp warp, ref Fragment fragment, uint mask) => throw new InvalidOperationException(Name);

    public void Track((int Mask, string Register, bool IsGuard)[] reads, int[] writes)
    {
        IsTracked = true;
        _trackedReads = reads;
        _trackedWrites = writes;
    }

    /// <summary>Notes the registers of <see cref="OpenProducts"/> that it uses.</summary>
    public void UseProductRegisters(int[] registers, int[] rows, bool isRename)
    {
        (ProductRegisters, ProductRows, _isRename) = (registers, rows, isRename);
        IsTracked |= this is not WarpgroupMultiply;
    }

    /// <summary>Refuses to read registers that lanes have not written or that products have, and notes those they write.</summary>
    /// <param name="warp">Whose registers.</param>
    /// <param name="active">The lanes that look at the guard.</param>
    /// <param name="mask">Those of them that execute the instruction.</param>
    public void CheckWritten(Warp warp, uint active, uint mask)
    {
        foreach ((int place, string register, bool isGuard) in _trackedReads)
        {
            uint unwritten = (isGuard ? active : mask) & ~*(uint*)(warp.Frame + place);
            if (unwritten != 0)
            {
                throw warp.Fault(PtxError.Uninitialized, unwritten, $"reads {register}, to which nothing was written");
            }
        }

        foreach (int place in _trackedWrites)
        {
            *(uint*)(warp.Frame + place) |= mask;
        }

        if (ProductRegisters.Length == 0 || mask == 0 || this is WarpgroupMultiply)
        {
            return;
        }

        if (_isRename)
        {
            warp.Products.Rename(ProductRegisters[1], ProductRegisters[0]);
        }
        else
        {
            warp.Products.Touch(ProductRegisters);
        }
    }
}

/// <summary>An instruction that some lanes, or all of a warp, execute together: those that come first wait for the others.</summary>
abstract class CollectiveOperation : Operation
{
    protected CollectiveOperation() => IsControl = true;

    public sealed override Flow Control(Warp warp, ref Fragment fragment, uint mask)
    {
        if (mask != 0)
        {
            uint members = Members(warp, mask) & warp.Live;
            if ((members & fragment.Mask & ~mask) != 0)
            {
                throw warp.Fault(PtxError.Divergence, members & ~mask, $"needs lanes 0x{members:x8}, and its guard lets lanes 0x{mask:x8} execute it");
            }

            if ((members & ~mask) != 0)
            {
                return Warp.Wait(ref fragment, FragmentState.Waiting);
            }

            if (ExecuteTogether(warp, ref fragment, mask) is { } flow)
            {
                return flow;
            }
        }

        fragment.Pc++;
        return Flow.Continue;
    }

    /// <summary>The lanes that have to execute it together with these.</summary>
    protected virtual uint Members(Warp warp, uint mask) => uint.MaxValue;

    /// <summary>Executes it when all are there; an answer other than null says how the fragment goes on.</summary>
    protected virtual Flow? ExecuteTogether(Warp warp, ref Fragment fragment, uint mask)
    {
        Execute(warp, mask);
        return null;
    }
}
