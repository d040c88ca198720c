using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Cuda.Kernels;
using Octet.Numerics;
using Octet.Tests.Reference;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>The choice of experts against the CPU's, their order, and their layers against sums in double precision.</summary>
public class ExpertTests
{
    const int Tokens = 9;

    public static TheoryData<string, RoutingRuleCase> Rules => new()
    {
        { "sm_80", new(8, 2, false, true, 1, 1, 1, false) },
        { "sm_89", new(60, 4, false, false, 2.5f, 1, 1, false) },
        { "sm_90a", new(40, 6, true, true, 1.5f, 1, 1, true) },
        { "sm_80", new(48, 5, true, true, 2, 8, 3, true) },
        { "sm_89", new(32, 3, false, true, 1, 4, 2, false) },
        { "sm_90a", new(64, 4, true, true, 2, 8, 3, true) },
    };

    public sealed record RoutingRuleCase(int Experts, int Chosen, bool Logistic, bool Normalised, float Scale, int Groups, int ChosenGroups, bool Corrected);

    [Theory]
    [MemberData(nameof(Rules))]
    public void Tokens_go_to_the_experts_of_the_CPU(string target, RoutingRuleCase of)
    {
        var card = new KernelCard(target);
        int stride = of.Experts + 4;
        float[] logits = Values.Normal(Tokens * of.Experts, 1, 2);
        float[] correction = Values.Normal(of.Experts, 2, 0.2);

        // Two that are the same: the lower number comes first.
        logits[3] = logits[1] = 9;
        ulong experts = card.Allocate<int>(Tokens * of.Chosen);
        ulong weights = card.Allocate<float>(Tokens * of.Chosen);
        var parameters = new RouteParameters
        {
            Correction = of.Corrected ? card.Upload(correction) : 0,
            Experts = of.Experts,
            Chosen = of.Chosen,
            IsLogistic = of.Logistic ? 1 : 0,
            IsNormalised = of.Normalised ? 1 : 0,
            Scale = of.Scale,
            Groups = of.Groups,
            ChosenGroups = of.ChosenGroups,
        };
        card.Launch("experts", "route", Tokens, 32, 0, card.Upload(Values.Rows(logits, of.Experts, stride)), stride, parameters, experts, weights);
        var rule = new RoutingRule(of.Experts, of.Chosen, of.Logistic ? ExpertScoring.Logistic : ExpertScoring.Softmax)
        {
            IsNormalised = of.Normalised,
            Scale = of.Scale,
            Groups = of.Groups,
            ChosenGroups = of.ChosenGroups,
        };
        int[] found = card.Read<int>(experts, Tokens * of.Chosen);
        float[] foundWeights = card.Read<float>(weights, Tokens * of.Chosen);
        for (int token = 0; token < Tokens; token++)
        {
            int[] expected = new int[of.Chosen];
            float[] expectedWeights = new float[of.Chosen];
            Router.Choose(logits.AsSpan(token * of.Experts, of.Experts), rule, of.Corrected ? correction : [], expected, expectedWeights);
            Assert.Equal(expected, found.AsSpan(token * of.Chosen, of.Chosen).ToArray());
            Values.AssertClose([.. expectedWeights.Select(weight => (double)weight)], foundWeights.AsSpan(token * of.Chosen, of.Chosen), 1e-6, $"token {token}");
        }
    }

    /// <summary>Target, pairs, experts, warps that sort.</summary>
    [Theory]
    [InlineData("sm_80", 18, 5, 1)]
    [InlineData("sm_80", 1000, 40, 3)]
    [InlineData("sm_89", 3, 40, 1)]
    [InlineData("sm_90a", 1000, 40, 3)]
    [InlineData("sm_90a", 700, 2, 8)]
    public void Pairs_are_sorted_by_expert_and_cut_into_tiles(string target, int pairs, int experts, int warps)
    {
        // Most of them to one expert, the first to none.
        var random = new Random(pairs);
        int[] chosen = [.. Enumerable.Range(0, pairs).Select(_ => random.Next(3) == 0 ? random.Next(1, experts) : experts - 1)];
        new SortedRoutes(new KernelCard(target), chosen, experts, warps).AssertSorted();
    }

