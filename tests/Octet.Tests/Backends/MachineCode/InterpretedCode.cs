using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Octet.Backends.Cpu.MachineCode;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>The functions of <see cref="ProductCode"/> and <see cref="FourDotsFunctions"/>, each the interpreter on the bytes that a processor would execute.</summary>
static unsafe class InterpretedCode
{
    static readonly MachineProgram s_tileBegin = new(TileCode.Begin(GeneralRegister.Rdi));
    static readonly MachineProgram s_tileEnd = new(TileCode.End());
    static readonly MachineProgram s_tileOne = new(TileCode.Multiply(GeneralRegister.Rdi, 1));
    static readonly MachineProgram s_tileTwo = new(TileCode.Multiply(GeneralRegister.Rdi, 2));
    static readonly MachineProgram s_panelOne = new(TileCode.MultiplyPanel(GeneralRegister.Rdi, 1));
    static readonly MachineProgram s_panelTwo = new(TileCode.MultiplyPanel(GeneralRegister.Rdi, 2));
    static readonly MachineProgram s_expect = new(TileCode.Expect(GeneralRegister.Rdi));
    static readonly MachineProgram s_dotOne = new(DotProductCode.Multiply(GeneralRegister.Rdi, 1));
    static readonly MachineProgram s_dotTwo = new(DotProductCode.Multiply(GeneralRegister.Rdi, 2));
    static readonly MachineProgram s_fourE4M3 = new(FourDotsCode.E4M3(GeneralRegister.Rdi));
    static readonly MachineProgram s_fourBFloat16 = new(FourDotsCode.BFloat16(GeneralRegister.Rdi));

    static readonly ConcurrentDictionary<(nint Size, int Groups), (MachineProgram Scores, MachineProgram Values)> s_attention = [];

    // Every thread has registers and tiles of its own.
    [ThreadStatic]
    static Processor? s_processor;

    internal static ProductCode Tiles { get; } = new(ProductBlock.PanelRows, &TileBegin, &TileEnd, &TileOne, &TileTwo, new(&PanelOne, &PanelTwo, &Expect), _ => new(&ScoresOne, &ScoresTwo, &ValuesOne, &ValuesTwo));

    internal static ProductCode DotProducts { get; } = new(DotProductCode.Rows, null, null, &DotOne, &DotTwo);

    internal static FourDotsFunctions FourDots { get; } = new(&FourE4M3, &FourBFloat16);

    /// <summary>An exception cannot leave a function that is called as a processor would: it waits here.</summary>
    internal static ConcurrentQueue<Exception> Failures { get; } = [];

    /// <summary>What <paramref name="block"/> promises a function to be able to read and write.</summary>
    internal static void Allow(Processor processor, ProductBlock* block, int rows, int groups)
    {
        processor.Allow(block, 40);
        processor.Allow(block->Weights, (rows - 1) * 1024L + block->Steps * 64);
        processor.Allow(block->Inputs, block->Steps * 1024);
        processor.Allow(block->Sums, rows * 64L, writable: true);
        if (groups == 2)
        {
            processor.Allow(block->MoreInputs, block->Steps * 1024);
            processor.Allow((byte*)block->Sums + 2048, rows * 64L, writable: true);
        }
    }

    [UnmanagedCallersOnly]
    static void TileBegin(void* configuration) => Call(s_tileBegin, configuration, processor => processor.Allow(configuration, 64));

    [UnmanagedCallersOnly]
    static void TileEnd(void* nothing) => Call(s_tileEnd, nothing, _ => { });

    [UnmanagedCallersOnly]
    static void TileOne(void* block) => Call(s_tileOne, block, processor => Allow(processor, (ProductBlock*)block, 32, 1));

    [UnmanagedCallersOnly]
    static void TileTwo(void* block) => Call(s_tileTwo, block, processor => Allow(processor, (ProductBlock*)block, 32, 2));

    [UnmanagedCallersOnly]
    static void PanelOne(void* block) => Call(s_panelOne, block, processor => Allow(processor, (PanelBlock*)block, 1));

    [UnmanagedCallersOnly]
    static void PanelTwo(void* block) => Call(s_panelTwo, block, processor => Allow(processor, (PanelBlock*)block, 2));

    [UnmanagedCallersOnly]
    static void Expect(void* rows) => Call(s_expect, rows, processor => processor.Allow(rows, ExpectedRows.Bytes));

