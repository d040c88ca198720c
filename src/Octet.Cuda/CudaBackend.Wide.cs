using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda;

/// <summary>Linear layers for the many tokens of prompts and batches on Hopper: products of whole warpgroups, copies by the tensor memory accelerator (<c>linear_wide.cuh</c>).</summary>
sealed unsafe partial class CudaBackend
{
    const int WideThreads = 384;
    const int WideColumns = 128;

    // Of an input, for weights of bfloat16; for others there is one.
    const int MostWidePlanes = 2;

    // The ring of stages; behind it scales and barriers of the most stages there are.
    const int WideRingBytes = 192 << 10;
    const int WideStages = 6;
    const int WideSharedBytes = WideRingBytes + (WideStages * ((WideColumns * sizeof(float)) + (2 * sizeof(ulong))));

    // A block's rows: a weight's boxes have as many as the lower of the two tiles.
    const int LowRows = 128;
    const int HighRows = 256;
    const int BoxRows = LowRows;

    // Multiplications of a multiprocessor in a clock, of 8 and of 16 bits, and its share of what the card's second cache gives, in bytes.
    const double NarrowProducts = 4096;
    const double HalfProducts = 2048;
    const double CacheBytes = 24;

    // What one more launch takes, beside the one before it, in clocks.
    const double JoinClocks = 2000;

    bool IsHopper => _kernels.Set is { Capability: 90, Exact: true } && _context.Driver.cuTensorMapEncodeTiled is not null && _context.Info.SharedMemoryPerBlock >= WideSharedBytes;

    void MultiplyWide(ReadOnlySpan<Weight> weights, Parts parts, in InputPlan plan, in Preparation prepared, int rows)
    {
        var first = (CudaWeight)weights[0];
        bool isCodes = plan.Order == InputOrder.AsCodes;
        int columns = rows * plan.Planes;
        WideCut cut = CutWide(_context.Info.Multiprocessors, first.Format, Place(ref parts, weights.Length, LowRows), Place(ref parts, weights.Length, HighRows), columns, rows, first.Groups, isCodes);
        int down = Place(ref parts, weights.Length, cut.TileRows);
        Division division = Divide(down, cut.TileRows, Blocks(columns, WideColumns), cut.Parts, cut.Groups, rows);
        var arguments = new LaunchArguments();
        arguments.Add(Maps(weights, plan, prepared, columns));
        for (int i = 0; i < MostParts; i++)
        {
            arguments.Add(parts[i]);
        }

        arguments.Add(Inputs(prepared, rows, chunk: columns));
        arguments.Add(division);
        (string file, string form) = isCodes ? ("codes", "codes_") : plan.Order == InputOrder.ForProducts ? ("widened", "") : ("halves", "");
        Launch(ref arguments, $"linear_wide_{file}", $"linear_wide_{form}{Suffix(first.Format)}{PlanesSuffix(plan)}_{cut.TileRows}", Math.Min(division.Pieces, _context.Info.Multiprocessors), WideThreads, WideSharedBytes);
        Join(parts, division, cut.TileRows, rows);
    }

    /// <summary>
    /// How all pieces take the least time, for the multiprocessor that has the most of them. Tiles of 256 rows bring half of the inputs that those of 128 do, and
    /// leave more multiprocessors without one at the end; parts leave fewer so, and their sums are written, read and added.
    /// </summary>
    internal static WideCut CutWide(int multiprocessors, CudaFormat format, int lowTiles, int highTiles, int columns, int rows, int groups, bool isCodes)
    {
        var best = new WideCut(LowRows, 1, groups);
        double least = double.PositiveInfinity;
        for (int tileRows = format is CudaFormat.E5M2 or CudaFormat.Float16 ? LowRows : HighRows; tileRows >= LowRows; tileRows /= 2)
        {
            double products = (double)tileRows * WideColumns * WeightLayout.Group / (isCodes ? NarrowProducts : HalfProducts);
            double bytes = WeightLayout.Group * ((tileRows * WeightLayout.Bytes(format)) + (Math.Min(columns, WideColumns) * (isCodes ? sizeof(byte) : sizeof(ushort))));
            double group = Math.Max(products, bytes / CacheBytes);
            int down = tileRows == HighRows ? highTiles : lowTiles;
            int tiles = down * Blocks(columns, WideColumns);
            double sums = 2.0 * down * tileRows * rows * sizeof(float) / (CacheBytes * multiprocessors);
            PartsCut cut = CutParts(multiprocessors, tiles, groups, group, sums, JoinClocks);
            if (cut.Clocks < least)
            {
                least = cut.Clocks;
                best = new WideCut(tileRows, cut.Parts, cut.Groups);
            }
        }

        return best;
    }

    WideMaps Maps(ReadOnlySpan<Weight> weights, in InputPlan plan, in Preparation prepared, int columns)
    {
        var maps = new WideMaps();
        for (int i = 0; i < weights.Length; i++)
        {
            var weight = (CudaWeight)weights[i];
            weight.Map ??= TensorMap.OfRows(_context, weight.Data.Address, weight.Layout.ElementBytes, weight.Groups * WeightLayout.Group, weight.Rows, WeightBoxBytes(plan), BoxRows);
            maps.Weights[i] = weight.Map.Value;
        }

        maps.Inputs = TensorMap.OfRows(_context, prepared.Planes, InputBytes(plan), prepared.Groups * WeightLayout.Group, columns, TensorMap.SwizzledBytes, WideColumns);
        return maps;
    }

    static string PlanesSuffix(in InputPlan plan) => plan.Planes == 1 ? "" : $"_{plan.Planes}";

    /// <summary>Of a prepared column.</summary>
    static int InputBytes(in InputPlan plan) => plan.Order == InputOrder.AsCodes ? sizeof(byte) : sizeof(ushort);

    /// <summary>Of a row of weights that is copied at once: codes that are widened in registers lie without swizzling.</summary>
    static int WeightBoxBytes(in InputPlan plan) => plan.Order == InputOrder.ForProducts ? TensorMap.SwizzledBytes / 2 : TensorMap.SwizzledBytes;

    /// <summary>How layers are cut.</summary>
    /// <param name="TileRows">Rows of a tile.</param>
    /// <param name="Parts">Of a tile.</param>
    /// <param name="Groups">Of a part; of the last one what is left.</param>
    internal readonly record struct WideCut(int TileRows, int Parts, int Groups);
}
