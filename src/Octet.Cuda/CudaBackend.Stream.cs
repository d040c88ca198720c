using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;
using Octet.Cuda.Sampling;

namespace Octet.Cuda;

/// <summary>What families beside Llama's do to their streams, heads and logits.</summary>
sealed unsafe partial class CudaBackend
{
    // Columns that a thread of add_scaled has, and those of a head that one of norm_heads has before there are more threads.
    const int ScaledColumns = 4;
    const int HeadColumns = 4;

    internal override void AddScaled(Activations states, Activations? delta, float factor, int rows)
    {
        Check(states, rows, states.Columns);
        Check(delta ?? states, rows, states.Columns);
        rows = Padded(rows);
        var of = (CudaActivations)states;
        var added = (CudaActivations?)delta;
        Made(of);
        var arguments = new LaunchArguments();
        arguments.Add(of.Address);
        arguments.Add(added?.Address ?? 0);
        arguments.Add(of.Stride);
        arguments.Add(added?.Stride ?? 0);
        arguments.Add(of.Columns);
        arguments.Add(factor);
        Launch(ref arguments, "stream", "add_scaled", new Dim3(Blocks(of.Columns, ScaledColumns * RowThreads), rows), RowThreads);
    }

    internal override void Multiply(Activations states, ColumnRange factors, int rows)
    {
        Check(states, rows, factors.Count);
        Check(factors.Buffer, rows, factors.Buffer.Columns);
        ArgumentOutOfRangeException.ThrowIfNegative(factors.First, nameof(factors));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(factors.First + factors.Count, factors.Buffer.Columns, nameof(factors));
        rows = Padded(rows);
        var of = (CudaActivations)states;
        var by = (CudaActivations)factors.Buffer;
        Made(of);
        var arguments = new LaunchArguments();
        arguments.Add(of.Address);
        arguments.Add(by.Address + ((ulong)factors.First * sizeof(float)));
        arguments.Add(of.Stride);
        arguments.Add(by.Stride);
        arguments.Add(of.Columns);
        Launch(ref arguments, "stream", "multiply", new Dim3(Blocks(of.Columns, RowThreads), rows), RowThreads);
    }

    internal override void NormHeads(Activations states, int headDim, Weight? norm, float epsilon, int rows)
    {
        Check(states, rows, states.Columns);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(headDim);
        ArgumentOutOfRangeException.ThrowIfNotEqual(states.Columns % headDim, 0, nameof(headDim));
        ArgumentOutOfRangeException.ThrowIfNotEqual(norm?.Columns ?? headDim, headDim, nameof(norm));
        rows = Padded(rows);
        var of = (CudaActivations)states;
        Made(of);
        var arguments = new LaunchArguments();
        arguments.Add(of.Address);
        arguments.Add(((CudaVector?)norm)?.Address ?? 0);
        arguments.Add(of.Stride);
        arguments.Add(headDim);
        arguments.Add(epsilon);
        int threads = Math.Min(MostThreads, Blocks(headDim, HeadColumns * WarpThreads) * WarpThreads);
        Launch(ref arguments, "stream", "norm_heads", new Dim3(of.Columns / headDim, rows), threads);
    }

    internal override void AddLayerNorm(Activations residual, Activations? delta, Weight norm, Weight? bias, float epsilon, Activations output, int rows)
    {
        Check(residual, rows, norm.Columns);
        Check(delta ?? residual, rows, norm.Columns);
        Check(output, rows, norm.Columns);
        ArgumentOutOfRangeException.ThrowIfNotEqual(bias?.Columns ?? norm.Columns, norm.Columns, nameof(bias));
        int threads = NormThreads(norm.Columns);
        rows = Padded(rows);
        var stream = (CudaActivations)residual;
        var added = (CudaActivations?)delta;
        var to = (CudaActivations)output;
        var arguments = new LaunchArguments();
        Made(stream);
        arguments.Add(stream.Address);
        arguments.Add(added?.Address ?? 0);
        arguments.Add(((CudaVector)norm).Address);
        arguments.Add(((CudaVector?)bias)?.Address ?? 0);
        arguments.Add(to.Address);
        arguments.Add(stream.Stride);
        arguments.Add(added?.Stride ?? 0);
        arguments.Add(to.Stride);
        arguments.Add(norm.Columns);
        arguments.Add(epsilon);
        arguments.Add(PrepareAhead(((CudaVector)norm).Outputs, to, rows));
        Launch(ref arguments, "stream", "add_layer_norm", rows, threads);
    }

