using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Backends.Cpu.MachineCode;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Backends.MachineCode;
using Octet.Tests.Reference;

namespace Octet.Tests.Backends;

/// <summary>Linear layers of every kernel against the sum in double precision: element types, blocks, edges, numbers of tokens.</summary>
public sealed unsafe class LinearTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public static TheoryData<string> Sets => KernelSets.Names;

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_type_and_shape_is_the_sum_of_products(string set)
    {
        foreach (DataType type in (DataType[])[DataType.Float8E4M3FN, DataType.BFloat16, DataType.Float16, DataType.Float32])
        {
            foreach ((int rows, int columns) in ((int, int)[])[(1, 1), (16, 128), (37, 200), (70, 331), (32, 512)])
            {
                using Matrix matrix = Make(type, rows, columns, columns, columns, code => code);
                foreach (int tokens in (int[])[1, 2, 3, 4, 5, 7, 9, 16])
                {
                    Check(set, matrix, tokens, dynamic: false);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_block_shape_scales_its_own_weights(string set)
    {
        foreach ((int blockRows, int blockColumns) in ((int, int)[])[(128, 128), (1, 400), (1, 32), (64, 64), (3, 20), (5, 7), (128, 400)])
        {
            using Matrix matrix = Make(DataType.Float8E4M3FN, 150, 400, blockRows, blockColumns, code => code);
            foreach (int tokens in (int[])[1, 3, 4, 13])
            {
                Check(set, matrix, tokens, dynamic: false);
                Check(set, matrix, tokens, dynamic: true);
            }
        }
    }

    public static TheoryData<string> CodesAndSets => [.. KernelSets.Names.Select(name => name.Data), "interpreted"];

    /// <summary>Whole blocks of 128 columns, whose scales generated code applies itself: walks over rows come to other scales at different times.</summary>
    [Theory]
    [MemberData(nameof(CodesAndSets))]
    public void Walks_go_through_rows_with_other_scales(string set)
    {
        Assert.SkipWhen(set == "interpreted" && !X86Base.IsSupported, "software vectors of 512 bits are slow on an emulated processor");
        CpuKernels kernels = set == "interpreted" ? new VectorKernels<Simd512, Vector512<float>, VbmiE4M3Weights>("vbmi", () => InterpretedCode.VbmiDots) : KernelSets.Get(set);
        foreach ((int rows, int columns, int blockRows, int blockColumns) in ((int, int, int, int)[])
            [(300, 256, 128, 128), (150, 384, 64, 128), (67, 256, 1, 128), (67, 512, 1, 256), (130, 512, 32, 512), (45, 256, 1, 256), (45, 256, 45, 256), (33, 384, 5, 256), (70, 1152, 16, 384), (9, 4224, 128, 128)])
        {
            using Matrix matrix = Make(DataType.Float8E4M3FN, rows, columns, blockRows, blockColumns, code => code);
            foreach (int tokens in (int[])[1, 2, 3, 4, 5, 12])
            {
                Check(kernels, set, matrix, tokens, dynamic: false);
                Check(kernels, set, matrix, tokens, dynamic: true);
            }
        }

        using Matrix pairs = Make(DataType.BFloat16, 67, 320, 128, 128, code => code);
        foreach (int tokens in (int[])[2, 3, 4, 7, 12])
        {
            Check(kernels, set, pairs, tokens, dynamic: false);
        }

        Assert.Empty(InterpretedCode.Failures);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Any_number_of_tokens_goes_through_any_number_of_rows_and_columns(string set)
    {
        // More columns than lie in a cache together, odd numbers of rows, groups of tokens with one, two and three left over.
        foreach (DataType type in (DataType[])[DataType.Float8E4M3FN, DataType.BFloat16, DataType.Float16, DataType.Float32])
        {
            using Matrix wide = Make(type, 67, 2080, 128, 128, code => code);
            using Matrix high = Make(type, 293, 96, 64, 96, code => code);
            foreach (int tokens in (int[])[4, 6, 7, 13, 24, 25])
            {
                Check(set, wide, tokens, dynamic: false);
                Check(set, high, tokens, dynamic: false);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Scales_may_be_tiny_huge_and_zero(string set)
    {
        foreach (float size in (float[])[1e-34f, 1e-20f, 1e20f, 1e32f])
        {
            using Matrix matrix = Make(DataType.Float8E4M3FN, 160, 512, 128, 128, code => code, scale: i => i % 3 == 1 ? 0 : size * (1 + i % 4));
            foreach (int tokens in (int[])[1, 3, 8])
            {
                Check(set, matrix, tokens, dynamic: false);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Codes_of_one_kind_are_exact_too(string set)
    {
        // Subnormals only, zeros only, the largest only.
        foreach (Func<int, int> only in (Func<int, int>[])[code => code & 0x87, code => code & 0x80, code => (code & 0x80) | 0x7E])
        {
            using Matrix matrix = Make(DataType.Float8E4M3FN, 40, 300, 128, 128, only);
            Check(set, matrix, 1, dynamic: false);
            Check(set, matrix, 6, dynamic: false);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_NaN_code_makes_its_row_NaN_and_no_other(string set)
    {
        foreach (int tokens in (int[])[1, 6])
        {
            using Matrix matrix = Make(DataType.Float8E4M3FN, 90, 256, 128, 128, code => code, nanRow: 37);
            float[] found = Multiply(set, matrix, matrix.Inputs(tokens), tokens, null);
            for (int i = 0; i < found.Length; i++)
            {
                Assert.Equal(i % 90 == 37, float.IsNaN(found[i]));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Nothing_past_the_end_of_the_file_is_read(string set)
    {
        // The matrix ends where the file and a page of memory end: reading on would end the process.
        foreach ((int rows, int columns) in ((int, int)[])[(17, 33), (3, 100), (64, 64), (16, 256), (64, 128)])
        {
            using Matrix matrix = Make(DataType.Float8E4M3FN, rows, columns, 128, 128, code => code, endsAtPage: true);
            foreach (int tokens in (int[])[1, 5])
            {
                Assert.Equal(rows * tokens, Multiply(set, matrix, matrix.Inputs(tokens), tokens, null).Length);
            }
        }
    }

    [Theory]
    [MemberData(nameof(FourDotsTests.Codes), MemberType = typeof(FourDotsTests))]
    public void Generated_loops_give_every_bit_that_intrinsics_give(string code)
    {
        Assert.SkipUnless(Avx2.IsSupported, "the intrinsics are AVX2's");
        FourDotsFunctions functions = FourDotsTests.Get(code);
        var intrinsics = new VectorKernels<Simd256, Vector256<float>, RawE4M3Weights>("avx2");
        var generated = new VectorKernels<Simd256, Vector256<float>, RawE4M3Weights>("avx2", () => functions);

        // Rows that are left over, blocks narrower and lower than the matrix, a last block that is narrower still, many in a row.
        foreach ((int rows, int columns, int blockRows, int blockColumns) in ((int, int, int, int)[])
            [(4, 64, 1, 64), (7, 128, 1, 128), (150, 192, 64, 64), (33, 320, 128, 128), (13, 192, 1, 64), (9, 320, 2, 128), (8, 2176, 1, 64)])
        {
            CheckEveryBit(intrinsics, generated, rows, columns, blockRows, blockColumns);
        }
    }

    /// <summary>Vectors of 512 bits, which .NET computes with narrower ones where there are none. Weights that begin anywhere in a line of the cache.</summary>
    [Theory]
    [MemberData(nameof(VbmiDotsTests.Codes), MemberType = typeof(VbmiDotsTests))]
    public void Generated_loops_of_512_bits_give_every_bit_that_intrinsics_give(string code)
    {
        Assert.SkipUnless(X86Base.IsSupported, "software vectors of 512 bits are slow on an emulated processor");
        VbmiDotsFunctions functions = VbmiDotsTests.Get(code);
        var intrinsics = new VectorKernels<Simd512, Vector512<float>, VbmiE4M3Weights>("vbmi");
        var generated = new VectorKernels<Simd512, Vector512<float>, VbmiE4M3Weights>("vbmi", () => functions);

        // Rows that are left over or too few (fewer than four, which both forms take one by one), blocks narrower and lower than the matrix, a last block that
        // is narrower still, many in a row.
        foreach ((int rows, int columns, int blockRows, int blockColumns) in ((int, int, int, int)[])
            [(3, 64, 1, 64), (11, 192, 1, 192), (146, 192, 64, 64), (65, 320, 128, 128), (19, 192, 1, 64), (17, 320, 2, 128), (9, 2176, 1, 64), (299, 64, 1, 64)])
        {
            CheckEveryBit(intrinsics, generated, rows, columns, blockRows, blockColumns, tokensOfPairs: 1);
        }
    }

    // Of bfloat16 generated code may take several tokens in another order.
    void CheckEveryBit(CpuKernels intrinsics, CpuKernels generated, int rows, int columns, int blockRows, int blockColumns, int tokensOfPairs = 3)
    {
        foreach (DataType type in (DataType[])[DataType.Float8E4M3FN, DataType.BFloat16])
        {
            foreach (int tokens in (int[])[1, type == DataType.BFloat16 ? tokensOfPairs : 3])
            {
                using Matrix matrix = Make(type, rows, columns, blockRows, blockColumns, bits => bits);
                float[] x = matrix.Inputs(tokens);
                Assert.Equal(Multiply(intrinsics, matrix, x, tokens, null), Multiply(generated, matrix, x, tokens, null));
                Assert.Empty(InterpretedCode.Failures);
            }
        }
    }

    [Fact]
    public void Kernels_for_many_tokens_leave_few_tokens_to_the_others()
    {
        CpuKernels inner = InstructionSet.Float32.First(set => set.IsSupported).Kernels;
        var tiles = new BFloat16Kernels("amx", BFloat16Kernels.FewestTokensForTiles, InterpretedCode.Tiles, inner);
        foreach (DataType type in (DataType[])[DataType.Float8E4M3FN, DataType.BFloat16, DataType.Float16])
        {
            foreach (int tokens in (int[])[1, 3, 4, 5, 17])
            {
                using Matrix matrix = Make(type, 45, 192, 64, 64, bits => bits);
                float[] x = matrix.Inputs(tokens);
                float[] expected = Multiply(inner, matrix, x, tokens, null);
                float[] found = Multiply(tiles, matrix, x, tokens, null);
                Assert.Empty(InterpretedCode.Failures);
                if (tokens < BFloat16Kernels.FewestTokensForTiles || type == DataType.Float16)
                {
                    Assert.Equal(expected, found);
                }
                else
                {
                    // Inputs in bfloat16: 2^-8 of what is added, at most.
                    double size = 192 * 2 * matrix.Values.Max(Math.Abs);
                    Assert.All(found, (value, i) => Assert.InRange(Math.Abs(value - expected[i]), 0, size / 256));
                    Assert.NotEqual(expected, found);
                }
            }
        }
    }

    static void Check(string set, Matrix matrix, int tokens, bool dynamic) => Check(KernelSets.Get(set), set, matrix, tokens, dynamic);

    static void Check(CpuKernels kernels, string set, Matrix matrix, int tokens, bool dynamic)
    {
        int rows = (int)matrix.Weight.Rows;
        int columns = matrix.Weight.Columns;
        int groups = (columns + 127) / 128;
        float[] x = matrix.Inputs(tokens);
        float[]? scales = dynamic ? [.. Enumerable.Range(0, tokens * groups).Select(i => 0.5f + i % 7)] : null;
        float[] found = Multiply(kernels, matrix, x, tokens, scales);
        double[] scaled = [.. x.Select((value, i) => value * (double)(scales?[i / columns * groups + i % columns / 128] ?? 1))];
        for (int t = 0; t < tokens; t++)
        {
            ReadOnlySpan<double> token = scaled.AsSpan(t * columns, columns);
            for (int r = 0; r < rows; r++)
            {
                ReadOnlySpan<double> row = matrix.Values.AsSpan(r * columns, columns);
                double sum = 0;
                double size = 0;
                for (int k = 0; k < row.Length; k++)
                {
                    double product = row[k] * token[k];
                    sum += product;
                    size += Math.Abs(product);
                }

                double error = Math.Abs(found[t * rows + r] - sum);
                if (!(error <= 1e-6 * size))
                {
                    Assert.Fail($"{set}, {matrix.Weight.Format} [{rows}, {columns}] in [{matrix.Weight.BlockRows}, {matrix.Weight.BlockColumns}], {tokens} tokens: row {r} of token {t} is {found[t * rows + r]}, expected {sum}");
                }
            }
        }
    }

    static float[] Multiply(string set, Matrix matrix, float[] x, int tokens, float[]? scales) => Multiply(KernelSets.Get(set), matrix, x, tokens, scales);

    static float[] Multiply(CpuKernels kernels, Matrix matrix, float[] x, int tokens, float[]? scales)
    {
        int columns = matrix.Weight.Columns;
        int rows = (int)matrix.Weight.Rows;
        int groups = (columns + 127) / 128;
        using var input = new CpuActivations(tokens, columns, MemoryLedger.Host);
        using var output = new CpuActivations(tokens, rows, MemoryLedger.Host);
        using var prepared = new GrowingMemory(MemoryLedger.Host);
        for (int t = 0; t < tokens; t++)
        {
            x.AsSpan(t * columns, columns).CopyTo(new Span<float>(input.Row(t), columns));
        }

        float[] scratch = new float[kernels.LinearScratch(columns) + 16];
        fixed (float* at = scratch)
        fixed (float* s = scales)
        {
            // Two shares, as two threads would have them.
            long half = rows / 2 / 16 * 16;
            float* aligned = (float*)(((nint)at + 63) & ~63);
            LinearInput linear = new(input.Row(0), input.Stride, tokens, s, groups);
            if (scales is null && kernels.PreparedBytes(matrix.Weight, tokens) is > 0 and long bytes)
            {
                linear = linear with { Prepared = prepared.Reserve(bytes) };
                for (int first = 0; first < tokens; first += kernels.PreparedTokens)
                {
                    kernels.PrepareInput(matrix.Weight, linear, first, Math.Min(tokens, first + kernels.PreparedTokens), linear.Prepared);
                }
            }

            kernels.Linear(matrix.Weight, 0, half, linear, output.Row(0), output.Stride, aligned);
            kernels.Linear(matrix.Weight, half, rows, linear, output.Row(0), output.Stride, aligned);
        }

        float[] found = new float[tokens * rows];
        for (int t = 0; t < tokens; t++)
        {
            new Span<float>(output.Row(t), rows).CopyTo(found.AsSpan(t * rows));
        }

        return found;
    }

    Matrix Make(DataType type, int rows, int columns, int blockRows, int blockColumns, Func<int, int> change, int nanRow = -1, bool endsAtPage = false, Func<int, float>? scale = null)
    {
        var random = new Random(rows * 1000 + columns);
        int size = type == DataType.Float8E4M3FN ? 1 : type == DataType.Float32 ? 4 : 2;
        byte[] bytes = new byte[rows * columns * size];
        double[] values = new double[rows * columns];
        int scaleColumns = (columns + blockColumns - 1) / blockColumns;
        float[]? scales = size > 1 ? null : [.. Enumerable.Range(0, (rows + blockRows - 1) / blockRows * scaleColumns).Select(i => scale?.Invoke(i) ?? 0.01f + random.NextSingle())];
        for (int i = 0; i < values.Length; i++)
        {
            float value = random.NextSingle() - 0.5f;
            switch (type)
            {
                case DataType.Float8E4M3FN:
                    int code = change(random.Next(256));
                    code = (code & 0x7F) == 0x7F ? code - 1 : code;
                    bytes[i] = (byte)code;
                    values[i] = E4M3.Decode((byte)code) * scales![i / columns / blockRows * scaleColumns + i % columns / blockColumns];
                    break;
                case DataType.BFloat16:
                    BitConverter.TryWriteBytes(bytes.AsSpan(i * 2), (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));
                    values[i] = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000);
                    break;
                case DataType.Float16:
                    BitConverter.TryWriteBytes(bytes.AsSpan(i * 2), (Half)value);
                    values[i] = (double)(Half)value;
                    break;
                default:
                    BitConverter.TryWriteBytes(bytes.AsSpan(i * 4), value);
                    values[i] = value;
                    break;
            }
        }

        if (nanRow >= 0)
        {
            bytes[nanRow * columns + columns / 2] = 0xFF;
        }

        string path = Path.Combine(_directory.Path, Guid.NewGuid().ToString("N"));
        TensorSource[] tensors = [new TensorSource("w", type, [rows, columns], bytes)];
        SafetensorsWriter.Write(path, tensors);
        if (endsAtPage)
        {
            // Header padding moves the data to where it ends with a page.
            int length = (int)new FileInfo(path).Length;
            SafetensorsWriter.Write(path, [new TensorSource("a", DataType.UInt8, [(4096 - length % 4096 + 4096 - 80) % 4096 + 1], new byte[(4096 - length % 4096 + 4096 - 80) % 4096 + 1]), .. tensors]);
            int miss = (int)(4096 - new FileInfo(path).Length % 4096) % 4096;
            int pad = (4096 - length % 4096 + 4096 - 80) % 4096 + 1 + miss;
            SafetensorsWriter.Write(path, [new TensorSource("a", DataType.UInt8, [pad], new byte[pad]), .. tensors]);
        }

        SafetensorsFile file = SafetensorsFile.Open(path);
        return new Matrix(file, new CpuWeight(new LinearTensor(file["w"], scales is null ? null : new ScaleGrid(scales, blockRows, blockColumns)), MemoryLedger.Host), values);
    }

    sealed record Matrix(SafetensorsFile File, CpuWeight Weight, double[] Values) : IDisposable
    {
        internal float[] Inputs(int tokens)
        {
            var random = new Random(tokens);
            return [.. Enumerable.Range(0, tokens * Weight.Columns).Select(_ => random.NextSingle() * 4 - 2)];
        }

        public void Dispose()
        {
            Weight.Dispose();
            File.Dispose();
        }
    }
}
