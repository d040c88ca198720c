using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Octet.Backends.Cpu.MachineCode;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>The functions of <see cref="ProductCode"/>, <see cref="FourDotsFunctions"/>, <see cref="VbmiDotsFunctions"/> and <see cref="E2M1DotsFunctions"/>, each the interpreter on the bytes that a processor would execute.</summary>
static unsafe class InterpretedCode
{
    static readonly MachineProgram s_tileBegin = new(TileCode.Begin(GeneralRegister.Rdi));
    static readonly MachineProgram s_tileEnd = new(TileCode.End());
    static readonly MachineProgram s_tileOne = new(TileCode.Multiply(GeneralRegister.Rdi, 1));
    static readonly MachineProgram s_tileTwo = new(TileCode.Multiply(GeneralRegister.Rdi, 2));
    static readonly MachineProgram s_panelOne = new(TileCode.MultiplyPanel(GeneralRegister.Rdi, 1));
    static readonly MachineProgram s_panelTwo = new(TileCode.MultiplyPanel(GeneralRegister.Rdi, 2));
    static readonly MachineProgram s_expect = new(TileCode.Expect(GeneralRegister.Rdi));
    static readonly ConcurrentDictionary<(int Groups, bool TokenScales, int ElementBytes), MachineProgram> s_dotPanels = [];
    static readonly MachineProgram s_vbmiE4M3 = new(VbmiDotsCode.E4M3(GeneralRegister.Rdi, aligned: false));
    static readonly MachineProgram s_vbmiAlignedE4M3 = new(VbmiDotsCode.E4M3(GeneralRegister.Rdi, aligned: true));
    static readonly MachineProgram s_vbmiScaledE4M3 = new(VbmiDotsCode.ScaledE4M3(GeneralRegister.Rdi, aligned: false));
    static readonly MachineProgram s_vbmiAlignedScaledE4M3 = new(VbmiDotsCode.ScaledE4M3(GeneralRegister.Rdi, aligned: true));
    static readonly MachineProgram s_vbmiBFloat16 = new(VbmiDotsCode.BFloat16(GeneralRegister.Rdi, aligned: false));
    static readonly MachineProgram s_vbmiAlignedBFloat16 = new(VbmiDotsCode.BFloat16(GeneralRegister.Rdi, aligned: true));
    static readonly MachineProgram s_powers = new(TokenDotsCode.E4M3(GeneralRegister.Rdi, 1, DotsFunctions.Walks, powers: true, whole: false));
    static readonly MachineProgram s_alignedPowers = new(TokenDotsCode.E4M3(GeneralRegister.Rdi, 1, DotsFunctions.Walks, powers: true, whole: true));
    static readonly MachineProgram[] s_tokens =
    [
        .. Enumerable.Range(0, 6).Select(i => new MachineProgram(TokenDotsCode.E4M3(GeneralRegister.Rdi, i % 3 + 2, TokenDotsCode.Walks, powers: i >= 3, whole: true))),
        .. Enumerable.Range(0, 3).Select(i => new MachineProgram(TokenDotsCode.BFloat16(GeneralRegister.Rdi, i + 2))),
    ];

    static readonly MachineProgram[] s_e2m1 = [.. Enumerable.Range(0, 2 * E2M1DotsCode.MostTokens).Select(i => new MachineProgram(E2M1DotsCode.Multiply(GeneralRegister.Rdi, i % E2M1DotsCode.MostTokens + 1, powers: i < E2M1DotsCode.MostTokens)))];
    static readonly MachineProgram[] s_avx2E2M1 = [.. Enumerable.Range(0, 2 * E2M1DotsCode.MostTokens).Select(i => new MachineProgram(Avx2E2M1DotsCode.Multiply(GeneralRegister.Rdi, i % E2M1DotsCode.MostTokens + 1, powers: i < E2M1DotsCode.MostTokens)))];
    static readonly MachineProgram s_fourE4M3 = new(FourDotsCode.E4M3(GeneralRegister.Rdi));
    static readonly MachineProgram s_fourBFloat16 = new(FourDotsCode.BFloat16(GeneralRegister.Rdi));

    static readonly ConcurrentDictionary<(bool Tiles, nint Size, int Groups), (MachineProgram Scores, MachineProgram Values)> s_attention = [];

    // Every thread has registers and tiles of its own.
    [ThreadStatic]
    static Processor? s_processor;

