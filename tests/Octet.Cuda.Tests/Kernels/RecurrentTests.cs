using Octet.Cuda.Kernels;
using PtxEmulator;
using Run = Octet.Cuda.CudaStep.Run;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>States that go from token to token, short convolutions and gated norms, against their definitions in double precision.</summary>
public class RecurrentTests
{
    const int Layer = 1;

    // A sequence that goes on with more tokens than a block takes at a time, one that begins with fewer, rows of nobody, one that goes on, and one that begins.
    static readonly (int Count, bool Begins, bool IsSomebody)[] s_sequences = [(37, false, true), (2, true, true), (3, false, false), (1, false, true), (17, true, true)];

    static int Rows => s_sequences.Sum(sequence => sequence.Count);

    /// <summary>Keys of each kernel, whole and not, and columns that fill the last block or do not.</summary>
    [Theory]
    [InlineData("sm_80", 2, 2, 128, 40)]
    [InlineData("sm_80", 1, 1, 64, 32)]
    [InlineData("sm_80", 1, 2, 256, 5)]
    [InlineData("sm_89", 1, 3, 36, 33)]
    [InlineData("sm_89", 1, 1, 100, 64)]
    [InlineData("sm_89", 1, 1, 4, 1)]
    [InlineData("sm_90a", 1, 2, 132, 17)]
    [InlineData("sm_90a", 1, 1, 128, 128)]
    [InlineData("sm_90a", 2, 1, 16, 16)]
    public void The_gated_delta_rule_forgets_corrects_and_reads(string target, int keyHeads, int sharing, int keys, int values)
    {
        int heads = keyHeads * sharing;
        var card = new KernelCard(target);
        var state = new States(card, heads, keys, values);
        int channels = (2 * keyHeads * keys) + (heads * values);
        float[] mixed = Values.Normal(Rows * channels, 1);
        float[] strength = Values.Normal(Rows * heads, 2);
        float[] step = Values.Normal(Rows * heads, 3, spread: 3);
        float[] rate = Values.Normal(heads, 4);
        float[] bias = Values.Normal(heads, 5);
        ulong output = card.Upload(Enumerable.Repeat(float.NaN, Rows * heads * values).ToArray());
        Launch(card, "gated_delta", keys, heads, state, new RecurrentHeads
        {
            Mixed = card.Upload(mixed),
            Strength = card.Upload(strength),
            Step = card.Upload(step),
            LogRate = card.Upload(rate),
            Bias = card.Upload(bias),
            Output = output,
            MixedStride = channels,
            StrengthStride = heads,
            StepStride = heads,
            OutputStride = heads * values,
            Writes = keyHeads * keys,
            Values = 2 * keyHeads * keys,
            Sharing = sharing,
            KeyDim = keys,
            ValueDim = values,
        });
        float[] found = card.Read<float>(output, Rows * heads * values);
        state.AssertEach((row, head, held) =>
        {
            if (held is null)
            {
                Assert.All(found[(((row * heads) + head) * values)..][..values], x => Assert.Equal(0, x));
                return;
            }

            int at = (row * channels) + (head / sharing * keys);
            double[] query = Unit(mixed.AsSpan(at, keys), 1 / Math.Sqrt(keys));
            double[] key = Unit(mixed.AsSpan(at + (keyHeads * keys), keys), 1);
            double decay = Math.Exp(-Math.Exp(rate[head]) * Softplus((double)step[(row * heads) + head] + bias[head]));
            double share = 1 / (1 + Math.Exp(-strength[(row * heads) + head]));
            double[] expected = new double[values];
            for (int column = 0; column < values; column++)
            {
                double holds = 0;
                for (int i = 0; i < keys; i++)
                {
                    held[i, column] *= decay;
                    holds += held[i, column] * key[i];
                }

                double written = share * (mixed[(row * channels) + (2 * keyHeads * keys) + (head * values) + column] - holds);
                for (int i = 0; i < keys; i++)
                {
                    held[i, column] += key[i] * written;
                    expected[column] += held[i, column] * query[i];
                }
            }

            Values.AssertClose(expected, found.AsSpan(((row * heads) + head) * values, values), 1e-5, $"row {row}, head {head}");
        });
    }