    [UnmanagedCallersOnly]
    static void ScoresOne(void* block) => Scores((AttentionBlock*)block, 1);

    [UnmanagedCallersOnly]
    static void ScoresTwo(void* block) => Scores((AttentionBlock*)block, 2);

    [UnmanagedCallersOnly]
    static void ValuesOne(void* block) => Values((AttentionBlock*)block, 1);

    [UnmanagedCallersOnly]
    static void ValuesTwo(void* block) => Values((AttentionBlock*)block, 2);

    static void Scores(AttentionBlock* block, int groups) => Call(Attention(block, groups).Scores, block, processor =>
    {
        processor.Allow(block, AttentionBlock.Bytes);
        processor.Allow(block->Left, 32 * block->Size * 2);
        processor.Allow(block->Right, groups * 16 * block->Size * 2);
        processor.Allow(block->Output, groups * 2048L, writable: true);
    });

    static void Values(AttentionBlock* block, int groups) => Call(Attention(block, groups).Values, block, processor =>
    {
        processor.Allow(block, AttentionBlock.Bytes);
        processor.Allow(block->Left, (groups - 1) * 4096L + block->Pages * 1024);
        processor.Allow(block->Right, block->Pages * 32 * block->Size * 2);
        processor.Allow(block->Output, groups * 16 * block->Size * 4, writable: true);
    });

    static (MachineProgram Scores, MachineProgram Values) Attention(AttentionBlock* block, int groups)
        => s_attention.GetOrAdd((block->Size, groups), key => (
            new(AttentionCode.Scores(GeneralRegister.Rdi, (int)key.Size, key.Groups)), new(AttentionCode.Values(GeneralRegister.Rdi, (int)key.Size, key.Groups))));

    static void Allow(Processor processor, PanelBlock* block, int groups)
    {
        nint steps = block->Steps * block->Blocks;
        processor.Allow(block, PanelBlock.Bytes, writable: true);
        processor.Allow(block->Weights, 31 * 1024L + steps * 64);
        processor.Allow(block->Factors, block->Blocks * 32L * sizeof(float));
        processor.Allow(block->Sums, groups * 2048L, writable: true);
        processor.Allow(block->Totals, block->Turns * groups * 2048L, writable: true);
        for (int group = 0; group < block->Turns * groups; group++)
        {
            processor.Allow((byte*)block->Inputs + group * block->GroupBytes, steps * 1024);
        }
    }

    [UnmanagedCallersOnly]
    static void DotOne(void* block) => Call(s_dotOne, block, processor => Allow(processor, (ProductBlock*)block, 8, 1));

    [UnmanagedCallersOnly]
    static void DotTwo(void* block) => Call(s_dotTwo, block, processor => Allow(processor, (ProductBlock*)block, 8, 2));

    /// <summary>What <paramref name="block"/> promises; <paramref name="inputBytes"/> of inputs go with a step.</summary>
    internal static void Allow(Processor processor, FourDotsBlock* block, int inputBytes)
    {
        processor.Allow(block, sizeof(FourDotsBlock), writable: true);
        foreach (nint walk in (nint[])[(nint)block->First, (nint)block->Second, (nint)block->Third, (nint)block->Fourth])
        {
            processor.Allow((void*)walk, block->Rows * block->Steps * 64);
        }

        // Rows have the same inputs or follow one another in them.
        processor.Allow(block->Inputs, block->Steps * inputBytes + (block->Rows - 1) * Math.Max(0, block->Steps * inputBytes + block->InputMove));
        for (int walk = 0; walk < 4; walk++)
        {
            processor.Allow((byte*)block->Sums + walk * FourDotsBlock.WalkBytes, block->Rows * sizeof(float), writable: true);
        }
    }

    [UnmanagedCallersOnly]
    static void FourE4M3(void* block) => Call(s_fourE4M3, block, processor => Allow(processor, (FourDotsBlock*)block, 256));

    [UnmanagedCallersOnly]
    static void FourBFloat16(void* block) => Call(s_fourBFloat16, block, processor => Allow(processor, (FourDotsBlock*)block, 128));

    static void Call(MachineProgram program, void* argument, Action<Processor> allow)
    {
        try
        {
            s_processor ??= new Processor();
            allow(s_processor);
            s_processor.Call(program, GeneralRegister.Rdi, argument);
        }
        catch (Exception failure)
        {
            Failures.Enqueue(failure);
        }
    }
}