    [Theory]
    [InlineData("sm_80", "e4m3", 1)]
    [InlineData("sm_80", "bf16", 1)]
    [InlineData("sm_89", "e4m3", 4)]
    [InlineData("sm_90a", "e4m3", 1)]
    [InlineData("sm_90a", "e4m3", 4)]
    [InlineData("sm_90a", "bf16", 1)]
    [InlineData("sm_90a", "bf16", 4)]
    [InlineData("sm_89", "bf16", 4)]
    public void Experts_multiply_the_tokens_that_were_sent_to_them(string target, string format, int tiles)
    {
        const int Experts = 5;
        const int Chosen = 2;
        const int Rows = 20;
        const int Columns = 150;
        var card = new KernelCard(target);

        // One expert has most tokens, more than a pass takes, and one has none.
        int[] chosen = [.. Enumerable.Range(0, Tokens).SelectMany(token => (int[])[4, token % 3])];
        var routes = new SortedRoutes(card, chosen, Experts);

        int planes = format == "bf16" ? 2 : 1;
        Preparation prepared = Values.Preparation(card, format == "bf16" ? InputForm.BFloats : InputForm.GroupCodes, Tokens, planes, Columns, isPermuted: format == "e4m3");
        card.Launch("prepare", "prepare_inputs", new Dim3(1, Tokens), 64, 0, card.Upload(Values.Normal(Tokens * Columns, 1)), Columns, Columns, 0UL, prepared);
        double[][] inputs = Values.Meant(card, prepared, Tokens, Columns);
        var gate = new ExpertData(card, format, Experts, Rows, Columns, 10);
        var up = new ExpertData(card, format, Experts, Rows, Columns, 20);
        ulong output = card.Allocate<float>(chosen.Length * 32);
        var routed = new RoutedPairs { Pairs = routes.Places, Groups = routes.Groups, Chosen = Chosen };
        var parameters = new LinearInputs { Planes = prepared.Planes, Scales = prepared.Scales, ScaleStride = prepared.ScaleStride, Groups = 2, PerRow = planes };
        card.Launch("experts", $"experts_gated_{format}_{tiles}", new Dim3(2, Experts), 128, 4 * Values.RingBytes, gate.Parameters(output), up.Parameters(output), routed, parameters, new GatingParameters());
        for (int pair = 0; pair < chosen.Length; pair++)
        {
            double[] x = inputs[pair / Chosen];
            double[] expected = [.. gate.Multiply(chosen[pair], x).Zip(up.Multiply(chosen[pair], x), (a, b) => a / (1 + Math.Exp(-a)) * b)];
            Values.AssertClose(expected, card.Read<float>(output + (ulong)(pair * 32 * 4), Rows), 2e-6, $"pair {pair}");
        }

        // Plain, with inputs of pairs: here those of tokens, two of each.
        Preparation ofPairs = Values.Preparation(card, format == "bf16" ? InputForm.BFloats : InputForm.GroupCodes, chosen.Length, planes, Columns, isPermuted: format == "e4m3");
        card.Launch("prepare", "prepare_inputs", new Dim3(1, chosen.Length), 64, 0, card.Upload(Values.Normal(chosen.Length * Columns, 5)), Columns, Columns, 0UL, ofPairs);
        inputs = Values.Meant(card, ofPairs, chosen.Length, Columns);
        parameters = parameters with { Planes = ofPairs.Planes, Scales = ofPairs.Scales, ScaleStride = ofPairs.ScaleStride };
        card.Launch("experts", $"experts_{format}_{tiles}", new Dim3(2, Experts), 64, 2 * Values.RingBytes, gate.Parameters(output), routed with { Chosen = 1 }, parameters);
        for (int pair = 0; pair < chosen.Length; pair++)
        {
            Values.AssertClose(gate.Multiply(chosen[pair], inputs[pair]), card.Read<float>(output + (ulong)(pair * 32 * 4), Rows), 2e-6, $"pair {pair}");
        }
    }

    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_90a")]
    public void Results_of_a_token_are_added_with_their_weights(string target)
    {
        var card = new KernelCard(target);
        float[] results = Values.Normal(6 * 40, 1);
        float[] weights = [0.5f, 2, -1, 0.25f, 1, 3];
        ulong output = card.Upload(Enumerable.Repeat(10f, 2 * 64).ToArray());
        card.Launch("experts", "sum_experts", new Dim3(1, 2), 64, 0, card.Upload(Values.Rows(results, 40, 64)), 64, card.Upload(weights), 3, output, 64, 40, 1);
        double[] expected = [.. Enumerable.Range(0, 40).Select(i => 10 + Enumerable.Range(3, 3).Sum(pair => (double)weights[pair] * results[(pair * 40) + i]))];
        Values.AssertClose(expected, card.Read<float>(output + 256, 40), 1e-6, "token 1");
    }

