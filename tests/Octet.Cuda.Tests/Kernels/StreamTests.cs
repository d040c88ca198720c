using Octet.Backends;
using Octet.Cuda.Kernels;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>Factors, norms of streams and of heads, turned heads, what logits and weights of experts become, and functions of layers, against their definitions in double precision.</summary>
public class StreamTests
{
    const int Rows = 3;
    const float Epsilon = 1e-3f;

    [Theory]
    [InlineData("sm_80", 165, true)]
    [InlineData("sm_89", 165, false)]
    [InlineData("sm_90a", 1030, true)]
    public void Streams_are_added_to_and_multiplied(string target, int columns, bool adds)
    {
        const float Factor = 0.22f;
        var card = new KernelCard(target);
        int stride = Stride(columns);
        float[] states = Values.Normal(Rows * columns, 1);
        float[] delta = Values.Normal(Rows * columns, 2);
        ulong stream = card.Upload(Values.Rows(states, columns, stride));
        card.Launch("stream", "add_scaled", new Dim3((columns + 1023) / 1024, Rows), 256, 0, stream, adds ? card.Upload(Values.Rows(delta, columns, stride + 32)) : 0UL, stride, stride + 32, columns, Factor);
        AssertRows(card, stream, stride, [.. states.Select((x, i) => (adds ? x + delta[i] : x) * Factor)], columns);
    }

    /// <summary>The weight counts once: what experts give is multiplied with 1 afterwards.</summary>
    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_89")]
    [InlineData("sm_90a")]
    public void Inputs_of_an_expert_are_weighed_in_place_of_its_outputs(string target)
    {
        const int Columns = 293;
        var card = new KernelCard(target);
        int stride = Stride(Columns);
        float[] states = Values.Normal(Rows * Columns, 1);
        float[] weights = [0.3f, 0, 0.9f];
        ulong source = card.Upload(Values.Rows(states, Columns, stride + 32));
        ulong weight = card.Upload(weights);
        ulong weighed = card.Upload(new float[Rows * stride]);
        card.Launch("stream", "weigh_inputs", Rows, 256, 0, source, weight, weighed, stride + 32, stride, Columns);
        AssertRows(card, weighed, stride, [.. states.Select((x, i) => x * weights[i / Columns])], Columns);
        Assert.Equal([1, 1, 1], card.Read<float>(weight, Rows));
        AssertRows(card, source, stride + 32, [.. states], Columns);
    }

    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_89")]
    [InlineData("sm_90a")]
    public void States_are_multiplied_with_columns_that_begin_anywhere(string target)
    {
        const int Columns = 293;
        const int Wide = 320;
        const int First = 7;
        var card = new KernelCard(target);
        float[] states = Values.Normal(Rows * Columns, 1);
        float[] factors = Values.Normal(Rows * Wide, 2);
        ulong stream = card.Upload(Values.Rows(states, Columns, 320));
        card.Launch("stream", "multiply", new Dim3(2, Rows), 256, 0, stream, card.Upload(factors) + (First * sizeof(float)), 320, Wide, Columns);
        AssertRows(card, stream, 320, [.. states.Select((x, i) => x * factors[(i / Columns * Wide) + First + (i % Columns)])], Columns);
    }

    /// <summary>Heads of a warp, odd ones, and whole rows that every thread has several columns of.</summary>
    [Theory]
    [InlineData("sm_80", 80, 3, true, 32)]
    [InlineData("sm_89", 35, 2, false, 32)]
    [InlineData("sm_90a", 128, 4, true, 32)]
    [InlineData("sm_80", 1030, 1, true, 288)]
    [InlineData("sm_89", 260, 2, true, 96)]
    [InlineData("sm_90a", 5003, 1, false, 1024)]
    public void Heads_are_normed_in_their_place(string target, int size, int heads, bool hasNorm, int threads)
    {
        var card = new KernelCard(target);
        int columns = size * heads;
        int stride = Stride(columns);
        float[] states = Values.Normal(Rows * columns, 1);
        float[] norm = Values.Normal(size, 2);
        ulong stream = card.Upload(Values.Rows(states, columns, stride));
        card.Launch("stream", "norm_heads", new Dim3(heads, Rows), threads, 0, stream, hasNorm ? card.Upload(norm) : 0UL, stride, size, Epsilon);
        float[] found = card.Read<float>(stream, Rows * stride);
        for (int row = 0; row < Rows; row++)
        {
            for (int head = 0; head < heads; head++)
            {
                float[] before = states[((row * columns) + (head * size))..][..size];
                double length = Math.Sqrt((before.Sum(x => (double)x * x) / size) + Epsilon);
                Values.AssertClose([.. before.Select((x, i) => x / length * (hasNorm ? norm[i] : 1))], found.AsSpan((row * stride) + (head * size), size), 5e-7, $"row {row}, head {head}");
            }

            Assert.All(found[((row * stride) + columns)..((row + 1) * stride)], x => Assert.Equal(0, x));
        }
    }

