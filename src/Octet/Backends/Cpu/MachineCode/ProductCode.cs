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
    readonly PanelFunctions _scaledPanel;
    readonly PanelFunctions _widePanel;
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

    /// <summary>Functions for whole panels only: of codes, of codes with scales of tokens, and of bfloat16.</summary>
    internal ProductCode(PanelFunctions panel, PanelFunctions scaledPanel, PanelFunctions widePanel, Func<int, AttentionFunctions?>? attention = null)
    {
        _attention = attention;
        _panel = panel;
        _scaledPanel = scaledPanel;
        _widePanel = widePanel;
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

        code = new ProductCode(ProductBlock.PanelRows, memory.Entry(0), memory.Entry(1), memory.Entry(2), memory.Entry(3), new(memory.Entry(4), memory.Entry(5), null, memory.Entry(6)), AttentionFunctions.TryGenerateTiles);
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
        byte[][] functions =
        [
            .. from kind in ((bool Scaled, int Bytes)[])[(false, 1), (true, 1), (false, 2)]
            from groups in Enumerable.Range(1, DotProductCode.MostGroups)
            select DotProductCode.MultiplyPanel(argument, groups, kind.Scaled, kind.Bytes),
        ];
        if (!ExecutableMemory.TryCreate(functions, out ExecutableMemory? memory, out refusal))
        {
            return false;
        }

        code = new ProductCode(Panel(0), Panel(3), Panel(6), AttentionFunctions.TryGenerateDotProducts);
        return IsRight(ref code, out refusal);

        PanelFunctions Panel(int first) => new(memory.Entry(first), memory.Entry(first + 1), memory.Entry(first + 2));
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

    /// <summary>Bytes from one row of a panel of weights to the next.</summary>
    internal int RowBytes => MultipliesBlocks ? ProductBlock.RowBytes : DotProductCode.RowBytes;

    /// <summary>Columns of a panel.</summary>
    internal int PanelColumns => MultipliesBlocks ? ProductBlock.RowBytes / sizeof(ushort) : DotProductCode.PanelColumns;

    /// <summary>Inputs that stay near while all rows pass: half of a second level of 2 MB; dot products are slow enough for the third.</summary>
    internal int CachedInputBytes => MultipliesBlocks ? 1 << 20 : 4 << 20;

    /// <summary>Whether there is <see cref="Multiply"/>.</summary>
    internal bool MultipliesBlocks => _twoGroups is not null;

    /// <summary>Whether there is <see cref="MultiplyPanel"/>, with scales of tokens or without.</summary>
    internal bool MultipliesPanels(bool tokenScales) => (tokenScales ? _scaledPanel : _panel).TwoGroups is not null;

    /// <summary>Of groups that are left, how many go together where three can: four are two pairs.</summary>
    internal static int GroupsOfTurn(int left) => left is 2 or 4 ? 2 : Math.Min(left, DotProductCode.MostGroups);

    /// <summary>The blocks of a panel by <paramref name="groups"/> groups: threes, where there is a function for them, and pairs, before one that is left over.</summary>
    internal void MultiplyPanel(PanelBlock block, int groups, bool tokenScales, int elementBytes)
    {
        PanelFunctions functions = tokenScales ? _scaledPanel : elementBytes == sizeof(ushort) && _widePanel.OneGroup is not null ? _widePanel : _panel;
        if (functions.ThreeGroups is not null)
        {
            Turn(ref block, functions.ThreeGroups, groups / 3);
            groups %= 3;
        }

        Turn(ref block, functions.TwoGroups, groups / 2);
        Turn(ref block, functions.OneGroup, groups % 2);

        static void Turn(ref PanelBlock block, delegate* unmanaged<void*, void> function, int turns)
        {
            if (turns > 0)
            {
                block.Turns = turns;
                fixed (PanelBlock* argument = &block)
                {
                    function(argument);
                }
            }
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

    /// <summary>For one group, two and, or null, three, which take a <see cref="PanelBlock"/>, and one that takes <see cref="ExpectedRows"/>, or null.</summary>
    internal readonly struct PanelFunctions(
        delegate* unmanaged<void*, void> oneGroup, delegate* unmanaged<void*, void> twoGroups, delegate* unmanaged<void*, void> threeGroups, delegate* unmanaged<void*, void> expect = null)
    {
        internal readonly delegate* unmanaged<void*, void> OneGroup = oneGroup;
        internal readonly delegate* unmanaged<void*, void> TwoGroups = twoGroups;
        internal readonly delegate* unmanaged<void*, void> ThreeGroups = threeGroups;
        internal readonly delegate* unmanaged<void*, void> Expect = expect;
    }
}
