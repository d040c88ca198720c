using Octet.Safetensors;

namespace Octet.Backends.Cpu;

/// <summary>
/// The CPU: weights in place in the mapped file, activations in float32, every operation cut into units that threads share. Units write
/// disjoint memory and each output is summed by one thread, so results do not depend on the number of threads.
/// </summary>
sealed unsafe partial class CpuBackend : Backend
{
    // Layers of one pass.
    const int MostWeights = 4;

    readonly CpuKernels _kernels;
    readonly WorkerPool _pool;
    readonly ActivationMode _mode;
    readonly EmbedWork _embed = new();
    readonly NormWork _norm = new();
    readonly FactorWork _factor = new();
    readonly QuantizeWork _quantize = new();
    readonly PrepareWork _prepare = new();
    readonly LinearWork _linear = new();
    readonly RotateWork _rotate = new();
    readonly AttentionWork _attention = new();
    readonly Dictionary<Rotary, RotaryAngles> _angles = [];
    readonly QuantizedInput[] _inputs;
    readonly WorkerMemory _scratch;
    readonly WorkerMemory _expansion;

    /// <param name="kernels">The instruction set.</param>
    /// <param name="threads">Threads that compute, the caller's among them.</param>
    /// <param name="mode">How the inputs of FP8 layers are held.</param>
    /// <param name="memory">Counts what is allocated; null: the machine's.</param>
    /// <exception cref="ModelException">The system starts no more threads.</exception>
    internal CpuBackend(CpuKernels kernels, int threads, ActivationMode mode, MemoryLedger? memory = null)
    {
        _kernels = kernels;
        _mode = mode;
        Memory = memory ?? MemoryLedger.Host;
        _inputs = [.. Enumerable.Range(0, MostWeights).Select(_ => new QuantizedInput(Memory))];
        _scratch = new WorkerMemory(Memory, threads);
        _expansion = new WorkerMemory(Memory, threads);
        _pool = new WorkerPool(threads);
    }

    internal override MemoryLedger Memory { get; }

    internal override string Description => $"cpu {_kernels.Name}, {_pool.Workers} {(_pool.Workers == 1 ? "thread" : "threads")}";

    internal override Activations CreateActivations(int rows, int columns) => new CpuActivations(rows, columns, Memory);

    internal override Weight CreateLinear(LinearTensor tensor)
    {
        CpuVector? bias = tensor.Bias is { } terms ? CpuVector.Bias(terms, tensor, Memory) : null;
        try
        {
            return new CpuWeight(tensor, Memory, _pool.Workers) { Input = tensor.Input(_mode), InputFactors = tensor.InputFactors, Bias = bias };
        }
        catch
        {
            bias?.Dispose();
            throw;
        }
    }

    internal override Weight CreateEmbedding(LinearTensor tensor)
    {
        MemoryAdvice.ReadSmallPages(tensor.Tensor);
        return new CpuWeight(tensor, Memory, _pool.Workers) { ReleasesRows = tensor.Tensor.IsMapped, InputFactors = tensor.InputFactors };
    }

    internal override Weight CreateFloat8(LinearTensor tensor)
    {
        using var source = new CpuWeight(tensor, Memory);
        var copy = new CpuWeight(tensor.Rows, tensor.Columns, Memory)
        {
            InputFactors = tensor.InputFactors,
            Bias = tensor.Bias is { } bias ? CpuVector.Bias(bias, tensor, Memory) : null,
        };
        try
        {
            _pool.Run(new Float8Copy(source, tensor.Tensor, copy));
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    internal override Weight CreateVector(TensorView tensor, float offset) => new CpuVector(tensor, offset, Memory);

    internal override KvCache CreateKvCache(KvCacheLayout layout, int maxPages, bool withinRoom) => new CpuKvCache(layout, maxPages, Memory, withinRoom);

    internal override void Embed(Weight table, float factor, Batch batch, Activations output)
    {
        var weight = (CpuWeight)table;
        Check(output, batch.Count, weight.Columns);
        if (weight.InputFactors is not null)
        {
            throw new ModelException(ModelError.Unsupported, "the embedding has factors of inputs (pre_quant_scale), which only a layer that multiplies has");
        }

        foreach (int id in batch.Ids)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (ulong)weight.Rows, nameof(batch));
        }

        _expansion.Reserve(weight.ExpansionBytes);
        _embed.Owner = this;
        _embed.Table = weight;
        _embed.Factor = factor;
        _embed.Batch = batch;
        _embed.Output = (CpuActivations)output;
        _pool.Run(_embed);
    }