    [Theory]
    [InlineData("sm_80", 165, true, true)]
    [InlineData("sm_80", 1030, true, false)]
    [InlineData("sm_89", 165, false, true)]
    [InlineData("sm_89", 1030, true, true)]
    [InlineData("sm_90a", 1030, true, true)]
    [InlineData("sm_90a", 165, false, false)]
    public void A_layer_norm_adds_what_there_is_to_add_and_norms_the_sum_without_its_mean(string target, int columns, bool adds, bool hasBias)
    {
        var card = new KernelCard(target);
        int stride = Stride(columns);
        float[] residual = [.. Values.Normal(Rows * columns, 1).Select(x => x + 2)];
        float[] delta = Values.Normal(Rows * columns, 2);
        float[] norm = Values.Normal(columns, 3);
        float[] bias = Values.Normal(columns, 4);
        ulong stream = card.Upload(Values.Rows(residual, columns, stride));
        ulong output = card.Upload(new float[Rows * stride]);
        Preparation to = Values.Preparation(card, InputForm.GroupCodes, Rows, 1, columns, isPermuted: true);
        int whole = (columns + 127) / 128 * 128;
        card.Launch("stream", "add_layer_norm", Rows, (columns + 255) / 256 * 32, 0,
            stream, adds ? card.Upload(Values.Rows(delta, columns, stride)) : 0UL, card.Upload(Values.Rows(norm, columns, whole)), hasBias ? card.Upload(Values.Rows(bias, columns, whole)) : 0UL, output,
            stride, stride, stride, columns, Epsilon, to);
        float[] found = card.Read<float>(output, Rows * stride);
        for (int row = 0; row < Rows; row++)
        {
            float[] sum = [.. Enumerable.Range(row * columns, columns).Select(i => adds ? residual[i] + delta[i] : residual[i])];
            Assert.Equal(sum, card.Read<float>(stream + (ulong)(row * stride * sizeof(float)), columns));
            double mean = sum.Average(x => (double)x);
            double length = Math.Sqrt((sum.Sum(x => (x - mean) * (x - mean)) / columns) + Epsilon);
            Values.AssertClose([.. sum.Select((x, i) => ((x - mean) / length * norm[i]) + (hasBias ? bias[i] : 0))], found.AsSpan(row * stride, columns), 1e-6, $"row {row}");
            Assert.All(found[((row * stride) + columns)..((row + 1) * stride)], x => Assert.Equal(0, x));
        }

        // What it prepares is what the kernel for that makes of its outputs.
        Preparation alone = Values.Preparation(card, InputForm.GroupCodes, Rows, 1, columns, isPermuted: true);
        card.Launch("prepare", "prepare_inputs", new Dim3(1, Rows), 64, 0, output, stride, columns, 0UL, alone);
        int count = Rows * to.Groups * 128;
        Assert.Equal(card.Read<ushort>(alone.Planes, count), card.Read<ushort>(to.Planes, count));
        Assert.Equal(card.Read<float>(alone.Scales, to.ScaleStride * to.Groups), card.Read<float>(to.Scales, to.ScaleStride * to.Groups));
    }

