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

    /// <summary>Kernel, weights, tokens, columns, rows of layers, rows of a tile, groups of a part, blocks.</summary>
    public static TheoryData<string, string, int, int, int[], int, int, int> Parts => new()
    {
        // Nine groups: parts of four, four and one; more of them than a stage's ring, and more blocks than tiles.
        { "codes_e4m3", "e4m3", 33, 1100, [133], 128, 4, 6 },

        // Blocks that go on with parts of other tiles and layers; the last layer has rows for a sixth of a tile.
        { "codes_e4m3", "e4m3", 130, 640, [133, 20, 129], 128, 2, 4 },
        { "codes_e4m3", "e4m3", 40, 1040, [300, 20], 256, 7, 3 },
        { "codes_e5m2", "e5m2", 35, 300, [133], 128, 1, 2 },
        { "e4m3", "e4m3", 33, 520, [300], 256, 3, 4 },
        { "f16", "f16", 33, 400, [133, 20], 128, 3, 2 },
        { "bf16", "bf16", 65, 400, [20, 260], 256, 1, 5 },
        { "bf16_2", "bf16", 17, 300, [133, 20], 128, 2, 3 },
        { "bf16_2", "bf16", 70, 400, [260], 256, 3, 2 },
    };

    [Theory]
    [MemberData(nameof(Parts))]
    public void Parts_of_tiles_add_up_to_them(string kernel, string format, int tokens, int columns, int[] rows, int tileRows, int groups, int blocks)
    {
        LinearLayers layers = Layers(new KernelCard("sm_90a"), kernel, format, tokens, columns, rows);
        Run(layers, kernel, tokens, rows, tileRows, blocks, groups);
        layers.AssertOutputs(Tolerance);
    }

    [Fact]
    public void Parts_give_the_same_bits_whichever_blocks_have_them_and_whatever_lay_where_their_sums_are()
    {
        const int Tokens = 35;
        int[] rows = [133, 20];
        LinearLayers layers = Layers(new KernelCard("sm_90a"), "codes_e4m3", "e4m3", Tokens, 1100, rows);
        ulong sums = layers.Card.Upload(Enumerable.Repeat(float.NaN, 3 * Tokens * 3 * 128).ToArray());
        uint[] first = Bits(blocks: 9);
        Assert.Equal(first, Bits(blocks: 2));
        Assert.Equal(first, Bits(blocks: 9));

        uint[] Bits(int blocks)
        {
            Run(layers, "codes_e4m3", Tokens, rows, 128, blocks, groups: 4, sums);
            return [.. layers.Outputs().Select(BitConverter.SingleToUInt32Bits)];
        }
    }

    /// <summary>The sums of a group are as short as Hopper's, 33 addends each cut by 2^-13 of the largest; those of groups are not.</summary>
    [Fact]
    public void Two_levels_of_sums_keep_the_tolerance_where_the_first_is_short()
    {
        LinearLayers layers = Layers(new KernelCard("sm_90a", shortSums: true), "codes_e4m3", "e4m3", 65, 1280, [100]);
        Run(layers, "codes_e4m3", 65, [100], 128, blocks: 1);
        layers.AssertOutputs(1e-3);
    }

    /// <summary>The place counts from the kernel's beginning: the first wait is that of who multiplies, the second that of who copies, for a stage that nobody reads.</summary>
    [Theory]
    [InlineData("wgmma.fence", 0, "", PtxError.Misuse)]
    [InlineData("mbarrier.try_wait", 0, "setp.eq.u32 ended, 0, 0;", PtxError.Uninitialized)]
    [InlineData("mbarrier.try_wait", 1, "setp.eq.u32 ended, 0, 0;", PtxError.Deadlock)]
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

    /// <summary>Launches the kernel, and what adds the sums of parts where tiles are cut into parts of so many groups; 0: they are whole.</summary>
    internal static LaunchReport? Run(LinearLayers layers, string kernel, int tokens, int[] rows, int tileRows, int blocks, int groups = 0, ulong sums = 0)
    {
        LinearPart[] parts = layers.Parts(tileRows);
        Preparation prepared = layers.Prepared;
        int columns = tokens * layers.Planes;
        int down = rows.Sum(count => (count + tileRows - 1) / tileRows);
        int pieces = groups == 0 ? 1 : (prepared.Groups + groups - 1) / groups;
        var division = new Division
        {
            Sums = pieces == 1 ? 0 : sums != 0 ? sums : layers.Card.Allocate<float>((long)pieces * tokens * down * tileRows),
            Pieces = down * ((columns + 127) / 128) * pieces,
            Parts = pieces,
            Groups = groups == 0 ? prepared.Groups : groups,
            Stride = down * tileRows,
        };
        bool isCodes = prepared.Order == InputOrder.AsCodes;
        var maps = new byte[4 * TensorMap.Bytes];
        for (int i = 0; i < rows.Length; i++)
        {
            int bytes = (int)parts[i].RowBytes / (prepared.Groups * 128);
            layers.Card.MapRows(maps.AsSpan(i * TensorMap.Bytes), parts[i].Weight, bytes, prepared.Groups * 128, rows[i], prepared.Order == InputOrder.ForProducts ? 64 : 128, boxRows: 128);
        }

        layers.Card.MapRows(maps.AsSpan(3 * TensorMap.Bytes), prepared.Planes, isCodes ? 1 : 2, prepared.Groups * 128, columns, 128, boxRows: 128);
        string file = isCodes ? "codes" : prepared.Order == InputOrder.ForProducts ? "widened" : "halves";
        LaunchReport? report = layers.Card.Launch($"linear_wide_{file}", $"linear_wide_{kernel}_{tileRows}", blocks, Threads, SharedBytes, maps, parts[0], parts[1], parts[2], layers.Inputs(0), division);
        if (pieces > 1)
        {
            layers.Card.Launch("join_sums", "join_sums", new Dim3((division.Stride + 255) / 256, tokens), 256, 0, parts[0], parts[1], parts[2], division, tileRows);
        }

        return report;
    }
}
