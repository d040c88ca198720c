using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Tests.Reference;

namespace Octet.Tests.Backends;

/// <summary>What encoders need of every set of kernels, against the formulas in double precision.</summary>
public unsafe class EncoderKernelTests
{
    public static TheoryData<string> Sets => KernelSets.Names;

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_layer_norm_takes_the_mean_off(string set)
    {
        foreach (int count in (int[])[1, 7, 96, 384, 385])
        {
            foreach (bool hasBias in (bool[])[false, true])
            {
                var random = new Random(count);
                float[] residual = Numbers(random, count, 3), delta = Numbers(random, count, 2), norm = Numbers(random, count, 1), bias = Numbers(random, count, 1);
                double[] sum = [.. residual.Zip(delta, (a, b) => (double)(a + b))];
                double mean = sum.Average();
                double deviation = Math.Sqrt(sum.Average(x => (x - mean) * (x - mean)) + 1e-5);
                float[] output = new float[count];
                fixed (float* r = residual, d = delta, n = norm, b = bias, o = output)
                {
                    KernelSets.Get(set).AddLayerNorm(r, d, n, hasBias ? b : null, 1e-5f, o, count);
                }

                for (int i = 0; i < count; i++)
                {
                    Assert.Equal((float)sum[i], residual[i]);
                    Assert.Equal(((sum[i] - mean) / deviation * norm[i]) + (hasBias ? bias[i] : 0), output[i], 1e-5);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_function_is_that_of_its_definition(string set)
    {
        (Nonlinearity Function, Func<double, double> Exact)[] all =
        [
            (Nonlinearity.Gelu, x => x * EncoderReference.NormalDistribution(x)),
            (Nonlinearity.GeluTanh, x => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))))),
            (Nonlinearity.Relu, x => Math.Max(0, x)),
            (Nonlinearity.SquaredRelu, x => Math.Max(0, x) * Math.Max(0, x)),
            (Nonlinearity.Silu, x => x / (1 + Math.Exp(-x))),
            (Nonlinearity.Tanh, Math.Tanh),
        ];
        float[] numbers = [.. Enumerable.Range(-1200, 2401).Select(i => i / 100f), 30, -30, 1e-6f, -1e-6f, 0];
        foreach ((Nonlinearity function, Func<double, double> exact) in all)
        {
            float[] values = [.. numbers];
            fixed (float* at = values)
            {
                KernelSets.Get(set).Apply(function, at, values.Length);
            }

            for (int i = 0; i < values.Length; i++)
            {
                double expected = exact(numbers[i]);
                if (!(Math.Abs(values[i] - expected) <= 5e-7 * Math.Max(1, Math.Max(Math.Abs(numbers[i]), expected))))
                {
                    Assert.Fail($"{function}({numbers[i]}) is {values[i]}, expected {expected}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_gate_with_erf_is_that_of_its_definition(string set)
    {
        float[] numbers = [.. Enumerable.Range(-70, 141).Select(i => i / 10f)];
        float[] gate = [.. numbers], up = [.. numbers.Select(x => 2 - (x / 3))];
        fixed (float* g = gate, u = up)
        {
            KernelSets.Get(set).Gate(Gating.Gelu, g, u, gate.Length);
        }

        for (int i = 0; i < gate.Length; i++)
        {
            Assert.Equal(numbers[i] * EncoderReference.NormalDistribution(numbers[i]) * up[i], gate[i], 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Not_a_number_stays_one(string set)
    {
        foreach (Nonlinearity function in Enum.GetValues<Nonlinearity>())
        {
            float[] values = [.. Enumerable.Repeat(float.NaN, 33)];
            fixed (float* at = values)
            {
                KernelSets.Get(set).Apply(function, at, values.Length);
            }

            Assert.All(values, value => Assert.True(float.IsNaN(value)));
        }
    }

    /// <summary>Texts of one token, of less and more than a panel and a page, of several tiles; reaches within, across and beyond pages; heads that vectors do not divide.</summary>
    [Theory]
    [MemberData(nameof(Sets))]
    public void Tokens_attend_to_their_own_text_alone(string set)
    {
        foreach (int size in (int[])[32, 64, 20])
        {
            foreach (int? reach in (int?[])[null, 0, 5, 40])
            {
                Check(set, size, reach, [1, 5, 32, 33, 70]);
            }
        }

        Check(set, 32, null, [110, 2]);
        Check(set, 32, 8, [130]);
    }

    static void Check(string set, int size, int? reach, int[] lengths)
    {
        const int Heads = 2;
        int rows = lengths.Sum();
        var random = new Random(size + rows);
        using var backend = new CpuBackend(KernelSets.Get(set), 2, ActivationMode.WeightOnly);
        using var query = (CpuActivations)backend.CreateActivations(rows + 1, Heads * size);
        using var key = (CpuActivations)backend.CreateActivations(rows + 1, Heads * size);
        using var value = (CpuActivations)backend.CreateActivations(rows + 1, Heads * size);
        using var output = (CpuActivations)backend.CreateActivations(rows + 1, Heads * size);
        foreach (CpuActivations buffer in (CpuActivations[])[query, key, value])
        {
            for (int row = 0; row <= rows; row++)
            {
                foreach (ref float number in new Span<float>(buffer.Row(row), buffer.Columns))
                {
                    // What lies behind the last text is nothing to it.
                    number = row == rows ? float.NaN : (random.NextSingle() * 4) - 2;
                }
            }
        }

        int[] starts = [.. lengths.Aggregate(new List<int> { 0 }, (all, length) => [.. all, all[^1] + length])];
        backend.AttendWithin(query, key, value, new BidirectionalShape(size, 1 / MathF.Sqrt(size), reach), starts, output);
        for (int text = 0; text < lengths.Length; text++)
        {
            for (int row = starts[text]; row < starts[text + 1]; row++)
            {
                for (int head = 0; head < Heads; head++)
                {
                    int[] seen = [.. Enumerable.Range(starts[text], lengths[text]).Where(p => reach is null || Math.Abs(p - row) <= reach)];
                    double[] expected = new double[size];
                    double total = 0;
                    foreach (int p in seen)
                    {
                        double weight = Math.Exp(Dot(query.Row(row) + (head * size), key.Row(p) + (head * size), size) / Math.Sqrt(size));
                        total += weight;
                        for (int i = 0; i < size; i++)
                        {
                            expected[i] += weight * value.Row(p)[(head * size) + i];
                        }
                    }

                    for (int i = 0; i < size; i++)
                    {
                        float found = output.Row(row)[(head * size) + i];
                        if (!(Math.Abs(found - (expected[i] / total)) < 2e-6))
                        {
                            Assert.Fail($"{set}, head size {size}, reach {reach}, text {text} of {lengths[text]}, row {row}, element {i}: {found}, expected {expected[i] / total}");
                        }
                    }
                }
            }
        }
    }

    static double Dot(float* a, float* b, int count)
    {
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += (double)a[i] * b[i];
        }

        return sum;
    }

    static float[] Numbers(Random random, int count, double spread) => [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() - 0.4) * spread))];
}