    /// <summary>Both layouts of pairs, with elements behind them that stay, or are multiplied alone.</summary>
    [Theory]
    [InlineData("sm_80", 40, false, false)]
    [InlineData("sm_80", 40, true, true)]
    [InlineData("sm_89", 36, true, false)]
    [InlineData("sm_89", 0, false, true)]
    [InlineData("sm_90a", 24, false, true)]
    [InlineData("sm_90a", 36, true, false)]
    public void Heads_turn_in_their_place(string target, int pairs, bool neighbours, bool grows)
    {
        const int Size = 80;
        const int QueryHeads = 3;
        int keyHeads = grows ? 0 : 2;
        const float Growth = 1.25f;
        var card = new KernelCard(target);
        float[] query = Values.Normal(Rows * QueryHeads * Size, 1);
        float[] key = Values.Normal(Rows * keyHeads * Size, 2);
        int stride = (2 * pairs) + 4;
        float[] angles = Values.Normal(Rows * stride, 3);
        for (int row = 0; row < Rows; row++)
        {
            angles[(row * stride) + (2 * pairs)] = Growth;
        }

        ulong q = card.Upload(Values.Rows(query, QueryHeads * Size, 256));
        ulong k = keyHeads == 0 ? 0 : card.Upload(Values.Rows(key, keyHeads * Size, 160));
        var heads = new TurnedHeads
        {
            Query = q,
            Key = k,
            Angles = card.Upload(angles),
            QueryStride = 256,
            KeyStride = 160,
            QueryHeads = QueryHeads,
            KeyHeads = keyHeads,
            Size = Size,
            AngleStride = stride,
            Pairs = pairs,
            Neighbours = neighbours ? 1 : 0,
            Grows = grows ? 1 : 0,
        };
        card.Launch("stream", "rotate", new Dim3((QueryHeads + keyHeads + 3) / 4, Rows), 128, 0, heads);
        for (int row = 0; row < Rows; row++)
        {
            for (int head = 0; head < QueryHeads + keyHeads; head++)
            {
                bool isQuery = head < QueryHeads;
                int of = isQuery ? head : head - QueryHeads;
                float[] before = (isQuery ? query : key)[(((row * (isQuery ? QueryHeads : keyHeads)) + of) * Size)..][..Size];
                double[] expected = [.. before.Select(x => (double)x)];
                for (int i = 0; i < pairs; i++)
                {
                    (int first, int second) = neighbours ? (2 * i, (2 * i) + 1) : (i, i + pairs);
                    (double cosine, double sine) = (angles[(row * stride) + i], angles[(row * stride) + pairs + i]);
                    (expected[first], expected[second]) = ((before[first] * cosine) - (before[second] * sine), (before[second] * cosine) + (before[first] * sine));
                }

                ulong at = isQuery ? q + (ulong)(((row * 256) + (of * Size)) * sizeof(float)) : k + (ulong)(((row * 160) + (of * Size)) * sizeof(float));
                Values.AssertClose([.. expected.Select(x => grows && isQuery ? x * Growth : x)], card.Read<float>(at, Size), 1e-6, $"row {row}, head {head}");
            }
        }
    }

    [Theory]
    [InlineData("sm_80", 0.0625f, 0f)]
    [InlineData("sm_89", 1f, 30f)]
    [InlineData("sm_90a", 2f, 5f)]
    public void Logits_have_their_factor_and_their_cap(string target, float factor, float cap)
    {
        const int Columns = 301;
        const int Stride = 384;
        var card = new KernelCard(target);
        float[] logits = Values.Normal(Rows * Columns, 1, spread: 10);
        logits.AsSpan(0, 8).Clear();
        (logits[0], logits[1], logits[2], logits[3]) = (float.PositiveInfinity, float.NegativeInfinity, float.NaN, 1e-7f);
        (logits[4], logits[5], logits[6]) = (0.125f * cap / factor, -0.1249f * cap / factor, 1e6f);
        ulong rows = card.Upload(Values.Rows(logits, Columns, Stride));
        card.Launch("stream", "finish_logits", new Dim3(2, Rows), 256, 0, rows, Stride, Columns, factor, cap);
        double[] expected = [.. logits.Select(x => cap > 0 ? cap * Math.Tanh((double)x * factor / cap) : (double)x * factor)];
        for (int row = 0; row < Rows; row++)
        {
            float[] found = card.Read<float>(rows + (ulong)(row * Stride * sizeof(float)), Stride);
            for (int i = 0; i < Columns; i++)
            {
                AssertNear(expected[(row * Columns) + i], found[i], $"row {row}, {i}");
            }

            Assert.All(found[Columns..], x => Assert.Equal(0, x));
        }
    }

    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_89")]
    [InlineData("sm_90a")]
    public void Weights_of_pairs_are_multiplied_with_what_their_experts_have(string target)
    {
        const int Experts = 7;
        const int Pairs = 300;
        var card = new KernelCard(target);
        float[] weights = Values.Normal(Pairs + 20, 1);
        float[] factors = Values.Normal(Experts, 2);
        int[] experts = [.. Enumerable.Range(0, Pairs).Select(i => i * 5 % Experts)];
        ulong at = card.Upload(weights);
        card.Launch("stream", "weigh_routes", 2, 256, 0, at, card.Upload(experts), card.Upload(factors), Pairs);
        Assert.Equal(weights.Select((x, i) => i < Pairs ? x * factors[experts[i]] : x), card.Read<float>(at, weights.Length));
    }

