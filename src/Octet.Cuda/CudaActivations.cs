using System.Numerics;
using Octet.Backends;
using Octet.Cuda.CublasLt;
using Octet.Cuda.Driver;

namespace Octet.Cuda;

/// <summary>
/// Rows on the card, aligned to 128 bytes. What lies behind the last column of a row is zero and stays so. There are rows for the steps that are padded to a
/// power of two, and for the tokens of nobody that cuBLASLt has.
/// </summary>
sealed unsafe class CudaActivations : Activations
{
    const int Padding = 32;

    readonly DeviceBlock _memory;
    readonly CudaStream _stream;

    /// <exception cref="CudaException">The card has no more memory.</exception>
    internal CudaActivations(CudaContext context, CudaStream stream, int rows, int columns)
        : base(rows, columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        _stream = stream;
        Stride = StrideOf(columns);
        long padded = MatmulShape.PaddedTokens(Math.Max(rows, (int)BitOperations.RoundUpToPowerOf2((uint)Math.Min(rows, CudaStep.MaxPadded))));
        _memory = context.Allocate(padded * Stride * sizeof(float));
        try
        {
            stream.Zero(_memory.Address, _memory.Bytes);
        }
        catch
        {
            _memory.Dispose();
            throw;
        }
    }

    /// <summary>Floats from one row to the next.</summary>
    internal int Stride { get; }

    internal ulong Address => _memory.Address;

    internal bool IsDisposed => _memory.IsClosed;

    /// <summary>As <see cref="Stride"/>, of rows with so many columns.</summary>
    internal static int StrideOf(int columns) => (columns + Padding - 1) / Padding * Padding;

    internal ulong Row(int row) => _memory.Address + ((ulong)row * (ulong)Stride * sizeof(float));

    internal override void CopyRow(int row, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
        fixed (float* target = destination[..Columns])
        {
            _stream.CopyToHost(target, Row(row), (long)Columns * sizeof(float));
            _stream.Synchronize();
        }
    }

    /// <summary>Gives a row its values.</summary>
    internal void Fill(int row, ReadOnlySpan<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, Columns, nameof(values));
        fixed (float* source = values)
        {
            _stream.CopyToDevice(Row(row), source, (long)Columns * sizeof(float));
            _stream.Synchronize();
        }
    }

    public override void Dispose() => _memory.Dispose();
}
