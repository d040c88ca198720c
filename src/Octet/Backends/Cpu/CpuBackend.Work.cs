namespace Octet.Backends.Cpu;

/// <summary>The operations as shares. One object of each kind, filled before each region, so that a step allocates nothing.</summary>
sealed unsafe partial class CpuBackend
{
    /// <summary>The rows [first, end) of share <paramref name="worker"/>, cut at multiples of <paramref name="grain"/>.</summary>
    static (long First, long End) Share(long rows, int worker, int workers, int grain)
    {
        long units = (rows + grain - 1) / grain;
        return (Math.Min(rows, units * worker / workers * grain), Math.Min(rows, units * (worker + 1) / workers * grain));
    }

    sealed class EmbedWork : ParallelWork
    {
        internal CpuWeight Table = null!;
        internal Batch Batch = null!;
        internal CpuActivations Output = null!;

        internal override void Run(int worker, int workers)
        {
            (long first, long end) = Share(Batch.Count, worker, workers, 1);
            for (int i = (int)first; i < end; i++)
            {
                CpuKernels.WidenRow(Table, Batch.Ids[i], Output.Row(i));
            }
        }
    }

    sealed class NormWork : ParallelWork
    {
        internal CpuKernels Kernels = null!;
        internal CpuActivations Residual = null!;
        internal CpuActivations? Delta;
        internal CpuVector Norm = null!;
        internal float Epsilon;
        internal CpuActivations Output = null!;
        internal int Rows;

        internal override void Run(int worker, int workers)
        {
            (long first, long end) = Share(Rows, worker, workers, 1);
            for (int i = (int)first; i < end; i++)
            {
                Kernels.AddRmsNorm(Residual.Row(i), Delta is null ? null : Delta.Row(i), Norm.Data, Epsilon, Output.Row(i), Norm.Columns);
            }
        }
    }

    sealed class QuantizeWork : ParallelWork
    {
        internal CpuActivations Input = null!;
        internal CpuActivations Codes = null!;
        internal CpuActivations Scales = null!;
        internal int Rows;
        internal int Groups;

        internal override void Run(int worker, int workers)
        {
            (long first, long end) = Share(Rows, worker, workers, 1);
            for (int i = (int)first; i < end; i++)
            {
                ActivationQuantizer.Quantize(new(Input.Row(i), Input.Columns), new(Codes.Row(i), Codes.Stride), new(Scales.Row(i), Groups));
            }
        }
    }

    sealed class LinearWork : ParallelWork
    {
        readonly Item[] _items = new Item[3];
        internal CpuKernels Kernels = null!;
        internal CpuBackend Owner = null!;
        internal int Count;

        internal void Set(int index, CpuWeight weight, LinearInput input, float* output, int stride)
            => _items[index] = new Item { Weight = weight, Input = input, Output = output, Stride = stride };

        internal override void Run(int worker, int workers)
        {
            for (int i = 0; i < Count; i++)
            {
                ref Item item = ref _items[i];
                (long first, long end) = Share(item.Weight.Rows, worker, workers, 16);
                Kernels.Linear(item.Weight, first, end, item.Input, item.Output, item.Stride, Owner.Scratch(worker));
            }
        }

        struct Item
        {
            internal CpuWeight Weight;
            internal LinearInput Input;
            internal float* Output;
            internal int Stride;
        }
    }

    sealed class RotateWork : ParallelWork
    {
        internal CpuKernels Kernels = null!;
        internal RotaryAngles Angles = null!;
        internal CpuActivations Query = null!;
        internal CpuActivations Key = null!;
        internal CpuActivations Value = null!;
        internal CpuVector? QueryNorm;
        internal CpuVector? KeyNorm;
        internal float Epsilon;
        internal CpuKvCache Cache = null!;
        internal int Layer;
        internal Batch Batch = null!;

