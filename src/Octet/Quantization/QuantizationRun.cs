using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text;
using Octet.Backends;
using Octet.Checkpoints;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>Carries a plan out: bands of rows on several threads, from the source through an encoder to their places in the files.</summary>
sealed class QuantizationRun(QuantizationPlan plan, CheckpointWriter writer, QuantizationOptions options, CancellationToken cancellationToken)
{
    // A band's weights in float32 take four times this, and as much again what they became.
    const int BandElements = 1 << 20;
    const int CopyBytes = 4 << 20;

    readonly PieceLog _log = new(writer);
    readonly Dictionary<WeightEncoder, (double Signal, double Error)> _sums = [];
    readonly ParallelOptions _parallel = new() { MaxDegreeOfParallelism = options.Threads ?? Environment.ProcessorCount, CancellationToken = cancellationToken };
    readonly long _total = plan.Encoded.Sum(item => item.Module.Weight.Tensor.ByteLength * (1 + item.Encoder.Surveys))
        + plan.Copied.Sum(tensor => tensor.ByteLength) + plan.Tensors.Sum(tensor => tensor.ByteLength);

    long _done;

    internal void Encode()
    {
        foreach (var unit in plan.Encoded.GroupBy(item => item.Encoder.SurveyKey))
        {
            for (int pass = 0; pass < unit.First().Encoder.Surveys; pass++)
            {
                ForEachBand([.. unit], (band, values) => band.Encoder.Survey(pass, values));
            }

            ForEachBand([.. unit], EncodeBand);
        }

        foreach ((TensorSource tensor, float scale) in plan.CacheScales)
        {
            _log.Write(tensor.Name, 0, MemoryMarshal.AsBytes(new ReadOnlySpan<float>(in scale)));
        }

        ForEach(plan.Copied.SelectMany(tensor => Pieces(tensor.ByteLength).Select(piece => (tensor, piece.Offset, piece.Length))), piece =>
        {
            (TensorView tensor, long offset, int length) = piece;
            byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
            plan.Source.Reader[tensor.Name].Read(offset, buffer.AsSpan(0, length));
            _log.Write(tensor.Name, offset, buffer.AsSpan(0, length));
            ArrayPool<byte>.Shared.Return(buffer);
            Advance(length);
        });
    }

    /// <summary>Fails where the source was changed meanwhile. Opens what was written as a reader would, pairs codes with scales, and compares every byte with what was meant.</summary>
    internal void ReadBack(string path)
    {
        plan.Source.RequireUnchanged();
        using (SafetensorsCheckpoint mapped = SafetensorsCheckpoint.Open(path))
        {
            var ledger = new WeightLedger(mapped, plan.Config is { } config ? QuantizationConfig.Read(ConfigObject.Parse(Encoding.UTF8.GetBytes(config.ToJsonString()), path)) : null);
            foreach ((_, WeightEncoder encoder) in plan.Encoded)
            {
                ledger.Linear(encoder.Module, encoder.Rows, encoder.Columns);
            }
        }

        using SafetensorsCheckpoint written = SafetensorsCheckpoint.Open(path, SafetensorsReadMode.Positional);
        ForEach(_log.Pieces, piece =>
        {
            byte[] buffer = ArrayPool<byte>.Shared.Rent(piece.Length);
            PieceLog.Check(written, piece, buffer);
            ArrayPool<byte>.Shared.Return(buffer);
            Advance(piece.Length);
        });
    }

    internal QuantizationReport Report(IReadOnlyList<string> files) => new(
        [.. plan.Encoded.Select(item => new QuantizedModule(item.Encoder.Module, item.Encoder.Rows, item.Encoder.Columns, _sums[item.Encoder].Signal, _sums[item.Encoder].Error))],
        plan.Copied.Count,
        plan.Source.Checkpoint.TotalBytes,
        plan.Tensors.Sum(tensor => tensor.ByteLength),
        files,
        plan.Notes);

