using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda;

/// <summary>Linear layers for the many tokens of prompts and batches on cards before Hopper (<c>linear_many.cuh</c>).</summary>
sealed unsafe partial class CudaBackend
{
    const int ManyRows = 128;
    const int ManyColumns = 64;
    const int MostManyColumns = 128;
    const int ManyThreads = 256;

    // Stages of all forms: what a block may have on cards of compute capability 8.6 and 8.9.
    const int ManySharedBytes = 96 << 10;

    // Multiplications of a multiprocessor in a clock, of 8 and of 16 bits (an L4's, which a card of GeForce makes half of and an A100 twice as many: tiles are
    // compared with each other), and its share of what the second cache gives, in bytes.
    const double ManyNarrowProducts = 1024;
    const double ManyHalfProducts = 512;
    const double ManyCacheBytes = 14;

    // One more launch, behind the one before it.
    const double ManyJoinClocks = 4000;

    /// <summary>Whether there are kernels that multiply E4M3 with codes of weights: from Ada on, where products are of warps.</summary>
    bool HasCodeProducts => _kernels.Set is { Capability: 89 };

    void MultiplyMany(CudaFormat format, Parts parts, int count, in Preparation prepared, int rows)
    {
        int columns = rows * prepared.Count;
        int down = Place(ref parts, count, ManyRows);
        bool isCodes = prepared.Order == InputOrder.AsCodes;
        ManyCut cut = CutMany(_context.Info.Multiprocessors, format, down, columns, rows, prepared.Groups, isCodes);
        Division division = Divide(down, ManyRows, Blocks(columns, cut.TileColumns), cut.Parts, cut.Groups, rows);
        LaunchArguments arguments = Arguments(parts, MostParts, prepared, rows, chunk: columns);
        arguments.Add(division);
        string name = $"linear_many_{(isCodes ? "codes_" : "")}{Suffix(format)}_{cut.TileColumns}";
        Launch(ref arguments, isCodes ? "linear_many_codes" : "linear_many", name, new Dim3(Blocks(columns, cut.TileColumns), down, cut.Parts), ManyThreads, ManySharedBytes);
        Join(parts, division, ManyRows, rows);
    }

    /// <summary>Whether there is a kernel that gates two layers of this kind for so many rows, and all multiprocessors have a tile of them without parts.</summary>
    bool GatesMany(CudaWeight weight, in InputPlan plan, int rows)
        => weight.Format == CudaFormat.E4M3 && plan is { IsWide: false, IsForLibrary: false, Planes: 1 } && Gates(_context.Info.Multiprocessors, (int)weight.Rows, rows, weight.Groups, plan.Order == InputOrder.AsCodes);

    /// <inheritdoc cref="GatesMany"/>
    internal static bool Gates(int multiprocessors, int outputs, int rows, int groups, bool isCodes)
        => CutMany(multiprocessors, CudaFormat.E4M3, 2 * Blocks(outputs, ManyRows), rows, rows, groups, isCodes) is { Parts: 1, TileColumns: MostManyColumns };

    void MultiplyManyGated(CudaFormat format, Parts parts, in Preparation prepared, int rows, Gating gating)
    {
        LaunchArguments arguments = Arguments(parts, 2, prepared, rows, chunk: rows);
        arguments.Add(Parameters(gating));
        bool isCodes = prepared.Order == InputOrder.AsCodes;
        var grid = new Dim3(Blocks(rows, MostManyColumns), Blocks(parts[0].Rows, ManyRows / 2));
        Launch(ref arguments, isCodes ? "linear_many_codes" : "linear_many", $"linear_many_gated_{(isCodes ? "codes_" : "")}{Suffix(format)}", grid, ManyThreads, ManySharedBytes);
    }

    /// <summary>Tiles of how many columns, and parts of them, take the least time: wide ones bring half of the weights for each column.</summary>
    internal static ManyCut CutMany(int multiprocessors, CudaFormat format, int down, int columns, int rows, int groups, bool isCodes)
    {
        int bytes = WeightLayout.Bytes(format);
        double sums = 2.0 * down * ManyRows * rows * sizeof(float) / (ManyCacheBytes * multiprocessors);
        var best = new ManyCut(ManyColumns, 1, groups);
        double least = double.PositiveInfinity;
        for (int tileColumns = bytes == 1 ? MostManyColumns : ManyColumns; tileColumns >= ManyColumns; tileColumns /= 2)
        {
            double products = (double)ManyRows * tileColumns * WeightLayout.Group / (isCodes ? ManyNarrowProducts : ManyHalfProducts);
            double copied = WeightLayout.Group * ((ManyRows * bytes) + (tileColumns * (isCodes ? sizeof(byte) : sizeof(ushort))));
            PartsCut cut = CutParts(multiprocessors, down * Blocks(columns, tileColumns), groups, Math.Max(products, copied / ManyCacheBytes), sums, ManyJoinClocks);
            if (cut.Clocks < least)
            {
                least = cut.Clocks;
                best = new ManyCut(tileColumns, cut.Parts, cut.Groups);
            }
        }

        return best;
    }

    /// <summary>How layers are cut.</summary>
    /// <param name="TileColumns">Columns of a tile.</param>
    /// <param name="Parts">Of a tile.</param>
    /// <param name="Groups">Of a part; of the last one what is left.</param>
    internal readonly record struct ManyCut(int TileColumns, int Parts, int Groups);
}