    internal override void Rotate(Activations query, Activations key, int headDim, Rotary rotary, ReadOnlySpan<int> positions)
    {
        // Angles on the card are those of a step's rows.
        if (!_isForward || positions.Length != _batchRows)
        {
            throw Unsupported("an encoder's attention");
        }

        Check(key, positions.Length, key.Columns);
        Turn(query, key, headDim, rotary, grows: false);
    }

    internal override void Linear(Activations input, Weight weight, Nonlinearity function, Activations output, int rows)
    {
        Linear(input, [weight], [output], rows);
        rows = Padded(rows);
        var to = (CudaActivations)output;
        var arguments = new LaunchArguments();
        arguments.Add(to.Address);
        arguments.Add(to.Stride);
        arguments.Add(to.Columns);
        arguments.Add((int)function);
        Launch(ref arguments, "stream", "apply", new Dim3(Blocks(to.Columns, RowThreads), rows), RowThreads);
    }

    internal override void Apply(Xielu function, Activations states, int rows)
    {
        Check(states, rows, states.Columns);
        rows = Padded(rows);
        var of = (CudaActivations)states;
        Made(of);
        var arguments = new LaunchArguments();
        arguments.Add(of.Address);
        arguments.Add(of.Stride);
        arguments.Add(of.Columns);
        arguments.Add(function.Positive);
        arguments.Add(function.Negative);
        arguments.Add(function.Beta);
        arguments.Add(function.Limit);
        Launch(ref arguments, "stream", "apply_xielu", new Dim3(Blocks(of.Columns, RowThreads), rows), RowThreads);
    }

    internal override void Finish(LogitRows logits, int count, LogitScaling scaling)
    {
        if (logits is not CudaLogitRows rows)
        {
            base.Finish(logits, count, scaling);
            return;
        }

        var arguments = new LaunchArguments();
        arguments.Add(rows.First);
        arguments.Add(rows.Stride);
        arguments.Add(rows.Width);
        arguments.Add(scaling.Factor);
        arguments.Add(scaling.Cap ?? 0);
        Launch(ref arguments, "stream", "finish_logits", new Dim3(Blocks(rows.Width, RowThreads), count), RowThreads);
    }

    /// <summary>Multiplies the weights of pairs of tokens and experts with factors of the experts.</summary>
    void WeighRoutes(CudaRoutes routes, CudaVector factors, int pairs)
    {
        var arguments = new LaunchArguments();
        arguments.Add(routes.ChosenWeights);
        arguments.Add(routes.Chosen32);
        arguments.Add(factors.Address);
        arguments.Add(pairs);
        Launch(ref arguments, "stream", "weigh_routes", Blocks(pairs, RowThreads), RowThreads);
    }

    /// <summary>The rotary embedding of a step's queries and, where there are some, keys, in place.</summary>
    /// <param name="query">Queries.</param>
    /// <param name="key">Keys; null: none.</param>
    /// <param name="headDim">Elements of a head.</param>
    /// <param name="rotary">How they turn.</param>
    /// <param name="grows">Whether queries are multiplied with what the embedding has for their positions.</param>
    void Turn(Activations query, Activations? key, int headDim, Rotary rotary, bool grows)
    {
        Check(query, _batchRows, query.Columns);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rotary.Size, headDim, nameof(rotary));
        (ulong angles, int stride) = _step.Angles(rotary);
        var q = (CudaActivations)query;
        var k = (CudaActivations?)key;
        Made(q);
        if (k is not null)
        {
            Made(k);
        }

        var heads = new TurnedHeads
        {
            Query = q.Address,
            Key = k?.Address ?? 0,
            Angles = angles,
            QueryStride = q.Stride,
            KeyStride = k?.Stride ?? 0,
            QueryHeads = q.Columns / headDim,
            KeyHeads = (k?.Columns ?? 0) / headDim,
            Size = headDim,
            AngleStride = stride,
            Pairs = rotary.Frequencies.Length,
            Neighbours = rotary.TurnsNeighbours ? 1 : 0,
            Grows = grows ? 1 : 0,
        };
        var arguments = new LaunchArguments();
        arguments.Add(heads);
        Launch(ref arguments, "stream", "rotate", new Dim3(Blocks(heads.QueryHeads + heads.KeyHeads, RotateWarps), _step.Rows), RotateWarps * WarpThreads);
    }
}
