using Octet.Cuda.Kernels;
using Octet.Numerics;
using Octet.Tests.Reference;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>
/// Experts of mixtures for prompts on Hopper, by copies of the tensor memory accelerator and products of warpgroups, against sums in double precision of the
/// operands that they were given.
/// </summary>
public class WideExpertTests
{
    const int Threads = 384;
    const int SharedBytes = (192 << 10) + (6 * (512 + 16)) + (3 * 512);

    // Float32 sums, of the largest output.
    static double Tolerance => RealCard.IsUsed ? 1e-3 : 4e-6;

    /// <summary>Kernel, pairs of each expert, pairs of a token, columns, rows of a layer, blocks.</summary>
    public static TheoryData<string, int[], int, int, int, int> Shapes => new()
    {
        // Experts of no pair, of one, just over a tile of 128, just over a box of 32 and of less than a unit of 8.
        { "codes_e4m3", [0, 1, 130, 33, 0, 6], 2, 300, 133, 3 },
        { "e4m3", [0, 1, 130, 33, 0, 6], 2, 300, 133, 2 },

        // All to one; the last expert's rows end with the memory's.
        { "codes_e4m3", [0, 0, 0, 140], 4, 140, 260, 7 },
        { "e4m3", [0, 0, 75], 3, 140, 260, 1 },

        // Whole tiles and boxes, and more blocks than pieces.
        { "codes_e4m3", [128, 0, 32, 64, 96], 5, 128, 20, 40 },
        { "codes_e4m3", [1], 1, 1040, 64, 2 },

        // Of two planes 64 pairs are a piece: of some tiles one half has none.
        { "bf16_2", [0, 1, 130, 65, 7], 1, 200, 133, 3 },
        { "bf16_2", [0, 64, 0], 2, 300, 260, 2 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Gated_experts_multiply_the_tokens_that_were_sent_to_them(string kernel, int[] counts, int chosen, int columns, int rows, int blocks)
    {
        var card = new KernelCard("sm_90a");
        Mixture mixture = new(card, kernel, counts, chosen, columns, rows);
        mixture.RunGated(blocks);
        mixture.AssertGated(Tolerance);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Experts_multiply_what_lies_at_the_places_of_their_pairs(string kernel, int[] counts, int chosen, int columns, int rows, int blocks)
    {
        var card = new KernelCard("sm_90a");
        Mixture mixture = new(card, kernel, counts, chosen, columns, rows);
        mixture.RunPlain(blocks);
        mixture.AssertPlain(Tolerance);
    }

    /// <summary>Pairs of each expert, rows of a layer, whether scales are powers of two, the gating.</summary>
    [Theory]
    [InlineData(new[] { 0, 1, 130, 33, 6 }, 300, false, 0)]
    [InlineData(new[] { 40 }, 128, true, 1)]
    public void What_gates_becomes_the_codes_of_what_it_is(int[] counts, int rows, bool powerOfTwo, int gating)
    {
        var card = new KernelCard("sm_90a");
        Mixture mixture = new(card, "codes_e4m3", counts, 1, 200, rows);
        Preparation codes = mixture.Codes(powerOfTwo);
        mixture.RunGated(blocks: 2, gating, codes);
        (byte[] Codes, float[] Scales)[] found = mixture.ReadCodes(codes);
        mixture.RunGated(blocks: 2, gating);
        Preparation expected = mixture.PrepareGated(powerOfTwo);
        Assert.Equal(mixture.ReadCodes(expected), found, (a, b) => a.Codes.SequenceEqual(b.Codes) && a.Scales.SequenceEqual(b.Scales));
    }

    /// <summary>The sums of a group are as short as Hopper's, those of groups are not.</summary>
    [Fact]
    public void Two_levels_of_sums_keep_the_tolerance_where_the_first_is_short()
    {
        var card = new KernelCard("sm_90a", shortSums: true);
        Mixture mixture = new(card, "codes_e4m3", [20, 3], 1, 1280, 100);
        mixture.RunPlain(blocks: 2);
        mixture.AssertPlain(1e-3);
    }

    [Fact]
    public void Pieces_give_the_same_bits_whichever_blocks_have_them()
    {
        var card = new KernelCard("sm_90a");
        Mixture mixture = new(card, "codes_e4m3", [40, 0, 129], 1, 300, 270);
        uint[] first = Bits(blocks: 1);
        Assert.Equal(first, Bits(blocks: 3));

        uint[] Bits(int blocks)
        {
            mixture.RunPlain(blocks);
            return [.. mixture.Outputs().Select(BitConverter.SingleToUInt32Bits)];
        }
    }

    /// <summary>Of a tile of few pairs a stage's other columns were written by nobody but the block's beginning.</summary>
    [Theory]
    [InlineData("wgmma.fence", 0, "", PtxError.Misuse)]
    [InlineData("st.shared.v4", 0, "", PtxError.Uninitialized)]
    [InlineData("fence.proxy.async.shared", 1, "", PtxError.Misuse)]
    [InlineData("mbarrier.arrive.expect_tx", 0, "", PtxError.Deadlock)]
    [InlineData("bar.sync", 0, "", PtxError.Race)]
    public void A_kernel_without_its_synchronisation_is_found_out(string instruction, int place, string instead, PtxError error)
    {
        var card = new KernelCard("sm_90a", edit: text => text.Contains("experts_wide", StringComparison.Ordinal) ? KernelCard.Edited(text, "experts_wide_gated_codes_e4m3", instruction, place, instead) : text);
        Mixture mixture = new(card, "codes_e4m3", [5], 1, 140, 20);
        PtxException found = Assert.Throws<PtxException>(() => mixture.RunGated(blocks: 1));
        Assert.True(error == found.Error, found.Message);
    }

    /// <summary>Two layers of experts with random weights, scales and biases, tokens that go to them, and what the card makes of both.</summary>
    internal sealed class Mixture
    {
        readonly KernelCard _card;
        readonly string _kernel;
        readonly SortedRoutes _routes;
        readonly int _chosen, _columns, _rows;
        readonly ExpertLayer _gate, _up;
        readonly ulong _output;
        readonly int _stride;
        double[][] _inputs = [];

        /// <param name="card">Where they lie.</param>
        /// <param name="kernel">What multiplies them: codes_e4m3, e4m3, whose inputs are float16, or bf16_2, whose inputs are two planes of bfloat16.</param>
        /// <param name="counts">How many pairs each expert has.</param>
        /// <param name="chosen">Pairs of a token.</param>
        /// <param name="columns">Of a layer.</param>
        /// <param name="rows">Of a layer.</param>
        internal Mixture(KernelCard card, string kernel, int[] counts, int chosen, int columns, int rows)
        {
            (_card, _kernel, _chosen, _columns, _rows) = (card, kernel, chosen, columns, rows);
            int[] experts = [.. counts.SelectMany((count, expert) => Enumerable.Repeat(expert, count))];
            new Random(1).Shuffle(experts);
            _routes = new SortedRoutes(card, experts, counts.Length);
            _gate = new ExpertLayer(card, !IsShort, counts.Length, rows, columns, 10);
            _up = new ExpertLayer(card, !IsShort, counts.Length, rows, columns, 50);
            _stride = (rows + 31) / 32 * 32;
            _output = card.Allocate<float>((long)_routes.MostPlaces * _stride);
        }

        internal KernelCard Card => _card;

        /// <summary>Both layers, of the inputs of tokens.</summary>
        internal LaunchReport? RunGated(int blocks, int gating = 0, Preparation codes = default)
        {
            int tokens = _routes.Experts.Length / _chosen;
            Preparation prepared = Prepare(tokens, seed: 7);
            _inputs = Values.Meant(_card, prepared, tokens, _columns);
            int bytes = prepared.Count * prepared.Groups * 128 * InputBytes;
            Preparation spread = Values.Preparation(_card, Form, _routes.MostPlaces, prepared.Count, _columns, isPermuted: false) with { Planes = _card.Upload(new byte[_routes.MostPlaces * bytes]), Order = prepared.Order };
            _card.Launch("spread", "spread_inputs", new Dim3((_routes.MostPlaces + 3) / 4), 128, 0, new SpreadRows
            {
                From = prepared.Planes,
                FromScales = prepared.Scales,
                To = spread.Planes,
                ToScales = spread.Scales,
                Places = _routes.Places,
                Tiles = _routes.Tiles,
                RowBytes = bytes,
                FromStride = prepared.ScaleStride,
                ToStride = spread.ScaleStride,
                Groups = prepared.Groups,
                Chosen = _chosen,
            });
            return Launch("gated_", blocks, spread, _gate.Parameters(_output, _stride), _up.Parameters(_output, _stride), Routes, Inputs(spread), new GatingParameters { Kind = gating }, codes);
        }

        /// <summary>Memory for what gates as the codes of a layer that comes next.</summary>
        internal Preparation Codes(bool powerOfTwo)
            => Values.Preparation(_card, InputForm.GroupCodes, _routes.MostPlaces, 1, _rows, isPermuted: false) with { Order = InputOrder.AsCodes, PowerOfTwo = powerOfTwo ? 1 : 0 };

        /// <summary>What gated, as the kernel that prepares inputs makes codes of it.</summary>
        internal Preparation PrepareGated(bool powerOfTwo)
        {
            float[] rows = new float[_routes.MostPlaces * _rows];
            foreach (int place in _routes.PlaceOfPairs())
            {
                Row(place).CopyTo(rows, place * _rows);
            }

            Preparation codes = Codes(powerOfTwo);
            _card.Launch("prepare", "prepare_inputs", new Dim3(1, _routes.MostPlaces), 96, 0, _card.Upload(rows), _rows, _rows, 0UL, codes);
            return codes;
        }

        /// <summary>Of each pair its codes and the scales of its groups.</summary>
        internal (byte[] Codes, float[] Scales)[] ReadCodes(Preparation codes)
        {
            int bytes = codes.Groups * 128;
            float[] scales = _card.Read<float>(codes.Scales, codes.Groups * codes.ScaleStride);
            return [.. _routes.PlaceOfPairs().Select(place => (
                _card.Read<byte>(codes.Planes + (ulong)(place * bytes), bytes),
                Enumerable.Range(0, codes.Groups).Select(group => scales[(group * codes.ScaleStride) + place]).ToArray()))];
        }

        /// <summary>The first layer, of inputs that lie at the places of pairs.</summary>
        internal LaunchReport? RunPlain(int blocks)
        {
            Preparation prepared = Prepare(_routes.MostPlaces, seed: 5);
            _inputs = Values.Meant(_card, prepared, _routes.MostPlaces, _columns);
            return Launch("", blocks, prepared, _gate.Parameters(_output, _stride), Routes, Inputs(prepared));
        }

        internal void AssertGated(double tolerance)
        {
            int[] places = _routes.PlaceOfPairs();
            for (int pair = 0; pair < places.Length; pair++)
            {
                double[] x = _inputs[pair / _chosen];
                int expert = _routes.Experts[pair];
                double[] expected = [.. _gate.Multiply(expert, x).Zip(_up.Multiply(expert, x), (a, b) => a / (1 + Math.Exp(-a)) * b)];
                Values.AssertClose(expected, Row(places[pair]), tolerance, $"pair {pair} of expert {expert}");
            }
        }

        internal void AssertPlain(double tolerance)
        {
            int[] places = _routes.PlaceOfPairs();
            for (int pair = 0; pair < places.Length; pair++)
            {
                int expert = _routes.Experts[pair];
                Values.AssertClose(_gate.Multiply(expert, _inputs[places[pair]]), Row(pair), tolerance, $"pair {pair} of expert {expert}");
            }
        }

        /// <summary>What the layer gave of all pairs.</summary>
        internal IEnumerable<float> Outputs() => Enumerable.Range(0, _routes.Experts.Length).SelectMany(Row);

        float[] Row(int row) => _card.Read<float>(_output + ((ulong)row * (ulong)_stride * sizeof(float)), _rows);

        bool IsCodes => _kernel == "codes_e4m3";

        // Weights of 16 bits, in two planes of inputs.
        bool IsShort => _kernel == "bf16_2";

        InputForm Form => IsCodes ? InputForm.GroupCodes : IsShort ? InputForm.BFloats : InputForm.Halves;

        int InputBytes => IsCodes ? 1 : 2;

        WideRoutes Routes => new() { Places = _routes.Places, Tiles = _routes.Tiles };

        Preparation Prepare(int rows, int seed)
        {
            InputOrder order = IsCodes ? InputOrder.AsCodes : IsShort ? InputOrder.AsTheyAre : InputOrder.ForProducts;
            Preparation prepared = Values.Preparation(_card, Form, rows, IsShort ? 2 : 1, _columns, isPermuted: false) with { Order = order };
            _card.Launch("prepare", "prepare_inputs", new Dim3(1, rows), 96, 0, _card.Upload(Values.Normal(rows * _columns, seed)), _columns, _columns, 0UL, prepared);
            return prepared;
        }

        LinearInputs Inputs(in Preparation prepared) => new()
        {
            Planes = prepared.Planes,
            Scales = prepared.Scales,
            ScaleStride = prepared.ScaleStride,
            Groups = prepared.Groups,
            Count = _routes.Experts.Length * prepared.Count,
            PerRow = prepared.Count,
        };

        LaunchReport? Launch(string gated, int blocks, in Preparation prepared, params object[] arguments)
        {
            var maps = new byte[3 * TensorMap.Bytes];
            int boxBytes = prepared.Order == InputOrder.ForProducts ? 64 : 128;
            int bytes = IsShort ? 2 : 1;
            _card.MapRows(maps, _gate.Weights, bytes, prepared.Groups * 128, _routes.Count * _rows, boxBytes, boxRows: 128);
            _card.MapRows(maps.AsSpan(TensorMap.Bytes), _up.Weights, bytes, prepared.Groups * 128, _routes.Count * _rows, boxBytes, boxRows: 128);
            _card.MapRows(maps.AsSpan(2 * TensorMap.Bytes), prepared.Planes, InputBytes, prepared.Groups * 128, _routes.MostPlaces * prepared.Count, 128, boxRows: 32);
            return _card.Launch("experts_wide", $"experts_wide_{gated}{_kernel}", blocks, Threads, SharedBytes, [maps, .. arguments]);
        }
    }

    /// <summary>A layer of all experts, whose rows lie one behind the other: of E4M3 with scales, or of bfloat16.</summary>
    sealed class ExpertLayer
    {
        const int BlockRows = 100;

        readonly int _rows, _columns, _groups;
        readonly double[] _values;
        readonly float[][]? _scales;
        readonly float[][] _biases;
        readonly ulong _scaleTable, _biasTable;

        internal ExpertLayer(KernelCard card, bool isCodes, int experts, int rows, int columns, int seed)
        {
            (_rows, _columns, _groups) = (rows, columns, (columns + 127) / 128);
            var random = new Random(seed);
            int length = experts * rows * _groups * 128;
            byte[] codes = new byte[length];
            ushort[] shorts = new ushort[length];
            _values = new double[experts * rows * columns];
            for (int i = 0; i < _values.Length; i++)
            {
                int at = (i / columns * _groups * 128) + (i % columns);
                if (isCodes)
                {
                    // Every code that is a finite number, subnormals among them.
                    codes[at] = (byte)(random.Next(0x7F) | (random.Next(2) << 7));
                    _values[i] = WeightScheme.Decode(DataType.Float8E4M3FN, codes[at]);
                }
                else
                {
                    float value = (float)(random.NextDouble() - 0.5);
                    shorts[at] = Values.BFloatBits(value);
                    _values[i] = Values.BFloat(value);
                }
            }

            int blocks = (rows + BlockRows - 1) / BlockRows;
            _scales = isCodes ? [.. Enumerable.Range(0, experts).Select(expert => Values.Normal(blocks * _groups, seed + expert + 1, 0.01))] : null;
            _biases = [.. Enumerable.Range(0, experts).Select(expert => Values.Normal(rows, seed + expert + 20))];
            Weights = isCodes ? card.Upload(codes) : card.Upload(shorts);
            _scaleTable = _scales is null ? 0 : card.Upload(_scales.Select(values => card.Upload(values)).ToArray());
            _biasTable = card.Upload(_biases.Select(values => card.Upload(values)).ToArray());
        }

        internal ulong Weights { get; }

        internal ExpertLayerParameters Parameters(ulong output, int stride) => new()
        {
            Scales = _scaleTable,
            Biases = _biasTable,
            Output = output,
            Rows = _rows,
            OutputStride = stride,
            BlockRows = BlockRows,
            ScaleStride = _groups,
        };

        internal double[] Multiply(int expert, double[] x)
        {
            double[] sums = new double[_rows];
            for (int row = 0; row < _rows; row++)
            {
                ReadOnlySpan<double> values = _values.AsSpan(((expert * _rows) + row) * _columns, _columns);
                for (int column = 0; column < _columns; column++)
                {
                    sums[row] += values[column] * (_scales?[expert][(row / BlockRows * _groups) + (column / 128)] ?? 1) * x[column];
                }

                sums[row] += _biases[expert][row];
            }

            return sums;
        }
    }
}