    internal static ProductCode Tiles { get; } = new(ProductBlock.PanelRows, &TileBegin, &TileEnd, &TileOne, &TileTwo, new(&PanelOne, &PanelTwo, null, &Expect), _ => new(&ScoresOne, &ScoresTwo, &ValuesOne, &ValuesTwo));

    internal static ProductCode DotProducts { get; } = new(
        new(&DotOne, &DotTwo, &DotThree), new(&ScaledDotOne, &ScaledDotTwo, &ScaledDotThree), new(&WideDotOne, &WideDotTwo, &WideDotThree),
        _ => new(&DotScoresOne, &DotScoresTwo, &DotValuesOne, &DotValuesTwo));

    internal static FourDotsFunctions FourDots { get; } = new(&FourE4M3, &FourBFloat16);

    internal static VbmiDotsFunctions VbmiDots { get; } = new(
        &VbmiE4M3, &VbmiAlignedE4M3, &VbmiScaledE4M3, &VbmiAlignedScaledE4M3, &VbmiBFloat16, &VbmiAlignedBFloat16,
        [&TwoTokens, &ThreeTokens, &FourTokens, &TwoTokensWithPowers, &ThreeTokensWithPowers, &FourTokensWithPowers, &TwoTokensOfBFloat16, &ThreeTokensOfBFloat16, &FourTokensOfBFloat16],
        &Powers, &AlignedPowers);

    internal static E2M1DotsFunctions E2M1Dots { get; } = new(16, [&PowersOne, &PowersTwo, &PowersThree], [&E4M3One, &E4M3Two, &E4M3Three]);

    internal static E2M1DotsFunctions Avx2E2M1Dots { get; } = new(8, [&NarrowPowersOne, &NarrowPowersTwo, &NarrowPowersThree], [&NarrowE4M3One, &NarrowE4M3Two, &NarrowE4M3Three]);

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
    static void ScoresOne(void* block) => Scores((AttentionBlock*)block, 1, tiles: true);

    [UnmanagedCallersOnly]
    static void ScoresTwo(void* block) => Scores((AttentionBlock*)block, 2, tiles: true);

    [UnmanagedCallersOnly]
    static void ValuesOne(void* block) => Values((AttentionBlock*)block, 1, tiles: true);

    [UnmanagedCallersOnly]
    static void ValuesTwo(void* block) => Values((AttentionBlock*)block, 2, tiles: true);

    [UnmanagedCallersOnly]
    static void DotScoresOne(void* block) => Scores((AttentionBlock*)block, 1, tiles: false);

    [UnmanagedCallersOnly]
    static void DotScoresTwo(void* block) => Scores((AttentionBlock*)block, 2, tiles: false);

    [UnmanagedCallersOnly]
    static void DotValuesOne(void* block) => Values((AttentionBlock*)block, 1, tiles: false);

    [UnmanagedCallersOnly]
    static void DotValuesTwo(void* block) => Values((AttentionBlock*)block, 2, tiles: false);

    static void Scores(AttentionBlock* block, int groups, bool tiles) => Call(Attention(block, groups, tiles).Scores, block, processor =>
    {
        processor.Allow(block, AttentionBlock.Bytes);
        processor.Allow(block->Left, 32 * block->Size * 2);
        processor.Allow(block->Right, groups * 16 * block->Size * 2);
        processor.Allow(block->Output, groups * 2048L, writable: true);
    });

    static void Values(AttentionBlock* block, int groups, bool tiles) => Call(Attention(block, groups, tiles).Values, block, processor =>
    {
        processor.Allow(block, AttentionBlock.Bytes);
        processor.Allow(block->Left, (groups - 1) * 4096L + block->Pages * 1024);
        processor.Allow(block->Right, block->Pages * 32 * block->Size * 2);
        processor.Allow(block->Output, groups * 16 * block->Size * 4, writable: true);
    });

    static (MachineProgram Scores, MachineProgram Values) Attention(AttentionBlock* block, int groups, bool tiles)
        => s_attention.GetOrAdd((tiles, block->Size, groups), key => key.Tiles
            ? (new(AttentionCode.Scores(GeneralRegister.Rdi, (int)key.Size, key.Groups)), new(AttentionCode.Values(GeneralRegister.Rdi, (int)key.Size, key.Groups)))
            : (new(DotAttentionCode.Scores(GeneralRegister.Rdi, (int)key.Size, key.Groups)), new(DotAttentionCode.Values(GeneralRegister.Rdi, (int)key.Size, key.Groups))));

