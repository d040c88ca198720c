using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Backends.Cpu.MachineCode;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>
/// Linear layers through the interpreter of the generated code, and through the processor where it has the instructions, against the sum
/// in double precision of the weights with the rounded inputs.
/// </summary>
public sealed unsafe class BFloat16ProductTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();
    readonly List<SafetensorsFile> _files = [];

    public static TheoryData<string> Codes => [.. ProductCodes.Names];

    public void Dispose()
    {
        _files.ForEach(file => file.Dispose());
        _directory.Dispose();
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void A_known_product_is_exact(string code) => Assert.True(KnownProduct.IsExact(ProductCodes.Get(code)));

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_count_of_rows_columns_and_tokens_is_right(string code)
    {
        foreach ((int rows, int columns, int tokens) in ((int, int, int)[])[(1, 1, 1), (32, 128, 16), (33, 160, 17), (16, 33, 32), (37, 500, 5), (50, 1100, 33), (70, 96, 49)])
        {
            Check(code, DataType.Float8E4M3FN, rows, columns, 128, 128, tokens);
            Check(code, DataType.BFloat16, rows, columns, 1, columns, tokens);
        }
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_block_of_scales_reaches_its_own_weights(string code)
    {
        foreach ((int blockRows, int blockColumns) in ((int, int)[])[(1, 700), (7, 32), (128, 64), (5, 96), (1, 1024), (90, 700)])
        {
            Check(code, DataType.Float8E4M3FN, 45, 700, blockRows, blockColumns, 20);
            Check(code, DataType.Float8E4M3FN, 45, 700, blockRows, blockColumns, 20, dynamic: true);
        }

        Check(code, DataType.BFloat16, 33, 300, 1, 300, 18, dynamic: true);
    }

    [Fact]
    public void More_tokens_than_one_pass_takes_are_all_multiplied()
    {
        Check("amx, interpreted", DataType.Float8E4M3FN, 5, 64, 128, 32, 530);
        Check("amx, interpreted", DataType.Float8E4M3FN, 3, 1200, 128, 128, 512, dynamic: true);
        Check("avx512bf16, interpreted", DataType.Float8E4M3FN, 5, 64, 128, 32, 530);
    }

    /// <summary>More inputs than the third level keeps; groups that leave one, two and three to the last turns.</summary>
    [Theory]
    [InlineData(4500, 480)]
    [InlineData(300, 64)]
    [InlineData(300, 80)]
    [InlineData(300, 112)]
    public void Many_columns_and_turns_are_all_added(int columns, int tokens)
    {
        string code = "avx512bf16, on this processor";
        Check(code, DataType.Float8E4M3FN, 70, columns, 128, 128, tokens);
        Check(code, DataType.Float8E4M3FN, 33, columns, 128, 128, tokens, dynamic: true);
        Check(code, DataType.BFloat16, 40, columns, 1, columns, tokens);
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void A_share_of_the_rows_leaves_the_others_alone(string code)
    {
        using CpuWeight weight = Make(DataType.Float8E4M3FN, 100, 64, 16, 64, out _);
        float[] found = Multiply(code, weight, 48, 67, Inputs(6, 64), 6, null);
        for (int i = 0; i < found.Length; i++)
        {
            Assert.Equal(i % 100 is < 48 or >= 67, float.IsNaN(found[i]));
        }
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void A_NaN_code_makes_its_row_NaN_and_no_other(string code)
    {
        using CpuWeight weight = Make(DataType.Float8E4M3FN, 40, 200, 128, 128, out _, nanRow: 35);
        float[] found = Multiply(code, weight, 0, 40, Inputs(20, 200), 20, null);
        for (int i = 0; i < found.Length; i++)
        {
            Assert.Equal(i % 40 == 35, float.IsNaN(found[i]));
        }
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void A_NaN_or_infinite_input_reaches_its_token_and_no_other(string code)
    {
        using CpuWeight weight = Make(DataType.BFloat16, 20, 64, 1, 64, out _);
        float[] x = Inputs(18, 64);
        x[3 * 64 + 5] = BitConverter.UInt32BitsToSingle(0x7FFFFFFF);
        x[17 * 64 + 63] = float.PositiveInfinity;
        float[] found = Multiply(code, weight, 0, 20, x, 18, null);
        for (int i = 0; i < found.Length; i++)
        {
            Assert.Equal(i / 20 is 3 or 17, !float.IsFinite(found[i]));
        }
    }

    [Fact]
    public void Both_calling_conventions_give_the_same_sums()
    {
        var memory = (byte*)NativeMemory.AllocZeroed(1 << 17);
        var random = new Random(3);
        for (int i = 0; i < 1 << 14; i++)
        {
            ((ushort*)memory)[i] = (ushort)(BitConverter.SingleToUInt32Bits((float)random.NextDouble() - 0.5f) >> 16);
            ((ushort*)memory)[(1 << 14) + i] = (ushort)(BitConverter.SingleToUInt32Bits((float)random.NextDouble() - 0.5f) >> 16);
        }

        List<float[]> results = [];
        byte* configuration = stackalloc byte[64];
        var sums = (float*)(memory + (1 << 16));
        var factors = (float*)(memory + (3 << 15));
        for (int i = 0; i < 64; i++)
        {
            factors[i] = i % 5 - 2.5f;
        }

        foreach (GeneralRegister argument in (GeneralRegister[])[GeneralRegister.Rdi, GeneralRegister.Rcx])
        {
            ProductBlock block = new() { Weights = memory, Inputs = memory + (1 << 15), MoreInputs = memory + (1 << 15) + 8192, Sums = sums, Steps = 8 };
            TileCode.WriteConfiguration(new Span<byte>(configuration, 64));
            var processor = new Processor();
            processor.Allow(configuration, 64);
            processor.Call(new MachineProgram(TileCode.Begin(argument)), argument, configuration);
            InterpretedCode.Allow(processor, &block, 32, 2);
            processor.Call(new MachineProgram(TileCode.Multiply(argument, 2)), argument, &block);
            results.Add(new ReadOnlySpan<float>(sums, 1024).ToArray());
            foreach ((int groups, bool scaled, int bytes) in ((int, bool, int)[])[(1, false, 1), (2, true, 1), (3, false, 2), (3, true, 1)])
            {
                new Span<float>(sums, 1536).Clear();
                PanelBlock panel = new()
                {
                    Weights = memory,
                    Inputs = memory + (1 << 15),
                    GroupBytes = 8192,
                    Totals = sums,
                    Factors = factors,
                    Steps = 4,
                    Blocks = 2,
                    Turns = 1,
                    BlockWeightBytes = 256,
                    BlockInputBytes = 4096,
                    Scales = factors,
                    ScaleBytes = 32,
                };
                InterpretedCode.AllowDots(processor, &panel, groups, scaled);
                processor.Call(new MachineProgram(DotProductCode.MultiplyPanel(argument, groups, scaled, bytes)), argument, &panel);
                results.Add(new ReadOnlySpan<float>(sums, groups * 512).ToArray());
            }
        }

        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(results[i], results[5 + i]);
            Assert.Contains(results[i], sum => sum != 0);
        }

        NativeMemory.Free(memory);
    }

    [Fact]
    public void A_processor_that_multiplies_wrongly_is_found_out()
    {
        Assert.False(KnownProduct.IsExact(new ProductCode(ProductBlock.PanelRows, null, null, &Nothing, &Nothing)));
        Assert.False(KnownProduct.IsExact(new ProductCode(ProductBlock.PanelRows, null, null, &Zeros, &Zeros)));
    }

    [Fact]
    public void Blocks_that_end_inside_a_step_are_left_to_others()
    {
        using CpuWeight odd = Make(DataType.Float8E4M3FN, 8, 200, 4, 40, out _);
        using CpuWeight half = Make(DataType.Float16, 8, 200, 1, 200, out _);
        using CpuWeight whole = Make(DataType.Float8E4M3FN, 8, 40, 4, 40, out _);
        Assert.False(BFloat16Product.CanMultiply(odd));
        Assert.False(BFloat16Product.CanMultiply(half));
        Assert.True(BFloat16Product.CanMultiply(whole));
    }

    [UnmanagedCallersOnly]
    static void Nothing(void* block)
    {
    }

    [UnmanagedCallersOnly]
    static void Zeros(void* block) => new Span<float>(((ProductBlock*)block)->Sums, 1024).Clear();

    void Check(string code, DataType type, int rows, int columns, int blockRows, int blockColumns, int tokens, bool dynamic = false)
    {
        using CpuWeight weight = Make(type, rows, columns, blockRows, blockColumns, out double[] values);
        int groups = (columns + 127) / 128;
        float[] x = Inputs(tokens, columns);
        float[]? scales = dynamic ? [.. Enumerable.Range(0, tokens * groups).Select(i => 0.5f + i % 7)] : null;
        float[] found = Multiply(code, weight, 0, rows, x, tokens, scales);
        for (int t = 0; t < tokens; t++)
        {
            for (int r = 0; r < rows; r++)
            {
                double sum = 0;
                double size = 0;
                for (int k = 0; k < columns; k++)
                {
                    double product = values[r * columns + k] * NearestBFloat16.Round(x[t * columns + k]) * (scales is null ? 1 : scales[t * groups + k / 128]);
                    sum += product;
                    size += Math.Abs(product);
                }

                double error = Math.Abs(found[t * rows + r] - sum);
                Assert.True(error <= 1e-6 * size, $"{code}, {type} [{rows}, {columns}] in [{blockRows}, {blockColumns}], {tokens} tokens: row {r} of token {t} is {found[t * rows + r]}, expected {sum}");
            }
        }
    }

    static float[] Multiply(string code, CpuWeight weight, long first, long end, float[] x, int tokens, float[]? scales)
    {
        int rows = (int)weight.Rows;
        float[] found = new float[tokens * rows];
        Array.Fill(found, float.NaN);
        using var input = new CpuActivations(tokens, weight.Columns, MemoryLedger.Host);
        using var memory = new GrowingMemory(MemoryLedger.Host);
        for (int t = 0; t < tokens; t++)
        {
            x.AsSpan(t * weight.Columns, weight.Columns).CopyTo(new Span<float>(input.Row(t), weight.Columns));
        }

        var scratch = (float*)NativeMemory.AlignedAlloc(BFloat16Product.ScratchFloats * sizeof(float), 64);
        new Span<float>(scratch, BFloat16Product.ScratchFloats).Fill(float.NaN);
        fixed (float* y = found)
        fixed (float* inputScales = scales)
        {
            LinearInput source = new(input.Row(0), input.Stride, tokens, inputScales, (weight.Columns + 127) / 128);
            byte* prepared = memory.Reserve(PackedInput.Bytes(tokens, weight.Columns));
            PackedInput packed = new(prepared, tokens, weight.Columns);
            packed.Pack(source, tokens / 32 * 16, tokens);
            packed.Pack(source, 0, tokens / 32 * 16);
            source = source with { Prepared = prepared };
            BFloat16Product.Run(ProductCodes.Get(code), weight, first, end, source, y, rows, scratch);
        }

        GC.KeepAlive(weight);
        NativeMemory.AlignedFree(scratch);
        Assert.Empty(InterpretedCode.Failures);
        return found;
    }

    static float[] Inputs(int tokens, int columns)
    {
        var random = new Random(tokens * 1000 + columns);
        return [.. Enumerable.Range(0, tokens * columns).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }

    CpuWeight Make(DataType type, int rows, int columns, int blockRows, int blockColumns, out double[] values, int nanRow = -1)
    {
        var random = new Random(rows * 31 + columns);
        byte[] bytes = new byte[rows * columns * (type == DataType.Float8E4M3FN ? 1 : 2)];
        values = new double[rows * columns];
        int stride = (columns + blockColumns - 1) / blockColumns;
        float[]? scales = type == DataType.Float8E4M3FN ? [.. Enumerable.Range(0, (rows + blockRows - 1) / blockRows * stride).Select(i => 0.01f + i % 13)] : null;
        for (int i = 0; i < values.Length; i++)
        {
            if (scales is null)
            {
                ushort bits = (ushort)(BitConverter.SingleToUInt32Bits((float)random.NextDouble() - 0.5f) >> 16);
                MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan())[i] = bits;
                values[i] = BitConverter.UInt32BitsToSingle((uint)bits << 16);
                continue;
            }

            byte code = (byte)random.Next(256);
            bytes[i] = i == nanRow * columns + columns / 2 ? (byte)0x7F : (code & 0x7F) == 0x7F ? (byte)0x30 : code;
            values[i] = E4M3.Decode(bytes[i]) * scales[i / columns / blockRows * stride + i % columns / blockColumns];
        }

        string path = Path.Combine(_directory.Path, Guid.NewGuid().ToString("N"));
        SafetensorsWriter.Write(path, [new TensorSource("w", type, [rows, columns], bytes)]);
        _files.Add(SafetensorsFile.Open(path));
        return new CpuWeight(new LinearTensor(_files[^1]["w"], scales is null ? null : new ScaleGrid(scales, blockRows, blockColumns)), MemoryLedger.Host);
    }
}
