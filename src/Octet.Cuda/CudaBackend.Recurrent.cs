using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;
using Octet.Safetensors;

namespace Octet.Cuda;

/// <summary>Recurrent layers: blocks are runs, the rows of one sequence in a step, times heads and their columns, or times channels.</summary>
sealed unsafe partial class CudaBackend
{
    /// <summary>The most keys of a state, which a block has in registers.</summary>
    internal const int MostStateKeys = 256;

    // recur.cu: columns of values of a block, and its threads.
    const int StateColumns = 32;
    const int StateThreads = 128;

    // Rows of a sequence that a thread of convolve goes through.
    const int ConvolvedRows = 32;

    DeviceBlock? _edges;

    internal override RecurrentCache CreateRecurrentCache(RecurrentLayout layout, int maxPages, bool withinRoom)
    {
        FinishUpload();
        return new CudaRecurrentCache(_context, layout, maxPages, withinRoom);
    }

    internal override Weight CreateTaps(TensorView tensor, ReadOnlySpan<float> factors = default)
        => !factors.IsEmpty ? throw Unsupported("a convolution with factors") : CudaVector.Transposed(tensor, checked((int)tensor.Shape[^1]), _arena, Upload());

    internal override void Convolve(Activations mixed, Weight taps, Weight? bias, RecurrentCache cache, int layer, ConvolutionShape shape, Batch batch)
    {
        Check(mixed, batch.Count, shape.Channels);
        ArgumentOutOfRangeException.ThrowIfNotEqual(taps.Columns, shape.Channels, nameof(taps));
        ArgumentOutOfRangeException.ThrowIfNotEqual(taps.Rows, shape.Taps, nameof(taps));
        ArgumentOutOfRangeException.ThrowIfNotEqual(bias?.Columns ?? shape.Channels, shape.Channels, nameof(bias));
        ArgumentOutOfRangeException.ThrowIfLessThan(shape.Taps, ConvolutionShape.FewestTaps, nameof(shape));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(shape.Taps, ConvolutionShape.MostTaps, nameof(shape));
        ArgumentOutOfRangeException.ThrowIfLessThan(cache.Layout.Floats, shape.Floats, nameof(shape));
        var of = (CudaActivations)mixed;
        Made(of);
        (ulong tiles, int count, bool isWhole) = _step.Runs(ConvolvedRows);
        var parameters = new ConvolutionParameters
        {
            Tiles = tiles,
            Offset = ((CudaRecurrentCache)cache).Offset(layer) + ((ulong)shape.StateFloats * sizeof(float)),
            Mixed = of.Address,
            Taps = ((CudaVector)taps).Address,
            Bias = ((CudaVector?)bias)?.Address ?? 0,
            Edges = isWhole ? 0 : ReserveEdges((long)count * (shape.Taps - 1) * shape.Channels * sizeof(float)),
            Stride = of.Stride,
            Channels = shape.Channels,
            TapCount = shape.Taps,
            HasSilu = shape.HasSilu ? 1 : 0,
        };
        var grid = new Dim3(Blocks(shape.Channels, RowThreads), count);
        if (!isWhole)
        {
            var kept = new LaunchArguments();
            kept.Add(parameters);
            Launch(ref kept, "convolve", "keep_edges", grid, RowThreads);
        }

        var arguments = new LaunchArguments();
        arguments.Add(parameters);
        Launch(ref arguments, "convolve", "convolve", grid, RowThreads);
    }

    internal override void GatedDelta(Activations mixed, Activations beta, Activations step, Weight logRate, Weight bias, RecurrentCache cache, int layer, DeltaShape shape, Batch batch, Activations output)
    {
        Check(mixed, batch.Count, shape.Channels);
        Check(beta, batch.Count, shape.ValueHeads);
        Check(step, batch.Count, shape.ValueHeads);
        Check(output, batch.Count, shape.Values);
        ArgumentOutOfRangeException.ThrowIfNotEqual(logRate.Columns, shape.ValueHeads, nameof(logRate));
        ArgumentOutOfRangeException.ThrowIfNotEqual(bias.Columns, shape.ValueHeads, nameof(bias));
        ArgumentOutOfRangeException.ThrowIfNotEqual(shape.ValueHeads % shape.KeyHeads, 0, nameof(shape));
        ArgumentOutOfRangeException.ThrowIfLessThan(cache.Layout.Floats, shape.Floats, nameof(shape));
        var strength = (CudaActivations)beta;
        Recur("gated_delta", cache, layer, shape.ValueHeads, mixed, step, output, new RecurrentHeads
        {
            Strength = strength.Address,
            StrengthStride = strength.Stride,
            LogRate = ((CudaVector)logRate).Address,
            Bias = ((CudaVector)bias).Address,
            Writes = shape.Queries,
            Values = 2 * shape.Queries,
            Sharing = shape.ValueHeads / shape.KeyHeads,
            KeyDim = shape.KeyDim,
            ValueDim = shape.ValueDim,
        });
    }