    void EncodeBand(Band band, ReadOnlySpan<float> values)
    {
        float[] buffer = ArrayPool<float>.Shared.Rent(values.Length);
        Span<float> decoded = buffer.AsSpan(0, values.Length);
        band.Encoder.Encode(band.FirstRow, values, decoded, _log);
        double signal = SumOfSquares(values);
        TensorPrimitives.Subtract(values, decoded, decoded);
        double error = SumOfSquares(decoded);
        ArrayPool<float>.Shared.Return(buffer);
        lock (_sums)
        {
            (double before, double errorBefore) = _sums.GetValueOrDefault(band.Encoder);
            _sums[band.Encoder] = (before + signal, errorBefore + error);
        }
    }

    // Rows of float32 sums, added in float64.
    static double SumOfSquares(ReadOnlySpan<float> values)
    {
        const int Length = 1024;
        double sum = 0;
        for (int at = 0; at < values.Length; at += Length)
        {
            sum += TensorPrimitives.SumOfSquares(values.Slice(at, Math.Min(Length, values.Length - at)));
        }

        return sum;
    }

    void ForEachBand(IReadOnlyList<(SourceModule Module, WeightEncoder Encoder)> unit, Action<Band, ReadOnlySpan<float>> act)
        => ForEach(unit.SelectMany(item => Bands(item.Module, item.Encoder)), band =>
        {
            int count = band.Rows * band.Encoder.Columns;
            float[] buffer = ArrayPool<float>.Shared.Rent(count);
            Span<float> values = buffer.AsSpan(0, count);
            band.Source.Read(band.FirstRow, band.Rows, values);
            RequireFinite(band, values);
            act(band, values);
            ArrayPool<float>.Shared.Return(buffer);
            TensorView tensor = band.Module.Weight.Tensor;
            Advance(tensor.ByteLength * band.Rows / band.Encoder.Rows);
        });

    IEnumerable<Band> Bands(SourceModule module, WeightEncoder encoder)
    {
        var rows = new RowDequantizer(module.Weight, plan.Source.Reader[module.Weight.Tensor.Name]);
        long step = Math.Max(1, BandElements / ((long)encoder.RowStep * encoder.Columns)) * encoder.RowStep;
        for (long first = 0; first < encoder.Rows; first += step)
        {
            yield return new Band(module, encoder, rows, first, (int)Math.Min(step, encoder.Rows - first));
        }
    }

    static void RequireFinite(Band band, ReadOnlySpan<float> values)
    {
        if (band.Encoder is BFloat16Encoder || TensorPrimitives.IsFiniteAll(values))
        {
            return;
        }

        int at = 0;
        while (float.IsFinite(values[at]))
        {
            at++;
        }

        TensorView tensor = band.Module.Weight.Tensor;
        throw new ModelException(
            ModelError.Damaged,
            $"{tensor.File.Path}: tensor {tensor.Name}: the weight of row {band.FirstRow + (at / band.Encoder.Columns)}, column {at % band.Encoder.Columns} is {values[at]}: only finite weights can be quantised; --exclude {band.Encoder.Module} leaves it as it is",
            tensor.File.Path,
            tensor.Name);
    }

    static IEnumerable<(long Offset, int Length)> Pieces(long length)
    {
        for (long offset = 0; offset < length; offset += CopyBytes)
        {
            yield return (offset, (int)Math.Min(CopyBytes, length - offset));
        }
    }

    void ForEach<T>(IEnumerable<T> items, Action<T> act)
    {
        try
        {
            // One at a time to each thread: the pieces are large.
            Parallel.ForEach(System.Collections.Concurrent.Partitioner.Create(items, System.Collections.Concurrent.EnumerablePartitionerOptions.NoBuffering), _parallel, act);
        }
        catch (AggregateException several)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }

    void Advance(long bytes) => options.Progress?.Report(new QuantizationProgress(Interlocked.Add(ref _done, bytes), _total));

    readonly record struct Band(SourceModule Module, WeightEncoder Encoder, RowDequantizer Source, long FirstRow, int Rows);
}
