using System.Numerics.Tensors;

namespace Octet.Backends.Cpu;

/// <summary>The operations in units. One object of each kind, filled before each region, so that a step allocates nothing.</summary>
sealed unsafe partial class CpuBackend
{
    sealed class EmbedWork : ParallelWork
    {
        internal CpuBackend Owner = null!;
        internal CpuWeight Table = null!;
        internal float Factor;
        internal Batch Batch = null!;
        internal CpuActivations Output = null!;

        internal override long Units => Batch.Count;

        internal override void Run(int worker, long first, long end)
        {
            for (int i = (int)first; i < end; i++)
            {
                int id = Batch.Ids[i];
                CpuKernels.WidenRow(Table.IsExpanded ? Table.Expand(worker, id, id + 1, Owner._expansion.Of(worker)) : Table, id, Output.Row(i));
                Table.ReleaseRow();
                if (Factor != 1)
                {
                    Span<float> output = new(Output.Row(i), Table.Columns);
                    TensorPrimitives.Multiply(output, Factor, output);
                }
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

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            for (int i = (int)first; i < end; i++)
            {
                Kernels.AddRmsNorm(Residual.Row(i), Delta is null ? null : Delta.Row(i), Norm.Data, Epsilon, Output.Row(i), Norm.Columns);
            }
        }
    }

    sealed class QuantizeWork : ParallelWork
    {
        internal CpuActivations Input = null!;
        internal InputQuantization Rule;
        internal CpuActivations Codes = null!;
        internal CpuActivations Scales = null!;
        internal int Rows;
        internal int Columns;
        internal int Groups;

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            for (int i = (int)first; i < end; i++)
            {
                ActivationQuantizer.Quantize(new(Input.Row(i), Columns), Rule, new(Codes.Row(i), Codes.Stride), new(Scales.Row(i), Groups));
            }
        }
    }

