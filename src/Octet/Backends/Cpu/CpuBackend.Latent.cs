using System.Numerics.Tensors;

namespace Octet.Backends.Cpu;

/// <summary>Latent attention: storing, and the products with the weight between latents and heads.</summary>
sealed unsafe partial class CpuBackend
{
    readonly LatentWork _latent = new();
    readonly AbsorbWork _absorb = new();
    readonly ExpandWork _expandValues = new();

    internal override void StoreLatent(Activations latent, Weight norm, float epsilon, LatentHeads heads, KvCache cache, int layer, Batch batch)
    {
        Check(latent, batch.Count, heads.LatentDim);
        ArgumentOutOfRangeException.ThrowIfNotEqual(norm.Columns, heads.Rank, nameof(norm));
        ArgumentOutOfRangeException.ThrowIfNotEqual((cache.Layout.Heads, cache.Layout.HeadDim), (1, heads.LatentDim), nameof(cache));
        _latent.Angles = Reached(heads.Rotary, batch);
        _latent.Kernels = _kernels;
        _latent.Latent = (CpuActivations)latent;
        _latent.Norm = (CpuVector)norm;
        _latent.Epsilon = epsilon;
        _latent.Heads = heads;
        _latent.Cache = (CpuKvCache)cache;
        _latent.Layer = layer;
        _latent.Batch = batch;
        _pool.Run(_latent);
    }

    internal override void AbsorbQueries(Activations queries, Weight keyValue, LatentHeads heads, Batch batch, Activations absorbed)
    {
        Check(queries, batch.Count, heads.Heads * heads.QueryDim);
        Check(absorbed, batch.Count, heads.Heads * heads.LatentDim);
        Check(keyValue, heads);
        var weight = (CpuWeight)keyValue;
        _expansion.Reserve(weight.ExpansionBytes);
        _scratch.Reserve((long)heads.Rank * sizeof(float));
        _absorb.Angles = Reached(heads.Rotary, batch);
        _absorb.Owner = this;
        _absorb.Weight = weight;
        _absorb.Queries = (CpuActivations)queries;
        _absorb.Absorbed = (CpuActivations)absorbed;
        _absorb.Heads = heads;
        _absorb.Batch = batch;
        _pool.Run(_absorb);
    }

    internal override void ExpandValues(Activations means, Weight keyValue, LatentHeads heads, int rows, Activations values)
    {
        Check(means, rows, heads.Heads * heads.Rank);
        Check(values, rows, heads.Heads * heads.ValueDim);
        Check(keyValue, heads);
        var weight = (CpuWeight)keyValue;
        _expansion.Reserve(weight.ExpansionBytes);
        _scratch.Reserve((long)_kernels.LinearScratch(heads.Rank) * sizeof(float));
        _expandValues.Owner = this;
        _expandValues.Weight = weight;
        _expandValues.Means = (CpuActivations)means;
        _expandValues.Values = (CpuActivations)values;
        _expandValues.Heads = heads;
        _expandValues.Rows = rows;
        _pool.Run(_expandValues);
    }