    [Theory]
    [InlineData("sm_80", 1, 2, 128, 64, 0f, float.PositiveInfinity)]
    [InlineData("sm_80", 2, 2, 16, 24, 0f, float.PositiveInfinity)]
    [InlineData("sm_89", 1, 3, 60, 33, 0.5f, 1.5f)]
    [InlineData("sm_89", 1, 1, 252, 8, 0f, float.PositiveInfinity)]
    [InlineData("sm_90a", 2, 1, 128, 40, 0.5f, 1.5f)]
    [InlineData("sm_90a", 1, 1, 256, 32, 0f, float.PositiveInfinity)]
    public void State_spaces_fade_take_in_and_read(string target, int groups, int sharing, int keys, int values, float low, float high)
    {
        int heads = groups * sharing;
        var card = new KernelCard(target);
        var state = new States(card, heads, keys, values);
        int inner = heads * values;
        int channels = inner + (2 * groups * keys);
        float[] mixed = Values.Normal(Rows * channels, 1);
        float[] step = Values.Normal(Rows * heads, 3, spread: 3);
        float[] rate = Values.Normal(heads, 4);
        float[] bias = Values.Normal(heads, 5);
        float[] skip = Values.Normal(heads, 6);
        ulong output = card.Upload(Enumerable.Repeat(float.NaN, Rows * inner).ToArray());
        Launch(card, "state_space", keys, heads, state, new RecurrentHeads
        {
            Mixed = card.Upload(mixed),
            Step = card.Upload(step),
            LogRate = card.Upload(rate),
            Bias = card.Upload(bias),
            Skip = card.Upload(skip),
            Output = output,
            MixedStride = channels,
            StepStride = heads,
            OutputStride = inner,
            Reads = inner + (groups * keys),
            Writes = inner,
            Sharing = sharing,
            KeyDim = keys,
            ValueDim = values,
            Low = low,
            High = high,
        });
        float[] found = card.Read<float>(output, Rows * inner);
        state.AssertEach((row, head, held) =>
        {
            if (held is null)
            {
                Assert.All(found[((row * inner) + (head * values))..][..values], x => Assert.Equal(0, x));
                return;
            }

            int b = (row * channels) + inner + (head / sharing * keys);
            int c = b + (groups * keys);
            double dt = Math.Clamp(Softplus((double)step[(row * heads) + head] + bias[head]), low, high);
            double decay = Math.Exp(-Math.Exp(rate[head]) * dt);
            double[] expected = new double[values];
            for (int column = 0; column < values; column++)
            {
                double x = mixed[(row * channels) + (head * values) + column];
                for (int i = 0; i < keys; i++)
                {
                    held[i, column] = (decay * held[i, column]) + (dt * mixed[b + i] * x);
                    expected[column] += held[i, column] * mixed[c + i];
                }

                expected[column] += skip[head] * x;
            }

            Values.AssertClose(expected, found.AsSpan((row * inner) + (head * values), values), 1e-5, $"row {row}, head {head}");
        });
    }

    /// <summary>What decides how fast a state fades is exact for small steps and large ones, and no rate makes NaN of a step that is none.</summary>
    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_89")]
    [InlineData("sm_90a")]
    public void Decays_are_good_to_a_millionth(string target)
    {
        float[] steps = [-100, -30, -12, -8, -3, -1, -0.01f, 0, 0.5f, 2, 9, 40];
        float[] rates = [-3, 0, 2.7f, 95];
        int heads = steps.Length * rates.Length;
        var card = new KernelCard(target);
        ulong page = card.Upload(Enumerable.Repeat(1f, heads * 4).ToArray());
        card.Launch("recur", "state_space_64", new Dim3(heads, 1), 128, 0, new RecurrentHeads
        {
            Runs = card.Upload(new Run(0, 1, page)),
            Mixed = card.Upload(new float[heads + 8]),
            Step = card.Upload([.. rates.SelectMany(_ => steps)]),
            LogRate = card.Upload([.. rates.SelectMany(rate => steps.Select(_ => rate))]),
            Bias = card.Upload(new float[heads]),
            Skip = card.Upload(new float[heads]),
            Output = card.Allocate<float>(heads),
            Reads = heads,
            Writes = heads,
            Sharing = heads,
            KeyDim = 4,
            ValueDim = 1,
            Blocks = 1,
            High = float.PositiveInfinity,
        });
        float[] found = card.Read<float>(page, heads * 4);
        for (int i = 0; i < heads; i++)
        {
            double expected = Math.Exp(-Math.Exp(rates[i / steps.Length]) * Softplus(steps[i % steps.Length]));
            Assert.True(Math.Abs(expected - found[i * 4]) <= 2e-6 * expected + 1e-30 || (rates[i / steps.Length] > 80 && steps[i % steps.Length] < -20), $"{rates[i / steps.Length]}, {steps[i % steps.Length]}: {found[i * 4]}, expected {expected}");
            Assert.InRange(found[i * 4], 0, 1);
        }
    }

