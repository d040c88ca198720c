using Octet.Cuda.Kernels;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>
/// Linear layers of prompts on cards before Hopper, by products of warps, against sums in double precision of the operands that they were given: layers of ragged
/// shapes that share an input of ragged width.
/// </summary>
public class ManyTests
{
    // Float32 sums, of the largest output.
    static double Tolerance => RealCard.IsUsed ? 1e-3 : 2e-6;
    const int Threads = 256;
    const int SharedBytes = 96 << 10;

    /// <summary>Target, kernel, weights, columns of a tile, tokens, columns, rows of layers, groups of a part; 0: tiles are whole.</summary>
    public static TheoryData<string, string, string, int, int, int, int[], int> Shapes => new()
    {
        { "sm_80", "e4m3", "e4m3", 64, 70, 300, [133, 20], 0 },
        { "sm_80", "e4m3", "e4m3", 128, 70, 300, [133, 20, 129], 0 },
        { "sm_90a", "e4m3", "e4m3", 64, 70, 300, [133, 20], 0 },
        { "sm_90a", "e4m3", "e4m3", 128, 70, 300, [133, 20, 129], 0 },
        { "sm_89", "e4m3", "e4m3", 64, 70, 300, [133, 20], 0 },
        { "sm_89", "e4m3", "e4m3", 128, 135, 300, [133], 0 },
        { "sm_80", "e5m2", "e5m2", 64, 70, 300, [133, 20], 0 },
        { "sm_89", "e5m2", "e5m2", 128, 70, 300, [133, 20], 0 },
        { "sm_89", "f16", "f16", 64, 70, 300, [133, 20], 0 },
        { "sm_80", "bf16", "bf16", 64, 35, 300, [133, 20], 0 },
        { "sm_89", "bf16", "bf16", 64, 35, 300, [133, 20], 0 },
        { "sm_89", "codes_e4m3", "e4m3", 64, 70, 100, [133], 0 },
        { "sm_89", "codes_e4m3", "e4m3", 64, 70, 700, [133, 20, 129], 0 },
        { "sm_89", "codes_e4m3", "e4m3", 128, 135, 640, [133, 20], 0 },
        { "sm_89", "codes_e5m2", "e5m2", 64, 65, 300, [133, 20], 0 },
        { "sm_89", "codes_e5m2", "e5m2", 128, 70, 300, [64], 0 },

        // Parts of tiles that end early, the last shorter than the others and than all stages.
        { "sm_80", "e4m3", "e4m3", 64, 40, 520, [133, 20], 4 },
        { "sm_80", "bf16", "bf16", 64, 35, 400, [20, 133], 3 },
        { "sm_89", "codes_e4m3", "e4m3", 64, 40, 1100, [133, 20, 129], 4 },
        { "sm_89", "codes_e4m3", "e4m3", 128, 130, 640, [133, 20], 2 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Many_tokens_are_multiplied_with_all_layers_of_a_launch(string target, string kernel, string format, int tileColumns, int tokens, int columns, int[] rows, int groups)
    {
        LinearLayers layers = Layers(new KernelCard(target), kernel, format, tokens, columns, quantised: false, rows);
        Run(layers, kernel, tileColumns, tokens, rows, groups);
        layers.AssertOutputs(Tolerance);
    }

    [Theory]
    [InlineData("sm_80", "e4m3", 70, 300, 133)]
    [InlineData("sm_89", "e4m3", 70, 300, 133)]
    [InlineData("sm_90a", "e4m3", 70, 300, 133)]
    [InlineData("sm_89", "codes_e4m3", 130, 640, 100)]
    public void Two_layers_of_the_same_shape_gate_each_other(string target, string kernel, int tokens, int columns, int rows)
    {
        LinearLayers layers = Layers(new KernelCard(target), kernel, "e4m3", tokens, columns, quantised: false, [rows, rows]);
        RunGated(layers, kernel, tokens, rows);
        layers.AssertOutputs(2 * Tolerance, (gate, up) => gate / (1 + Math.Exp(-gate)) * up, count: 1);
    }

    /// <summary>The sums of a group are as short as Ada's, cut by 2^-13 of the largest addend; those of groups are not.</summary>
    [Fact]
    public void Two_levels_of_sums_keep_the_tolerance_where_the_first_is_short()
    {
        LinearLayers layers = Layers(new KernelCard("sm_89", shortSums: true), "codes_e4m3", "e4m3", 65, 1280, quantised: true, [100]);
        Run(layers, "codes_e4m3", 128, 65, [100]);
        layers.AssertOutputs(1e-3);
    }

    [Theory]
    [InlineData("cp.async.wait_group", 0)]
    [InlineData("bar.sync", 0)]
    public void A_kernel_that_does_not_wait_for_its_copies_is_found_out(string instruction, int place)
    {
        var card = new KernelCard("sm_89", edit: text => text.Contains("linear_many", StringComparison.Ordinal) ? KernelCard.Edited(text, "linear_many_codes_e4m3_128", instruction, place, "") : text);
        LinearLayers layers = Layers(card, "codes_e4m3", "e4m3", 65, 1040, quantised: true, [130]);
        PtxException found = Assert.Throws<PtxException>(() => Run(layers, "codes_e4m3", 128, 65, [130]));
        Assert.True(found.Error == PtxError.Uninitialized, found.Message);
    }

    internal static LinearLayers Layers(KernelCard card, string kernel, string format, int tokens, int columns, bool quantised, int[] rows)
    {
        bool isCodes = kernel.StartsWith("codes", StringComparison.Ordinal);
        InputOrder order = isCodes ? InputOrder.AsCodes : format.StartsWith('e') ? InputOrder.ForLanes : InputOrder.AsTheyAre;
        InputForm form = isCodes || quantised ? InputForm.GroupCodes : format == "bf16" ? InputForm.BFloats : InputForm.Halves;
        return new LinearLayers(card, format, tokens, form, form == InputForm.BFloats ? 2 : 1, order, columns, [.. rows.Select((count, i) => (count, i % 2 == 0 ? 100 : 1))]);
    }

    /// <summary>Launches the kernel, and what adds the sums of parts where tiles are cut into parts of so many groups; 0: they are whole.</summary>
    internal static LaunchReport? Run(LinearLayers layers, string kernel, int tileColumns, int tokens, int[] rows, int groups = 0)
    {
        LinearPart[] parts = layers.Parts(128);
        Preparation prepared = layers.Prepared;
        int down = rows.Sum(count => (count + 127) / 128);
        int across = ((tokens * layers.Planes) + tileColumns - 1) / tileColumns;
        int pieces = groups == 0 ? 1 : (prepared.Groups + groups - 1) / groups;
        var division = new Division
        {
            Sums = pieces == 1 ? 0 : layers.Card.Allocate<float>((long)pieces * tokens * down * 128),
            Pieces = down * across * pieces,
            Parts = pieces,
            Groups = groups == 0 ? prepared.Groups : groups,
            Stride = down * 128,
        };
        string file = prepared.Order == InputOrder.AsCodes ? "linear_many_codes" : "linear_many";
        LaunchReport? report = layers.Card.Launch(file, $"linear_many_{kernel}_{tileColumns}", new Dim3(across, down, pieces), Threads, SharedBytes, parts[0], parts[1], parts[2], layers.Inputs(0), division);
        if (pieces > 1)
        {
            layers.Card.Launch("join_sums", "join_sums", new Dim3((division.Stride + 255) / 256, tokens), 256, 0, parts[0], parts[1], parts[2], division, 128);
        }

        return report;
    }

    /// <summary>Launches the kernel of two layers that gate each other.</summary>
    internal static LaunchReport? RunGated(LinearLayers layers, string kernel, int tokens, int rows)
    {
        LinearPart[] parts = layers.Parts(128);
        string file = layers.Prepared.Order == InputOrder.AsCodes ? "linear_many_codes" : "linear_many";
        return layers.Card.Launch(file, $"linear_many_gated_{kernel}", new Dim3((tokens + 127) / 128, (rows + 63) / 64), Threads, SharedBytes, parts[0], parts[1], layers.Inputs(0), new GatingParameters());
    }
}