    internal override void StateSpace(Activations mixed, Activations step, StateSpaceWeights weights, RecurrentCache cache, int layer, StateSpaceShape shape, Batch batch, Activations output)
    {
        Check(mixed, batch.Count, shape.Channels);
        Check(step, batch.Count, shape.Heads);
        Check(output, batch.Count, shape.Inner);
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.LogRate.Columns, shape.Heads, nameof(weights));
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.StepBias.Columns, shape.Heads, nameof(weights));
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.Skip.Columns, shape.Heads, nameof(weights));
        ArgumentOutOfRangeException.ThrowIfNotEqual(shape.Heads % shape.Groups, 0, nameof(shape));
        ArgumentOutOfRangeException.ThrowIfLessThan(cache.Layout.Floats, shape.Convolution.Floats, nameof(shape));
        Recur("state_space", cache, layer, shape.Heads, mixed, step, output, new RecurrentHeads
        {
            LogRate = ((CudaVector)weights.LogRate).Address,
            Bias = ((CudaVector)weights.StepBias).Address,
            Skip = ((CudaVector)weights.Skip).Address,
            Reads = shape.Inner + shape.Shared,
            Writes = shape.Inner,
            Sharing = shape.Heads / shape.Groups,
            KeyDim = shape.StateDim,
            ValueDim = shape.HeadDim,
            Low = (float)shape.StepLimits.Low,
            High = (float)shape.StepLimits.High,
        });
    }

    internal override void GatedNorm(Activations states, Activations gate, Weight norm, float epsilon, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(states.Columns % norm.Columns, 0, nameof(norm));
        GateHeads("norm_and_gate", states, gate, norm.Columns, norm, epsilon, rows);
    }

    internal override void NormGated(Activations states, Activations gate, int groups, Weight? norm, float epsilon, int rows)
    {
        if (norm is null)
        {
            throw Unsupported("a gate without a norm");
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(states.Columns, norm.Columns, nameof(norm));
        ArgumentOutOfRangeException.ThrowIfNotEqual(states.Columns % groups, 0, nameof(groups));
        GateHeads("gate_and_norm", states, gate, states.Columns / groups, norm, epsilon, rows);
    }

    static bool HasStates(int keys) => keys % 4 == 0 && keys is >= 4 and <= MostStateKeys;

    void Recur(string kernel, RecurrentCache cache, int layer, int heads, Activations mixed, Activations step, Activations output, RecurrentHeads parameters)
    {
        if (!HasStates(parameters.KeyDim))
        {
            throw Unsupported($"a recurrent state of {parameters.KeyDim} keys, expected a multiple of 4 up to {MostStateKeys},");
        }

        var from = (CudaActivations)mixed;
        var by = (CudaActivations)step;
        var to = (CudaActivations)output;
        Made(to);
        (parameters.Runs, int count, _) = _step.Runs(int.MaxValue);
        parameters.Offset = ((CudaRecurrentCache)cache).Offset(layer);
        (parameters.Mixed, parameters.MixedStride) = (from.Address, from.Stride);
        (parameters.Step, parameters.StepStride) = (by.Address, by.Stride);
        (parameters.Output, parameters.OutputStride) = (to.Address, to.Stride);
        parameters.Blocks = Blocks(parameters.ValueDim, StateColumns);
        var arguments = new LaunchArguments();
        arguments.Add(parameters);
        Launch(ref arguments, "recur", $"{kernel}_{(parameters.KeyDim <= 64 ? 64 : parameters.KeyDim <= 128 ? 128 : MostStateKeys)}", new Dim3(checked(heads * parameters.Blocks), count), StateThreads);
    }

    void GateHeads(string kernel, Activations states, Activations gate, int size, Weight norm, float epsilon, int rows)
    {
        Check(states, rows, gate.Columns);
        Check(gate, rows, states.Columns);
        rows = Padded(rows);
        var of = (CudaActivations)states;
        var to = (CudaActivations)gate;
        Made(to);
        var arguments = new LaunchArguments();
        arguments.Add(of.Address);
        arguments.Add(to.Address);
        arguments.Add(((CudaVector)norm).Address);
        arguments.Add(of.Stride);
        arguments.Add(to.Stride);
        arguments.Add(size);
        arguments.Add(epsilon);
        int threads = Math.Min(MostThreads, Blocks(size, HeadColumns * WarpThreads) * WarpThreads);
        Launch(ref arguments, "convolve", kernel, new Dim3(of.Columns / size, rows), threads);
    }

    // Steps that are recorded have one row of each sequence: no graph knows where these are.
    ulong ReserveEdges(long bytes)
    {
        if (_edges is null || _edges.Bytes < bytes)
        {
            _edges?.Dispose();
            _edges = null;
            _edges = _context.Allocate(bytes);
        }

        return _edges.Address;
    }
}
