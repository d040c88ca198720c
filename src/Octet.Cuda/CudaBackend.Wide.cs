using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda;

/// <summary>Linear layers for the many tokens of prompts on Hopper: products of whole warpgroups, copies by the tensor memory accelerator (<c>linear_wide.cuh</c>).</summary>
sealed unsafe partial class CudaBackend
{
    const int WideThreads = 384;
    const int WideColumns = 128;

    // With fewer tokens there are layers of a few billion parameters' models that leave multiprocessors without a tile.
    const int WideTokens = 2048;

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

    bool IsHopper => _kernels.Set is { Capability: 90, Exact: true } && _context.Driver.cuTensorMapEncodeTiled is not null && _context.Info.SharedMemoryPerBlock >= WideSharedBytes;

    /// <summary>How rows become operands of a layer: those of linear_wide where it takes what linear_few does not.</summary>
    InputPlan Plan(CudaWeight weight, int rows)
    {
        InputPlan plan = InputPlan.For(weight, rows);
        bool isKnown = weight.Format is CudaFormat.E4M3 or CudaFormat.E5M2 or CudaFormat.Float16 or CudaFormat.BFloat16;
        return isKnown && rows * plan.Planes > FewColumns && IsHopper ? plan.Widened() : plan;
    }

    void MultiplyWide(ReadOnlySpan<Weight> weights, Parts parts, in InputPlan plan, in Preparation prepared, int rows)
    {
        var first = (CudaWeight)weights[0];
        bool isCodes = plan.Order == InputOrder.AsCodes;
        int columns = rows * plan.Planes;
        int tileRows = WideRows(first.Format, parts, weights.Length, columns, isCodes);
        int tiles = Place(ref parts, weights.Length, tileRows) * Blocks(columns, WideColumns);
        var arguments = new LaunchArguments();
        arguments.Add(Maps(weights, plan, prepared, columns));
        for (int i = 0; i < MostParts; i++)
        {
            arguments.Add(parts[i]);
        }

        arguments.Add(Inputs(prepared, rows, chunk: columns));
        arguments.Add(tiles);
        (string file, string form) = isCodes ? ("codes", "codes_") : plan.Order == InputOrder.ForProducts ? ("widened", "") : ("halves", "");
        string planes = plan.Planes == 1 ? "" : $"_{plan.Planes}";
        Launch(ref arguments, $"linear_wide_{file}", $"linear_wide_{form}{Suffix(first.Format)}{planes}_{tileRows}", Math.Min(tiles, _context.Info.Multiprocessors), WideThreads, WideSharedBytes);
    }

    /// <summary>
    /// The rows of a tile with which all tiles take the least time: those of 256 rows bring half of the inputs that those of 128 do, and leave more
    /// multiprocessors without one at the end.
    /// </summary>
    int WideRows(CudaFormat format, Parts parts, int count, int columns, bool isCodes)
    {
        if (format is CudaFormat.E5M2 or CudaFormat.Float16)
        {
            return LowRows;
        }

        double Clocks(int rows)
        {
            double products = (double)rows * WideColumns * WeightLayout.Group / (isCodes ? NarrowProducts : HalfProducts);
            double bytes = WeightLayout.Group * ((rows * WeightLayout.Bytes(format)) + (WideColumns * (isCodes ? sizeof(byte) : sizeof(ushort))));
            int tiles = Place(ref parts, count, rows) * Blocks(columns, WideColumns);
            return Blocks(tiles, _context.Info.Multiprocessors) * Math.Max(products, bytes / CacheBytes);
        }

        return Clocks(HighRows) <= Clocks(LowRows) ? HighRows : LowRows;
    }

    WideMaps Maps(ReadOnlySpan<Weight> weights, in InputPlan plan, in Preparation prepared, int columns)
    {
        var maps = new WideMaps();
        for (int i = 0; i < weights.Length; i++)
        {
            var weight = (CudaWeight)weights[i];

            // Codes that are widened in registers lie without swizzling.
            int boxBytes = plan.Order == InputOrder.ForProducts ? TensorMap.SwizzledBytes / 2 : TensorMap.SwizzledBytes;
            weight.Map ??= TensorMap.OfRows(_context, weight.Data.Address, weight.Layout.ElementBytes, weight.Groups * WeightLayout.Group, weight.Rows, boxBytes, BoxRows);
            maps.Weights[i] = weight.Map.Value;
        }

        int bytes = plan.Order == InputOrder.AsCodes ? sizeof(byte) : sizeof(ushort);
        maps.Inputs = TensorMap.OfRows(_context, prepared.Planes, bytes, prepared.Groups * WeightLayout.Group, columns, TensorMap.SwizzledBytes, WideColumns);
        return maps;
    }
}
