using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// The functions that multiply bfloat16 weights and inputs, <see cref="ProductBlock"/> by ProductBlock. Memory of generated code stays for
/// the life of the process. Tests put an interpreter of the same code in the place of the functions.
/// </summary>
sealed unsafe class ProductCode
{
    // CPUID leaf 7, subleaf 1, EAX.
    const int Avx512BFloat16 = 1 << 5;

    readonly delegate* unmanaged<void*, void> _begin;
    readonly delegate* unmanaged<void*, void> _end;
    readonly delegate* unmanaged<void*, void> _oneGroup;
    readonly delegate* unmanaged<void*, void> _twoGroups;
    readonly PanelFunctions _panel;
    readonly Func<int, AttentionFunctions?>? _attention;
    readonly ConcurrentDictionary<int, AttentionFunctions?> _attentionBySize = [];
    readonly int _rows;

    /// <summary>Functions for <paramref name="rows"/> weight rows, with what goes before and after them on a thread, or null, and those for whole panels, or null.</summary>
    internal ProductCode(
        int rows, delegate* unmanaged<void*, void> begin, delegate* unmanaged<void*, void> end, delegate* unmanaged<void*, void> oneGroup, delegate* unmanaged<void*, void> twoGroups,
        PanelFunctions panel = default, Func<int, AttentionFunctions?>? attention = null)
    {
        _rows = rows;
        _panel = panel;
        _attention = attention;
        _begin = begin;
        _end = end;
        _oneGroup = oneGroup;
        _twoGroups = twoGroups;
    }

    internal static bool TryCreateTiles([NotNullWhen(true)] out ProductCode? code, [NotNullWhen(false)] out string? refusal)
    {
        code = null;
        GeneralRegister argument = X64Encoder.FirstArgument;
        refusal = TilePermission.Refusal;
        if (refusal is not null
            || !ExecutableMemory.TryCreate([TileCode.Begin(argument), TileCode.End(), TileCode.Multiply(argument, 1), TileCode.Multiply(argument, 2), TileCode.MultiplyPanel(argument, 1), TileCode.MultiplyPanel(argument, 2), TileCode.Expect(argument)], out ExecutableMemory? memory, out refusal))
        {
            return false;
        }

        code = new ProductCode(ProductBlock.PanelRows, memory.Entry(0), memory.Entry(1), memory.Entry(2), memory.Entry(3), new(memory.Entry(4), memory.Entry(5), memory.Entry(6)), AttentionFunctions.TryGenerate);
        return IsRight(ref code, out refusal);
    }

    internal static bool TryCreateDotProducts([NotNullWhen(true)] out ProductCode? code, [NotNullWhen(false)] out string? refusal)
    {
        code = null;

        // That .NET uses AVX-512 says that the operating system saves its registers.
        if (!Avx512F.IsSupported || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            refusal = "it takes AVX-512";
            return false;
        }

        if (X86Base.CpuId(7, 0).Eax < 1 || (X86Base.CpuId(7, 1).Eax & Avx512BFloat16) == 0)
        {
            refusal = "the processor has AVX-512 without bfloat16";
            return false;
        }

        GeneralRegister argument = X64Encoder.FirstArgument;
        if (!ExecutableMemory.TryCreate([DotProductCode.Multiply(argument, 1), DotProductCode.Multiply(argument, 2)], out ExecutableMemory? memory, out refusal))
        {
            return false;
        }

        code = new ProductCode(DotProductCode.Rows, null, null, memory.Entry(0), memory.Entry(1));
        return IsRight(ref code, out refusal);
    }

    /// <summary>Before the first <see cref="Multiply"/> on a thread.</summary>
    internal void Begin()
    {
        if (_begin is not null)
        {
            byte* configuration = stackalloc byte[TileCode.ConfigurationBytes];
            TileCode.WriteConfiguration(new Span<byte>(configuration, TileCode.ConfigurationBytes));
            _begin(configuration);
        }
    }

    /// <summary>After the last on a thread.</summary>
    internal void End()
    {
        if (_end is not null)
        {
            _end(null);
        }
    }

    /// <summary>All <see cref="ProductBlock.PanelRows"/> rows of weights, of which <paramref name="rows"/> matter, by one group or two.</summary>
    internal void Multiply(ProductBlock block, int rows, int groups)
    {
        delegate* unmanaged<void*, void> multiply = groups == 2 ? _twoGroups : _oneGroup;
        for (int row = 0; row < rows; row += _rows)
        {
            multiply(&block);
            block.Weights = (byte*)block.Weights + _rows * ProductBlock.RowBytes;
            block.Sums += _rows * ProductBlock.GroupTokens;
        }
    }

    /// <summary>Whether there is <see cref="MultiplyPanel"/>.</summary>
    internal bool MultipliesPanels => _panel.TwoGroups is not null;

    /// <summary>The blocks of a panel by <paramref name="groups"/> groups: pairs, then the odd one.</summary>
    internal void MultiplyPanel(PanelBlock block, int groups)
    {
        if (groups > 1)
        {
            block.Turns = groups / 2;
            _panel.TwoGroups(&block);
        }

        if (groups % 2 != 0)
        {
            block.Turns = 1;
            _panel.OneGroup(&block);
        }
    }

    /// <summary>The products of attention with heads of <paramref name="size"/> elements, or null where there are none.</summary>
    internal AttentionFunctions? Attention(int size) => _attention is null ? null : _attentionBySize.GetOrAdd(size, _attention);

    /// <summary>Says that 32 floats for each of <paramref name="tokens"/> tokens will be written, <paramref name="stride"/> floats apart.</summary>
    internal void Expect(float* start, nint stride, int tokens)
    {
        if (_panel.Expect is not null)
        {
            ExpectedRows rows = new() { Start = start, Stride = stride * sizeof(float), Count = tokens };
            _panel.Expect(&rows);
        }
    }

    // A machine that computes this wrongly (an emulator, a hypervisor that loses state) is better found here than in a model's answers.
    static bool IsRight([NotNullWhen(true)] ref ProductCode? code, [NotNullWhen(false)] out string? refusal)
    {
        refusal = KnownProduct.IsExact(code!) ? null : "the processor computes a known product wrongly";
        code = refusal is null ? code : null;
        return refusal is null;
    }

    /// <summary>For one group and for two, which take a <see cref="PanelBlock"/>, and one that takes <see cref="ExpectedRows"/>.</summary>
    internal readonly struct PanelFunctions(delegate* unmanaged<void*, void> oneGroup, delegate* unmanaged<void*, void> twoGroups, delegate* unmanaged<void*, void> expect)
    {
        internal readonly delegate* unmanaged<void*, void> OneGroup = oneGroup;
        internal readonly delegate* unmanaged<void*, void> TwoGroups = twoGroups;
        internal readonly delegate* unmanaged<void*, void> Expect = expect;
    }
}