    sealed class ExpertData
    {
        readonly string _format;
        readonly int _rows;
        readonly int _columns;
        readonly double[][] _values;
        readonly float[][] _scales;
        readonly float[][] _biases;
        readonly ulong _weights, _scaleTable, _biasTable;

        internal ExpertData(KernelCard card, string format, int experts, int rows, int columns, int seed)
        {
            (_format, _rows, _columns) = (format, rows, columns);
            _values = new double[experts][];
            _scales = new float[experts][];
            _biases = new float[experts][];
            ulong[] weights = new ulong[experts];
            ulong[] scales = new ulong[experts];
            ulong[] biases = new ulong[experts];
            for (int expert = 0; expert < experts; expert++)
            {
                var random = new Random(seed + expert);
                int bytes = format == "e4m3" ? 1 : 2;
                byte[] data = new byte[rows * 256 * bytes];
                _values[expert] = new double[rows * columns];
                for (int i = 0; i < rows * columns; i++)
                {
                    int at = ((i / columns * 256) + (i % columns)) * bytes;
                    float value = (float)(random.NextDouble() - 0.5);
                    if (bytes == 1)
                    {
                        data[at] = (byte)(random.Next(0x7F) | (random.Next(2) << 7));
                        _values[expert][i] = WeightScheme.Values(DataType.Float8E4M3FN)[data[at]];
                    }
                    else
                    {
                        BitConverter.TryWriteBytes(data.AsSpan(at), Values.BFloatBits(value));
                        _values[expert][i] = Values.BFloat(value);
                    }
                }

                _scales[expert] = Values.Normal(4, seed + expert + 100, 0.01);
                _biases[expert] = Values.Normal(rows, seed + expert + 200);
                weights[expert] = card.Upload(data);
                scales[expert] = card.Upload(_scales[expert]);
                biases[expert] = card.Upload(_biases[expert]);
            }

            (_weights, _scaleTable, _biasTable) = (card.Upload(weights), card.Upload(scales), card.Upload(biases));
        }

        internal ExpertLayerParameters Parameters(ulong output) => new()
        {
            Weights = _weights,
            Scales = _format == "e4m3" ? _scaleTable : 0,
            Biases = _biasTable,
            Output = output,
            RowBytes = (ulong)(256 * (_format == "e4m3" ? 1 : 2)),
            Rows = _rows,
            OutputStride = 32,
            BlockRows = 16,
            ScaleStride = 2,
        };

        internal double[] Multiply(int expert, double[] x)
        {
            double[] sums = new double[_rows];
            for (int row = 0; row < _rows; row++)
            {
                for (int column = 0; column < _columns; column++)
                {
                    sums[row] += _values[expert][(row * _columns) + column] * x[column] * (_format == "e4m3" ? _scales[expert][(row / 16 * 2) + (column / 128)] : 1);
                }

                sums[row] += _biases[expert][row];
            }

            return sums;
        }
    }
}