    internal override void AddRmsNorm(Activations residual, Activations? delta, Weight norm, float epsilon, Activations output, int rows)
    {
        Check(residual, rows, norm.Columns);
        Check(delta ?? residual, rows, norm.Columns);
        Check(output, rows, norm.Columns);
        _norm.Kernels = _kernels;
        _norm.Residual = (CpuActivations)residual;
        _norm.Delta = (CpuActivations?)delta;
        _norm.Norm = (CpuVector)norm;
        _norm.Epsilon = epsilon;
        _norm.Output = (CpuActivations)output;
        _norm.Rows = rows;
        _pool.Run(_norm);
    }

    internal override void Linear(Activations input, ReadOnlySpan<Weight> weights, ReadOnlySpan<Activations> outputs, int rows)
    {
        Set(input, weights, outputs, rows);
        _pool.Run(_linear);
    }

    internal override void GateUp(Activations input, ReadOnlySpan<Weight> weights, Gating gating, Activations gate, Activations up, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.Length, 2, nameof(weights));
        ArgumentOutOfRangeException.ThrowIfNotEqual(gate.Columns, up.Columns, nameof(up));
        Set(input, weights, [gate, up], rows);
        _linear.Gating = gating;
        _pool.Run(_linear);
    }

    void Set(Activations input, ReadOnlySpan<Weight> weights, ReadOnlySpan<Activations> outputs, int rows)
    {
        var x = (CpuActivations)input;
        _linear.Kernels = _kernels;
        _linear.Count = weights.Length;
        _linear.Gating = null;
        _linear.Function = null;
        _linear.Owner = this;
        for (int i = 0; i < weights.Length; i++)
        {
            var weight = (CpuWeight)weights[i];
            var output = (CpuActivations)outputs[i];
            Check(input, rows, weight.Columns);
            Check(output, rows, checked((int)weight.Rows));
            _expansion.Reserve(weight.ExpansionBytes);
            int same = 0;
            while (!SharesInput((CpuWeight)weights[same], weight, rows))
            {
                same++;
            }

            LinearInput source = same < i ? _linear.Input(same) : SharedInput(x, weights, i, rows);
            _linear.Set(i, weight, source, output.Row(0), output.Stride);
        }

        _scratch.Reserve((long)_kernels.LinearScratch(x.Columns) * sizeof(float));
    }

    internal override void RotateAndStore(Activations query, Activations? key, Activations? value, in HeadNorm norm, Rotary rotary, KvCache cache, int layer, Batch batch)
    {
        KvCacheLayout layout = cache.Layout;
        Check(query, batch.Count, query.Columns);
        if (key is not null && value is not null)
        {
            Check(key, batch.Count, layout.Heads * layout.HeadDim);
            Check(value, batch.Count, layout.Heads * layout.HeadDim);
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(rotary.Size, layout.HeadDim, nameof(rotary));
        RotaryAngles angles = Angles(rotary);
        RotaryAngles longAngles = rotary.Long is { } stretched ? Angles(stretched) : angles;
        for (int row = 0; row < batch.Count; row++)
        {
            (batch.Sequences[row].IsLong ? longAngles : angles).Reach(batch.Positions[row]);
        }

        _rotate.Kernels = _kernels;
        _rotate.Rotary = rotary;
        _rotate.Angles = angles;
        _rotate.LongAngles = longAngles;
        _rotate.Query = (CpuActivations)query;
        _rotate.Key = (CpuActivations?)key;
        _rotate.Value = (CpuActivations?)value;
        _rotate.QueryNorm = (CpuVector?)norm.Query;
        _rotate.KeyNorm = (CpuVector?)norm.Key;
        _rotate.Epsilon = norm.Epsilon;
        _rotate.Cache = (CpuKvCache)cache;
        _rotate.Layer = layer;
        _rotate.Batch = batch;
        _pool.Run(_rotate);
    }

    RotaryAngles Angles(Rotary rotary)
    {
        if (!_angles.TryGetValue(rotary, out RotaryAngles? angles))
        {
            _angles.Add(rotary, angles = new RotaryAngles(rotary));
        }

        return angles;
    }

    internal override void Attention(Activations query, KvCache cache, int layer, AttentionShape shape, Batch batch, Activations output)
    {
        KvCacheLayout layout = cache.Layout;
        Check(query, batch.Count, query.Columns);
        Check(output, batch.Count, query.Columns / layout.HeadDim * layout.ValueDim);
        if (shape.Sinks is { } sinks)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(sinks.Columns, query.Columns / layout.HeadDim, nameof(shape));
        }

        _attention.Kernels = _kernels;
        _attention.Owner = this;
        _attention.Query = (CpuActivations)query;
        _attention.Output = (CpuActivations)output;
        _attention.Cache = (CpuKvCache)cache;
        _attention.Layer = layer;
        _attention.Shape = shape;
        _attention.Group = query.Columns / layout.HeadDim / layout.Heads;
        _attention.Plan(batch);
        (int rows, int group) = layout.ValuesInKeys ? (AttentionTile.MaxHeads, 1) : (AttentionTile.MaxRows, _attention.Group);
        _scratch.Reserve((long)_kernels.AttentionScratch(layout.HeadDim, rows, group) * sizeof(float));
        _pool.Run(_attention);
    }

    internal override void Logits(Activations input, int first, int count, Weight head, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, checked((int)(count * head.Rows)), nameof(destination));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        Check(input, first + count, head.Columns);
        var x = (CpuActivations)input;
        _scratch.Reserve((long)_kernels.LinearScratch(x.Columns) * sizeof(float));
        fixed (float* y = destination)
        {
            var weight = (CpuWeight)head;
            if (weight.InputFactors is { } factors)
            {
                (x, first) = (Multiply(x, first, factors, count, _inputs[0]), 0);
            }

            LinearInput source = Prepare(weight, new(x.Row(first), x.Stride, count, null, 0), _inputs[0].Prepared, _kernels.PreparedBytes(weight, count));
            _linear.Kernels = _kernels;
            _linear.Count = 1;
            _linear.Gating = null;
            _linear.Function = null;
            _linear.Owner = this;
            _expansion.Reserve(weight.ExpansionBytes);
            _linear.Set(0, weight, source, y, checked((int)head.Rows));
            _pool.Run(_linear);
        }
    }

    public override void Dispose()
    {
        _pool.Dispose();
        foreach (QuantizedInput input in _inputs)
        {
            input.Dispose();
        }

        _scratch.Dispose();
        _expansion.Dispose();
    }

    bool SharesInput(CpuWeight one, CpuWeight other, int rows)
        => one.Input == other.Input && one.InputFactors.AsSpan().SequenceEqual(other.InputFactors) && _kernels.PreparedLayout(one, rows) == _kernels.PreparedLayout(other, rows);

    LinearInput Prepare(CpuWeight weight, LinearInput x, GrowingMemory prepared, long bytes)
    {
        if (bytes == 0)
        {
            return x;
        }

        _prepare.Kernels = _kernels;
        _prepare.Weight = weight;
        _prepare.Input = x;
        _prepare.Output = prepared.Reserve(bytes);
        _pool.Run(_prepare);
        return x with { Prepared = _prepare.Output };
    }

    /// <summary>The input of weight <paramref name="index"/> and of those after it that share it.</summary>
    LinearInput SharedInput(CpuActivations x, ReadOnlySpan<Weight> weights, int index, int rows)
    {
        var first = (CpuWeight)weights[index];
        long bytes = 0;
        foreach (CpuWeight weight in weights[index..])
        {
            bytes = SharesInput(first, weight, rows) ? Math.Max(bytes, _kernels.PreparedBytes(weight, rows)) : bytes;
        }

        if (first.InputFactors is { } factors)
        {
            x = Multiply(x, 0, factors, rows, _inputs[index]);
        }

        LinearInput shared = first.Input is { } quantization ? Quantize(x, first.Columns, quantization, rows, _inputs[index]) : new(x.Row(0), x.Stride, rows, null, 0);
        return Prepare(first, shared, _inputs[index].Prepared, bytes);
    }

    /// <summary>Rows [first, first + rows) of <paramref name="x"/> times the factors, in the rows from 0.</summary>
    CpuActivations Multiply(CpuActivations x, int first, float[] factors, int rows, QuantizedInput memory)
    {
        _factor.Input = x;
        _factor.Factors = factors;
        _factor.Output = memory.ReserveMultiplied(x);
        _factor.First = first;
        _factor.Rows = rows;
        _pool.Run(_factor);
        return _factor.Output;
    }

    LinearInput Quantize(CpuActivations x, int columns, InputQuantization rule, int rows, QuantizedInput quantized)
    {
        quantized.Reserve(x);
        CpuActivations codes = quantized.Codes!;
        CpuActivations scales = quantized.Scales!;
        _quantize.Input = x;
        _quantize.Rule = rule;
        _quantize.Codes = codes;
        _quantize.Scales = scales;
        _quantize.Rows = rows;
        _quantize.Columns = columns;
        _quantize.Groups = (columns + CpuKernels.ActivationGroup - 1) / CpuKernels.ActivationGroup;
        _pool.Run(_quantize);
        return new LinearInput(codes.Row(0), codes.Stride, rows, scales.Row(0), scales.Stride);
    }

    static void Check(Activations buffer, int rows, int columns)
    {
        if (rows > buffer.Rows || columns != buffer.Columns)
        {
            throw new ArgumentException($"a buffer of [{buffer.Rows}, {buffer.Columns}] where [{rows}, {columns}] is needed");
        }
    }
}
