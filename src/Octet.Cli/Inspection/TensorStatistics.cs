using System.Numerics;
using System.Runtime.InteropServices;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Cli.Inspection;

/// <summary>
/// The values of one tensor as they are stored: scales are not applied, and a complex number is two values. Sums are float64.
/// </summary>
/// <param name="Min">The smallest value; NaN where there is none.</param>
/// <param name="Max">The largest value; NaN where there is none.</param>
/// <param name="Mean">The mean of the values that are numbers; NaN where there are none.</param>
/// <param name="NaN">How many are NaN.</param>
/// <param name="Infinite">How many are infinite.</param>
/// <param name="Negative">How many are below zero.</param>
readonly record struct TensorStatistics(double Min, double Max, double Mean, long NaN, long Infinite, long Negative)
{
    // Read in pieces, a whole number of packed elements each: a tensor can be larger than memory, and these fit in a cache.
    const int PieceBytes = 3 << 16;

    /// <param name="tensor">The tensor; the values of every type can be read.</param>
    /// <param name="progress">Told how many bytes were read since it was last told.</param>
    /// <param name="cancellationToken">Looked at between pieces.</param>
    internal static TensorStatistics Measure(TensorView tensor, Action<int> progress, CancellationToken cancellationToken)
    {
        DataType type = tensor.DataType;
        var sums = new Sums();
        long[]? histogram = Codes8(type) is not null ? new long[1 << 8] : Codes16(type) is not null ? new long[1 << 16] : null;
        byte[] bytes = new byte[Math.Min(PieceBytes, tensor.ByteLength)];
        for (long offset = 0; offset < tensor.ByteLength; offset += PieceBytes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Span<byte> piece = bytes.AsSpan(0, (int)Math.Min(PieceBytes, tensor.ByteLength - offset));
            tensor.Read(offset, piece);
            switch (type)
            {
                case DataType.Float32 or DataType.Complex64:
                    sums.Add<float>(piece);
                    break;
                case DataType.Float64:
                    sums.Add<double>(piece);
                    break;
                case DataType.Int32:
                    sums.Add<int>(piece);
                    break;
                case DataType.UInt32:
                    sums.Add<uint>(piece);
                    break;
                case DataType.Int64:
                    sums.Add<long>(piece);
                    break;
                case DataType.UInt64:
                    sums.Add<ulong>(piece);
                    break;
                case DataType.Float4E2M1FN:
                    CountPacked<Float4E2M1FN>(piece, type, histogram!);
                    break;
                case DataType.Float6E2M3FN:
                    CountPacked<Float6E2M3FN>(piece, type, histogram!);
                    break;
                case DataType.Float6E3M2FN:
                    CountPacked<Float6E3M2FN>(piece, type, histogram!);
                    break;
                default:
                    Count(piece, histogram ?? throw new NotSupportedException($"values of type {type} cannot be read"));
                    break;
            }

            progress(piece.Length);
        }

        for (int code = 0; code < histogram?.Length; code++)
        {
            if (histogram[code] > 0)
            {
                sums.Add(Codes8(type)?.Invoke((byte)code) ?? Codes16(type)!((ushort)code), histogram[code]);
            }
        }

        return sums.Result();
    }

    // Up to 16 bits there are few different values: counting codes is fast and loses nothing.
    static void Count(ReadOnlySpan<byte> piece, long[] histogram)
    {
        if (histogram.Length == 1 << 8)
        {
            foreach (byte code in piece)
            {
                histogram[code]++;
            }
        }
        else
        {
            foreach (ushort code in MemoryMarshal.Cast<byte, ushort>(piece))
            {
                histogram[code]++;
            }
        }
    }

    static void CountPacked<T>(ReadOnlySpan<byte> piece, DataType type, long[] histogram)
        where T : unmanaged, ISmallFloat<T>
    {
        T[] elements = new T[piece.Length * 8L / type.BitSize()];
        PackedBits.Unpack<T>(piece, elements);
        Count(MemoryMarshal.AsBytes<T>(elements), histogram);
    }

    // Narrower formats use the first codes.
    static Func<byte, double>? Codes8(DataType type) => type switch
    {
        DataType.Float4E2M1FN => code => (float)Float4E2M1FN.FromBits(code),
        DataType.Float6E2M3FN => code => (float)Float6E2M3FN.FromBits(code),
        DataType.Float6E3M2FN => code => (float)Float6E3M2FN.FromBits(code),
        DataType.Float8E8M0FNU => code => (float)Float8E8M0FNU.FromBits(code),
        DataType.Float8E4M3FNUZ => code => (float)Float8E4M3FNUZ.FromBits(code),
        DataType.Float8E5M2FNUZ => code => (float)Float8E5M2FNUZ.FromBits(code),
        DataType.Float8E4M3FN => code => (float)Float8E4M3FN.FromBits(code),
        DataType.Float8E5M2 => code => (float)Float8E5M2.FromBits(code),
        DataType.UInt8 or DataType.Bool => code => code,
        DataType.Int8 => code => (sbyte)code,
        _ => null,
    };

    static Func<ushort, double>? Codes16(DataType type) => type switch
    {
        DataType.BFloat16 => code => (float)BFloat16.FromBits(code),
        DataType.Float16 => code => (double)BitConverter.UInt16BitsToHalf(code),
        DataType.Int16 => code => (short)code,
        DataType.UInt16 => code => code,
        _ => null,
    };

    sealed class Sums
    {
        double _min = double.PositiveInfinity;
        double _max = double.NegativeInfinity;
        double _sum;
        long _numbers;
        long _nan;
        long _infinite;
        long _negative;

        internal void Add<T>(ReadOnlySpan<byte> piece)
            where T : unmanaged, INumberBase<T>
        {
            foreach (T value in MemoryMarshal.Cast<byte, T>(piece))
            {
                Add(double.CreateChecked(value), 1);
            }
        }

        internal void Add(double value, long count)
        {
            if (double.IsNaN(value))
            {
                _nan += count;
                return;
            }

            _min = Math.Min(_min, value);
            _max = Math.Max(_max, value);
            _sum += value * count;
            _numbers += count;
            _infinite += double.IsInfinity(value) ? count : 0;
            _negative += value < 0 ? count : 0;
        }

        internal TensorStatistics Result() => _numbers == 0
            ? new TensorStatistics(double.NaN, double.NaN, double.NaN, _nan, 0, 0)
            : new TensorStatistics(_min, _max, _sum / _numbers, _nan, _infinite, _negative);
    }
}