    static void Check(Weight keyValue, LatentHeads heads)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(keyValue.Rows, (long)heads.Heads * heads.HeadRows, nameof(keyValue));
        ArgumentOutOfRangeException.ThrowIfNotEqual(keyValue.Columns, heads.Rank, nameof(keyValue));
    }

    RotaryAngles Reached(Rotary rotary, Batch batch)
    {
        RotaryAngles angles = Angles(rotary);
        foreach (int position in batch.Positions)
        {
            angles.Reach(position);
        }

        return angles;
    }

    sealed class LatentWork : ParallelWork
    {
        internal CpuKernels Kernels = null!;
        internal RotaryAngles Angles = null!;
        internal CpuActivations Latent = null!;
        internal CpuVector Norm = null!;
        internal float Epsilon;
        internal LatentHeads Heads = null!;
        internal CpuKvCache Cache = null!;
        internal int Layer;
        internal Batch Batch = null!;

        internal override long Units => Batch.Count;

        internal override void Run(int worker, long first, long end)
        {
            int pairs = Heads.Rotary.Frequencies.Length;
            for (int row = (int)first; row < end; row++)
            {
                float* latent = Latent.Row(row);
                int position = Batch.Positions[row];
                Kernels.AddRmsNorm(latent, null, Norm.Data, Epsilon, latent, Heads.Rank);
                fixed (float* angles = Angles.At(position))
                {
                    // Without angles there is nothing to turn (Kimi-Linear).
                    Kernels.NormRotate(latent + Heads.Rank, null, 0, angles, angles + pairs, Heads.RotaryDim, pairs, Heads.Rotary.TurnsNeighbours);
                }

                KvCacheLayout layout = Cache.Layout;
                byte* stored = Cache.Keys(Batch.Sequences[row].Of(Cache).Page(position / KvCacheLayout.PageTokens), Layer, 0)
                    + ((long)(position % KvCacheLayout.PageTokens) * layout.HeadDim * layout.ElementBytes);
                Kernels.Store(latent, stored, layout.HeadDim, layout.Type, layout.Scale(Layer, 0).Key);
                Cache.LookForNaN(stored, layout.HeadDim);
            }
        }
    }

    sealed class AbsorbWork : ParallelWork
    {
        internal CpuBackend Owner = null!;
        internal RotaryAngles Angles = null!;
        internal CpuWeight Weight = null!;
        internal CpuActivations Queries = null!;
        internal CpuActivations Absorbed = null!;
        internal LatentHeads Heads = null!;
        internal Batch Batch = null!;

        internal override long Units => Heads.Heads;

        internal override void Run(int worker, long first, long end)
        {
            float* widened = (float*)Owner._scratch.Of(worker);
            for (int head = (int)first; head < end; head++)
            {
                for (int row = 0; row < Batch.Count; row++)
                {
                    Turn(row, head);
                }

                // A row of the weight is widened once for all tokens.
                long start = (long)head * Heads.HeadRows;
                for (int i = 0; i < Heads.PlainDim; i++)
                {
                    CpuWeight weight = Weight.IsExpanded ? Weight.Expand(worker, start + i, start + i + 1, Owner._expansion.Of(worker)) : Weight;
                    CpuKernels.WidenRow(weight, start + i, widened);
                    ReadOnlySpan<float> key = new(widened, Heads.Rank);
                    for (int row = 0; row < Batch.Count; row++)
                    {
                        Span<float> sum = new(Absorbed.Row(row) + (head * Heads.LatentDim), Heads.Rank);
                        TensorPrimitives.MultiplyAdd(key, Queries.Row(row)[(head * Heads.QueryDim) + i], sum, sum);
                    }
                }
            }
        }

        void Turn(int row, int head)
        {
            int pairs = Heads.Rotary.Frequencies.Length;
            if (Heads.Rotary.QueryGrowth is not null)
            {
                Span<float> query = new(Queries.Row(row) + (head * Heads.QueryDim), Heads.QueryDim);
                TensorPrimitives.Multiply(query, Heads.Rotary.QueryFactor(Batch.Positions[row]), query);
            }

            float* absorbed = Absorbed.Row(row) + (head * Heads.LatentDim);
            new Span<float>(absorbed, Heads.Rank).Clear();
            new ReadOnlySpan<float>(Queries.Row(row) + (head * Heads.QueryDim) + Heads.PlainDim, Heads.RotaryDim).CopyTo(new Span<float>(absorbed + Heads.Rank, Heads.RotaryDim));
            fixed (float* angles = Angles.At(Batch.Positions[row]))
            {
                Owner._kernels.NormRotate(absorbed + Heads.Rank, null, 0, angles, angles + pairs, Heads.RotaryDim, pairs, Heads.Rotary.TurnsNeighbours);
            }
        }
    }

    sealed class ExpandWork : ParallelWork
    {
        internal CpuBackend Owner = null!;
        internal CpuWeight Weight = null!;
        internal CpuActivations Means = null!;
        internal CpuActivations Values = null!;
        internal LatentHeads Heads = null!;
        internal int Rows;

        internal override long Units => Heads.Heads;

        internal override void Run(int worker, long first, long end)
        {
            // Vector kernels read on to a multiple of 64 columns, where the next head begins.
            CpuKernels kernels = Heads.Rank % 64 == 0 ? Owner._kernels : ScalarKernels.Instance;
            for (int head = (int)first; head < end; head++)
            {
                long start = ((long)head * Heads.HeadRows) + Heads.PlainDim;
                LinearInput input = new(Means.Row(0) + (head * Heads.Rank), Means.Stride, Rows, null, 0);
                float* output = Values.Row(0) + ((long)head * Heads.ValueDim) - start;
                long stop;
                for (long row = start; row < start + Heads.ValueDim; row = stop)
                {
                    CpuWeight weight = Weight;
                    stop = start + Heads.ValueDim;
                    if (weight.IsExpanded)
                    {
                        stop = Math.Min(stop, row + CpuWeight.ExpandedRows);
                        weight = weight.Expand(worker, row, stop, Owner._expansion.Of(worker));
                    }

                    kernels.Linear(weight, row, stop, input, output, Values.Stride, (float*)Owner._scratch.Of(worker));
                }
            }
        }
    }
}
