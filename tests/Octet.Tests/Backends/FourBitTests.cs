using System.Runtime.Intrinsics;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Backends.Cpu.MachineCode;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Backends.MachineCode;
using Octet.Tests.Reference;

namespace Octet.Tests.Backends;

/// <summary>
/// E2M1 in blocks of 32 (MXFP4) and 16 (NVFP4), multiplied as it is stored, against the definition: s ee m is 0, 0.5, 1, 1.5, 2, 3, 4 or 6
/// with its sign, the even column is the lower half of a byte.
/// </summary>
public sealed unsafe class FourBitTests : IDisposable
{
    static readonly double[] s_magnitudes = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
    readonly TemporaryDirectory _directory = new();

    // Without vectors such rows are expanded, as the schemes' tests have it.
    public static TheoryData<string> Sets => [.. KernelSets.All.Keys.Where(set => set != "scalar"), Compiled, Interpreted, NarrowCompiled, NarrowInterpreted];

    const string Compiled = "512 bits, compiled code", Interpreted = "512 bits, interpreted code", NarrowCompiled = "256 bits, compiled code", NarrowInterpreted = "256 bits, interpreted code";

    static CpuKernels Get(string set) => set switch
    {
        Compiled => new VectorKernels<Simd512, Vector512<float>, E4M3Weights<Simd512, Vector512<float>>>(set),
        Interpreted => new VectorKernels<Simd512, Vector512<float>, E4M3Weights<Simd512, Vector512<float>>>(set, null, () => InterpretedCode.E2M1Dots),
        NarrowCompiled => new VectorKernels<Simd256, Vector256<float>, E4M3Weights<Simd256, Vector256<float>>>(set),
        NarrowInterpreted => new VectorKernels<Simd256, Vector256<float>, E4M3Weights<Simd256, Vector256<float>>>(set, null, () => InterpretedCode.Avx2E2M1Dots),
        _ => KernelSets.Get(set),
    };

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Sets))]
    public void Rows_are_sums_of_products_whatever_their_number_and_width(string set)
    {
        CpuKernels kernels = Get(set);
        int mostRows = set is Interpreted or NarrowInterpreted ? 7 : 33;
        foreach ((int block, Scales scales) in ((int, Scales)[])[(16, Scales.Any), (32, Scales.Any), (32, Scales.Powers), (16, Scales.E4M3)])
        {
            foreach ((int rows, int columns) in ((int, int)[])[(1, 32), (2, 64), (5, 96), (7, 128), (3, 160), (1, 256), (4, 288), (33, 2880)])
            {
                foreach (int tokens in (int[])[1, 2, 3, 4, 7, 16, 17])
                {
                    foreach (bool isPrepared in (bool[])[false, true])
                    {
                        Check(kernels, Make(Math.Min(rows, mostRows), columns, block, scales: scales), row => row, Math.Min(rows, mostRows), tokens, isPrepared);
                    }
                }
            }
        }

        Assert.Empty(InterpretedCode.Failures);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Weights_that_lie_by_turns_are_multiplied_as_they_lie_where_that_is_quicker(string set)
    {
        CpuKernels kernels = Get(set);
        foreach ((int tokens, bool isPrepared, Scales scales) in ((int, bool, Scales)[])[(1, true, Scales.Powers), (2, false, Scales.Powers), (3, true, Scales.E4M3), (7, false, Scales.E4M3), (5, true, Scales.Any)])
        {
            const int Rows = 11, Columns = 288;
            int block = scales == Scales.E4M3 ? 16 : 32;
            using Stored even = Make(2 * Rows + 4, Columns, block, layer => layer.Slice(4, Rows, 2), scales: scales);
            LinearTensor between = even.Layer with { FirstRow = even.Layer.FirstRow + 1 };
            using var odd = new CpuWeight(between, MemoryLedger.Host);
            float[] x = Tokens(tokens, Columns);
            float[][]? found = MultiplyByTurns(kernels, even.Weight, odd, x, tokens, isPrepared);
            Assert.Equal(scales != Scales.Any && TakesStored(kernels, even.Weight, 4), found is not null);
            if (found is not null)
            {
                CheckProducts(even.Values, row => 4 + 2 * row, Rows, Columns, x, tokens, found[0]);
                CheckProducts(even.Values, row => 5 + 2 * row, Rows, Columns, x, tokens, found[1]);

                // Not a weight with itself, nor one of another place.
                Assert.Null(MultiplyByTurns(kernels, even.Weight, even.Weight, x, tokens, isPrepared));
                Assert.Null(MultiplyByTurns(kernels, odd, even.Weight, x, tokens, isPrepared));
            }
        }

        Assert.Empty(InterpretedCode.Failures);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_other_row_of_a_tensor_is_a_weight_of_its_own(string set)
    {
        // gate_up_proj of gpt-oss: gates and ups by turns, expert after expert.
        CpuKernels kernels = Get(set);
        foreach (int first in (int[])[0, 1, 6])
        {
            Check(kernels, Make(20, 96, 32, layer => layer.Slice(first, 7, 2)), row => first + (2 * row), 7, 1, isPrepared: true);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Nothing_past_the_end_of_the_file_is_read(string set)
    {
        // Widths that leave one, two and three lanes over, where reading on would end the process.
        CpuKernels kernels = Get(set);
        foreach (int columns in (int[])[32, 64, 96, 160, 256, 288])
        {
            Check(kernels, Make(3, columns, 32, endsAtPage: true), row => row, 3, 1, isPrepared: false);
            Check(kernels, Make(3, columns, 32, endsAtPage: true, scales: Scales.Powers), row => row, 3, 1, isPrepared: false);
        }

        Assert.Empty(InterpretedCode.Failures);
    }

    [Fact]
    public void Rows_are_expanded_with_their_scales_where_bfloat16_can_hold_them()
    {
        const int Columns = 96;
        foreach (Scales kind in (Scales[])[Scales.Powers, Scales.E4M3])
        {
            using Stored stored = Make(70, Columns, kind == Scales.E4M3 ? 16 : 32, scales: kind);
            byte[] memory = new byte[stored.Weight.ExpansionBytes];
            float[] row = new float[Columns];
            fixed (byte* at = memory)
            fixed (float* values = row)
            {
                CpuWeight scaled = stored.Weight.Expand(0, 10, 42, at, scaled: true);
                Assert.Equal(WeightFormat.BFloat16, scaled.Format);

                // One for all of the weight, the tensor's.
                Assert.Equal(kind == Scales.E4M3, scaled.IsScaled);
                Assert.Equal(Columns, scaled.BlockColumns);
                for (int r = 10; r < 42; r++)
                {
                    CpuKernels.WidenRow(scaled, r, values);
                    for (int k = 0; k < Columns; k++)
                    {
                        Assert.Equal(stored.Values[(r * Columns) + k], row[k], kind == Scales.E4M3 ? Math.Abs(row[k]) * 2e-7 : 0);
                    }
                }

                Assert.Equal(WeightFormat.E4M3, stored.Weight.Expand(0, 10, 42, at).Format);
            }
        }

        // A scale with which 0.5 is no normal number, and one with which 6 is none.
        foreach (byte scale in (byte[])[1, 253])
        {
            using Stored extreme = Make(40, Columns, 32, scales: Scales.Powers, lastScale: scale);
            byte[] more = new byte[extreme.Weight.ExpansionBytes];
            fixed (byte* at = more)
            {
                Assert.Equal(WeightFormat.E4M3, extreme.Weight.Expand(0, 32, 40, at, scaled: true).Format);
                Assert.Equal(WeightFormat.BFloat16, extreme.Weight.Expand(0, 0, 32, at, scaled: true).Format);
            }
        }

        using Stored other = Make(4, Columns, 32);
        byte[] plain = new byte[other.Weight.ExpansionBytes];
        fixed (byte* at = plain)
        {
            Assert.Equal(WeightFormat.E4M3, other.Weight.Expand(0, 0, 4, at, scaled: true).Format);
        }
    }

    [Fact]
    public void What_is_not_stored_so_is_expanded()
    {
        using Stored blocks = Make(4, 64, 32);
        CpuKernels kernels = KernelSets.For("a").First().Value;
        Assert.True(TakesStored(kernels, blocks.Weight, 3));
        Assert.False(TakesStored(kernels, blocks.Weight, 4));
        using Stored upperFirst = Make(4, 64, 32, layer => layer with { HighHalfFirst = true });
        Assert.False(TakesStored(kernels, upperFirst.Weight, 1));
        using Stored narrow = Make(4, 48, 16);
        Assert.False(TakesStored(kernels, narrow.Weight, 1));
        using Stored quantised = Make(4, 64, 32, input: InputQuantization.Dynamic);
        Assert.False(TakesStored(kernels, quantised.Weight, 1));
    }

    public static TheoryData<string> ProductNames => [.. ProductCodes.Names];

    [Theory]
    [MemberData(nameof(ProductNames))]
    public void Many_tokens_are_products_of_bfloat16_with_scaled_rows(string code)
    {
        const int Rows = 40, Columns = 288, Tokens = 17;
        CpuKernels kernels = new BFloat16Kernels(code, BFloat16Kernels.FewestTokensForTiles, ProductCodes.Get(code), Get(Compiled));
        foreach ((Scales scales, byte lastScale) in ((Scales, byte)[])[(Scales.Powers, 120), (Scales.Powers, 0), (Scales.E4M3, 0x7E), (Scales.E4M3, 1)])
        {
            // The last row's scale is one that bfloat16 has no normal numbers for, or E4M3 has none.
            using Stored stored = Make(Rows, Columns, scales == Scales.E4M3 ? 16 : 32, scales: scales, lastScale: lastScale);
            CpuWeight weight = stored.Weight;
            float[] x = [.. FourBitTests.Tokens(Tokens, Columns).Select(value => (float)(BFloat16)value)];
            using var input = new CpuActivations(Tokens, Columns, MemoryLedger.Host);
            using var output = new CpuActivations(Tokens, Rows, MemoryLedger.Host);
            using var prepared = new GrowingMemory(MemoryLedger.Host);
            for (int t = 0; t < Tokens; t++)
            {
                x.AsSpan(t * Columns, Columns).CopyTo(new Span<float>(input.Row(t), Columns));
            }

            Assert.True(kernels.PrefersBFloat16(weight, Tokens));
            LinearInput linear = new(input.Row(0), input.Stride, Tokens, null, 0);
            linear = linear with { Prepared = prepared.Reserve(kernels.PreparedBytes(weight, Tokens)) };
            kernels.PrepareInput(weight, linear, 0, Tokens, linear.Prepared);
            float[] scratch = new float[kernels.LinearScratch(Columns) + 16];
            byte[] expansion = new byte[weight.ExpansionBytes];
            fixed (byte* memory = expansion)
            fixed (float* at = scratch)
            {
                float* aligned = (float*)(((nint)at + 63) & -64);
                for (int row = 0; row < Rows; row += CpuWeight.ExpandedRows)
                {
                    int end = Math.Min(Rows, row + CpuWeight.ExpandedRows);
                    CpuWeight expanded = weight.Expand(0, row, end, memory, scaled: true);
                    Assert.Equal(lastScale == 0 && end == Rows ? WeightFormat.E4M3 : WeightFormat.BFloat16, expanded.Format);
                    kernels.Linear(expanded, row, end, linear, output.Row(0), output.Stride, aligned);
                }
            }

            CheckProducts(stored.Values, row => row, Rows, Columns, x, Tokens, [.. Enumerable.Range(0, Tokens).SelectMany(t => new Span<float>(output.Row(t), Rows).ToArray())]);
        }

        Assert.Empty(InterpretedCode.Failures);
    }

    static bool TakesStored(CpuKernels kernels, CpuWeight weight, int tokens) => kernels.TakesStored(weight, new(null, 0, tokens, null, 0));

    static void Check(CpuKernels kernels, Stored stored, Func<int, int> tensorRow, int rows, int tokens, bool isPrepared)
    {
        using (stored)
        {
            Assert.True(tokens > 3 || TakesStored(kernels, stored.Weight, tokens));
            if (TakesStored(kernels, stored.Weight, tokens))
            {
                int columns = stored.Weight.Columns;
                float[] x = Tokens(tokens, columns);
                CheckProducts(stored.Values, tensorRow, rows, columns, x, tokens, Multiply(kernels, stored.Weight, x, tokens, isPrepared));
            }
        }
    }

    static float[] Tokens(int tokens, int columns)
    {
        var random = new Random(columns + tokens);
        return [.. Enumerable.Range(0, tokens * columns).Select(_ => random.NextSingle() * 4 - 2)];
    }

    static void CheckProducts(double[] values, Func<int, int> tensorRow, int rows, int columns, float[] x, int tokens, float[] found)
    {
        for (int t = 0; t < tokens; t++)
        {
            for (int r = 0; r < rows; r++)
            {
                ReadOnlySpan<double> weights = values.AsSpan(tensorRow(r) * columns, columns);
                double sum = 0;
                double size = 0;
                for (int k = 0; k < columns; k++)
                {
                    double product = weights[k] * x[(t * columns) + k];
                    sum += product;
                    size += Math.Abs(product);
                }

                if (!(Math.Abs(found[(t * rows) + r] - sum) <= 1e-6 * size))
                {
                    Assert.Fail($"[{rows}, {columns}], token {t} of {tokens}, row {r}: {found[(t * rows) + r]}, expected {sum}");
                }
            }
        }
    }

    static float[][]? MultiplyByTurns(CpuKernels kernels, CpuWeight one, CpuWeight two, float[] x, int tokens, bool isPrepared)
    {
        int columns = one.Columns;
        int rows = (int)one.Rows;
        using var input = new CpuActivations(tokens, columns, MemoryLedger.Host);
        using var output = new CpuActivations(tokens, rows, MemoryLedger.Host);
        using var other = new CpuActivations(tokens, rows, MemoryLedger.Host);
        using var prepared = new GrowingMemory(MemoryLedger.Host);
        for (int t = 0; t < tokens; t++)
        {
            x.AsSpan(t * columns, columns).CopyTo(new Span<float>(input.Row(t), columns));
        }

        LinearInput linear = new(input.Row(0), input.Stride, tokens, null, 0);
        if (isPrepared && kernels.PreparedBytes(one, tokens) is > 0 and var bytes)
        {
            linear = linear with { Prepared = prepared.Reserve(bytes) };
            kernels.PrepareInput(one, linear, 0, tokens, linear.Prepared);
        }

        float[] scratch = new float[kernels.LinearScratch(columns)];
        fixed (float* at = scratch)
        {
            if (!kernels.LinearByTurns(one, two, 0, rows / 2, linear, output.Row(0), other.Row(0), output.Stride, at)
                || !kernels.LinearByTurns(one, two, rows / 2, rows, linear, output.Row(0), other.Row(0), output.Stride, at))
            {
                return null;
            }
        }

        return [.. ((CpuActivations[])[output, other]).Select(result => Enumerable.Range(0, tokens).SelectMany(t => new Span<float>(result.Row(t), rows).ToArray()).ToArray())];
    }

    static float[] Multiply(CpuKernels kernels, CpuWeight weight, float[] x, int tokens, bool isPrepared)
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

        LinearInput linear = new(input.Row(0), input.Stride, tokens, null, 0);
        if (isPrepared)
        {
            linear = linear with { Prepared = prepared.Reserve(kernels.PreparedBytes(weight, tokens)) };
            kernels.PrepareInput(weight, linear, 0, tokens, linear.Prepared);
        }

        float[] scratch = new float[kernels.LinearScratch(columns)];
        fixed (float* at = scratch)
        {
            // Two shares, as two threads would have them.
            kernels.Linear(weight, 0, rows / 2, linear, output.Row(0), output.Stride, at);
            kernels.Linear(weight, rows / 2, rows, linear, output.Row(0), output.Stride, at);
        }

        return [.. Enumerable.Range(0, tokens).SelectMany(t => new Span<float>(output.Row(t), rows).ToArray())];
    }

    Stored Make(int rows, int columns, int block, Func<LinearTensor, LinearTensor>? change = null, bool endsAtPage = false, InputQuantization? input = null, Scales scales = Scales.Any, byte lastScale = 120)
    {
        var random = new Random((rows * 1000) + columns + block);
        byte[] codes = new byte[rows * columns / 2];
        byte[] scaleCodes = new byte[rows * columns / block];
        random.NextBytes(codes);
        float[] table =
        [
            .. Enumerable.Range(0, 256).Select(code => scales switch
            {
                Scales.Powers => code == 255 ? float.NaN : (float)Math.ScaleB(1, code - 127),
                Scales.E4M3 => (float)Float8E4M3FN.FromBits((byte)code) / 3,
                _ => (float)Math.ScaleB(1 + code % 8 / 8.0, code / 8 - 16),
            }),
        ];
        for (int i = 0; i < scaleCodes.Length; i++)
        {
            scaleCodes[i] = (byte)(scales == Scales.Powers ? random.Next(100, 140) : random.Next(scales == Scales.E4M3 ? 0x7F : 256));
        }

        scaleCodes[^1] = lastScale;
        double[] values = [.. Enumerable.Range(0, rows * columns).Select(i =>
        {
            int code = codes[i / 2] >> (i % 2 * 4) & 15;
            return (code < 8 ? 1 : -1) * s_magnitudes[code % 8] * table[scaleCodes[i / block]];
        })];

        string path = Path.Combine(_directory.Path, Guid.NewGuid().ToString("N"));
        TensorSource[] Tensors(int padding) =>
        [
            new("a", DataType.UInt8, [rows, columns / block], scaleCodes), new("b", DataType.UInt8, [padding], new byte[padding]), new("w", DataType.UInt8, [rows, columns / 2], codes),
        ];
        SafetensorsWriter.Write(path, Tensors(1000));
        if (endsAtPage)
        {
            SafetensorsWriter.Write(path, Tensors(1000 + (int)((4096 - (new FileInfo(path).Length % 4096)) % 4096)));
            Assert.Equal(0, new FileInfo(path).Length % 4096);
        }

        SafetensorsFile file = SafetensorsFile.Open(path);
        var grid = new ScaleGrid(new ScaleCodes(file["a"], rows, columns / block, tiled: false), table, 1, block);
        var layer = new LinearTensor(file["w"], DataType.Float4E2M1FN, rows, columns, grid);
        layer = change?.Invoke(layer) ?? layer;
        return new Stored(file, new CpuWeight(layer, MemoryLedger.Host) { Input = input }, layer, values);
    }

    enum Scales
    {
        Any,
        Powers,
        E4M3,
    }

    sealed record Stored(SafetensorsFile File, CpuWeight Weight, LinearTensor Layer, double[] Values) : IDisposable
    {
        public void Dispose()
        {
            Weight.Dispose();
            File.Dispose();
        }
    }
}
