using System.Buffers.Binary;
using Octet.Cuda.Kernels;
using Octet.Numerics;
using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>
/// A layer in tiles on a card, of random codes and scales, put there place by place as <c>tiled_weights.cuh</c> says, and in double precision the weights that
/// it means.
/// </summary>
sealed class TiledLayer
{
    readonly double[,] _weights;
    readonly float[] _bias;

    /// <param name="card">The card.</param>
    /// <param name="format">How it lies there.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    /// <param name="seed">Of codes and scales.</param>
    /// <param name="blockRows">Rows that share float32 scales, where there are any.</param>
    /// <param name="blockSpans">Spans of 32 columns that do; 0: all.</param>
    internal TiledLayer(KernelCard card, CudaFormat format, int rows, int columns, int seed, int blockRows = 1, int blockSpans = 2)
    {
        Format = format;
        Rows = rows;
        Groups = (columns + 127) / 128;
        BlockRows = blockRows;
        Shift = blockSpans == 0 ? 31 : int.Log2(blockSpans);
        Stride = format switch
        {
            CudaFormat.NvE2M1 => 1,
            >= CudaFormat.SmallE4M3 => blockSpans == 0 ? 1 : (columns + (32 * blockSpans) - 1) / (32 * blockSpans),
            _ => 0,
        };
        var random = new Random(seed);
        DataType type = format switch
        {
            CudaFormat.MxE2M1 or CudaFormat.NvE2M1 => DataType.Float4E2M1FN,
            CudaFormat.MxE5M2 or CudaFormat.SmallE5M2 => DataType.Float8E5M2,
            CudaFormat.SmallE4M3Fnuz => DataType.Float8E4M3FNUZ,
            CudaFormat.SmallFloat16 => DataType.Float16,
            _ => DataType.Float8E4M3FN,
        };
        bool isShort = type == DataType.Float4E2M1FN;
        int codeBytes = isShort ? 1024 : type == DataType.Float16 ? 4096 : 2048;
        int tileBytes = codeBytes + (format == CudaFormat.NvE2M1 ? 128 : format < CudaFormat.SmallE4M3 ? 64 : 0);
        RowBytes = Groups * tileBytes;
        byte[] data = new byte[(rows + 15) / 16 * RowBytes];
        float[] scales = Values.Normal(Math.Max(1, (rows + blockRows - 1) / blockRows * Stride), seed + 1, 0.01);
        float tensorScale = format == CudaFormat.NvE2M1 ? scales[0] = 0.37f : 1;
        _weights = new double[rows, columns];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                (int group, int span, int lane, int place) = (column / 128, column % 128 / 32, column % 32 / 8, column % 8);
                Span<byte> tile = data.AsSpan((row / 16 * RowBytes) + (group * tileBytes), tileBytes);
                int half = row % 16 / 8;
                int ofLane = ((row % 8 * 4) + lane) * 16;
                int code = Code(type, random);
                if (isShort)
                {
                    Span<byte> word = tile[((half * 512) + ofLane + (span * 4))..];
                    (int sign, int magnitude) = (((int, int)[])[(15, 9), (12, 6), (13, 0), (14, 3)])[place / 2];
                    uint bits = ((uint)(code >> 3) << sign) | ((uint)(code & 7) << magnitude);
                    BinaryPrimitives.WriteUInt32LittleEndian(word, BinaryPrimitives.ReadUInt32LittleEndian(word) | (bits << (place % 2 * 16)));
                }
                else if (type == DataType.Float16)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(tile[((half * 2048) + (span * 512) + ofLane + (place * 2))..], (ushort)code);
                }
                else
                {
                    tile[(half * 1024) + (span / 2 * 512) + ofLane + (span % 2 * 8) + place] = (byte)code;
                }

                double scale = tensorScale;
                switch (format)
                {
                    case CudaFormat.NvE2M1:
                        ref byte e4m3 = ref tile[codeBytes + (row % 16 * 8) + (lane / 2 * 4) + span];
                        e4m3 = column % 16 == 0 ? (byte)random.Next(0x7F) : e4m3;
                        scale *= WeightScheme.Values(DataType.Float8E4M3FN)[e4m3];
                        break;
                    case < CudaFormat.SmallE4M3:
                        // 2^-127, which is no normal number, among others.
                        ref byte exponent = ref tile[codeBytes + (row % 16 * 4) + span];
                        exponent = column % 32 != 0 ? exponent : random.Next(9) == 0 ? (byte)0 : (byte)random.Next(118, 130);
                        scale *= Math.Pow(2, exponent - 127);
                        break;
                    default:
                        scale *= scales[(row / blockRows * Stride) + (((group * 4) + span) >> Shift)];
                        break;
                }

                _weights[row, column] = (type == DataType.Float16 ? (double)BitConverter.UInt16BitsToHalf((ushort)code) : WeightScheme.Values(type)[code]) * scale;
            }
        }

        _bias = Values.Normal(rows, seed + 2);
        Weight = card.Upload(data);
        Scales = Stride == 0 ? 0 : card.Upload(scales);
        Bias = card.Upload(_bias);
    }

    internal CudaFormat Format { get; }

    internal int Rows { get; }

    internal int Groups { get; }

    internal int RowBytes { get; }

    internal int BlockRows { get; }

    internal int Stride { get; }

    internal int Shift { get; }

    internal ulong Weight { get; }

    internal ulong Scales { get; }

    internal ulong Bias { get; }

    internal LinearPart Part(ulong output, int stride, int firstTile) => new()
    {
        Weight = Weight,
        Scales = Scales,
        Bias = Bias,
        Output = output,
        RowBytes = (ulong)RowBytes,
        Rows = Rows,
        FirstTile = firstTile,
        OutputStride = stride,
        BlockRows = BlockRows,
        ScaleStride = Stride,
        ScaleShift = Shift,
    };

    internal double Value(int row, int column) => _weights[row, column];

    internal double[] Multiply(double[] x)
        => [.. Enumerable.Range(0, Rows).Select(row => _bias[row] + Enumerable.Range(0, x.Length).Sum(column => _weights[row, column] * x[column]))];

    // Every code that is a finite number, subnormals among them; of E5M2 up to 128, beside the largest of which the others would be nothing in float32.
    static int Code(DataType type, Random random)
    {
        int code = random.Next(type switch
        {
            DataType.Float4E2M1FN => 16,
            DataType.Float16 => 0x4000,
            _ => 256,
        });
        return type switch
        {
            DataType.Float8E4M3FN when (code & 0x7F) == 0x7F => 0x31,
            DataType.Float8E5M2 when (code & 0x7F) > 0x58 => 0x31,
            DataType.Float8E4M3FNUZ when code == 0x80 => 0xFF,
            _ => code,
        };
    }
}
