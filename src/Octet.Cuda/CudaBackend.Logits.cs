using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;
using Octet.Cuda.Memory;

namespace Octet.Cuda;

/// <summary>The output layer, whose products go to the host.</summary>
sealed partial class CudaBackend
{
    DeviceBlock? _logitsBlock;
    Readback? _readback;

    internal override void Logits(Activations input, int first, int count, Weight head, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, checked((int)(count * head.Rows)), nameof(destination));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        Check(input, first + count, head.Columns);
        var x = (CudaActivations)input;
        var weight = (CudaWeight)head;
        int stride = checked((int)weight.Rows);
        long bytes = (long)count * stride * sizeof(float);
        if (_logitsBlock is null || _logitsBlock.Bytes < bytes)
        {
            _logitsBlock?.Dispose();
            _logitsBlock = null;
            _logitsBlock = _context.Allocate(bytes);
        }

        if (weight.Format == CudaFormat.Float32)
        {
            MultiplyPlain(weight, x, first, count, _logitsBlock.Address, stride);
        }
        else
        {
            _prepared = null;
            InputPlan plan = InputPlan.For(weight, count);
            Preparation prepared = Prepare(x.Row(first), x.Stride, x.Columns, plan, count);
            var parts = new Parts();
            parts[0] = Part(weight, _logitsBlock.Address, stride);
            Multiply(weight.Format, parts, 1, prepared, count);
        }

        _readback ??= new Readback(_context, _sizes.Readback);
        Span<byte> target = MemoryMarshal.AsBytes(destination);
        for (long at = 0; at < bytes; at += _sizes.Readback)
        {
            int piece = (int)Math.Min(_sizes.Readback, bytes - at);
            _readback.Read(_stream, _logitsBlock.Span.Slice(at, piece)).CopyTo(target.Slice((int)at, piece));
        }
    }
}
