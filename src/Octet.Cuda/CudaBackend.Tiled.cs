using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda;

/// <summary>Layers in tiles of 16 rows, and those that lie in float32.</summary>
sealed unsafe partial class CudaBackend
{
    const int StripRows = 128;
    const int Stages = 3;
    const int PlainTokens = 8;
    const int PlainOutputs = 8;
    const int EmbedColumns = 8;

    void MultiplyTiled(CudaFormat format, Parts parts, int count, in Preparation prepared, int rows)
    {
        int columns = rows * prepared.Count;
        if (columns <= MostFewColumns)
        {
            MultiplyFewTiled(format, parts, count, prepared, rows, gating: null);
            return;
        }

        int strips = Place(ref parts, count, StripRows);
        LaunchArguments arguments = Arguments(parts, MostParts, prepared, rows, chunk: columns);
        int stage = (StripRows / CudaFormats.TileRows * format.TileBytes()) + (ManyColumns * WeightLayout.Group * sizeof(ushort));
        Launch(ref arguments, "linear_many_tiled", $"linear_many_{format.Suffix()}", new Dim3(Blocks(columns, ManyColumns), strips), ManyThreads, stage * Stages);
    }

    void MultiplyFewTiled(CudaFormat format, Parts parts, int count, in Preparation prepared, int rows, Gating? gating)
    {
        int columns = rows * prepared.Count;
        int tiles = columns <= 8 ? 1 : !format.IsGated() ? 8 : columns <= 16 ? 2 : columns <= 32 ? 4 : 8;
        int chunk = tiles * 8 / prepared.Count * prepared.Count;
        int weightTiles = Place(ref parts, count, CudaFormats.TileRows);
        int halves = gating is null ? 1 : 2;
        int warps = TiledWarps(weightTiles, halves, prepared.Groups, tiles <= 2 ? 16 : 8);
        LaunchArguments arguments = Arguments(parts, gating is null ? MostParts : 2, prepared, rows, chunk);
        if (gating is { } function)
        {
            arguments.Add(Parameters(function));
        }

        string name = $"linear_few_{(gating is null ? "" : "gated_")}{format.Suffix()}_{tiles}";
        Launch(ref arguments, format.HasFourBits() ? "linear_few_e2m1" : "linear_few_small", name, new Dim3(weightTiles / halves, Blocks(columns, chunk)), warps * halves * WarpThreads);
    }

    /// <summary>Warps that share the groups of 16 rows in a block, for each of its halves: so many that the card is busy.</summary>
    /// <param name="tiles">Of 16 rows, in all.</param>
    /// <param name="halves">Of a block.</param>
    /// <param name="groups">Of 128 columns of a row.</param>
    /// <param name="most">Warps of a block that the kernel is compiled for.</param>
    int TiledWarps(int tiles, int halves, int groups, int most)
        => Math.Clamp(Blocks(BusyWarps * _context.Info.Multiprocessors, tiles), 1, Math.Min(most / halves, Blocks(groups, 2)));

    void EmbedTiled(CudaWeight weight, float factor, CudaActivations output)
    {
        WeightLayout layout = weight.Layout;
        var arguments = new LaunchArguments();
        arguments.Add(new TiledTable
        {
            Data = weight.Data.Address,
            Scales = weight.Scales.Address,
            TileBytes = (ulong)weight.RowBytes,
            BlockRows = (int)layout.BlockRows,
            BlockSpans = layout.ScaleShift < WeightLayout.WholeRow ? 1 << layout.ScaleShift : int.MaxValue,
            ScaleStride = layout.ScaleStride,
            Factor = factor,
        });
        arguments.Add(_step.Ids);
        arguments.Add(output.Address);
        arguments.Add(output.Stride);
        arguments.Add(weight.Columns);
        Launch(ref arguments, "embed_tiled", $"embed_{weight.Format.Suffix()}", _step.Rows, Math.Min(RowThreads, Blocks(weight.Columns, EmbedColumns * WarpThreads) * WarpThreads));
    }

    /// <summary>A layer in float32, of rows from the first on: as they are, or as codes.</summary>
    void MultiplyPlain(CudaWeight weight, CudaActivations x, int first, int rows, ulong output, int outputStride)
    {
        var arguments = new LaunchArguments();
        arguments.Add(new PlainLayer
        {
            Weight = weight.Data.Address,
            Bias = weight.Bias?.Address ?? 0,
            Output = output,
            RowFloats = (ulong)(weight.RowBytes / sizeof(float)),
            OutputStride = outputStride,
            Outputs = (int)weight.Rows,
            Columns = weight.Columns,
        });
        string kernel = "linear_plain_rows";
        if (weight.Input is null)
        {
            arguments.Add(new PlainInputs { Rows = x.Row(first), Factors = weight.Factors?.Address ?? 0, Stride = x.Stride, Count = rows });
        }
        else
        {
            Preparation codes = Prepare(x.Row(first), x.Stride, x.Columns, InputPlan.For(weight, rows), rows);
            _prepared = null;
            arguments.Add(new CodedInputs { Planes = codes.Planes, Scales = codes.Scales, ScaleStride = codes.ScaleStride, Groups = codes.Groups, Count = rows });
            kernel = "linear_plain_codes";
        }

        Launch(ref arguments, "linear_plain", kernel, new Dim3(Blocks((int)weight.Rows, PlainOutputs), Blocks(rows, PlainTokens)), PlainOutputs * WarpThreads);
    }
}
