using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;
using Octet.Cuda.Memory;
using Octet.Cuda.Sampling;

namespace Octet.Cuda;

/// <summary>The output layer, whose products stay on the card where tokens are drawn from them.</summary>
sealed partial class CudaBackend
{
    DeviceBlock? _logitsBlock;
    Readback? _readback;

    internal override LogitRows CreateLogitRows(int width)
        => width <= CudaLogitRows.MostColumns ? new CudaLogitRows(this, _context, _stream, width) : base.CreateLogitRows(width);

    internal override void Logits(Activations input, int first, int count, Weight head, LogitRows destination)
    {
        if (destination is CudaLogitRows rows)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(rows.Width, head.Rows, nameof(destination));
            Multiply((CudaActivations)input, first, count, (CudaWeight)head, rows.Begin(count), rows.Stride);
        }
        else
        {
            base.Logits(input, first, count, head, destination);
        }
    }

    internal override void Logits(Activations input, int first, int count, Weight head, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, checked((int)(count * head.Rows)), nameof(destination));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        int stride = checked((int)head.Rows);
        long bytes = (long)count * stride * sizeof(float);
        if (_logitsBlock is null || _logitsBlock.Bytes < bytes)
        {
            _logitsBlock?.Dispose();
            _logitsBlock = null;
            _logitsBlock = _context.Allocate(bytes);
        }

        Multiply((CudaActivations)input, first, count, (CudaWeight)head, _logitsBlock.Address, stride);
        ReadBack(_logitsBlock.Span.Slice(0, bytes), MemoryMarshal.AsBytes(destination));
    }

    /// <summary>Brings bytes of the card to the host, when all that is queued before is done.</summary>
    internal void ReadBack(DeviceSpan source, Span<byte> destination)
    {
        _readback ??= new Readback(_context, _sizes.Readback);
        for (int at = 0; at < destination.Length; at += _sizes.Readback)
        {
            int piece = Math.Min(_sizes.Readback, destination.Length - at);
            _readback.Read(_stream, source.Slice(at, piece)).CopyTo(destination[at..]);
        }
    }

    void Multiply(CudaActivations x, int first, int count, CudaWeight weight, ulong destination, int stride)
    {
        Check(x, first + count, weight.Columns);
        if (weight.Format == CudaFormat.Float32)
        {
            MultiplyPlain(weight, x, first, count, destination, stride);
            return;
        }

        _prepared = null;
        InputPlan plan = OwnPlan(weight, count);
        Preparation prepared = Prepare(x.Row(first), x.Stride, x.Columns, plan, count);
        var parts = new Parts();
        parts[0] = Part(weight, destination, stride);
        if (plan.IsWide)
        {
            MultiplyWide([weight], parts, plan, prepared, count);
        }
        else
        {
            Multiply(weight.Format, parts, 1, prepared, count);
        }
    }
}
