using System.Buffers;
using System.Globalization;
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
    readonly Dictionary<WeightEncoder, RoundingLoss> _losses = [];
    readonly ParallelOptions _parallel = new() { MaxDegreeOfParallelism = options.Threads ?? Environment.ProcessorCount, CancellationToken = cancellationToken };
    readonly long _total = plan.Encoded.Sum(item => item.Module.Bytes * (1 + item.Encoder.Surveys))
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

            foreach ((SourceModule module, WeightEncoder encoder) in unit.Where(item => item.Encoder.Refusal is not null))
            {
                TensorView tensor = module.Weight.Tensor;
                throw new ModelException(ModelError.Unsupported, $"{tensor.File.Path}: tensor {tensor.Name}: {encoder.Refusal}; --exclude {encoder.Module} leaves it as it is", tensor.File.Path, tensor.Name);
            }

            ForEachBand([.. unit], EncodeBand);
        }

        foreach (TensorView mark in plan.Marks)
        {
            _log.Write(mark.Name, 0, mark.Bytes);
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
            var ledger = new WeightLedger(mapped, plan.Config is { } config ? QuantizationConfig.Read(ConfigObject.Parse(Encoding.UTF8.GetBytes(config.ToJsonString()), path)) : null) { OnlyChecks = true };
            foreach ((_, WeightEncoder encoder) in plan.Encoded.Where(item => item.Module.Shape is null))
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
        [.. plan.Encoded.Select(item => new QuantizedModule(item.Encoder.Module, item.Encoder.Rows, item.Encoder.Columns, Loss(item.Encoder).Signal, Loss(item.Encoder).Error))],
        plan.Copied.Count,
        plan.Source.Checkpoint.TotalBytes,
        plan.Tensors.Sum(tensor => tensor.ByteLength),
        files,
        [.. plan.Notes, .. plan.Encoded.Where(item => Loss(item.Encoder).NotFinite > 0).Select(item =>
            string.Create(CultureInfo.InvariantCulture, $"{item.Module.Weight.Tensor.Name}: {Loss(item.Encoder).NotFinite} weights are NaN or infinite, as they are in the source"))]);

    // An empty matrix has no band.
    RoundingLoss Loss(WeightEncoder encoder) => _losses.GetValueOrDefault(encoder);

    void EncodeBand(Band band, ReadOnlySpan<float> values)
    {
        float[] buffer = ArrayPool<float>.Shared.Rent(values.Length);
        Span<float> decoded = buffer.AsSpan(0, values.Length);
        band.Encoder.Encode(band.FirstRow, values, decoded, _log);
        var loss = RoundingLoss.Of(values, decoded);
        if (!double.IsFinite(loss.Error))
        {
            throw Overflow(band, values, decoded);
        }

        ArrayPool<float>.Shared.Return(buffer);
        lock (_losses)
        {
            _losses[band.Encoder] = _losses.GetValueOrDefault(band.Encoder) + loss;
        }
    }

    /// <summary>A weight next to float32's largest, whose code times scale is beyond it, as engines would compute it too.</summary>
    static ModelException Overflow(Band band, ReadOnlySpan<float> values, ReadOnlySpan<float> decoded)
    {
        int at = 0;
        while (float.IsFinite(decoded[at]) || !float.IsFinite(values[at]))
        {
            at++;
        }

        return Error(band, at, string.Create(CultureInfo.InvariantCulture, $"{values[at]:R}, which would become {decoded[at]}: it is too near to float32's largest number for this scheme"));
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
            Advance(band.Module.Bytes * band.Rows / band.Encoder.Rows);
        });

    IEnumerable<Band> Bands(SourceModule module, WeightEncoder encoder)
    {
        if (encoder.Rows == 0 || encoder.Columns == 0)
        {
            yield break;
        }

        var rows = new RowDequantizer(module.Weight, plan.Source.Reader[module.Weight.Tensor.Name]);
        long step = Math.Max(1, BandElements / ((long)encoder.RowStep * encoder.Columns)) * encoder.RowStep;
        for (long first = 0; first < encoder.Rows; first += step)
        {
            yield return new Band(module, encoder, rows, first, (int)Math.Min(step, encoder.Rows - first));
        }
    }

    static void RequireFinite(Band band, ReadOnlySpan<float> values)
    {
        if (band.Encoder.IsWide || TensorPrimitives.IsFiniteAll(values))
        {
            return;
        }

        int at = 0;
        while (float.IsFinite(values[at]))
        {
            at++;
        }

        throw Error(band, at, string.Create(CultureInfo.InvariantCulture, $"{values[at]}: only finite weights can be quantised"));
    }

    static ModelException Error(Band band, int at, string what)
    {
        TensorView tensor = band.Module.Weight.Tensor;
        string instead = band.Encoder.IsWide ? "" : $"; --exclude {band.Encoder.Module} leaves it as it is";
        string part = band.Module.IsPart ? $" of {band.Encoder.Module}" : "";
        return new ModelException(
            ModelError.Damaged,
            string.Create(CultureInfo.InvariantCulture, $"{tensor.File.Path}: tensor {tensor.Name}: the weight of row {band.FirstRow + (at / band.Encoder.Columns)}, column {at % band.Encoder.Columns}{part} is {what}{instead}"),
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