        internal override void Run(int worker, int workers)
        {
            KvCacheLayout layout = Cache.Layout;
            int size = layout.HeadDim;
            (long first, long end) = Share(Batch.Count, worker, workers, 1);
            for (int i = (int)first; i < end; i++)
            {
                int position = Batch.Positions[i];
                int page = Batch.Sequences[i].Page(position / KvCacheLayout.PageTokens);
                long slot = (long)(position % KvCacheLayout.PageTokens) * size * layout.ElementBytes;
                fixed (float* angles = Angles.At(position))
                {
                    float* query = Query.Row(i);
                    for (int h = 0; h < Query.Columns; h += size)
                    {
                        Kernels.NormRotate(query + h, QueryNorm is null ? null : QueryNorm.Data, Epsilon, angles, angles + size / 2, size);
                    }

                    for (int h = 0; h < layout.Heads; h++)
                    {
                        float* key = Key.Row(i) + h * size;
                        Kernels.NormRotate(key, KeyNorm is null ? null : KeyNorm.Data, Epsilon, angles, angles + size / 2, size);
                        byte* cached = Cache.Keys(page, Layer, h) + slot;
                        Kernels.Store(key, cached, size, layout.Type);
                        Kernels.Store(Value.Row(i) + h * size, cached + Cache.ValueOffset, size, layout.Type);
                    }
                }
            }
        }
    }

    sealed class AttentionWork : ParallelWork
    {
        // First row and row count of each run of consecutive rows of one sequence, at most AttentionTile.MaxRows long.
        readonly List<(int Row, int Rows)> _tiles = [];
        int _next;
        internal CpuKernels Kernels = null!;
        internal CpuBackend Owner = null!;
        internal CpuActivations Query = null!;
        internal CpuActivations Output = null!;
        internal CpuKvCache Cache = null!;
        internal int Layer;
        internal int Group;
        Batch _batch = null!;

        internal void Plan(Batch batch)
        {
            _batch = batch;
            _next = 0;
            _tiles.Clear();
            for (int row = 0; row < batch.Count;)
            {
                int rows = 1;
                while (rows < AttentionTile.MaxRows && row + rows < batch.Count && ReferenceEquals(batch.Sequences[row + rows], batch.Sequences[row]))
                {
                    rows++;
                }

                _tiles.Add((row, rows));
                row += rows;
            }
        }

        // Later tokens attend to more: shares are taken from a counter, the longest first.
        internal override void Run(int worker, int workers)
        {
            int heads = Cache.Layout.Heads;
            int units = _tiles.Count * heads;
            for (int unit = Interlocked.Increment(ref _next) - 1; unit < units; unit = Interlocked.Increment(ref _next) - 1)
            {
                (int row, int rows) = _tiles[_tiles.Count - 1 - unit / heads];
                int head = unit % heads;
                int offset = head * Group * Cache.Layout.HeadDim;
                Kernels.Attend(new AttentionTile
                {
                    Cache = Cache,
                    Sequence = _batch.Sequences[row],
                    Layer = Layer,
                    Head = head,
                    Group = Group,
                    Position = _batch.Positions[row],
                    Rows = rows,
                    Query = Query.Row(row) + offset,
                    QueryStride = Query.Stride,
                    Output = Output.Row(row) + offset,
                    OutputStride = Output.Stride,
                    Scratch = Owner.Scratch(worker),
                });
            }
        }
    }

    sealed class SwiGluWork : ParallelWork
    {
        internal CpuKernels Kernels = null!;
        internal CpuActivations Gate = null!;
        internal CpuActivations Up = null!;
        internal int Rows;

        internal override void Run(int worker, int workers)
        {
            // By columns, so that one token is shared too.
            (long first, long end) = Share(Gate.Columns, worker, workers, 64);
            for (int row = 0; row < Rows && first < end; row++)
            {
                Kernels.SwiGlu(Gate.Row(row) + first, Up.Row(row) + first, (int)(end - first));
            }
        }
    }
}