    /// <summary>Of all numbers of taps, in one tile of a sequence and in several.</summary>
    [Theory]
    [InlineData("sm_80", 300, 4, true, true, 32)]
    [InlineData("sm_80", 256, 4, true, false, 64)]
    [InlineData("sm_89", 77, 3, false, false, 32)]
    [InlineData("sm_89", 77, 2, true, true, 16)]
    [InlineData("sm_90a", 513, 4, true, false, 8)]
    [InlineData("sm_90a", 33, 3, false, true, 64)]
    public void A_short_convolution_goes_over_tokens_and_keeps_the_last(string target, int channels, int taps, bool hasSilu, bool hasBias, int tileRows)
    {
        const int Before = 64;
        int stride = channels + 7;
        int kept = (taps - 1) * channels;
        int floats = (Before + kept + 15) / 16 * 16;
        var card = new KernelCard(target);
        float[] mixed = Values.Normal(Rows * channels, 1);
        float[] weights = Values.Normal(taps * channels, 2);
        float[] bias = Values.Normal(channels, 3);
        var tiles = new List<Run>();
        var pages = new List<(ulong Address, float[]? History)>();
        int row = 0;
        foreach ((int count, bool begins, bool isSomebody) in s_sequences)
        {
            float[]? history = begins || !isSomebody ? null : Values.Normal(kept, 10 + row);
            float[] page = new float[2 * floats];
            page.AsSpan().Fill(float.NaN);
            history?.CopyTo(page.AsSpan(floats + Before));
            ulong address = isSomebody ? card.Upload(page) : 0;
            pages.Add((address, history));
            for (int at = 0; at < count; at += tileRows)
            {
                ulong flags = (begins && at == 0 ? Run.Begins : 0) | (at == 0 ? Run.IsFirst : 0) | (at + tileRows >= count ? Run.IsLast : 0);
                tiles.Add(new Run(row + at, Math.Min(tileRows, count - at), isSomebody ? address | flags : 0));
            }

            row += count;
        }

        bool isWhole = tiles.Count == s_sequences.Length;
        ulong stream = card.Upload(Values.Rows(mixed, channels, stride));
        var parameters = new ConvolutionParameters
        {
            Tiles = card.Upload(tiles.ToArray()),
            Offset = (ulong)((floats + Before) * sizeof(float)),
            Mixed = stream,
            Taps = card.Upload(weights),
            Bias = hasBias ? card.Upload(bias) : 0,
            Edges = isWhole ? 0 : card.Allocate<float>(tiles.Count * kept),
            Stride = stride,
            Channels = channels,
            TapCount = taps,
            HasSilu = hasSilu ? 1 : 0,
        };
        var grid = new Dim3((channels + 255) / 256, tiles.Count);
        if (!isWhole)
        {
            card.Launch("convolve", "keep_edges", grid, 256, 0, parameters);
        }

        card.Launch("convolve", "convolve", grid, 256, 0, parameters);
        float[] found = card.Read<float>(stream, Rows * stride);
        row = 0;
        foreach (((int count, _, bool isSomebody), (ulong address, float[]? history)) in s_sequences.Zip(pages))
        {
            // Inputs by their places, those before the first of the step under 0.
            float Input(int at, int channel) => at >= 0 ? mixed[((row + at) * channels) + channel] : history is null ? 0 : history[((at + taps - 1) * channels) + channel];
            for (int i = 0; i < count; i++)
            {
                double[] expected = [.. Enumerable.Range(0, channels).Select(channel =>
                {
                    double sum = hasBias ? bias[channel] : 0;
                    for (int tap = 0; tap < taps; tap++)
                    {
                        sum += (double)Input(i - taps + 1 + tap, channel) * weights[(tap * channels) + channel];
                    }

                    return !isSomebody ? Input(i, channel) : hasSilu ? sum / (1 + Math.Exp(-sum)) : sum;
                })];
                Values.AssertClose(expected, found.AsSpan((row + i) * stride, channels), 1e-6, $"row {row + i}");
                Assert.All(found[(((row + i) * stride) + channels)..((row + i + 1) * stride)], x => Assert.Equal(0, x));
            }

            if (isSomebody)
            {
                float[] page = card.Read<float>(address, 2 * floats);
                Assert.Equal(Enumerable.Range(0, kept).Select(i => Input(count - taps + 1 + (i / channels), i % channels)), page[(floats + Before)..][..kept]);
                Assert.All(page[..(floats + Before)], x => Assert.True(float.IsNaN(x)));
            }

            row += count;
        }
    }

