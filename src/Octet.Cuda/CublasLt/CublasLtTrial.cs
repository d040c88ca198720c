using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Octet.Cuda.Diagnosis;
using Octet.Cuda.Driver;
using Octet.Numerics;

namespace Octet.Cuda.CublasLt;

/// <summary>
/// Whether the library's products are right on a card, against sums in double precision: that its scales lie as its manual says is known from there alone until
/// a card has shown it. Two blocks of rows, the second not whole, and five groups, so that a row of scales is filled up.
/// </summary>
static unsafe class CublasLtTrial
{
    const int Outputs = 144;
    const int Columns = 640;
    const int Tokens = 48;
    const int OutputStride = 160;
    const int Groups = Columns / MatmulShape.Group;
    const int ScaleStride = (Groups + MatmulShape.ScaleAlignment - 1) / MatmulShape.ScaleAlignment * MatmulShape.ScaleAlignment;

    // Sums of FP8 products have 14 bits on Hopper; a scale in a wrong place is off by a part of itself.
    const double Tolerance = 2e-3;

    /// <summary>What is wrong, in one line; null: nothing.</summary>
    /// <exception cref="ModelException">The library or the driver failed.</exception>
    internal static string? Run(CublasLtProducts products, CudaContext context, CudaStream stream, MatmulKind kind)
    {
        var random = new Random(1);
        using DeviceBlock outputs = context.Allocate(Tokens * OutputStride * sizeof(float));

        // NaN, of which nothing may be left.
        stream.Fill(outputs.Address, outputs.Bytes, 0xFF);
        double[] expected = kind == MatmulKind.BlockCodes ? Codes(products, context, stream, random, outputs.Address) : Halves(products, context, stream, random, outputs.Address);
        float[] found = new float[Tokens * OutputStride];
        fixed (float* first = found)
        {
            stream.CopyToHost(first, outputs.Address, outputs.Bytes);
            stream.Synchronize();
        }

        double error = Difference.Of([.. expected.Select(value => (float)value)], [.. Enumerable.Range(0, expected.Length).Select(i => found[(i / Outputs * OutputStride) + (i % Outputs)])]);

        // Written so that NaN is an error.
        return error <= Tolerance ? null : string.Create(CultureInfo.InvariantCulture, $"a trial's products are {error:0.0e+0} off the right ones, expected at most {Tolerance:0.0e+0}");
    }

    /// <summary>Two planes of inputs, the second added to what the first gave.</summary>
    static double[] Halves(CublasLtProducts products, CudaContext context, CudaStream stream, Random random, ulong outputs)
    {
        const int Planes = 2;
        ushort[] weights = [.. Enumerable.Range(0, Outputs * Columns).Select(_ => Half(random, 1))];
        ushort[] inputs = [.. Enumerable.Range(0, Tokens * Planes * Columns).Select(i => Half(random, i / Columns % Planes == 0 ? 1f : 1f / 256))];
        using DeviceBlock weightBlock = Send<ushort>(context, stream, weights);
        using DeviceBlock inputBlock = Send<ushort>(context, stream, inputs);
        var shape = new MatmulShape(MatmulKind.BFloat16, Outputs, Columns, Planes * Columns, OutputStride);
        for (int plane = 0; plane < Planes; plane++)
        {
            products.Multiply(shape, Tokens, new MatmulOperands(weightBlock.Address, 0, inputBlock.Address + ((ulong)plane * Columns * sizeof(ushort)), 0, outputs), adds: plane > 0);
        }

        stream.Synchronize();
        return Sums(
            [.. weights.Select(Value)],
            [.. Enumerable.Range(0, Tokens * Columns).Select(i => (i / Columns * Planes * Columns) + (i % Columns)).Select(at => Value(inputs[at]) + Value(inputs[at + Columns]))]);

        static ushort Half(Random random, float size) => (ushort)(BitConverter.SingleToUInt32Bits(size * ((2 * random.NextSingle()) - 1)) >> 16);
        static double Value(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);
    }

    static double[] Codes(CublasLtProducts products, CudaContext context, CudaStream stream, Random random, ulong outputs)
    {
        byte[] weights = RandomCodes(random, Outputs * Columns);
        byte[] inputs = RandomCodes(random, Tokens * Columns);
        float[] weightScales = Scales(random, (Outputs + MatmulShape.Group - 1) / MatmulShape.Group * ScaleStride);
        float[] inputScales = Scales(random, Groups * Tokens);
        using DeviceBlock weightBlock = Send<byte>(context, stream, weights);
        using DeviceBlock inputBlock = Send<byte>(context, stream, inputs);
        using DeviceBlock weightScaleBlock = Send<float>(context, stream, weightScales);
        using DeviceBlock inputScaleBlock = Send<float>(context, stream, inputScales);
        products.Multiply(
            new MatmulShape(MatmulKind.BlockCodes, Outputs, Columns, Columns, OutputStride),
            Tokens,
            new MatmulOperands(weightBlock.Address, weightScaleBlock.Address, inputBlock.Address, inputScaleBlock.Address, outputs),
            adds: false);
        stream.Synchronize();
        return Sums(
            [.. weights.Select((code, i) => Value(code) * weightScales[(i / Columns / MatmulShape.Group * ScaleStride) + (i % Columns / MatmulShape.Group)])],
            [.. inputs.Select((code, i) => Value(code) * inputScales[(i % Columns / MatmulShape.Group * Tokens) + (i / Columns)])]);

        static double Value(byte code) => (float)Unsafe.BitCast<byte, Float8E4M3FN>(code);
        static float[] Scales(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (1 + (3 * random.NextSingle())) / 1024)];
    }

    /// <summary>Of each token its outputs.</summary>
    static double[] Sums(double[] weights, double[] inputs)
        => [.. Enumerable.Range(0, Tokens * Outputs).Select(i => TensorPrimitives.Dot<double>(weights.AsSpan(i % Outputs * Columns, Columns), inputs.AsSpan(i / Outputs * Columns, Columns)))];

    static byte[] RandomCodes(Random random, int count)
    {
        byte[] codes = new byte[count];
        random.NextBytes(codes);
        for (int i = 0; i < count; i++)
        {
            // NaN is no number to compare with.
            codes[i] = (codes[i] & 0x7F) == 0x7F ? (byte)0 : codes[i];
        }

        return codes;
    }

    static DeviceBlock Send<T>(CudaContext context, CudaStream stream, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        DeviceBlock block = context.Allocate((long)values.Length * sizeof(T));
        fixed (T* first = values)
        {
            stream.CopyToDevice(block.Address, first, block.Bytes);
            stream.Synchronize();
        }

        return block;
    }
}
