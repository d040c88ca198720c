using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda;

/// <summary>Linear layers: inputs become operands, and those of layers that hold them alike are multiplied by one kernel.</summary>
sealed unsafe partial class CudaBackend
{
    // What one launch of linear_few takes.
    const int MostParts = 3;
    const int TileRows = 16;

    // More columns of products are linear_many's or linear_wide's: every 16 rows of weights read the inputs again, which lie in the second cache; of more columns that takes longer
    // than sharing them does (docs/gpu-kernels.md, section 3).
    const int MostFewColumns = 32;

    // Of weights of 8 bits, on Hopper of all: with as many columns a second cache gives inputs no faster than the memory gives weights.
    const int FewColumns = 16;

    // With fewer tokens there are layers of a few billion parameters' models that leave multiprocessors without a tile: of 2560 rows 20 tiles for each 128 of them.
    const int PromptTokens = 2048;

    // Warps of a multiprocessor that keep its share of the memory busy, each with as much on its way as its ring in shared memory holds.
    const int BusyWarps = 16;
    const int RingBytes = 8192;

    // What a multiprocessor keeps of its shared memory for each block.
    const int BlockSharedBytes = 1024;

    (CudaActivations Rows, InputPlan Plan, int Count)? _prepared;
    (OutputConsumer Consumer, CudaActivations Rows)? _made;

    internal override void Linear(Activations input, ReadOnlySpan<Weight> weights, ReadOnlySpan<Activations> outputs, int rows)
    {
        var x = (CudaActivations)input;
        for (int i = 0; i < weights.Length; i++)
        {
            Check(input, rows, weights[i].Columns);
            Check(outputs[i], rows, checked((int)weights[i].Rows));
        }

        rows = Padded(rows);
        for (int first = 0; first < weights.Length;)
        {
            var weight = (CudaWeight)weights[first];
            var to = (CudaActivations)outputs[first];
            if (weight.Format == CudaFormat.Float32)
            {
                MultiplyPlain(weight, x, 0, rows, to.Address, to.Stride);
                Made(to);
                first++;
                continue;
            }

            InputPlan plan = Plan(weight, rows);
            Preparation prepared = Prepare(x, weight, plan, rows);
            int count = 0;
            var parts = new Parts();
            while (count < MostParts && first + count < weights.Length && weights[first + count] is CudaWeight next && next.Format == weight.Format && Plan(next, rows) == plan)
            {
                to = (CudaActivations)outputs[first + count];
                parts[count++] = Part(next, to.Address, to.Stride);
                Made(to);
            }

            if (plan.IsForLibrary)
            {
                MultiplyByLibrary(weights.Slice(first, count), parts, plan, prepared, rows);
            }
            else if (plan.IsWide)
            {
                MultiplyWide(weights.Slice(first, count), parts, plan, prepared, rows);
            }
            else
            {
                Multiply(weight.Format, parts, count, prepared, rows);
            }

            first += count;
        }
    }

    internal override void GateUp(Activations input, ReadOnlySpan<Weight> weights, Gating gating, Activations gate, Activations up, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.Length, 2, nameof(weights));
        ArgumentOutOfRangeException.ThrowIfNotEqual(gate.Columns, up.Columns, nameof(up));
        var first = (CudaWeight)weights[0];
        var second = (CudaWeight)weights[1];
        int padded = Padded(rows);
        InputPlan plan = Plan(first, padded);
        bool isFew = padded * plan.Planes <= MostOfFew(first.Format, plan.Planes);
        if (!(isFew ? first.Format.IsGated() : GatesMany(first, plan, padded)) || second.Format != first.Format || Plan(second, padded) != plan)
        {
            Linear(input, weights, [gate, up], rows);
            Gate((CudaActivations)gate, (CudaActivations)up, gating, padded);
            return;
        }

        Check(input, rows, first.Columns);
        Check(gate, rows, checked((int)first.Rows));
        Check(up, rows, checked((int)second.Rows));
        Preparation prepared = Prepare((CudaActivations)input, first, plan, padded);
        var parts = new Parts();
        parts[0] = Part(first, ((CudaActivations)gate).Address, ((CudaActivations)gate).Stride);
        parts[1] = Part(second, ((CudaActivations)up).Address, ((CudaActivations)up).Stride);
        if (!isFew)
        {
            MultiplyManyGated(first.Format, parts, prepared, padded, gating);
        }
        else if (first.Format.IsTiled())
        {
            MultiplyFewTiled(first.Format, parts, 2, prepared, padded, gating);
        }
        else
        {
            MultiplyFew(first.Format, parts, 2, prepared, padded, gating);
        }