    [Theory]
    [InlineData("sm_80", 16, 3, 32)]
    [InlineData("sm_80", 260, 2, 96)]
    [InlineData("sm_89", 128, 2, 32)]
    [InlineData("sm_90a", 200, 2, 64)]
    [InlineData("sm_90a", 5000, 1, 1024)]
    public void Heads_are_normed_and_multiplied_with_their_gates(string target, int size, int heads, int threads)
        => AssertGated(target, "norm_and_gate", size, heads, threads, (states, gates, norms, epsilon) =>
        {
            double length = Math.Sqrt((states.Sum(x => x * x) / states.Length) + epsilon);
            return [.. states.Select((x, i) => x / length * norms[i] * Silu(gates[i]))];
        }, wideNorm: false);

    [Theory]
    [InlineData("sm_80", 24, 3, 32)]
    [InlineData("sm_80", 260, 2, 96)]
    [InlineData("sm_89", 1030, 2, 288)]
    [InlineData("sm_90a", 200, 2, 64)]
    public void What_is_gated_is_normed_group_by_group(string target, int size, int groups, int threads)
        => AssertGated(target, "gate_and_norm", size, groups, threads, (states, gates, norms, epsilon) =>
        {
            double[] gated = [.. states.Select((x, i) => x * Silu(gates[i]))];
            double length = Math.Sqrt((gated.Sum(x => x * x) / gated.Length) + epsilon);
            return [.. gated.Select((x, i) => x / length * norms[i])];
        }, wideNorm: true);

    static void AssertGated(string target, string kernel, int size, int heads, int threads, Func<double[], double[], float[], double, double[]> definition, bool wideNorm)
    {
        const int GatedRows = 3;
        const float Epsilon = 1e-3f;
        var card = new KernelCard(target);
        int columns = size * heads;
        float[] states = Values.Normal(GatedRows * columns, 1);
        float[] gates = Values.Normal(GatedRows * columns, 2, spread: 2);
        float[] norm = Values.Normal(wideNorm ? columns : size, 3);
        ulong gate = card.Upload(Values.Rows(gates, columns, columns + 5));
        card.Launch("convolve", kernel, new Dim3(heads, GatedRows), threads, 0, card.Upload(Values.Rows(states, columns, columns + 9)), gate, card.Upload(norm), columns + 9, columns + 5, size, Epsilon);
        float[] found = card.Read<float>(gate, GatedRows * (columns + 5));
        for (int row = 0; row < GatedRows; row++)
        {
            for (int head = 0; head < heads; head++)
            {
                double[] Of(float[] values) => [.. values[((row * columns) + (head * size))..][..size].Select(x => (double)x)];
                Values.AssertClose(
                    definition(Of(states), Of(gates), wideNorm ? norm[(head * size)..][..size] : norm, Epsilon), found.AsSpan((row * (columns + 5)) + (head * size), size), 1e-6, $"row {row}, head {head}");
            }

            Assert.All(found[((row * (columns + 5)) + columns)..((row + 1) * (columns + 5))], x => Assert.Equal(0, x));
        }
    }

