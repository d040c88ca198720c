using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda;

/// <summary>What is around attention over latents (<c>latent.cu</c>).</summary>
sealed unsafe partial class CudaBackend
{
    const int LatentWarps = 8;

    // Blocks of a grid's second direction.
    const int MostLatentHeads = 65535;

    // Rows of the weight that a warp of expand_values has.
    const int ExpandedRows = 4;

    // Tokens of a block where a step has more than one.
    const int LatentTokens = 8;

    internal override void StoreLatent(Activations latent, Weight norm, float epsilon, LatentHeads heads, KvCache cache, int layer, Batch batch)
    {
        Check(latent, batch.Count, heads.LatentDim);
        ArgumentOutOfRangeException.ThrowIfNotEqual(norm.Columns, heads.Rank, nameof(norm));
        ArgumentOutOfRangeException.ThrowIfNotEqual((cache.Layout.Heads, cache.Layout.HeadDim), (1, heads.LatentDim), nameof(cache));
        (ulong angles, int stride) = _step.Angles(heads.Rotary);
        var from = (CudaActivations)latent;
        var arguments = new LaunchArguments();
        arguments.Add(new StoredLatents
        {
            Latent = from.Address,
            Norm = ((CudaVector)norm).Address,
            Angles = angles,
            Stride = from.Stride,
            Rank = heads.Rank,
            AngleStride = stride,
            Pairs = heads.Rotary.Frequencies.Length,
            Neighbours = heads.Rotary.TurnsNeighbours ? 1 : 0,
            Epsilon = epsilon,
        });
        arguments.Add(Pages(cache, layer));
        arguments.Add(_step.Rows);

        // A row is a block: those of nobody all write to the same place.
        Launch(ref arguments, "latent", $"store_latent_{Suffix(cache.Layout.Type)}", _step.Rows, WarpThreads);
    }

    internal override void AbsorbQueries(Activations queries, Weight keyValue, LatentHeads heads, Batch batch, Activations absorbed)
    {
        Check(queries, batch.Count, heads.Heads * heads.QueryDim);
        Check(absorbed, batch.Count, heads.Heads * heads.LatentDim);
        var weight = (CudaWeight)keyValue;
        (ulong angles, int stride) = _step.Angles(heads.Rotary);
        var from = (CudaActivations)queries;
        var to = (CudaActivations)absorbed;
        Made(to);
        var arguments = new LaunchArguments();
        arguments.Add(Parameters(weight, heads));
        arguments.Add(new AbsorbedQueries
        {
            Query = from.Address,
            Absorbed = to.Address,
            Angles = angles,
            QueryStride = from.Stride,
            AbsorbedStride = to.Stride,
            AngleStride = stride,
            Pairs = heads.Rotary.Frequencies.Length,
            Neighbours = heads.Rotary.TurnsNeighbours ? 1 : 0,
            Count = _step.Rows,
        });
        int tokens = _step.Rows == 1 ? 1 : LatentTokens;
        Launch(ref arguments, "latent", $"absorb_{Suffix(weight.Format)}_{tokens}", new Dim3(WeightLayout.Groups(heads.Rank), heads.Heads, Blocks(_step.Rows, tokens)), LatentWarps * WarpThreads);
    }

    internal override void ExpandValues(Activations means, Weight keyValue, LatentHeads heads, int rows, Activations values)
    {
        Check(means, rows, heads.Heads * heads.Rank);
        Check(values, rows, heads.Heads * heads.ValueDim);
        var weight = (CudaWeight)keyValue;
        rows = Padded(rows);
        var from = (CudaActivations)means;
        var to = (CudaActivations)values;
        Made(to);
        var arguments = new LaunchArguments();
        arguments.Add(Parameters(weight, heads));
        arguments.Add(new LatentMeans { Mean = from.Address, Value = to.Address, MeanStride = from.Stride, ValueStride = to.Stride, Count = rows });
        int tokens = rows == 1 ? 1 : LatentTokens;
        Launch(ref arguments, "latent", $"expand_values_{Suffix(weight.Format)}_{tokens}", new Dim3(Blocks(heads.ValueDim, LatentWarps * ExpandedRows), heads.Heads, Blocks(rows, tokens)), LatentWarps * WarpThreads);
    }

    static LatentParameters Parameters(CudaWeight weight, LatentHeads heads)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(weight.Rows, (long)heads.Heads * heads.HeadRows, nameof(weight));
        ArgumentOutOfRangeException.ThrowIfNotEqual(weight.Columns, heads.Rank, nameof(weight));
        if (weight.Factors is not null)
        {
            throw Unsupported("a layer between latents and heads (kv_b_proj) that has factors of inputs (pre_quant_scale)");
        }

        return new LatentParameters
        {
            Data = weight.Data.Address,
            Scales = weight.Layout.ScaleStride == 0 ? 0 : weight.Scales.Address,
            RowBytes = (ulong)weight.RowBytes,
            BlockRows = (int)weight.Layout.BlockRows,
            ScaleStride = weight.Layout.ScaleStride,
            ScaleShift = weight.Layout.ScaleShift,
            Rank = heads.Rank,
            Plain = heads.PlainDim,
            Turning = heads.RotaryDim,
            Value = heads.ValueDim,
        };
    }
}
