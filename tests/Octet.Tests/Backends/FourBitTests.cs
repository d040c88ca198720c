using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Numerics;
using Octet.Safetensors;
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
    public static TheoryData<string> Sets => [.. KernelSets.All.Keys.Where(set => set != "scalar")];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Sets))]
    public void Rows_are_sums_of_products_whatever_their_number_and_width(string set)
    {
        CpuKernels kernels = KernelSets.Get(set);
        foreach (int block in (int[])[16, 32])
        {
            foreach ((int rows, int columns) in ((int, int)[])[(1, 32), (2, 64), (5, 96), (7, 128), (9, 160), (33, 2880)])
            {
                foreach (int tokens in (int[])[1, 2, 3])
                {
                    foreach (bool isPrepared in (bool[])[false, true])
                    {
                        Check(kernels, Make(rows, columns, block), row => row, rows, tokens, isPrepared);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_other_row_of_a_tensor_is_a_weight_of_its_own(string set)
    {
        // gate_up_proj of gpt-oss: gates and ups by turns, expert after expert.
        CpuKernels kernels = KernelSets.Get(set);
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
        CpuKernels kernels = KernelSets.Get(set);
        foreach (int columns in (int[])[32, 64, 96, 160])
        {
            Check(kernels, Make(3, columns, 32, endsAtPage: true), row => row, 3, 1, isPrepared: false);
        }
    }

    [Fact]
    public void What_is_not_stored_so_is_expanded()
    {
        using Stored blocks = Make(4, 64, 32);
        CpuKernels kernels = KernelSets.For("a").First().Value;
        Assert.True(kernels.TakesFourBits(blocks.Weight, 3));
        Assert.False(kernels.TakesFourBits(blocks.Weight, 4));
        using Stored upperFirst = Make(4, 64, 32, layer => layer with { HighHalfFirst = true });
        Assert.False(kernels.TakesFourBits(upperFirst.Weight, 1));
        using Stored narrow = Make(4, 48, 16);
        Assert.False(kernels.TakesFourBits(narrow.Weight, 1));
        using Stored quantised = Make(4, 64, 32, input: InputQuantization.Dynamic);
        Assert.False(kernels.TakesFourBits(quantised.Weight, 1));
    }

    static void Check(CpuKernels kernels, Stored stored, Func<int, int> tensorRow, int rows, int tokens, bool isPrepared)
    {
        using (stored)
        {
            Assert.True(kernels.TakesFourBits(stored.Weight, tokens));
            int columns = stored.Weight.Columns;
            var random = new Random(columns + tokens);
            float[] x = [.. Enumerable.Range(0, tokens * columns).Select(_ => random.NextSingle() * 4 - 2)];
            float[] found = Multiply(kernels, stored.Weight, x, tokens, isPrepared);
            for (int t = 0; t < tokens; t++)
            {
                for (int r = 0; r < rows; r++)
                {
                    ReadOnlySpan<double> weights = stored.Values.AsSpan(tensorRow(r) * columns, columns);
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

    Stored Make(int rows, int columns, int block, Func<LinearTensor, LinearTensor>? change = null, bool endsAtPage = false, InputQuantization? input = null)
    {
        var random = new Random((rows * 1000) + columns + block);
        byte[] codes = new byte[rows * columns / 2];
        byte[] scales = new byte[rows * columns / block];
        random.NextBytes(codes);
        random.NextBytes(scales);
        float[] table = [.. Enumerable.Range(0, 256).Select(code => (float)Math.ScaleB(1 + code % 8 / 8.0, code / 8 - 16))];
        double[] values = [.. Enumerable.Range(0, rows * columns).Select(i =>
        {
            int code = codes[i / 2] >> (i % 2 * 4) & 15;
            return (code < 8 ? 1 : -1) * s_magnitudes[code % 8] * table[scales[i / block]];
        })];

        string path = Path.Combine(_directory.Path, Guid.NewGuid().ToString("N"));
        TensorSource[] Tensors(int padding) =>
        [
            new("a", DataType.UInt8, [rows, columns / block], scales), new("b", DataType.UInt8, [padding], new byte[padding]), new("w", DataType.UInt8, [rows, columns / 2], codes),
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
        return new Stored(file, new CpuWeight(change?.Invoke(layer) ?? layer, MemoryLedger.Host) { Input = input }, values);
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
