using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda;

/// <summary>Tiles of layers that are cut into parts, ranges of groups, so that all multiprocessors have one; <c>join_sums</c> adds their sums.</summary>
sealed unsafe partial class CudaBackend
{
    // Groups of a part that are worth its beginning.
    const int FewestGroups = 4;

    DeviceBlock? _sums;

    /// <summary>How many parts of tiles take the least time, for the multiprocessor that has the most of them.</summary>
    /// <param name="multiprocessors">Of the card.</param>
    /// <param name="tiles">That there are.</param>
    /// <param name="groups">Of a tile.</param>
    /// <param name="group">The clocks of one.</param>
    /// <param name="sums">Those of writing and reading the sums of a part of all tiles.</param>
    /// <param name="join">Those of one more launch.</param>
    static PartsCut CutParts(int multiprocessors, int tiles, int groups, double group, double sums, double join)
    {
        var best = new PartsCut(double.PositiveInfinity, 1, groups);
        for (int each = groups; each >= Math.Min(groups, FewestGroups); each--)
        {
            int pieces = Blocks(groups, each);
            double clocks = ((double)Blocks(tiles * pieces, multiprocessors) * each * group) + (pieces > 1 ? (pieces * sums) + join : 0);
            if (clocks < best.Clocks)
            {
                best = new PartsCut(clocks, pieces, each);
            }
        }

        return best;
    }

    /// <summary>Tiles as kernels take them, with memory for the sums of their parts.</summary>
    /// <param name="down">Tiles one below the other, of all layers.</param>
    /// <param name="tileRows">Rows of each.</param>
    /// <param name="across">Tiles beside each other.</param>
    /// <param name="parts">Of a tile.</param>
    /// <param name="groups">Of a part.</param>
    /// <param name="rows">Of the outputs.</param>
    Division Divide(int down, int tileRows, int across, int parts, int groups, int rows)
    {
        int stride = down * tileRows;
        return new Division
        {
            Pieces = down * across * parts,
            Parts = parts,
            Groups = groups,
            Stride = stride,
            Sums = parts == 1 ? 0 : SumsOfParts((long)parts * rows * stride * sizeof(float)),
        };
    }

    /// <summary>Adds the sums of parts, where there are some, and puts them where the layers' outputs are.</summary>
    void Join(Parts parts, in Division division, int tileRows, int rows)
    {
        if (division.Parts == 1)
        {
            return;
        }

        var arguments = new LaunchArguments();
        for (int i = 0; i < MostParts; i++)
        {
            arguments.Add(parts[i]);
        }

        arguments.Add(division);
        arguments.Add(tileRows);
        Launch(ref arguments, "join_sums", "join_sums", new Dim3(Blocks(division.Stride, RowThreads), rows), RowThreads);
    }

    ulong SumsOfParts(long bytes)
    {
        if (_sums is null || _sums.Bytes < bytes)
        {
            _moves++;
            _sums?.Dispose();
            _sums = null;
            _sums = _context.Allocate(bytes);
        }

        return _sums.Address;
    }

    /// <summary>How tiles are cut into parts, and what that takes.</summary>
    readonly record struct PartsCut(double Clocks, int Parts, int Groups);
}