    static void Allow(Processor processor, PanelBlock* block, int groups)
    {
        nint steps = block->Steps * block->Blocks;
        processor.Allow(block, sizeof(PanelBlock), writable: true);
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
    static void DotOne(void* block) => Dot(block, 1, false, 1);

    [UnmanagedCallersOnly]
    static void DotTwo(void* block) => Dot(block, 2, false, 1);

    [UnmanagedCallersOnly]
    static void DotThree(void* block) => Dot(block, 3, false, 1);

    [UnmanagedCallersOnly]
    static void ScaledDotOne(void* block) => Dot(block, 1, true, 1);

    [UnmanagedCallersOnly]
    static void ScaledDotTwo(void* block) => Dot(block, 2, true, 1);

    [UnmanagedCallersOnly]
    static void ScaledDotThree(void* block) => Dot(block, 3, true, 1);

    [UnmanagedCallersOnly]
    static void WideDotOne(void* block) => Dot(block, 1, false, 2);

    [UnmanagedCallersOnly]
    static void WideDotTwo(void* block) => Dot(block, 2, false, 2);

    [UnmanagedCallersOnly]
    static void WideDotThree(void* block) => Dot(block, 3, false, 2);

    static void Dot(void* block, int groups, bool tokenScales, int elementBytes)
        => Call(DotPanel(groups, tokenScales, elementBytes), block, processor => AllowDots(processor, (PanelBlock*)block, groups, tokenScales));

    static MachineProgram DotPanel(int groups, bool tokenScales, int elementBytes)
        => s_dotPanels.GetOrAdd((groups, tokenScales, elementBytes), key => new(DotProductCode.MultiplyPanel(GeneralRegister.Rdi, key.Groups, key.TokenScales, key.ElementBytes)));

    /// <summary>What <paramref name="block"/> promises a function without tiles.</summary>
    internal static void AllowDots(Processor processor, PanelBlock* block, int groups, bool tokenScales)
    {
        nint steps = block->Steps * block->Blocks;
        processor.Allow(block, sizeof(PanelBlock), writable: true);
        processor.Allow(block->Weights, 31L * DotProductCode.RowBytes + steps * 64);
        processor.Allow(block->Factors, block->Blocks * 32L * sizeof(float));
        processor.Allow(block->Totals, block->Turns * groups * 2048L, writable: true);
        for (int group = 0; group < block->Turns * groups; group++)
        {
            processor.Allow((byte*)block->Inputs + group * block->GroupBytes, steps * 1024);
        }

        for (nint at = 0; tokenScales && at < block->Blocks; at++)
        {
            processor.Allow((byte*)block->Scales + at * block->ScaleBytes, block->Turns * groups * 64);
        }
    }

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

    /// <summary>What <paramref name="block"/> promises; a step takes <paramref name="lines"/> lines of the cache and <paramref name="inputs"/> inputs.</summary>
    internal static void Allow(Processor processor, VbmiDotsBlock* block, int lines, int inputs, bool aligned)
    {
        nint inputBytes = block->Steps * inputs * sizeof(float);
        processor.Allow(block, sizeof(VbmiDotsBlock), writable: true);
        processor.Allow(block->Tables, VbmiDotsCode.TableBytes);
        processor.Allow(block->Order, 64);

        // Rows that begin within a line end within one more.
        for (int walk = 0; walk < VbmiDotsCode.Walks; walk++)
        {
            processor.Allow((byte*)block->First + walk * block->Apart, block->Rows * block->Steps * lines * 64 + (aligned ? 0 : 64));
            processor.Allow((byte*)block->Sums + walk * VbmiDotsBlock.WalkBytes, block->Rows * 64, writable: true);
        }

        processor.Allow(block->Inputs, inputBytes + (block->Rows - 1) * Math.Max(0, inputBytes + block->InputMove));
        if (block->Scales is not null)
        {
            nint scaleBytes = block->Steps * VbmiDotsCode.Walks * sizeof(float);
            processor.Allow(block->Scales, scaleBytes + (block->Rows - 1) * Math.Max(0, scaleBytes + block->ScaleMove));
        }
    }

    [UnmanagedCallersOnly]
    static void VbmiE4M3(void* block) => Call(s_vbmiE4M3, block, processor => Allow(processor, (VbmiDotsBlock*)block, 1, 64, aligned: false));

    [UnmanagedCallersOnly]
    static void VbmiAlignedE4M3(void* block) => Call(s_vbmiAlignedE4M3, block, processor => Allow(processor, (VbmiDotsBlock*)block, 1, 64, aligned: true));

    [UnmanagedCallersOnly]
    static void VbmiScaledE4M3(void* block) => Call(s_vbmiScaledE4M3, block, processor => Allow(processor, (VbmiDotsBlock*)block, 2, 128, aligned: false));

    [UnmanagedCallersOnly]
    static void VbmiAlignedScaledE4M3(void* block) => Call(s_vbmiAlignedScaledE4M3, block, processor => Allow(processor, (VbmiDotsBlock*)block, 2, 128, aligned: true));

    [UnmanagedCallersOnly]
    static void VbmiBFloat16(void* block) => Call(s_vbmiBFloat16, block, processor => Allow(processor, (VbmiDotsBlock*)block, 2, 64, aligned: false));

    [UnmanagedCallersOnly]
    static void VbmiAlignedBFloat16(void* block) => Call(s_vbmiAlignedBFloat16, block, processor => Allow(processor, (VbmiDotsBlock*)block, 2, 64, aligned: true));

    [UnmanagedCallersOnly]
    static void Powers(void* block) => Call(s_powers, block, processor => AllowTokens(processor, (VbmiDotsBlock*)block, 1, powers: true, isBFloat16: false, whole: false));

    [UnmanagedCallersOnly]
    static void AlignedPowers(void* block) => Call(s_alignedPowers, block, processor => AllowTokens(processor, (VbmiDotsBlock*)block, 1, powers: true, isBFloat16: false, whole: true));

    [UnmanagedCallersOnly]
    static void TwoTokens(void* block) => Tokens((VbmiDotsBlock*)block, 0);

    [UnmanagedCallersOnly]
    static void ThreeTokens(void* block) => Tokens((VbmiDotsBlock*)block, 1);

    [UnmanagedCallersOnly]
    static void FourTokens(void* block) => Tokens((VbmiDotsBlock*)block, 2);

    [UnmanagedCallersOnly]
    static void TwoTokensWithPowers(void* block) => Tokens((VbmiDotsBlock*)block, 3);

    [UnmanagedCallersOnly]
    static void ThreeTokensWithPowers(void* block) => Tokens((VbmiDotsBlock*)block, 4);

    [UnmanagedCallersOnly]
    static void FourTokensWithPowers(void* block) => Tokens((VbmiDotsBlock*)block, 5);

    [UnmanagedCallersOnly]
    static void TwoTokensOfBFloat16(void* block) => Tokens((VbmiDotsBlock*)block, 6);

    [UnmanagedCallersOnly]
    static void ThreeTokensOfBFloat16(void* block) => Tokens((VbmiDotsBlock*)block, 7);

    [UnmanagedCallersOnly]
    static void FourTokensOfBFloat16(void* block) => Tokens((VbmiDotsBlock*)block, 8);

    static void Tokens(VbmiDotsBlock* block, int function)
        => Call(s_tokens[function], block, processor => AllowTokens(processor, block, function % 3 + 2, powers: function / 3 == 1, isBFloat16: function / 3 == 2, whole: true));

    /// <summary>What <paramref name="block"/> promises a function of <see cref="TokenDotsCode"/>.</summary>
    internal static void AllowTokens(Processor processor, VbmiDotsBlock* block, int tokens, bool powers, bool isBFloat16, bool whole)
    {
        int walks = tokens == 1 ? 4 : 2;
        processor.Allow(block, sizeof(VbmiDotsBlock), writable: true);
        for (int walk = 0; walk < walks; walk++)
        {
            processor.Allow((byte*)block->First + walk * block->Apart, block->Steps * 128 + (block->Rows - 1) * (block->Steps * 128 + block->RowMove) + (whole ? 0 : 64));
            processor.Allow((byte*)block->Sums + walk * (VbmiDotsBlock.WalksBytes / walks), block->Rows * tokens * 64, writable: true);
        }

        // All rows have the same inputs.
        processor.Allow(block->Inputs, block->Steps * (isBFloat16 ? 256 : 512) * tokens);
        if (isBFloat16)
        {
            return;
        }

        nint scaleBytes = block->Steps * walks * sizeof(float);
        processor.Allow(block->Scales, scaleBytes + (block->Rows - 1) * Math.Max(0, scaleBytes + block->ScaleMove) + (powers ? 2 : 0));
        processor.Allow(block->Tables, VbmiDotsCode.TableBytes);
        processor.Allow(block->Order, 64);
        if (powers)
        {
            processor.Allow(block->Places, TokenDotsCode.PlacesBytes);
        }
    }

    [UnmanagedCallersOnly]
    static void PowersOne(void* block) => E2M1((E2M1DotsBlock*)block, 1, powers: true);

    [UnmanagedCallersOnly]
    static void PowersTwo(void* block) => E2M1((E2M1DotsBlock*)block, 2, powers: true);

    [UnmanagedCallersOnly]
    static void PowersThree(void* block) => E2M1((E2M1DotsBlock*)block, 3, powers: true);

    [UnmanagedCallersOnly]
    static void E4M3One(void* block) => E2M1((E2M1DotsBlock*)block, 1, powers: false);

    [UnmanagedCallersOnly]
    static void E4M3Two(void* block) => E2M1((E2M1DotsBlock*)block, 2, powers: false);

    [UnmanagedCallersOnly]
    static void E4M3Three(void* block) => E2M1((E2M1DotsBlock*)block, 3, powers: false);

    [UnmanagedCallersOnly]
    static void NarrowPowersOne(void* block) => E2M1((E2M1DotsBlock*)block, 1, powers: true, vectorFloats: 8);

    [UnmanagedCallersOnly]
    static void NarrowPowersTwo(void* block) => E2M1((E2M1DotsBlock*)block, 2, powers: true, vectorFloats: 8);

    [UnmanagedCallersOnly]
    static void NarrowPowersThree(void* block) => E2M1((E2M1DotsBlock*)block, 3, powers: true, vectorFloats: 8);

    [UnmanagedCallersOnly]
    static void NarrowE4M3One(void* block) => E2M1((E2M1DotsBlock*)block, 1, powers: false, vectorFloats: 8);

    [UnmanagedCallersOnly]
    static void NarrowE4M3Two(void* block) => E2M1((E2M1DotsBlock*)block, 2, powers: false, vectorFloats: 8);

    [UnmanagedCallersOnly]
    static void NarrowE4M3Three(void* block) => E2M1((E2M1DotsBlock*)block, 3, powers: false, vectorFloats: 8);

    static void E2M1(E2M1DotsBlock* block, int tokens, bool powers, int vectorFloats = 16)
        => Call((vectorFloats == 16 ? s_e2m1 : s_avx2E2M1)[tokens - 1 + (powers ? 0 : E2M1DotsCode.MostTokens)], block, processor => Allow(processor, block, tokens, powers, vectorFloats));

    /// <summary>What <paramref name="block"/> promises: whole rows, which end where the last step ends.</summary>
    internal static void Allow(Processor processor, E2M1DotsBlock* block, int tokens, bool powers, int vectorFloats)
    {
        nint stepsBefore = (nint)(block->LastInputs - block->Inputs) / (E2M1DotsCode.StepColumns * tokens);
        int scalesOfStep = E2M1DotsCode.ScaleBytes(powers);
        processor.Allow(block, sizeof(E2M1DotsBlock), writable: true);
        processor.Allow(block->Tables, vectorFloats == 16 ? E2M1DotsCode.TableBytes : Avx2E2M1DotsCode.TableBytes);
        processor.Allow(block->Inputs, (stepsBefore + 1) * E2M1DotsCode.StepColumns * tokens * sizeof(float));
        processor.Allow(block->Sums, block->Pairs * E2M1DotsCode.RowsTogether * tokens * vectorFloats * sizeof(float), writable: true);
        for (nint row = 0; row < block->Pairs * E2M1DotsCode.RowsTogether; row++)
        {
            processor.Allow(block->Codes + row * block->RowBytes, (stepsBefore + 1) * (E2M1DotsCode.StepColumns / 2) + block->CodesBack);
            processor.Allow(block->Scales + row * block->ScaleRowBytes, (stepsBefore + 1) * scalesOfStep + block->ScalesBack);
        }
    }

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