    [Theory]
    [InlineData("sm_80", (int)Nonlinearity.Gelu)]
    [InlineData("sm_89", (int)Nonlinearity.GeluTanh)]
    [InlineData("sm_90a", (int)Nonlinearity.Relu)]
    [InlineData("sm_80", (int)Nonlinearity.SquaredRelu)]
    [InlineData("sm_90a", (int)Nonlinearity.SquaredRelu)]
    [InlineData("sm_89", (int)Nonlinearity.Silu)]
    [InlineData("sm_90a", (int)Nonlinearity.Tanh)]
    public void Functions_of_layers_are_those_that_are_asked_for(string target, int function)
        => AssertApplied(target, "apply", [function], x => (Nonlinearity)function switch
        {
            Nonlinearity.Gelu => x * (1 + RowTests.Erf(x / Math.Sqrt(2))) / 2,
            Nonlinearity.GeluTanh => x / (1 + Math.Exp(-2 * Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
            Nonlinearity.Relu => Math.Max(x, 0),
            Nonlinearity.SquaredRelu => Math.Max(x, 0) * Math.Max(x, 0),
            Nonlinearity.Silu => x / (1 + Math.Exp(-x)),
            _ => Math.Tanh(x),
        });

    [Theory]
    [InlineData("sm_80", -1e-6f)]
    [InlineData("sm_89", -0.5f)]
    [InlineData("sm_90a", -1e-6f)]
    public void Xielu_has_its_slopes_and_its_limit(string target, float limit)
        => AssertApplied(target, "apply_xielu", [0.8f, 0.9f, 0.5f, limit], x => (x > 0 ? 0.8f * x * x : (Math.Exp(Math.Min(x, limit)) - 1 - x) * 0.9f) + (0.5f * x));

    static void AssertApplied(string target, string kernel, object[] parameters, Func<double, double> function)
    {
        const int Columns = 293;
        var card = new KernelCard(target);
        float[] states = Values.Normal(Rows * Columns, 1, spread: 3);
        (states[0], states[1], states[2], states[3], states[4], states[5]) = (0, -40, 40, 1e-6f, -0.25f, float.NaN);
        ulong rows = card.Upload(Values.Rows(states, Columns, 320));
        card.Launch("stream", kernel, new Dim3(2, Rows), 256, 0, [rows, 320, Columns, .. parameters]);
        for (int row = 0; row < Rows; row++)
        {
            float[] found = card.Read<float>(rows + (ulong)(row * 320 * sizeof(float)), 320);
            for (int i = 0; i < Columns; i++)
            {
                AssertNear(function(states[(row * Columns) + i]), found[i], $"{kernel} of {states[(row * Columns) + i]}");
            }

            Assert.All(found[Columns..], x => Assert.Equal(0, x));
        }
    }

    /// <summary>Within 1e-6 of 1, or of the expected number where that is more.</summary>
    static void AssertNear(double expected, float found, string what)
        => Assert.True(double.IsFinite(expected) ? Math.Abs(expected - found) <= 1e-6 * Math.Max(1, Math.Abs(expected)) : expected.Equals(found), $"{what} is {found}, expected {expected}");

    static void AssertRows(KernelCard card, ulong address, int stride, float[] expected, int columns)
        => Assert.Equal(Values.Rows(expected, columns, stride), card.Read<float>(address, expected.Length / columns * stride));

    static int Stride(int columns) => (columns + 31) / 32 * 32;
}