        Made((CudaActivations)gate);
        Made((CudaActivations)up);
    }

    /// <summary>What is to be told of rows that a kernel writes: operands that were made of what was there are none any more.</summary>
    void Made(CudaActivations rows)
    {
        if (_prepared is { } prepared && ReferenceEquals(prepared.Rows, rows))
        {
            _prepared = null;
        }

        if (_made is { } made && ReferenceEquals(made.Rows, rows))
        {
            _made = null;
        }
    }

    /// <summary>The operands that who makes rows can make beside them, for the layer that takes them: the one that took them last time.</summary>
    Preparation PrepareAhead(OutputConsumer consumer, CudaActivations output, int rows)
    {
        Made(output);
        _made = (consumer, output);
        if (consumer.Layer is not { } layer || layer.Format == CudaFormat.Float32 || Plan(layer, rows) is not { CanBeFused: true } plan)
        {
            return default;
        }

        _prepared = (output, plan, rows);
        return _input.Place(plan, rows, layer.Groups);
    }

    Preparation Prepare(CudaActivations x, CudaWeight weight, in InputPlan plan, int rows)
    {
        if (_prepared is { } ready && ReferenceEquals(ready.Rows, x) && ready.Plan == plan && ready.Count == rows)
        {
            return _input.Place(plan, rows, weight.Groups);
        }

        if (_made is { } made && ReferenceEquals(made.Rows, x))
        {
            made.Consumer.Layer = weight;
            _made = null;
        }

        Preparation prepared = Prepare(x.Address, x.Stride, x.Columns, plan, rows);
        _prepared = (x, plan, rows);
        return prepared;
    }

    Preparation Prepare(ulong x, int stride, int columns, in InputPlan plan, int rows)
    {
        int groups = WeightLayout.Groups(columns);
        Preparation place = _input.Place(plan, rows, groups);
        var arguments = new LaunchArguments();
        arguments.Add(x);
        arguments.Add(stride);
        arguments.Add(columns);
        arguments.Add(plan.Factors?.Address ?? 0);
        arguments.Add(place);
        int warps = Math.Min(groups, RowThreads / WarpThreads);
        if (plan.IsByRow)
        {
            Launch(ref arguments, "prepare", "prepare_rows", rows, warps * WarpThreads);
        }
        else
        {
            Launch(ref arguments, "prepare", "prepare_inputs", new Dim3(Blocks(groups, warps), rows), warps * WarpThreads);
        }

        return place;
    }

    static LinearPart Part(CudaWeight weight, ulong output, int stride) => new()
    {
        Weight = weight.Data.Address,
        Scales = weight.Scales.Address,
        Bias = weight.Bias?.Address ?? 0,
        Output = output,
        RowBytes = (ulong)weight.RowBytes,
        Rows = (int)weight.Rows,
        OutputStride = stride,
        BlockRows = (int)weight.Layout.BlockRows,
        ScaleStride = weight.Layout.ScaleStride,
        ScaleShift = weight.Layout.ScaleShift,
    };

    void Multiply(CudaFormat format, Parts parts, int count, in Preparation prepared, int rows)
    {
        if (format.IsTiled())
        {
            MultiplyTiled(format, parts, count, prepared, rows);
            return;
        }

        if (rows * prepared.Count <= MostOfFew(format, prepared.Count))
        {
            MultiplyFew(format, parts, count, prepared, rows, gating: null);
            return;
        }

        MultiplyMany(format, parts, count, prepared, rows);
    }

    /// <summary>How rows become operands of a layer: those of cuBLASLt, or of the kernel that takes so many.</summary>
    InputPlan Plan(CudaWeight weight, int rows) => LibraryPlan(weight, rows) ?? OwnPlan(weight, rows);

    InputPlan OwnPlan(CudaWeight weight, int rows)
    {
        InputPlan plan = InputPlan.For(weight, rows);
        bool isKnown = weight.Format is CudaFormat.E4M3 or CudaFormat.E5M2 or CudaFormat.Float16 or CudaFormat.BFloat16;
        return !isKnown || rows * plan.Planes <= MostOfFew(weight.Format, plan.Planes) ? plan : IsHopper ? plan.Widened() : HasCodeProducts ? plan.AsCodes() : plan;
    }

    /// <summary>Columns of products up to which weights are linear_few's.</summary>
    int MostOfFew(CudaFormat format, int planes)
    {
        bool isShared = IsHopper ? planes <= (format == CudaFormat.BFloat16 ? MostWidePlanes : 1) : format is CudaFormat.E4M3 or CudaFormat.E5M2;
        return isShared ? FewColumns : MostFewColumns;
    }

    void MultiplyFew(CudaFormat format, Parts parts, int count, in Preparation prepared, int rows, Gating? gating)
    {
        int columns = rows * prepared.Count;
        int tiles = columns <= 8 ? 1 : columns > 16 || format is CudaFormat.E5M2 or CudaFormat.Float16 ? 4 : 2;
        int chunk = tiles * 8 / prepared.Count * prepared.Count;
        int weightTiles = Place(ref parts, count, TileRows);
        int grid = gating is null ? weightTiles : weightTiles / 2;
        int halves = gating is null ? 1 : 2;
        int warps = StreamingWarps(grid, halves, prepared.Groups, tiles == 4 ? 12 : 14, tiles == 1 ? 28 : tiles == 2 ? 16 : 12) * halves;
        LaunchArguments arguments = Arguments(parts, gating is null ? MostParts : 2, prepared, rows, chunk);
        if (gating is { } function)
        {
            arguments.Add(Parameters(function));
        }

        string name = $"linear_few_{(gating is null ? "" : "gated_")}{Suffix(format)}_{tiles}";
        Launch(ref arguments, "linear_few", name, new Dim3(grid, Blocks(columns, chunk)), warps * WarpThreads, warps * RingBytes);
    }

    int StreamingWarps(int blocks, int halves, int groups, int most, int resident)
        => StreamingWarps(_context.Info.Multiprocessors, _context.Info.SharedMemoryPerBlock, blocks, halves, groups, most, resident);

    /// <summary>
    /// Warps that share the groups of 16 rows in a block of linear_few or of experts: so many that the card is busy, and no more than leave room for all blocks at
    /// once: those of a second round would stream with few others beside them.
    /// </summary>
    /// <param name="multiprocessors">Of the card.</param>
    /// <param name="shared">What a block may have of a multiprocessor's shared memory.</param>
    /// <param name="blocks">Of the launch.</param>
    /// <param name="halves">Times as many warps as this has a block.</param>
    /// <param name="groups">Of 128 columns of a row.</param>
    /// <param name="most">Warps of a block that the kernel is compiled for.</param>
    /// <param name="resident">Warps of a multiprocessor, whose registers they take.</param>
    internal static int StreamingWarps(int multiprocessors, int shared, int blocks, int halves, int groups, int most, int resident)
    {
        int each = Blocks(blocks, multiprocessors);
        shared += BlockSharedBytes;
        int room = Math.Min(resident, (shared - (each * BlockSharedBytes)) / RingBytes) / each;
        most = Math.Min(most, (shared - BlockSharedBytes) / RingBytes);
        int wanted = Math.Min(Blocks(BusyWarps * multiprocessors, blocks), room < halves ? most : Math.Min(room, most));
        int warps = Math.Clamp(wanted / halves, 1, Blocks(groups, 2));

        // As few as have no more groups each.
        return Blocks(groups, Blocks(groups, warps));
    }

    /// <summary>Numbers the tiles of all parts; returns how many there are.</summary>
    static int Place(ref Parts parts, int count, int tileRows)
    {
        int tiles = 0;
        for (int i = 0; i < MostParts; i++)
        {
            parts[i].FirstTile = i < count ? tiles : int.MaxValue;
            tiles += i < count ? Blocks(parts[i].Rows, tileRows) : 0;
        }

        return tiles;
    }

    static LaunchArguments Arguments(Parts parts, int count, in Preparation prepared, int rows, int chunk)
    {
        var arguments = new LaunchArguments();
        for (int i = 0; i < count; i++)
        {
            arguments.Add(parts[i]);
        }

        arguments.Add(Inputs(prepared, rows, chunk));
        return arguments;
    }

    static LinearInputs Inputs(in Preparation prepared, int rows, int chunk) => new()
    {
        Planes = prepared.Planes,
        Scales = prepared.Scales,
        ScaleStride = prepared.ScaleStride,
        Groups = prepared.Groups,
        Count = rows * prepared.Count,
        Chunk = chunk,
        PerRow = prepared.Count,
    };

    [System.Runtime.CompilerServices.InlineArray(MostParts)]
    struct Parts
    {
        LinearPart _first;
    }
}
