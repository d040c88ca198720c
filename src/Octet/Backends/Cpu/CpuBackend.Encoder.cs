using System.Numerics.Tensors;

namespace Octet.Backends.Cpu;

/// <summary>What encoders have that decoders do not: whole texts at a time, nothing cached.</summary>
sealed unsafe partial class CpuBackend
{
    readonly RowsWork _rows = new();
    readonly LayerNormWork _layerNorm = new();
    readonly TurnWork _turn = new();
    readonly WithinWork _within = new();

    internal override Weight CreatePacked(LinearTensor tensor)
    {
        var weight = (CpuWeight)CreateLinear(tensor);
        long floats = _kernels.PackedFloats(weight);
        if (floats == 0)
        {
            return weight;
        }

        try
        {
            weight.Pack(_kernels.PanelHeight, floats, Memory);
            _scratch.Reserve((long)_kernels.LinearScratch(weight.Columns) * sizeof(float));
            _pool.Run(new PackWork { Owner = this, Weight = weight });
            if (tensor.Tensor.IsMapped)
            {
                MemoryAdvice.Release(weight.Row(0), weight.Rows * weight.Columns * sizeof(float));
            }

            return weight;
        }
        catch
        {
            weight.Dispose();
            throw;
        }
    }

    internal override void LookUp(Weight table, ReadOnlySpan<int> ids, Activations output, bool adds)
    {
        var weight = (CpuWeight)table;
        Check(output, ids.Length, weight.Columns);
        if (weight.InputFactors is not null)
        {
            throw new ModelException(ModelError.Unsupported, "the embedding has factors of inputs (pre_quant_scale), which only a layer that multiplies has");
        }

        foreach (int id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (ulong)weight.Rows, nameof(ids));
        }

