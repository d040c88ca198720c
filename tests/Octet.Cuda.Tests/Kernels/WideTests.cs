using Octet.Cuda.Kernels;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>
/// Linear layers of prompts on Hopper, by copies of the tensor memory accelerator and products of warpgroups, against sums in double precision of the operands
/// that they were given.
/// </summary>
public class WideTests
{
    // Float32 sums, of the largest output.
    static double Tolerance => RealCard.IsUsed ? 1e-3 : 2e-6;
    const int Threads = 384;
    const int SharedBytes = (192 << 10) + (6 * (512 + 16));

    /// <summary>Kernel, weights, tokens, columns, rows of layers, rows of a tile.</summary>
    public static TheoryData<string, string, int, int, int[], int> Shapes => new()
    {
        { "codes_e4m3", "e4m3", 65, 100, [133], 128 },
        { "codes_e4m3", "e4m3", 130, 300, [133, 20, 129], 128 },
        { "codes_e4m3", "e4m3", 70, 1040, [64], 128 },
        { "codes_e4m3", "e4m3", 129, 640, [300, 20], 256 },
        { "codes_e5m2", "e5m2", 65, 300, [133, 20], 128 },
        { "e4m3", "e4m3", 65, 300, [133, 20], 128 },
        { "e4m3", "e4m3", 129, 520, [300], 256 },
        { "e5m2", "e5m2", 65, 300, [133], 128 },
        { "f16", "f16", 65, 300, [133, 20], 128 },
        { "bf16", "bf16", 65, 300, [133, 20], 128 },
        { "bf16", "bf16", 65, 400, [260], 256 },
        { "bf16_2", "bf16", 65, 300, [133, 20], 128 },
        { "bf16_2", "bf16", 33, 400, [260], 256 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Many_tokens_are_multiplied_with_all_layers_of_a_launch(string kernel, string format, int tokens, int columns, int[] rows, int tileRows)
    {
        LinearLayers layers = Layers(new KernelCard("sm_90a"), kernel, format, tokens, columns, rows);
        LaunchReport? report = Run(layers, kernel, tokens, rows, tileRows, blocks: 2);
        layers.AssertOutputs(Tolerance);
        Assert.Equal(0, report?.Count("mma.sync") ?? 0);
    }

    [Fact]
    public void A_block_goes_on_with_the_next_tile_where_its_ring_stands()
    {
        // Nine tiles of three groups each by one block: its stages are six.
        LinearLayers layers = Layers(new KernelCard("sm_90a"), "codes_e4m3", "e4m3", 300, 300, [133, 20]);
        Run(layers, "codes_e4m3", 300, [133, 20], 128, blocks: 1);
        layers.AssertOutputs(Tolerance);
    }

    /// <summary>The sums of a group are as short as Hopper's, 33 addends each cut by 2^-13 of the largest; those of groups are not.</summary>
    [Fact]
    public void Two_levels_of_sums_keep_the_tolerance_where_the_first_is_short()
    {
        LinearLayers layers = Layers(new KernelCard("sm_90a", shortSums: true), "codes_e4m3", "e4m3", 65, 1280, [100]);
        Run(layers, "codes_e4m3", 65, [100], 128, blocks: 1);
        layers.AssertOutputs(1e-3);
    }

    /// <summary>The place counts from the kernel's beginning: the first wait is that of who copies, for a stage that nobody reads, the second that of who multiplies.</summary>
    [Theory]
    [InlineData("wgmma.fence", 0, "", PtxError.Misuse)]
    [InlineData("mbarrier.try_wait", 0, "setp.eq.u32 ended, 0, 0;", PtxError.Deadlock)]
    [InlineData("mbarrier.try_wait", 1, "setp.eq.u32 ended, 0, 0;", PtxError.Uninitialized)]
    [InlineData("mbarrier.arrive.shared", 0, "", PtxError.Deadlock)]
    [InlineData("mbarrier.arrive.expect_tx", 0, "", PtxError.Deadlock)]
    [InlineData("bar.sync", 0, "", PtxError.Race)]
    public void A_kernel_without_its_synchronisation_is_found_out(string instruction, int place, string instead, PtxError error)
    {
        var card = new KernelCard("sm_90a", edit: text => text.Contains("linear_wide", StringComparison.Ordinal) ? KernelCard.Edited(text, "linear_wide_codes_e4m3_256", instruction, place, instead) : text);
        LinearLayers layers = Layers(card, "codes_e4m3", "e4m3", 65, 1040, [130]);
        PtxException found = Assert.Throws<PtxException>(() => Run(layers, "codes_e4m3", 65, [130], 256, blocks: 1));
        Assert.True(error == found.Error, found.Message);
    }

    internal static LinearLayers Layers(KernelCard card, string kernel, string format, int tokens, int columns, int[] rows)
    {
        bool isCodes = kernel.StartsWith("codes", StringComparison.Ordinal);
        InputOrder order = isCodes ? InputOrder.AsCodes : format.StartsWith('e') ? InputOrder.ForProducts : InputOrder.AsTheyAre;
        InputForm form = isCodes ? InputForm.GroupCodes : format == "bf16" ? InputForm.BFloats : InputForm.Halves;
        return new LinearLayers(card, format, tokens, form, kernel.EndsWith("_2", StringComparison.Ordinal) ? 2 : 1, order, columns, [.. rows.Select((count, i) => (count, i % 2 == 0 ? 100 : 1))]);
    }

    internal static LaunchReport? Run(LinearLayers layers, string kernel, int tokens, int[] rows, int tileRows, int blocks)
    {
        LinearPart[] parts = layers.Parts(tileRows);
        Preparation prepared = layers.Prepared;
        int columns = tokens * layers.Planes;
        int tiles = rows.Sum(count => (count + tileRows - 1) / tileRows) * ((columns + 127) / 128);
        bool isCodes = prepared.Order == InputOrder.AsCodes;
        var maps = new byte[4 * TensorMap.Bytes];
        for (int i = 0; i < rows.Length; i++)
        {
            int bytes = (int)parts[i].RowBytes / (prepared.Groups * 128);
            layers.Card.MapRows(maps.AsSpan(i * TensorMap.Bytes), parts[i].Weight, bytes, prepared.Groups * 128, rows[i], prepared.Order == InputOrder.ForProducts ? 64 : 128, boxRows: 128);
        }

        layers.Card.MapRows(maps.AsSpan(3 * TensorMap.Bytes), prepared.Planes, isCodes ? 1 : 2, prepared.Groups * 128, columns, 128, boxRows: 128);
        string file = isCodes ? "codes" : prepared.Order == InputOrder.ForProducts ? "widened" : "halves";
        return layers.Card.Launch($"linear_wide_{file}", $"linear_wide_{kernel}_{tileRows}", blocks, Threads, SharedBytes, maps, parts[0], parts[1], parts[2], layers.Inputs(0), tiles);
    }
}
