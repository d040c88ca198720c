using PtxEmulator;

namespace Octet.Cuda.Tests.Emulator;

/// <summary>Whole kernels, compiled from the CUDA sources beside their PTX (Kernels/build.sh).</summary>
public class KernelTests
{
    [Theory]
    [InlineData(1, 32, 5)]
    [InlineData(3, 256, 10_000)]
    [InlineData(2, 96, 1000)]
    public void A_sum_is_reduced_by_shuffles_and_shared_memory(int blocks, int threads, int count)
    {
        var program = new PtxProgram(PtxProgram.FileText("reduction.ptx"));
        float[] values = [.. Enumerable.Range(0, count).Select(i => (float)(i % 100))];
        ulong output = program.Memory.Allocate(4 * blocks);
        LaunchReport report = program.Launch("sum", new Dim3(blocks), new Dim3(threads), 0, program.Upload<float>(values), output, count);
        Assert.Equal(values.Sum(value => (double)value), program.Download<float>(output, blocks).Sum(value => (double)value));
        Assert.Equal(4L * count, report.GlobalBytesRead);
        Assert.Equal(blocks * threads / 32, report.Barriers);
    }

    [Fact]
    public void A_histogram_is_counted_by_atomics()
    {
        var program = new PtxProgram(PtxProgram.FileText("reduction.ptx"));
        var random = new Random(1);
        uint[] values = [.. Enumerable.Range(0, 5000).Select(_ => (uint)random.Next())];
        ulong output = program.Upload<uint>(new uint[16]);
        program.Launch("histogram", new Dim3(4), new Dim3(128), 0, program.Upload<uint>(values), output, values.Length);
        Assert.Equal(Enumerable.Range(0, 16).Select(bin => (uint)values.Count(value => (value & 15) == bin)), program.Download<uint>(output, 16));
    }

    [Theory]
    [InlineData(64, 96)]
    [InlineData(33, 70)]
    public void A_matrix_is_transposed_by_tiles_without_bank_conflicts(int rows, int columns)
    {
        var program = new PtxProgram(PtxProgram.FileText("transpose.ptx"));
        float[] values = [.. Enumerable.Range(0, rows * columns).Select(i => (float)i)];
        ulong output = program.Memory.Allocate(4 * values.Length);
        LaunchReport report = program.Launch("transpose", new Dim3((columns + 31) / 32, (rows + 31) / 32), new Dim3(256), 0, program.Upload<float>(values), output, rows, columns);
        float[] result = program.Download<float>(output, values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal(values[i], result[(i % columns * rows) + (i / columns)]);
        }

        Assert.Equal(0, report.SharedConflicts);
    }

    [Fact]
    public void A_function_with_an_array_on_the_stack_is_called()
    {
        var program = new PtxProgram(PtxProgram.FileText("transpose.ptx"));
        float[] x = [.. Enumerable.Range(0, 40).Select(i => (i - 20) / 8f)];
        ulong output = program.Memory.Allocate(4 * x.Length);
        LaunchReport report = program.Launch("polynomial", new Dim3(1), new Dim3(x.Length), 0, program.Upload<float>(x), output, 5);
        Assert.Equal(
            x.Select(value => Enumerable.Range(0, 6).Reverse().Aggregate(0f, (sum, i) => MathF.FusedMultiplyAdd(sum, value, ((i * i) - 3f) * (i == 5 ? 0.5f : 1)))),
            program.Download<float>(output, x.Length));
        Assert.True(report.Count("call") > 0 && report.Count("ld.param") > 0);
    }

    [Fact]
    public void Constants_and_variables_of_the_module_are_read()
    {
        var program = new PtxProgram(PtxProgram.FileText("transpose.ptx"));
        int[] choices = [.. Enumerable.Range(0, 16).Select(i => i % 7)];
        ulong output = program.Memory.Allocate(8 * choices.Length);
        program.Launch("choose", new Dim3(1), new Dim3(choices.Length), 0, program.Upload<int>(choices), output);
        int[] primes = [2, 3, 5, 7, 11, 13, 17, 19];
        Assert.Equal(
            choices.Select((choice, i) => choice switch { 0 => 1UL << 40, 1 => (ulong)primes[i & 7], 2 => 15UL, 3 => 77UL, 4 => 77UL, 5 => ulong.MaxValue / (ulong)(i + 1), _ => 0UL }),
            program.Download<ulong>(output, choices.Length));
    }

    [Theory]
    [InlineData(64, 64, 32)]
    [InlineData(70, 100, 160)]
    public void A_product_in_bfloat16_agrees_with_double_precision(int m, int n, int k)
    {
        var program = new PtxProgram(PtxProgram.FileText("gemm.ptx"));
        var random = new Random(m);
        ushort[] a = Random(m * k);
        ushort[] b = Random(n * k);
        ulong output = program.Memory.Allocate(4 * m * n);
        LaunchReport report = program.Launch("gemm", new Dim3((n + 63) / 64, (m + 63) / 64), new Dim3(128), 0, program.Upload<ushort>(a), program.Upload<ushort>(b), output, m, n, k);
        float[] result = program.Download<float>(output, m * n);
        for (int i = 0; i < result.Length; i++)
        {
            (int row, int column) = (i / n, i % n);
            Assert.Equal(Enumerable.Range(0, k).Sum(j => Value(a[(row * k) + j]) * Value(b[(column * k) + j])), result[i], 1e-4);
        }

        Assert.Equal((m + 63) / 64 * 64L * ((n + 63) / 64 * 64) * k, report.TensorMultiplyAdds);

        ushort[] Random(int count) => [.. Enumerable.Range(0, count).Select(_ => (ushort)(BitConverter.SingleToUInt32Bits((float)(random.NextDouble() - 0.5)) >> 16))];
        static double Value(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);
    }

