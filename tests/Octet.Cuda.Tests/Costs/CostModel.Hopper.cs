using Octet.Cuda.Kernels;

namespace Octet.Cuda.Tests.Costs;

/// <summary>Hopper: layers and attention of warpgroups, and launches that overlap.</summary>
sealed partial class CostModel
{
    // Multiplications of a counted product: a quarter of a warpgroup's, of 8-bit and of 16-bit operands.
    const double WideNarrowProduct = 64 * 128 * 32 / 4;
    const double WideHalfProduct = 64 * 128 * 16 / 4;

    // Of attend_wide: of a page, two of keys (64 columns) for one of values (128).
    const double WideAttendProduct = ((2 * 64) + 128) * 64 * 16 / 4 / 3.0;

    // What else a layer of linear_wide, one more launch beside the one before it, and the end of a layer in which ever fewer warps stream, take.
    const double JoinClocks = 2000;
    const double End = 0.7e-6;

    const int WideColumns = 128;
    const int WideTokens = 32;
    const int SharedBytesOfBlock = 227 << 10;
    const int RingBytes = 8 << 10;

    // A stage of linear_wide has 256 rows of weights and 128 columns of inputs.
    const int WideRing = 128 << 10;

    // What a warp of linear_few needs of the registers lets so many be on a multiprocessor, and in a block.
    const int FewWarps = 28;
    const int FewWarpsOfBlock = 14;
    const int ManyFewWarps = 12;

    /// <summary>
    /// Seconds of a step whose launches overlap: while a small kernel runs, the rings of the layer behind it fill, as far as there is room for its blocks beside.
    /// </summary>
    /// <param name="streams">Of the step.</param>
    /// <param name="context">Of each.</param>
    /// <param name="room">For how much of the rings there is room beside the blocks of the launches before.</param>
    internal Step Overlapping(int streams, int context, double room)
    {
        var step = new Step();
        Term attend = Attend(streams, context);
        double rows = RowSeconds(streams) / RowLaunches;
        double small = SmallKernel + rows;

        // Before queries: the norm; before the output layer: rotation, attention and what joins it; before gate and up: the norm; before down: gating where it is a launch of its own, operands.
        double[] before = [small, (2 * small) + Math.Max(attend.Value, SmallKernel), small, streams <= FewColumns ? small : 2 * small];
        for (int i = 0; i < s_layers.Length; i++)
        {
            (int count, int columns) = s_layers[i];
            Term layer = Layer(count, columns, streams);
            double filled = Math.Min(before[i], room * Math.Min((double)count * columns, RingsOf(count, columns, streams, isGated: i == 2)) / card.Bandwidth);
            step.Weights.Add(layer with { Value = Math.Max(layer.Value - filled, 0) + End }, Layers);
        }

        step.Weights.Add(Head(streams), 1);
        step.Attention.Add(attend, Layers);
        step.Small = (Layers * (before.Sum() - attend.Value)) + (4 * Launch);
        return step;
    }

    /// <summary>Bytes that all rings of a layer's launch hold.</summary>
    double RingsOf(int rows, int columns, int tokens, bool isGated)
    {
        if (tokens > FewColumns)
        {
            return (double)card.Multiprocessors * WideRing;
        }

        int halves = isGated && tokens <= FewColumns ? 2 : 1;
        int grid = rows / 16 / halves;
        int warps = tokens <= 8
            ? CudaBackend.StreamingWarps(card.Multiprocessors, SharedBytesOfBlock, grid, halves, columns / Group, FewWarpsOfBlock, FewWarps)
            : CudaBackend.StreamingWarps(card.Multiprocessors, SharedBytesOfBlock, grid, halves, columns / Group, ManyFewWarps, ManyFewWarps);
        return (double)grid * halves * warps * RingBytes;
    }

    /// <summary>Tiles of linear_wide; who has the most of them ends last. Its copies go on while a tile's sums are stored: only the last one's end is nothing else's beginning.</summary>
    Term Wide(int rows, int columns, int tokens)
    {
        int groups = columns / Group;
        CudaBackend.WideCut cut = CudaBackend.CutWide(card.Multiprocessors, CudaFormat.E4M3, Up(rows, 128), Up(rows, 256), tokens, tokens, groups, IsNarrow);
        Counts counts = Counts.Of($"linear_wide_{(IsNarrow ? "codes_" : "")}e4m3_{cut.TileRows}", card.Target);

        // Columns that there are not are not read.
        counts = counts with { CacheBytes = counts.CacheBytes - ((WideColumns - Math.Min(tokens, WideColumns)) * CountedGroups * Group * InputBytes) };
        Term group = IsNarrow ? counts.Step(card, CountedGroups, WideNarrowProduct, card.NarrowProducts) : counts.Step(card, CountedGroups, WideHalfProduct, card.HalfProducts);
        int down = Up(rows, cut.TileRows);
        double rounds = Up(down * Up(tokens, WideColumns) * cut.Parts, card.Multiprocessors);
        double sums = cut.Parts > 1 ? (2.0 * cut.Parts * down * cut.TileRows * tokens * sizeof(float) / card.CacheBytes / card.Multiprocessors) + JoinClocks : 0;
        double clocks = (rounds * cut.Groups * group.Value) + sums + BlockClocks;
        return Term.Longest(new(group.Name, clocks / card.Clock), Moved(rows, columns, tokens));
    }

    /// <summary>The output layer, in bfloat16: two planes of each input.</summary>
    Term WideHead(int tokens)
    {
        CudaBackend.WideCut cut = CudaBackend.CutWide(card.Multiprocessors, CudaFormat.BFloat16, Up(Vocabulary, 128), Up(Vocabulary, 256), 2 * tokens, tokens, Hidden / Group, isCodes: false);
        Counts counts = Counts.Of($"linear_wide_bf16_2_{cut.TileRows}", card.Target);
        counts = counts with { CacheBytes = counts.CacheBytes - ((WideColumns - Math.Min(2 * tokens, WideColumns)) * CountedGroups * Group * sizeof(ushort)) };
        Term group = counts.Step(card, CountedGroups, WideHalfProduct, card.HalfProducts);
        double rounds = Up(Up(Vocabulary, cut.TileRows) * Up(2 * tokens, WideColumns) * cut.Parts, card.Multiprocessors);
        return new(group.Name, ((rounds * cut.Groups * group.Value) + BlockClocks) / card.Clock);
    }

    /// <summary>As attend_many, two pages at a time.</summary>
    Term AttendWide(int first, int tokens)
    {
        const int Pages = 2;
        Term pages = Counts.Of("attend_wide_128", card.Target).Step(card, CountedPages / Pages, WideAttendProduct, card.HalfProducts);
        double clocks = 0;
        for (int tile = first; tile < first + tokens; tile += WideTokens)
        {
            clocks += Heads * ((Up(tile + WideTokens, PageTokens * Pages) * pages.Value) + BlockClocks);
        }

        return new(pages.Name, clocks / card.Multiprocessors / card.Clock);
    }

    static int Up(int count, int each) => (count + each - 1) / each;
}