    static void Launch(KernelCard card, string kernel, int keys, int heads, States states, RecurrentHeads parameters)
    {
        parameters.Runs = states.Runs;
        parameters.Offset = states.Offset;
        parameters.Blocks = (parameters.ValueDim + 31) / 32;
        card.Launch("recur", $"{kernel}_{(keys <= 64 ? 64 : keys <= 128 ? 128 : 256)}", new Dim3(heads * parameters.Blocks, s_sequences.Length), 128, 0, parameters);
    }

    static double Softplus(double x) => Math.Max(x, 0) + double.LogP1(Math.Exp(-Math.Abs(x)));

    static double Silu(double x) => x / (1 + Math.Exp(-x));

    static double[] Unit(ReadOnlySpan<float> vector, double factor)
    {
        double[] values = [.. vector.ToArray().Select(x => (double)x)];
        double length = Math.Sqrt(values.Sum(x => x * x) + 1e-6);
        return [.. values.Select(x => x / length * factor)];
    }

    /// <summary>The pages of the sequences, of two layers each; those of sequences that begin count as unwritten.</summary>
    sealed class States
    {
        readonly KernelCard _card;
        readonly int _heads, _keys, _values;
        readonly ulong[] _pages;
        readonly float[]?[] _before;

        internal States(KernelCard card, int heads, int keys, int values)
        {
            (_card, _heads, _keys, _values) = (card, heads, keys, values);
            _before = [.. s_sequences.Select((sequence, i) => sequence.Begins || !sequence.IsSomebody ? null : Values.Normal(heads * keys * values, 20 + i))];
            _pages = [.. s_sequences.Select((sequence, i) => !sequence.IsSomebody ? 0 : _before[i] is { } held ? card.Upload<float>([.. new float[Layer * Floats], .. held, .. new float[Floats - held.Length]]) : card.Allocate<float>(2 * Floats))];
            int row = 0;
            Runs = card.Upload([.. s_sequences.Select((sequence, i) =>
            {
                var run = new Run(row, sequence.Count, sequence.IsSomebody ? _pages[i] | (sequence.Begins ? Run.Begins : 0) : 0);
                row += sequence.Count;
                return run;
            })]);
        }

        internal ulong Runs { get; }

        internal ulong Offset => (ulong)(Layer * Floats * sizeof(float));

        int Floats => ((_heads * _keys * _values) + 15) / 16 * 16;

        /// <summary>Goes through rows and heads with what is held before each, which the caller brings on; null: the row is nobody's. Then compares what is in memory.</summary>
        internal void AssertEach(Action<int, int, double[,]?> token)
        {
            int first = 0;
            for (int sequence = 0; sequence < s_sequences.Length; sequence++)
            {
                (int count, _, bool isSomebody) = s_sequences[sequence];
                for (int head = 0; head < _heads; head++)
                {
                    int size = _keys * _values;
                    double[,]? held = isSomebody ? new double[_keys, _values] : null;
                    for (int i = 0; i < size && _before[sequence] is { } before && held is not null; i++)
                    {
                        held[(i / (4 * _values) * 4) + (i % 4), i / 4 % _values] = before[(head * size) + i];
                    }

                    for (int row = first; row < first + count; row++)
                    {
                        token(row, head, held);
                    }

                    if (held is not null)
                    {
                        float[] found = _card.Read<float>(_pages[sequence] + Offset + (ulong)(head * size * sizeof(float)), size);
                        Values.AssertClose([.. Enumerable.Range(0, size).Select(i => held[(i / (4 * _values) * 4) + (i % 4), i / 4 % _values])], found, 1e-5, $"the state of sequence {sequence}, head {head}");
                    }
                }

                first += count;
            }
        }
    }
}