    [Theory]
    [InlineData("bar.sync", "bar.sync of the first kind taken out")]
    [InlineData("cp.async.wait_group", "waits taken out")]
    public void A_product_without_its_synchronisation_is_found_out(string instruction, string how)
    {
        string text = string.Join('\n', PtxProgram.FileText("gemm.ptx").Split('\n').Select(line => line.TrimStart().StartsWith(instruction, StringComparison.Ordinal) ? "" : line));
        var program = new PtxProgram(text);
        ulong zeros = program.Upload<ushort>(new ushort[64 * 64]);
        PtxException exception = Assert.Throws<PtxException>(() => program.Launch("gemm", new Dim3(1), new Dim3(128), 0, zeros, zeros, program.Memory.Allocate(4 * 64 * 64), 64, 64, 64));
        Assert.True(exception.Error is PtxError.Race or PtxError.Uninitialized, $"{how}: {exception.Message}");
    }

    [Theory]
    [InlineData(128, 64, 128)]
    [InlineData(200, 100, 384)]
    public void A_product_by_bulk_copies_and_warpgroups_agrees_with_double_precision(int m, int n, int k)
    {
        (float[] result, double[] expected, LaunchReport report) = WarpgroupProduct(PtxProgram.FileText("wgmma.ptx"), m, n, k, new PtxMachineOptions());
        for (int i = 0; i < result.Length; i++)
        {
            Assert.Equal(expected[i], result[i], 1e-3);
        }

        Assert.Equal((m + 127) / 128 * 128L * ((n + 63) / 64 * 64) * k, report.TensorMultiplyAdds);
        Assert.Equal(0, report.Count("mma.sync"));
    }

    [Fact]
    public void The_short_accumulator_costs_accuracy_and_no_more_than_its_bits()
    {
        (float[] result, double[] expected, _) = WarpgroupProduct(PtxProgram.FileText("wgmma.ptx"), 128, 64, 256, new PtxMachineOptions { ShortFp8Accumulator = true });
        double largest = expected.Max(Math.Abs);
        double error = result.Zip(expected, (x, y) => Math.Abs(x - y)).Max();
        Assert.InRange(error / largest, 1e-6, 33 * 8 * Math.Pow(2, -13));
    }

    [Theory]
    [InlineData("wgmma.fence", PtxError.Misuse)]
    [InlineData("fence.proxy.async", PtxError.Misuse)]
    [InlineData("bar.sync 	1", PtxError.Race)]
    public void A_warpgroup_product_without_its_fences_is_found_out(string instruction, PtxError error)
    {
        string text = string.Join('\n', PtxProgram.FileText("wgmma.ptx").Split('\n').Select(line => line.TrimStart().Replace("bar.sync 1", "bar.sync \t1", StringComparison.Ordinal).StartsWith(instruction, StringComparison.Ordinal) ? "" : line));
        PtxException exception = Assert.Throws<PtxException>(() => WarpgroupProduct(text, 128, 64, 384, new PtxMachineOptions()));
        Assert.Equal(error, exception.Error);
    }

    static (float[] Result, double[] Expected, LaunchReport Report) WarpgroupProduct(string text, int m, int n, int k, PtxMachineOptions options)
    {
        var program = new PtxProgram(text, options);
        var random = new Random(k);
        byte[] a = Random(m * k);
        byte[] b = Random(n * k);
        // Rows of the output are a multiple of 16 bytes apart; what lies between is never written.
        int pitch = (n + 3) / 4 * 4;
        ulong output = program.Memory.Allocate(4 * m * pitch);
        LaunchReport report = program.Launch(
            "gemm", new Dim3((n + 63) / 64, (m + 127) / 128), new Dim3(384), 2 * ((128 * 128) + (64 * 128)),
            Map(program.Upload<byte>(a), 1, k, m, k, 128, 128, TensorMapSwizzle.Bytes128),
            Map(program.Upload<byte>(b), 1, k, n, k, 128, 64, TensorMapSwizzle.Bytes128),
            Map(output, 4, n, m, 4 * pitch, 64, 64, TensorMapSwizzle.None),
            k);
        double[] left = [.. a.Select(Value)];
        double[] right = [.. b.Select(Value)];
        float[] result = new float[m * n];
        double[] expected = new double[m * n];
        for (int row = 0; row < m; row++)
        {
            program.Download<float>(output + (ulong)(4 * row * pitch), n).CopyTo(result, row * n);
            for (int column = 0; column < n; column++)
            {
                expected[(row * n) + column] = Enumerable.Range(0, k).Sum(j => left[(row * k) + j] * right[(column * k) + j]);
            }
        }

        return (result, expected, report);

        byte[] Random(int count) => [.. Enumerable.Range(0, count).Select(_ => (byte)(random.Next(2) * 128 + random.Next(0x48)))];

        static double Value(byte code)
        {
            int exponent = (code & 0x7f) >> 3;
            double magnitude = exponent == 0 ? (code & 7) * Math.Pow(2, -9) : (8 + (code & 7)) * Math.Pow(2, exponent - 10);
            return code >= 128 ? -magnitude : magnitude;
        }
    }

    static byte[] Map(ulong address, int elementBytes, int columns, int rows, int pitch, int boxColumns, int boxRows, TensorMapSwizzle swizzle)
    {
        byte[] bytes = new byte[TensorMap.Bytes];
        new TensorMap
        {
            Address = address,
            ElementBytes = elementBytes,
            Dimensions = [(ulong)columns, (ulong)rows],
            Strides = [(ulong)pitch],
            Box = [boxColumns, boxRows],
            Swizzle = swizzle,
        }.WriteTo(bytes);
        return bytes;
    }
}