    sealed class FactorWork : ParallelWork
    {
        internal CpuActivations Input = null!;
        internal float[] Factors = null!;
        internal CpuActivations Output = null!;
        internal int First;
        internal int Rows;

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            for (int i = (int)first; i < end; i++)
            {
                Span<float> output = new(Output.Row(i), Output.Stride);
                TensorPrimitives.Multiply(new ReadOnlySpan<float>(Input.Row(First + i), Factors.Length), Factors, output);

                // Layers of other widths use this memory too, and kernels read zeros past the last column.
                output[Factors.Length..].Clear();
            }
        }
    }

    sealed class PrepareWork : ParallelWork
    {
        internal CpuKernels Kernels = null!;
        internal CpuWeight Weight = null!;
        internal LinearInput Input;
        internal byte* Output;

        internal override long Units => (Input.Rows + Kernels.PreparedTokens - 1) / Kernels.PreparedTokens;

        internal override void Run(int worker, long first, long end)
            => Kernels.PrepareInput(Weight, Input, (int)first * Kernels.PreparedTokens, (int)Math.Min(Input.Rows, end * Kernels.PreparedTokens), Output);
    }

    sealed class LinearWork : ParallelWork
    {
        // Rows of a unit: the widest kernels' panel, whole cache lines of output.
        const int Grain = 32;

        // Of weights: a walk through memory is slow at first, and few tokens compute nothing meanwhile.
        const long SmallestChunkBytes = 1 << 16;

        const int InterleavedUnits = 2;

        // From so many tokens on rows of weights are few at a time where their products become something else: as many floats as a second-level
        // cache keeps until then.
        const int FewestFinishedTokens = 25;
        const int FinishedFloats = 1 << 16;

        Item[] _items = new Item[MostWeights];
        internal CpuKernels Kernels = null!;
        internal CpuBackend Owner = null!;
        internal int Count;

        /// <summary>How each two products become one, in the first's place; null: they stay as they are.</summary>
        internal Gating? Gating;

        /// <summary>What every product goes through, with its bias; null: nothing.</summary>
        internal Nonlinearity? Function;

        internal void Set(int index, CpuWeight weight, LinearInput input, float* output, int stride)
        {
            if (index >= _items.Length)
            {
                Array.Resize(ref _items, Math.Max(index + 1, 2 * _items.Length));
            }

            _items[index] = new Item { Weight = weight, Input = input, Output = output, Stride = stride };
        }

        internal LinearInput Input(int index) => _items[index].Input;

        internal override long Units
        {
            get
            {
                long units = 0;
                for (int i = 0; i < Count; i += Step)
                {
                    units += _items[i].Units;
                }

                return units;
            }
        }

        // A unit of two weights is the same rows of both.
        int Step => Gating is null ? 1 : 2;

        internal override long SmallestChunk
            => Math.Max(_items[0].Weight.StoredColumns is null || _items[0].Input.Rows > FewTokens ? 1 : ColumnUnits, SmallestChunkBytes / Math.Max(1, (long)Grain * _items[0].Weight.Columns * _items[0].Weight.ElementBytes * _items[0].Input.Rows));

        // As many outputs as make a line of memory worth reading, where their inputs lie in lines of it.
        const long ColumnUnits = 16;

        // Fewer beginnings where few tokens wait for memory at each.
        internal override long ChunksOfRest => _items[0].Input.Rows <= FewTokens ? 2 : base.ChunksOfRest;

        internal override void Run(int worker, long first, long end)
        {
            for (int i = 0; i < Count && end > 0; i += Step)
            {
                long units = _items[i].Units;
                if (first >= units)
                {
                    // None of these.
                }
                else if (Gating is { } gating)
                {
                    RunGated(gating, worker, _items[i], _items[i + 1], Math.Max(0, first), Math.Min(units, end));
                }
                else
                {
                    RunItem(worker, _items[i], first, end);
                }

                first -= units;
                end -= units;
            }
        }

        // Rows of both that lie between one another are read while what came with the first still is near.
        void RunGated(Gating gating, int worker, in Item gate, in Item up, long first, long end)
        {
            long step = gate.Weight.IsInterleaved ? InterleavedUnits : end - first;
            for (; first < end; first += step)
            {
                RunGatedRows(gating, worker, gate, up, first, Math.Min(end, first + step));
            }
        }

        // Who has the products of both weights still near multiplies them.
        void RunGatedRows(Gating gating, int worker, in Item gate, in Item up, long first, long end)
        {
            nint column = (nint)(first * Grain);
            int count = (int)(Math.Min(gate.Weight.Rows, end * Grain) - column);
            if (gate.Input.Data == up.Input.Data && gate.Input.Prepared == up.Input.Prepared && gate.Stride == up.Stride
                && Kernels.LinearByTurns(gate.Weight, up.Weight, column, column + count, gate.Input, gate.Output, up.Output, gate.Stride, (float*)Owner._scratch.Of(worker)))
            {
                FinishIfWanted(gate, column, column + count);
                FinishIfWanted(up, column, column + count);
            }
            else
            {
                RunItem(worker, gate, first, end);
                RunItem(worker, up, first, end);
            }

            for (nint row = 0; row < gate.Input.Rows; row++)
            {
                Kernels.Gate(gating, gate.Output + row * gate.Stride + column, up.Output + row * up.Stride + column, count);
            }
        }

        void RunItem(int worker, in Item item, long first, long end)
        {
            long row = Math.Max(0, first) * Grain;
            long endRow = Math.Min(item.Weight.Rows, end * Grain);
            long most = FinishedRows(item);
            while (row < endRow)
            {
                CpuWeight weight = item.Weight;
                long stop = Math.Min(endRow, row + most);
                if (weight.IsExpanded && !Kernels.TakesStored(weight, item.Input))
                {
                    stop = Math.Min(endRow, row + CpuWeight.ExpandedRows);
                    weight = weight.Expand(worker, row, stop, Owner._expansion.Of(worker), Kernels.PrefersBFloat16(weight, item.Input.Rows));
                }

                Kernels.Linear(weight, row, stop, item.Input, item.Output, item.Stride, (float*)Owner._scratch.Of(worker));
                FinishIfWanted(item, row, stop);
                row = stop;
            }
        }

        void FinishIfWanted(in Item item, long row, long stop)
        {
            if (item.Weight.Bias is not null || Function is not null)
            {
                Finish(item, row, stop);
            }
        }

        long FinishedRows(in Item item)
            => (item.Weight.Bias is null && Function is null) || item.Input.Rows < FewestFinishedTokens ? long.MaxValue / 2 : Math.Max(1, FinishedFloats / item.Input.Rows / Grain) * Grain;

        void Finish(in Item item, long row, long stop)
        {
            int count = (int)(stop - row);
            for (nint token = 0; token < item.Input.Rows; token++)
            {
                float* output = item.Output + (token * item.Stride) + row;
                if (item.Weight.Bias is { } bias)
                {
                    Span<float> sums = new(output, count);
                    TensorPrimitives.Add(sums, new ReadOnlySpan<float>(bias.Data + row, count), sums);
                }

                if (Function is { } function)
                {
                    Kernels.Apply(function, output, count);
                }
            }
        }

        struct Item
        {
            internal CpuWeight Weight;
            internal LinearInput Input;
            internal float* Output;
            internal int Stride;

            internal readonly long Units => (Weight.Rows + Grain - 1) / Grain;
        }
    }

    sealed class RotateWork : ParallelWork
    {
        internal CpuKernels Kernels = null!;
        internal Rotary Rotary = null!;
        internal RotaryAngles Angles = null!;
        internal RotaryAngles LongAngles = null!;
        internal CpuActivations Query = null!;
        internal CpuActivations? Key;
        internal CpuActivations? Value;
        internal CpuVector? QueryNorm;
        internal CpuVector? KeyNorm;
        internal float Epsilon;
        internal CpuKvCache Cache = null!;
        internal int Layer;
        internal Batch Batch = null!;

        // A token's key/value head with the query heads that read it.
        internal override long Units => (long)Batch.Count * Cache.Layout.Heads;

        internal override void Run(int worker, long first, long end)
        {
            for (long unit = first; unit < end; unit++)
            {
                Rotate((int)(unit / Cache.Layout.Heads), (int)(unit % Cache.Layout.Heads));
            }
        }

        void Rotate(int row, int head)
        {
            KvCacheLayout layout = Cache.Layout;
            int size = layout.HeadDim;
            int position = Batch.Positions[row];
            int bytes = size * layout.ElementBytes;
            byte* cached = null;
            if (Key is not null)
            {
                // Nobody has looked at a new token's place in the cache: what is written there last waits for memory, unless it is on its way.
                cached = Cache.Keys(Batch.Sequences[row].Of(Cache).Page(position / KvCacheLayout.PageTokens), Layer, head) + (long)(position % KvCacheLayout.PageTokens) * bytes;
                CpuKernels.Prefetch(cached, bytes);
                CpuKernels.Prefetch(cached + Cache.ValueOffset, bytes);
            }

            fixed (float* angles = (Batch.Sequences[row].IsLong ? LongAngles : Angles).At(position))
            {
                int pairs = Rotary.Frequencies.Length;
                int queries = Query.Columns / layout.Heads;
                for (float* query = Query.Row(row) + head * queries, stop = query + queries; query < stop; query += size)
                {
                    Kernels.NormRotate(query, QueryNorm is null ? null : QueryNorm.Data, Epsilon, angles, angles + pairs, size, pairs, Rotary.TurnsNeighbours);
                }

                if (Rotary.QueryGrowth is not null)
                {
                    Span<float> group = new(Query.Row(row) + head * queries, queries);
                    TensorPrimitives.Multiply(group, Rotary.QueryFactor(position), group);
                }

                if (Key is null || Value is null)
                {
                    return;
                }

                float* key = Key.Row(row) + head * size;
                Kernels.NormRotate(key, KeyNorm is null ? null : KeyNorm.Data, Epsilon, angles, angles + pairs, size, pairs, Rotary.TurnsNeighbours);
                Store(key, cached, layout.Scale(Layer, head).Key);
                Store(Value.Row(row) + head * size, cached + Cache.ValueOffset, layout.Scale(Layer, head).Value);
            }
        }

        void Store(float* source, byte* cached, float scale)
        {
            Kernels.Store(source, cached, Cache.Layout.HeadDim, Cache.Layout.Type, scale);
            Cache.LookForNaN(cached, Cache.Layout.HeadDim);
        }
    }

    sealed class AttentionWork : ParallelWork
    {
        // First row and row count of each run of consecutive rows of one sequence, at most AttentionTile.MaxRows long.
        readonly List<(int Row, int Rows)> _tiles = [];
        internal CpuKernels Kernels = null!;
        internal CpuBackend Owner = null!;
        internal CpuActivations Query = null!;
        internal CpuActivations Output = null!;
        internal CpuKvCache Cache = null!;
        internal int Layer;
        internal AttentionShape Shape = null!;
        internal int Group;
        Batch _batch = null!;

        internal void Plan(Batch batch)
        {
            _batch = batch;
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

        internal override long Units => Cache.Layout.ValuesInKeys ? (long)_batch.Count * HeadBlocks : (long)_tiles.Count * Cache.Layout.Heads;

        // Latents: the query heads of one token read the same key, as the tokens of a tile do. As many in a tile as leave one to every
        // worker, in whole sixes, which products are quickest for; twelve at the least, because a page is widened for each tile.
        int HeadsOfTile
        {
            get
            {
                long share = ((long)Group * _batch.Count + Owner._pool.Workers - 1) / Owner._pool.Workers;
                return (int)Math.Clamp((share + 5) / 6 * 6, 12, AttentionTile.MaxHeads);
            }
        }

        int HeadBlocks => (Group + HeadsOfTile - 1) / HeadsOfTile;

        internal override void Run(int worker, long first, long end)
        {
            if (Cache.Layout.ValuesInKeys)
            {
                RunLatent(worker, first, end);
                return;
            }

            for (long unit = first; unit < end; unit++)
            {
                (int row, int rows, int head) = Tile(unit);
                int offset = head * Group * Cache.Layout.HeadDim;
                Kernels.Attend(new AttentionTile
                {
                    Cache = Cache,
                    Sequence = _batch.Sequences[row].Of(Cache),
                    Layer = Layer,
                    Head = head,
                    Group = Group,
                    Position = _batch.Positions[row],
                    Rows = rows,
                    Scale = Shape.Scale,
                    Window = Shape.Window ?? 0,
                    Chunk = Shape.Chunk ?? 0,
                    Cap = Shape.Cap ?? 0,
                    Sinks = Shape.Sinks is CpuVector sinks ? sinks.Data + head * Group : null,
                    Query = Query.Row(row) + offset,
                    QueryStride = Query.Stride,
                    Output = Output.Row(row) + offset,
                    OutputStride = Output.Stride,
                    Scratch = (float*)Owner._scratch.Of(worker),
                    NextKeys = unit + 1 < Units ? FirstKeys(unit + 1) : null,
                });
            }
        }

        void RunLatent(int worker, long first, long end)
        {
            int heads = HeadsOfTile;
            int blocks = HeadBlocks;
            for (long unit = first; unit < end; unit++)
            {
                // The longest first.
                int row = _batch.Count - 1 - (int)(unit / blocks);
                int head = (int)(unit % blocks) * heads;
                Kernels.Attend(new AttentionTile
                {
                    Cache = Cache,
                    Sequence = _batch.Sequences[row].Of(Cache),
                    Layer = Layer,
                    Head = 0,
                    Group = 1,
                    Position = _batch.Positions[row],
                    Rows = Math.Min(heads, Group - head),
                    RowsAreHeads = true,
                    Scale = Shape.Scale,
                    Window = Shape.Window ?? 0,
                    Chunk = Shape.Chunk ?? 0,
                    Cap = Shape.Cap ?? 0,
                    Query = Query.Row(row) + (head * Cache.Layout.HeadDim),
                    QueryStride = Cache.Layout.HeadDim,
                    Output = Output.Row(row) + (head * Cache.Layout.ValueDim),
                    OutputStride = Cache.Layout.ValueDim,
                    Scratch = (float*)Owner._scratch.Of(worker),
                });
            }
        }

        // By head: later tokens attend to more, and every range has some of them, the longest first.
        (int Row, int Rows, int Head) Tile(long unit)
        {
            (int row, int rows) = _tiles[_tiles.Count - 1 - (int)(unit % _tiles.Count)];
            return (row, rows, (int)(unit / _tiles.Count));
        }

        byte* FirstKeys(long unit)
        {
            (int row, _, int head) = Tile(unit);
            return Cache.Keys(_batch.Sequences[row].Of(Cache).Page(Shape.First(_batch.Positions[row]) / KvCacheLayout.PageTokens), Layer, head);
        }
    }
}
