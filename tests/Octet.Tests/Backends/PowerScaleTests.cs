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

/// <summary>E4M3 in blocks of 32 columns whose scales are powers of two in 8 bits (MXFP8), against the definition: code times 2^(scale - 127).</summary>
public sealed unsafe class PowerScaleTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public static TheoryData<string> Sets => [.. KernelSets.All.Keys, Interpreted];

    public static TheoryData<string> ProductNames => [.. ProductCodes.Names];

    const string Interpreted = "512 bits, interpreted code";

    static CpuKernels Get(string set)
        => set == Interpreted ? new VectorKernels<Simd512, Vector512<float>, VbmiE4M3Weights>(set, () => InterpretedCode.VbmiDots) : KernelSets.Get(set);

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Sets))]
    public void Rows_are_sums_of_products_whatever_their_number_and_width(string set)
    {
        Assert.SkipWhen(set == Interpreted && !X86Base.IsSupported, "software vectors of 512 bits are slow on an emulated processor");
        foreach ((int rows, int columns) in ((int, int)[])[(1, 128), (5, 256), (7, 160), (18, 384), (set == Interpreted ? 35 : 150, 1152), (5, 4224)])
        {
            using Stored stored = Make(rows, columns);
            foreach (int tokens in (int[])[1, 2, 3, 4, 5, 7, 12, 13])
            {
                Check(Get(set), stored, tokens, isPrepared: true, 1e-6);
                Check(Get(set), stored, tokens, isPrepared: false, 1e-6);
            }
        }

        Assert.Empty(InterpretedCode.Failures);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Scales_may_be_the_least_and_the_largest(string set)
    {
        Assert.SkipWhen(set == Interpreted && !X86Base.IsSupported, "software vectors of 512 bits are slow on an emulated processor");
        foreach (int scale in (int[])[0, 1, 240])
        {
            using Stored stored = Make(9, 256, scales: i => i % 3 == 0 ? scale : 120);
            foreach (int tokens in (int[])[1, 3])
            {
                // The smallest products are subnormal numbers of float32, which have fewer bits.
                Check(Get(set), stored, tokens, isPrepared: true, 1e-6);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_NaN_code_makes_its_row_NaN_and_no_other(string set)
    {
        Assert.SkipWhen(set == Interpreted && !X86Base.IsSupported, "software vectors of 512 bits are slow on an emulated processor");
        foreach (int tokens in (int[])[1, 4])
        {
            using Stored stored = Make(40, 256, nanRow: 21);
            float[] found = Multiply(Get(set), stored.Weight, Tokens(tokens, 256), tokens, isPrepared: true);
            Assert.All(found, (value, i) => Assert.Equal(i % 40 == 21, float.IsNaN(value)));
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Nothing_past_the_end_of_the_file_is_read(string set)
    {
        Assert.SkipWhen(set == Interpreted && !X86Base.IsSupported, "software vectors of 512 bits are slow on an emulated processor");
        foreach ((int rows, int columns) in ((int, int)[])[(1, 128), (3, 256), (8, 384)])
        {
            foreach (int tokens in (int[])[1, 2, 5])
            {
                using Stored stored = Make(rows, columns, endsAtPage: true);
                Check(Get(set), stored, tokens, isPrepared: tokens != 2, 1e-6);
            }
        }

        Assert.Empty(InterpretedCode.Failures);
    }

    [Theory]
    [MemberData(nameof(ProductNames))]
    public void Many_tokens_are_products_of_bfloat16_where_it_holds_all_scaled_rows(string code)
    {
        CpuKernels inner = new VectorKernels<Simd512, Vector512<float>, E4M3Weights<Simd512, Vector512<float>>>("512 bits");
        CpuKernels kernels = new BFloat16Kernels(code, BFloat16Kernels.FewestTokensForTiles, ProductCodes.Get(code), inner);
        foreach ((int scale, int rows, int columns) in ((int, int, int)[])[(120, 70, 256), (10, 33, 96), (236, 20, 640), (9, 40, 128)])
        {
            const int Tokens = 17;
            using Stored stored = Make(rows, columns, scales: i => i % 7 == 3 ? scale : 125);
            float[] x = [.. PowerScaleTests.Tokens(Tokens, columns).Select(value => (float)(BFloat16)value)];
            Assert.Equal(scale != 9, stored.Weight.FitsBFloat16);
            CheckProducts(stored, x, Tokens, Multiply(kernels, stored.Weight, x, Tokens, isPrepared: true), 1e-6);

            // Inputs with scales of their own for groups of 128, as quantised inputs have them.
            int groups = (columns + 127) / 128;
            float[] scales = [.. Enumerable.Range(0, Tokens * groups).Select(i => 0.5f + i % 7)];
            float[] scaled = [.. x.Select((value, i) => value * scales[i / columns * groups + i % columns / 128])];
            CheckProducts(stored, scaled, Tokens, Multiply(kernels, stored.Weight, x, Tokens, isPrepared: true, scales), 1e-6);
        }

        // NaN is the same with any scale.
        using Stored nan = Make(40, 256, nanRow: 21);
        Assert.All(Multiply(kernels, nan.Weight, Tokens(17, 256), 17, isPrepared: true), (value, i) => Assert.Equal(i % 40 == 21, float.IsNaN(value)));
        Assert.Empty(InterpretedCode.Failures);
    }

    [Fact]
    public void Every_code_times_every_scale_that_bfloat16_can_hold_is_exact()
    {
        ushort* numbers = stackalloc ushort[256];
        byte* scales = stackalloc byte[8];
        for (int scale = 0; scale < 256; scale++)
        {
            bool isExact = ScaledE4M3.AreExact([(byte)scale]);
            Assert.Equal(scale is >= 10 and <= 246, isExact);
            for (int code = 0; code < 256; code++)
            {
                numbers[code] = (ushort)(BitConverter.SingleToUInt32Bits((float)Float8E4M3FN.FromBits((byte)code)) >> 16);
            }

            new Span<byte>(scales, 8).Fill((byte)scale);
            ScaledE4M3.Multiply(numbers, 256, scales);
            for (int code = 0; code < 256 && isExact; code++)
            {
                double expected = E4M3.Decode((byte)code) * Math.ScaleB(1, scale - 127);
                Assert.Equal(expected, BitConverter.UInt32BitsToSingle((uint)numbers[code] << 16));
            }
        }
    }

    static void Check(CpuKernels kernels, Stored stored, int tokens, bool isPrepared, double tolerance)
    {
        float[] x = Tokens(tokens, stored.Weight.Columns);
        CheckProducts(stored, x, tokens, Multiply(kernels, stored.Weight, x, tokens, isPrepared), tolerance);
    }

    static void CheckProducts(Stored stored, float[] x, int tokens, float[] found, double tolerance)
    {
        int rows = (int)stored.Weight.Rows;
        int columns = stored.Weight.Columns;
        for (int i = 0; i < tokens * rows; i++)
        {
            (int token, int row) = (i / rows, i % rows);
            double sum = 0;
            double size = 0;
            for (int k = 0; k < columns; k++)
            {
                double product = stored.Values[row * columns + k] * x[token * columns + k];
                sum += product;
                size += Math.Abs(product);
            }

            if (!(Math.Abs(found[i] - sum) <= tolerance * size))
            {
                Assert.Fail($"[{rows}, {columns}], token {token} of {tokens}, row {row}: {found[i]}, expected {sum}");
            }
        }
    }

    static float[] Tokens(int tokens, int columns)
    {
        var random = new Random(columns + tokens);
        return [.. Enumerable.Range(0, tokens * columns).Select(_ => random.NextSingle() * 4 - 2)];
    }

    // As the backend does it: in place where kernels take that, otherwise some rows after the other expanded.
    static float[] Multiply(CpuKernels kernels, CpuWeight weight, float[] x, int tokens, bool isPrepared, float[]? scales = null)
    {
        int columns = weight.Columns;
        int rows = (int)weight.Rows;
        using var input = new CpuActivations(tokens, columns, MemoryLedger.Host);
        using var output = new CpuActivations(tokens, rows, MemoryLedger.Host);
        using var prepared = new GrowingMemory(MemoryLedger.Host);
        for (int t = 0; t < tokens; t++)
        {
            x.AsSpan(t * columns, columns).CopyTo(new Span<float>(input.Row(t), columns));
        }

        using var groups = new CpuActivations(1, Math.Max(1, scales?.Length ?? 0), MemoryLedger.Host);
        scales?.CopyTo(new Span<float>(groups.Row(0), scales.Length));
        LinearInput linear = new(input.Row(0), input.Stride, tokens, scales is null ? null : groups.Row(0), (columns + 127) / 128);
        if (isPrepared && kernels.PreparedBytes(weight, tokens) is > 0 and var bytes)
        {
            linear = linear with { Prepared = prepared.Reserve(bytes) };
            for (int first = 0; first < tokens; first += kernels.PreparedTokens)
            {
                kernels.PrepareInput(weight, linear, first, Math.Min(tokens, first + kernels.PreparedTokens), linear.Prepared);
            }
        }

        byte[] expansion = new byte[weight.ExpansionBytes];
        float[] scratch = new float[kernels.LinearScratch(columns) + 16];
        fixed (byte* memory = expansion)
        fixed (float* at = scratch)
        {
            float* aligned = (float*)(((nint)at + 63) & -64);
            int half = rows / 2;
            for (int row = 0; row < rows;)
            {
                int end = row < half ? half : rows;
                CpuWeight readable = weight;
                if (!kernels.TakesStored(weight, linear))
                {
                    end = Math.Min(end, row + CpuWeight.ExpandedRows);
                    readable = weight.Expand(0, row, end, memory, kernels.PrefersBFloat16(weight, tokens));
                }

                kernels.Linear(readable, row, end, linear, output.Row(0), output.Stride, aligned);
                row = end;
            }
        }

        return [.. Enumerable.Range(0, tokens).SelectMany(t => new Span<float>(output.Row(t), rows).ToArray())];
    }

    Stored Make(int rows, int columns, Func<int, int>? scales = null, int nanRow = -1, bool endsAtPage = false)
    {
        var random = new Random((rows * 1000) + columns);
        byte[] codes = new byte[rows * columns];
        byte[] scaleCodes = new byte[rows * columns / 32];
        random.NextBytes(codes);
        for (int i = 0; i < codes.Length; i++)
        {
            codes[i] -= (byte)((codes[i] & 0x7F) == 0x7F ? 1 : 0);
        }

        for (int i = 0; i < scaleCodes.Length; i++)
        {
            scaleCodes[i] = (byte)(scales?.Invoke(i) ?? random.Next(100, 140));
        }

        if (nanRow >= 0)
        {
            codes[nanRow * columns + 77] = 0xFF;
        }

        double[] values = [.. Enumerable.Range(0, rows * columns).Select(i => E4M3.Decode(codes[i]) * Math.ScaleB(1, scaleCodes[i / 32] - 127))];
        float[] table = [.. Enumerable.Range(0, 256).Select(code => code == 255 ? float.NaN : (float)Math.ScaleB(1, code - 127))];
        string path = Path.Combine(_directory.Path, Guid.NewGuid().ToString("N"));
        TensorSource[] Tensors(int padding) =>
        [
            new("a", DataType.Float8E8M0FNU, [rows, columns / 32], scaleCodes), new("b", DataType.UInt8, [padding], new byte[padding]), new("w", DataType.Float8E4M3FN, [rows, columns], codes),
        ];
        SafetensorsWriter.Write(path, Tensors(1001));
        if (endsAtPage)
        {
            SafetensorsWriter.Write(path, Tensors(1001 + (int)((4096 - (new FileInfo(path).Length % 4096)) % 4096)));
            Assert.Equal(0, new FileInfo(path).Length % 4096);
        }

        SafetensorsFile file = SafetensorsFile.Open(path);
        var grid = new ScaleGrid(new ScaleCodes(file["a"], rows, columns / 32, tiled: false), table, 1, 32);
        return new Stored(file, new CpuWeight(new LinearTensor(file["w"], DataType.Float8E4M3FN, rows, columns, grid), MemoryLedger.Host), values);
    }

    sealed record Stored(SafetensorsFile File, CpuWeight Weight, double[] Values) : IDisposable
    {
        public void Dispose()
        {
            Weight.Dispose();
            File.Dispose();
        }
    }
}
