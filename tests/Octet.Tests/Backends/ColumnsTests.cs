using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Tests.Backends;

/// <summary>A part of one of several matrices that lie inputs first, multiplied as it lies, against the sum in double precision.</summary>
public sealed unsafe class ColumnsTests : IDisposable
{
    const int Matrices = 3;

    readonly TemporaryDirectory _directory = new();

    public static TheoryData<string> Sets => KernelSets.Names;

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_output_is_its_sum_of_products(string set)
    {
        // Outputs stored beside each other, those of them that the layer has, inputs, blocks of scales.
        foreach ((int stored, int first, int rows, int columns, int blockRows, int blockColumns) in ((int, int, int, int, int, int)[])
            [(384, 0, 384, 256, 128, 128), (256, 128, 128, 384, 128, 128), (192, 64, 128, 200, 64, 100), (200, 0, 200, 131, 1, 131), (150, 75, 75, 77, 150, 77), (448, 0, 300, 130, 64, 128), (65, 0, 65, 5, 65, 5), (96, 0, 96, 3, 1, 3)])
        {
            foreach (DataType type in (DataType[])[DataType.Float8E4M3FN, DataType.BFloat16])
            {
                using Layer layer = Make(type, stored, first, rows, columns, blockRows, blockColumns);
                for (int tokens = 1; tokens <= 4; tokens++)
                {
                    Check(set, layer, tokens, dynamic: false);
                    Check(set, layer, tokens, dynamic: type == DataType.Float8E4M3FN);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_NaN_code_reaches_its_output_and_no_other(string set)
    {
        using Layer layer = Make(DataType.Float8E4M3FN, 256, 0, 256, 128, 128, 128, nanRow: 77);
        float[] found = Multiply(KernelSets.Get(set), layer, layer.Inputs(1), 1, null);
        Assert.All(found, (value, row) => Assert.Equal(row == 77, float.IsNaN(value)));
    }

    /// <summary>What it is for: the vector kernels read few tokens' matrices in place, and turn those of more.</summary>
    [Fact]
    public void Few_tokens_are_multiplied_with_what_is_stored()
    {
        using Layer layer = Make(DataType.Float8E4M3FN, 256, 0, 256, 128, 128, 128);
        using Layer few = Make(DataType.Float8E4M3FN, 16, 0, 8, 128, 1, 128);
        CpuKernels kernels = InstructionSet.Float32.First(set => set.IsSupported).Kernels;
        Assert.True(kernels.TakesStored(layer.Weight, new LinearInput(null, 0, 3, null, 0)));
        Assert.False(kernels.TakesStored(layer.Weight, new LinearInput(null, 0, 4, null, 0)));
        Assert.False(kernels.TakesStored(few.Weight, new LinearInput(null, 0, 1, null, 0)));
    }

    static void Check(string set, Layer layer, int tokens, bool dynamic)
    {
        (int rows, int columns) = ((int)layer.Weight.Rows, layer.Weight.Columns);
        int groups = (columns + CpuKernels.ActivationGroup - 1) / CpuKernels.ActivationGroup;
        float[] x = layer.Inputs(tokens);
        float[]? scales = dynamic ? [.. Enumerable.Range(0, tokens * groups).Select(i => 0.5f + (i % 7))] : null;
        float[] found = Multiply(KernelSets.Get(set), layer, x, tokens, scales);
        for (int i = 0; i < found.Length; i++)
        {
            (int token, int row) = Math.DivRem(i, rows);
            double sum = 0, size = 0;
            for (int k = 0; k < columns; k++)
            {
                double product = layer.Values[(row * columns) + k] * x[(token * columns) + k] * (scales?[(token * groups) + (k / CpuKernels.ActivationGroup)] ?? 1);
                sum += product;
                size += Math.Abs(product);
            }

            Assert.True(Math.Abs(found[i] - sum) <= 1e-6 * size, $"{set}, {layer.Weight.StoredColumns} [{rows}, {columns}] in [{layer.Weight.BlockRows}, {layer.Weight.BlockColumns}], {tokens} tokens: row {row} of token {token} is {found[i]}, expected {sum}");
        }
    }

    // As a step does it: what kernels do not take as it is stored is expanded, some rows at a time; shares begin where units of 32 rows do.
    static float[] Multiply(CpuKernels kernels, Layer layer, float[] x, int tokens, float[]? scales)
    {
        (int rows, int columns) = ((int)layer.Weight.Rows, layer.Weight.Columns);
        using var input = new CpuActivations(tokens, columns, MemoryLedger.Host);
        using var output = new CpuActivations(tokens, rows, MemoryLedger.Host);
        using var scratch = new GrowingMemory(MemoryLedger.Host);
        using var expansion = new GrowingMemory(MemoryLedger.Host);
        for (int t = 0; t < tokens; t++)
        {
            x.AsSpan(t * columns, columns).CopyTo(new Span<float>(input.Row(t), columns));
            new Span<float>(output.Row(t), rows).Fill(float.NaN);
        }

        float* floats = (float*)scratch.Reserve((long)kernels.LinearScratch(columns) * sizeof(float));
        byte* memory = expansion.Reserve(Math.Max(1, layer.Weight.ExpansionBytes));
        fixed (float* s = scales)
        {
            var linear = new LinearInput(input.Row(0), input.Stride, tokens, s, (columns + CpuKernels.ActivationGroup - 1) / CpuKernels.ActivationGroup);
            int[] shares = [0, Math.Min(32, rows), Math.Min(96, rows), rows];
            for (int i = 1; i < shares.Length; i++)
            {
                for (int row = shares[i - 1]; row < shares[i];)
                {
                    bool isStored = kernels.TakesStored(layer.Weight, linear);
                    int stop = isStored ? shares[i] : Math.Min(shares[i], row + CpuWeight.ExpandedRows);
                    kernels.Linear(isStored ? layer.Weight : layer.Weight.Expand(0, row, stop, memory), row, stop, linear, output.Row(0), output.Stride, floats);
                    row = stop;
                }
            }
        }

        return [.. Enumerable.Range(0, tokens).SelectMany(t => new Span<float>(output.Row(t), rows).ToArray())];
    }

    Layer Make(DataType type, int stored, int first, int rows, int columns, int blockRows, int blockColumns, int nanRow = -1)
    {
        var random = new Random((rows * 1000) + columns);
        int size = type == DataType.BFloat16 ? sizeof(ushort) : 1;
        byte[] bytes = new byte[Matrices * columns * stored * size];
        for (int i = 0; i < bytes.Length; i += size)
        {
            if (size == 1)
            {
                int code = random.Next(256);
                bytes[i] = (byte)((code & 0x7F) == 0x7F ? code - 1 : code);
            }
            else
            {
                BitConverter.TryWriteBytes(bytes.AsSpan(i), (ushort)(BitConverter.SingleToUInt32Bits(random.NextSingle() - 0.5f) >> 16));
            }
        }

        // Of the second matrix.
        int At(int row, int column) => (((columns + column) * stored) + first + row) * size;
        if (nanRow >= 0)
        {
            bytes[At(nanRow, columns / 2)] = 0xFF;
        }

        int scaleColumns = (columns + blockColumns - 1) / blockColumns;
        float[]? scales = size > 1 ? null : [.. Enumerable.Range(0, ((Matrices * stored) + blockRows - 1) / blockRows * scaleColumns).Select(_ => 0.01f + random.NextSingle())];
        double[] values = new double[rows * columns];
        for (int i = 0; i < values.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, columns);
            values[i] = size > 1
                ? BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(bytes, At(row, column)) << 16)
                : E4M3.Decode(bytes[At(row, column)]) * scales![((stored + first + row) / blockRows * scaleColumns) + (column / blockColumns)];
        }

        string path = Path.Combine(_directory.Path, Guid.NewGuid().ToString("N"));
        SafetensorsWriter.Write(path, [new TensorSource("w", type, [Matrices, columns, stored], bytes)]);
        SafetensorsFile file = SafetensorsFile.Open(path);
        LinearTensor all = new LinearTensor(file["w"], type, Matrices * stored, columns, scales is null ? null : new ScaleGrid(scales, blockRows, blockColumns)) { TransposedRows = stored };
        return new Layer(file, new CpuWeight(all.Slice(stored + first, rows), MemoryLedger.Host), values);
    }

    sealed record Layer(SafetensorsFile File, CpuWeight Weight, double[] Values) : IDisposable
    {
        internal float[] Inputs(int tokens)
        {
            var random = new Random(tokens);
            return [.. Enumerable.Range(0, tokens * Weight.Columns).Select(_ => (random.NextSingle() * 4) - 2)];
        }

        public void Dispose()
        {
            Weight.Dispose();
            File.Dispose();
        }
    }
}