        _expansion.Reserve(weight.ExpansionBytes);
        _scratch.Reserve((long)weight.Columns * sizeof(float));
        fixed (int* numbers = ids)
        {
            _rows.Owner = this;
            _rows.Table = weight;
            _rows.Ids = numbers;
            _rows.Output = (CpuActivations)output;
            _rows.Adds = adds;
            _rows.Rows = ids.Length;
            _pool.Run(_rows);
        }
    }

    internal override void AddLayerNorm(Activations residual, Activations? delta, Weight norm, Weight? bias, float epsilon, Activations output, int rows)
    {
        Check(residual, rows, norm.Columns);
        Check(delta ?? residual, rows, norm.Columns);
        Check(output, rows, norm.Columns);
        ArgumentOutOfRangeException.ThrowIfNotEqual(bias?.Columns ?? norm.Columns, norm.Columns, nameof(bias));
        _layerNorm.Kernels = _kernels;
        _layerNorm.Residual = (CpuActivations)residual;
        _layerNorm.Delta = (CpuActivations?)delta;
        _layerNorm.Norm = (CpuVector)norm;
        _layerNorm.Bias = (CpuVector?)bias;
        _layerNorm.Epsilon = epsilon;
        _layerNorm.Output = (CpuActivations)output;
        _layerNorm.Rows = rows;
        _pool.Run(_layerNorm);
    }

    internal override void Linear(Activations input, Weight weight, Nonlinearity function, Activations output, int rows)
    {
        Set(input, [weight], [output], rows);
        _linear.Function = function;
        _pool.Run(_linear);
    }

    internal override void Rotate(Activations query, Activations key, int headDim, Rotary rotary, ReadOnlySpan<int> positions)
    {
        Check(query, positions.Length, query.Columns);
        Check(key, positions.Length, key.Columns);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rotary.Size, headDim, nameof(rotary));
        RotaryAngles angles = Angles(rotary);
        foreach (int position in positions)
        {
            angles.Reach(position);
        }

        fixed (int* numbers = positions)
        {
            _turn.Kernels = _kernels;
            _turn.Query = (CpuActivations)query;
            _turn.Key = (CpuActivations)key;
            _turn.HeadDim = headDim;
            _turn.Rotary = rotary;
            _turn.Angles = angles;
            _turn.Positions = numbers;
            _turn.Rows = positions.Length;
            _pool.Run(_turn);
        }
    }

    internal override void AttendWithin(Activations query, Activations key, Activations value, BidirectionalShape shape, ReadOnlySpan<int> starts, Activations output)
    {
        foreach (Activations buffer in (ReadOnlySpan<Activations>)[query, key, value, output])
        {
            Check(buffer, starts[^1], query.Columns);
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(query.Columns % shape.HeadDim, 0, nameof(shape));
        _within.Owner = this;
        _within.Query = (CpuActivations)query;
        _within.Key = (CpuActivations)key;
        _within.Value = (CpuActivations)value;
        _within.Output = (CpuActivations)output;
        _within.Shape = shape;
        _within.Plan(starts);
        _scratch.Reserve((long)_kernels.WithinScratch(shape.HeadDim) * sizeof(float));
        _pool.Run(_within);
    }

    // A row for each text, not for each token: not worth a region.
    internal override void Gather(Activations source, ReadOnlySpan<int> rows, Activations destination)
    {
        Check(destination, rows.Length, source.Columns);
        for (int i = 0; i < rows.Length; i++)
        {
            Row(source, rows[i]).CopyTo(Row(destination, i));
        }
    }

    internal override void Average(Activations source, ReadOnlySpan<int> starts, Activations destination)
    {
        Check(source, starts[^1], source.Columns);
        Check(destination, starts.Length - 1, source.Columns);
        for (int i = 0; i + 1 < starts.Length; i++)
        {
            Span<float> mean = Row(destination, i);
            mean.Clear();
            for (int row = starts[i]; row < starts[i + 1]; row++)
            {
                TensorPrimitives.Add(mean, Row(source, row), mean);
            }

            TensorPrimitives.Divide(mean, starts[i + 1] - starts[i], mean);
        }
    }

    static Span<float> Row(Activations buffer, int row) => new(((CpuActivations)buffer).Row(row), buffer.Columns);

    sealed class PackWork : ParallelWork
    {
        internal CpuBackend Owner = null!;
        internal CpuWeight Weight = null!;

        internal override long Units => (Weight.Rows + Owner._kernels.PanelHeight - 1) / Owner._kernels.PanelHeight;

        internal override void Run(int worker, long first, long end)
        {
            for (long unit = first; unit < end; unit++)
            {
                Owner._kernels.PackPanel(Weight, unit * Owner._kernels.PanelHeight, (float*)Owner._scratch.Of(worker));
            }
        }
    }

    sealed class RowsWork : ParallelWork
    {
        internal CpuBackend Owner = null!;
        internal CpuWeight Table = null!;
        internal int* Ids;
        internal CpuActivations Output = null!;
        internal bool Adds;
        internal int Rows;

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            float* widened = (float*)Owner._scratch.Of(worker);
            for (int i = (int)first; i < end; i++)
            {
                int id = Ids[i];
                CpuKernels.WidenRow(Table.IsExpanded ? Table.Expand(worker, id, id + 1, Owner._expansion.Of(worker)) : Table, id, Adds ? widened : Output.Row(i));
                Table.ReleaseRow();
                if (Adds)
                {
                    Span<float> output = Row(Output, i);
                    TensorPrimitives.Add(output, new ReadOnlySpan<float>(widened, Table.Columns), output);
                }
            }
        }
    }

    sealed class LayerNormWork : ParallelWork
    {
        internal CpuKernels Kernels = null!;
        internal CpuActivations Residual = null!;
        internal CpuActivations? Delta;
        internal CpuVector Norm = null!;
        internal CpuVector? Bias;
        internal float Epsilon;
        internal CpuActivations Output = null!;
        internal int Rows;

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            for (int i = (int)first; i < end; i++)
            {
                Kernels.AddLayerNorm(Residual.Row(i), Delta is null ? null : Delta.Row(i), Norm.Data, Bias is null ? null : Bias.Data, Epsilon, Output.Row(i), Norm.Columns);
            }
        }
    }

    sealed class TurnWork : ParallelWork
    {
        internal CpuKernels Kernels = null!;
        internal CpuActivations Query = null!;
        internal CpuActivations Key = null!;
        internal int HeadDim;
        internal Rotary Rotary = null!;
        internal RotaryAngles Angles = null!;
        internal int* Positions;
        internal int Rows;

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            int pairs = Rotary.Frequencies.Length;
            for (int row = (int)first; row < end; row++)
            {
                fixed (float* angles = Angles.At(Positions[row]))
                {
                    Turn(Query.Row(row), Query.Columns, angles, pairs);
                    Turn(Key.Row(row), Key.Columns, angles, pairs);
                }
            }
        }

        void Turn(float* heads, int columns, float* angles, int pairs)
        {
            for (float* head = heads; head < heads + columns; head += HeadDim)
            {
                Kernels.NormRotate(head, null, 0, angles, angles + pairs, HeadDim, pairs, Rotary.TurnsNeighbours);
            }
        }
    }

    sealed class WithinWork : ParallelWork
    {
        readonly List<(int Start, int Tokens, int First, int Rows)> _tiles = [];
        internal CpuBackend Owner = null!;
        internal CpuActivations Query = null!;
        internal CpuActivations Key = null!;
        internal CpuActivations Value = null!;
        internal CpuActivations Output = null!;
        internal BidirectionalShape Shape = null!;

        internal void Plan(ReadOnlySpan<int> starts)
        {
            _tiles.Clear();
            for (int i = 0; i + 1 < starts.Length; i++)
            {
                int tokens = starts[i + 1] - starts[i];
                for (int first = 0; first < tokens; first += BidirectionalTile.MaxRows)
                {
                    _tiles.Add((starts[i], tokens, first, Math.Min(BidirectionalTile.MaxRows, tokens - first)));
                }
            }
        }

        internal override long Units => (long)_tiles.Count * Heads;

        int Heads => Query.Columns / Shape.HeadDim;

        internal override void Run(int worker, long first, long end)
        {
            for (long unit = first; unit < end; unit++)
            {
                (int start, int tokens, int row, int rows) = _tiles[(int)(unit / Heads)];
                int column = (int)(unit % Heads) * Shape.HeadDim;
                Owner._kernels.AttendWithin(new BidirectionalTile
                {
                    Query = Query.Row(start) + column,
                    Key = Key.Row(start) + column,
                    Value = Value.Row(start) + column,
                    Output = Output.Row(start) + column,
                    QueryStride = Query.Stride,
                    KeyStride = Key.Stride,
                    ValueStride = Value.Stride,
                    OutputStride = Output.Stride,
                    Tokens = tokens,
                    First = row,
                    Rows = rows,
                    HeadDim = Shape.HeadDim,
                    Scale = Shape.Scale,
                    Reach = Shape.Reach ?? int.MaxValue,
                    Scratch = (float*)Owner._scratch.Of(worker),
                });
            }
        }
    }
}
