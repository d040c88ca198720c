using Octet.Cuda.Kernels;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>Layers of experts in tiles against sums in double precision.</summary>
public class TiledExpertTests
{
    const int Tokens = 9;
    const int Experts = 5;
    const int Chosen = 2;
    const int Rows = 20;
    const int Columns = 150;
    const int OutputStride = 32;

    public static TheoryData<string, string, int> Cases
    {
        get
        {
            var data = new TheoryData<string, string, int>();
            foreach (string target in (string[])["sm_80", "sm_89", "sm_90a"])
            {
                data.Add(target, "MxE2M1", 1);
                data.Add(target, "NvE2M1", 4);
                data.Add(target, "MxE4M3", 1);
            }

            data.Add("sm_80", "MxE2M1", 4);
            data.Add("sm_80", "NvE2M1", 1);
            data.Add("sm_89", "MxE4M3", 4);
            data.Add("sm_89", "SmallE4M3", 4);
            data.Add("sm_90a", "SmallE4M3", 1);
            data.Add("sm_90a", "SmallE4M3Fnuz", 4);
            data.Add("sm_80", "SmallE4M3Fnuz", 1);
            data.Add("sm_89", "MxE5M2", 1);
            data.Add("sm_80", "SmallE5M2", 4);
            data.Add("sm_90a", "SmallFloat16", 1);
            data.Add("sm_80", "SmallFloat16", 4);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Experts_multiply_the_tokens_that_were_sent_to_them(string target, string name, int tiles)
    {
        CudaFormat format = Enum.Parse<CudaFormat>(name);
        var card = new KernelCard(target);

        // One expert has most tokens, more than a pass takes, and one has none.
        int[] chosen = [.. Enumerable.Range(0, Tokens).SelectMany(token => (int[])[4, token % 3])];
        var routes = new SortedRoutes(card, chosen, Experts);
        var gate = new Layer(card, format, 10);
        var up = new Layer(card, format, 20);
        ulong output = card.Allocate<float>(chosen.Length * OutputStride);
        var routed = new RoutedPairs { Pairs = routes.Places, Groups = routes.Groups, Chosen = Chosen };

        var gating = new GatingParameters { Kind = (int)Backends.GatingKind.ClampedSwiGlu, Alpha = 1.7f, Limit = 2 };
        (LinearInputs inputs, double[][] meant) = Prepare(card, Tokens, planes: 2, seed: 1);
        card.Launch("experts_tiled", $"experts_gated_{format.Suffix()}_{tiles}", new Dim3(2, Experts), 128, 0, gate.Parameters(output), up.Parameters(output), routed, inputs, gating);
        for (int pair = 0; pair < chosen.Length; pair++)
        {
            double[] x = meant[pair / Chosen];
            double[] expected = [.. gate.Multiply(chosen[pair], x).Zip(up.Multiply(chosen[pair], x), Clamped)];
            Values.AssertClose(expected, card.Read<float>(output + (ulong)(pair * OutputStride * sizeof(float)), Rows), 4e-6, $"pair {pair}");
        }

        (inputs, meant) = Prepare(card, chosen.Length, planes: 1, seed: 5);
        card.Launch("experts_tiled", $"experts_{format.Suffix()}_{tiles}", new Dim3(2, Experts), 64, 0, gate.Parameters(output), routed with { Chosen = 1 }, inputs);
        for (int pair = 0; pair < chosen.Length; pair++)
        {
            Values.AssertClose(gate.Multiply(chosen[pair], meant[pair]), card.Read<float>(output + (ulong)(pair * OutputStride * sizeof(float)), Rows), 2e-6, $"pair {pair}");
        }
    }

    // gpt-oss's: gate at most 2, up from -2 to 2.
    static double Clamped(double gate, double up)
    {
        gate = Math.Min(gate, 2);
        return gate / (1 + Math.Exp(-1.7f * gate)) * (Math.Clamp(up, -2, 2) + 1);
    }

    static (LinearInputs, double[][]) Prepare(KernelCard card, int rows, int planes, int seed)
    {
        Preparation prepared = Values.Preparation(card, InputForm.Halves, rows, planes, Columns, isPermuted: false);
        card.Launch("prepare", "prepare_inputs", new Dim3(1, rows), 64, 0, card.Upload(Values.Normal(rows * Columns, seed)), Columns, Columns, 0UL, prepared);
        return (
            new LinearInputs { Planes = prepared.Planes, Scales = prepared.Scales, ScaleStride = prepared.ScaleStride, Groups = prepared.Groups, PerRow = planes },
            Values.Meant(card, prepared, rows, Columns));
    }

    sealed class Layer
    {
        readonly TiledLayer[] _experts;
        readonly ulong _weights, _scales, _biases;

        internal Layer(KernelCard card, CudaFormat format, int seed)
        {
            _experts = [.. Enumerable.Range(0, Experts).Select(i => new TiledLayer(card, format, Rows, Columns, seed + (3 * i)))];
            _weights = card.Upload<ulong>([.. _experts.Select(expert => expert.Weight)]);
            _scales = _experts[0].Scales == 0 ? 0 : card.Upload<ulong>([.. _experts.Select(expert => expert.Scales)]);
            _biases = card.Upload<ulong>([.. _experts.Select(expert => expert.Bias)]);
        }

        internal ExpertLayerParameters Parameters(ulong output) => new()
        {
            Weights = _weights,
            Scales = _scales,
            Biases = _biases,
            Output = output,
            RowBytes = (ulong)_experts[0].RowBytes,
            Rows = Rows,
            OutputStride = OutputStride,
            BlockRows = _experts[0].BlockRows,
            ScaleStride = _experts[0].Stride,
            ScaleShift = _experts[0].Shift,
        };

        internal double[] Multiply(int expert, double[] x) => _experts[expert].Multiply(x);
    }
}
