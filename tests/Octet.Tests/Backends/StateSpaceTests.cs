using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Tests.Backends;

/// <summary>State spaces, short convolutions and the norm behind them on every set of kernels, against their definitions in double precision.</summary>
public sealed unsafe class StateSpaceTests : IDisposable
{
    // What a sequence's tokens come in: tiles of four, parts of one, single ones.
    static readonly int[] s_steps = [9, 1, 1, 4, 2, 23, 3, 8, 1];

    readonly TemporaryDirectory _directory = new();
    int _files;

    public static TheoryData<string> Sets => KernelSets.Names;

    public void Dispose() => _directory.Dispose();

    // Whole vectors, odd numbers of them, none; a group for all heads, one for each, one for some.
    static StateSpaceShape[] Shapes =>
    [
        new(4, 64, 128, 2, 4), new(6, 80, 16, 3, 4), new(3, 24, 7, 1, 3), new(2, 8, 5, 2, 2), new(4, 33, 12, 1, 4), new(2, 16, 64, 1, 4) { StepLimits = (0.1, 1.5) },
    ];

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_state_space_is_its_recurrence_in_double_precision(string set)
    {
        foreach (StateSpaceShape shape in Shapes)
        {
            using var backend = new CpuBackend(KernelSets.Get(set), threads: 2, ActivationMode.WeightOnly);
            var random = new Random(shape.HeadDim);
            int tokens = s_steps.Sum();

            // States that last for thousands of tokens, and such that are gone with the next.
            float[] logRate = Numbers(random, shape.Heads, -6, 2), bias = Numbers(random, shape.Heads, -4, 3), skip = Numbers(random, shape.Heads, -2, 2);
            float[][] mixed = Rows(random, tokens, shape.Channels), steps = Rows(random, tokens, shape.Heads);
            float[][] otherMixed = Rows(random, tokens, shape.Channels), otherSteps = Rows(random, tokens, shape.Heads);
            StateSpaceWeights weights = new(Vector(backend, logRate), Vector(backend, bias), Vector(backend, skip));
            float[][] found = Walk(backend, shape, weights, mixed, steps, otherMixed, otherSteps);
            double[][] expected = Define(shape, logRate, bias, skip, mixed, steps);
            for (int token = 0; token < tokens; token++)
            {
                double size = Math.Sqrt(expected[token].Average(value => value * value));
                double error = Math.Sqrt(expected[token].Zip(found[token], (value, other) => (value - other) * (value - other)).Average());
                Assert.True(error <= 2e-6 * size, $"{shape}, token {token}: relative error {error / size:e2}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_state_is_the_same_however_its_tokens_come(string set)
    {
        StateSpaceShape shape = new(4, 64, 128, 2, 4);
        using var backend = new CpuBackend(KernelSets.Get(set), threads: 1, ActivationMode.WeightOnly);
        var random = new Random(5);
        int tokens = s_steps.Sum();
        StateSpaceWeights weights = new(Vector(backend, Numbers(random, 4, -6, 2)), Vector(backend, Numbers(random, 4, -4, 3)), Vector(backend, Numbers(random, 4, -2, 2)));
        float[][] mixed = Rows(random, tokens, shape.Channels), steps = Rows(random, tokens, shape.Heads);
        float[][] parts = Walk(backend, shape, weights, mixed, steps, mixed, steps);
        using var cache = new States(backend, shape.Convolution.Floats);
        using Activations input = Fill(backend, mixed), step = Fill(backend, steps), output = backend.CreateActivations(tokens, shape.Inner);
        backend.StateSpace(input, step, weights, cache.Cache, 0, shape, cache.Batch(tokens, (0, 0, tokens)), output);
        Assert.Equal(parts, Enumerable.Range(0, tokens).Select(row => Row(output, row).ToArray()));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_convolution_sees_the_last_inputs_of_its_own_sequence(string set)
    {
        using var backend = new CpuBackend(KernelSets.Get(set), threads: 2, ActivationMode.WeightOnly);
        foreach (int channels in (int[])[5, 64, 333])
        {
            for (int count = ConvolutionShape.FewestTaps; count <= ConvolutionShape.MostTaps; count++)
            {
                foreach ((bool hasBias, bool hasSilu) in ((bool, bool)[])[(true, true), (false, true), (true, false), (false, false)])
                {
                    var shape = new ConvolutionShape(channels, count, 32, hasSilu);
                    var random = new Random(channels + count);
                    int tokens = s_steps.Sum();
                    float[] taps = Numbers(random, channels * count, -1, 1), bias = Numbers(random, channels, -1, 1);
                    float[][] rows = Rows(random, tokens, channels), others = Rows(random, tokens, channels);
                    Weight weight = backend.CreateTaps(Tensor(taps, channels, 1, count));
                    Weight? added = hasBias ? Vector(backend, bias) : null;
                    using var states = new States(backend, shape.Floats);
                    int first = 0;
                    foreach (int step in s_steps)
                    {
                        // The other sequence's tokens come first in the same step.
                        using Activations input = Fill(backend, [.. others[first..(first + step)], .. rows[first..(first + step)]]);
                        backend.Convolve(input, weight, added, states.Cache, 0, shape, states.Batch(2 * step, (1, first, step), (0, first, step)));
                        for (int row = 0; row < step; row++)
                        {
                            for (int channel = 0; channel < channels; channel++)
                            {
                                double sum = hasBias ? bias[channel] : 0;
                                for (int tap = Math.Max(0, count - 1 - first - row); tap < count; tap++)
                                {
                                    sum += (double)taps[(channel * count) + tap] * rows[first + row - (count - 1) + tap][channel];
                                }

                                double expected = hasSilu ? sum / (1 + Math.Exp(-sum)) : sum;
                                Assert.Equal(expected, Row(input, step + row)[channel], 2e-6);
                            }
                        }

                        first += step;
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void What_is_gated_is_normed_in_groups(string set)
    {
        using var backend = new CpuBackend(KernelSets.Get(set), threads: 2, ActivationMode.WeightOnly);
        foreach ((int columns, int groups) in ((int, int)[])[(64, 1), (128, 4), (96, 8), (35, 5)])
        {
            var random = new Random(columns);
            float[] norm = Numbers(random, columns, 0.5f, 2);
            float[][] states = Rows(random, 3, columns), gates = Rows(random, 3, columns);
            using Activations state = Fill(backend, states), gate = Fill(backend, gates);
            backend.NormGated(state, gate, groups, Vector(backend, norm), 1e-5f, 3);
            for (int row = 0; row < 3; row++)
            {
                double[] gated = [.. states[row].Zip(gates[row], (x, z) => x * (z / (1 + Math.Exp(-z))))];
                for (int i = 0; i < columns; i++)
                {
                    int size = columns / groups;
                    double square = gated.Skip(i / size * size).Take(size).Average(x => x * x);
                    Assert.Equal(gated[i] / Math.Sqrt(square + 1e-5) * norm[i], Row(gate, row)[i], 1e-5);
                }
            }
        }
    }

    /// <summary>The outputs of one sequence in steps, each behind one of another.</summary>
    static float[][] Walk(CpuBackend backend, StateSpaceShape shape, StateSpaceWeights weights, float[][] mixed, float[][] steps, float[][] otherMixed, float[][] otherSteps)
    {
        using var states = new States(backend, shape.Convolution.Floats);
        List<float[]> found = [];
        foreach (int count in s_steps)
        {
            int first = found.Count;
            using Activations input = Fill(backend, [.. otherMixed[first..(first + count)], .. mixed[first..(first + count)]]);
            using Activations step = Fill(backend, [.. otherSteps[first..(first + count)], .. steps[first..(first + count)]]);
            using Activations output = backend.CreateActivations(2 * count, shape.Inner);
            backend.StateSpace(input, step, weights, states.Cache, 0, shape, states.Batch(2 * count, (1, first, count), (0, first, count)), output);
            found.AddRange(Enumerable.Range(count, count).Select(row => Row(output, row).ToArray()));
        }

        return [.. found];
    }

    static double[][] Define(StateSpaceShape shape, float[] logRate, float[] bias, float[] skip, float[][] mixed, float[][] steps)
    {
        double[,,] states = new double[shape.Heads, shape.HeadDim, shape.StateDim];
        return [.. mixed.Select((row, token) =>
        {
            double[] output = new double[shape.Inner];
            for (int head = 0; head < shape.Heads; head++)
            {
                double step = Math.Clamp(Math.Log(1 + Math.Exp((double)steps[token][head] + bias[head])), shape.StepLimits.Low, shape.StepLimits.High);
                double decay = Math.Exp(-Math.Exp(logRate[head]) * step);
                int b = shape.Inner + (head * shape.Groups / shape.Heads * shape.StateDim);
                for (int p = 0; p < shape.HeadDim; p++)
                {
                    double x = row[(head * shape.HeadDim) + p];
                    double read = skip[head] * x;
                    for (int n = 0; n < shape.StateDim; n++)
                    {
                        states[head, p, n] = (decay * states[head, p, n]) + (step * x * row[b + n]);
                        read += states[head, p, n] * row[b + (shape.Groups * shape.StateDim) + n];
                    }

                    output[(head * shape.HeadDim) + p] = read;
                }
            }

            return output;
        })];
    }

    /// <summary>Wide enough for every width of vectors, and with a rest; a scalar decay is the same where all channels have it.</summary>
    [Theory]
    [MemberData(nameof(Sets))]
    public void A_decay_for_each_channel_is_what_it_is_defined_as(string set)
    {
        using var backend = new CpuBackend(KernelSets.Get(set), threads: 2, ActivationMode.WeightOnly);
        foreach (int values in (int[])[80, 64, 16, 5])
        {
            var shape = new DeltaShape(2, 4, 24, values) { DecaysChannels = true };
            var random = new Random(values);
            int tokens = s_steps.Sum();
            float[] rates = Numbers(random, 4, -1, 1), bias = Numbers(random, shape.Steps, -6, 0);
            float[][] mixed = Rows(random, tokens, shape.Channels), beta = Rows(random, tokens, 4), steps = Rows(random, tokens, shape.Steps);
            Weight logRate = Vector(backend, rates), added = Vector(backend, bias);
            using var states = new States(backend, shape.Floats);
            double[,,] state = new double[4, 24, values];
            int first = 0;
            foreach (int step in s_steps)
            {
                using Activations input = Fill(backend, mixed[first..(first + step)]), strength = Fill(backend, beta[first..(first + step)]), own = Fill(backend, steps[first..(first + step)]);
                using Activations output = backend.CreateActivations(step, shape.Values);
                backend.GatedDelta(input, strength, own, logRate, added, states.Cache, 0, shape, states.Batch(step, (0, first, step)), output);
                for (int row = 0; row < step; row++)
                {
                    for (int head = 0; head < 4; head++)
                    {
                        double[] expected = Delta(shape, state, head, mixed[first + row], beta[first + row][head], steps[first + row], rates, bias);
                        for (int j = 0; j < values; j++)
                        {
                            Assert.Equal(expected[j], Row(output, row)[(head * values) + j], 3e-6);
                        }
                    }
                }

                first += step;
            }
        }
    }

    static double[] Delta(DeltaShape shape, double[,,] state, int head, float[] mixed, float beta, float[] steps, float[] rates, float[] bias)
    {
        int size = shape.KeyDim;
        double[] query = Unit(mixed.AsSpan(head / 2 * size, size)), key = Unit(mixed.AsSpan(shape.Queries + (head / 2 * size), size));
        double strength = 1 / (1 + Math.Exp(-beta));
        double[] read = new double[shape.ValueDim];
        for (int j = 0; j < read.Length; j++)
        {
            double held = 0;
            for (int i = 0; i < size; i++)
            {
                int channel = (head * size) + i;
                state[head, i, j] *= Math.Exp(-Math.Exp(rates[head]) * Math.Log(1 + Math.Exp((double)steps[channel] + bias[channel])));
                held += state[head, i, j] * key[i];
            }

            for (int i = 0; i < size; i++)
            {
                state[head, i, j] += key[i] * strength * (mixed[(2 * shape.Queries) + (head * shape.ValueDim) + j] - held);
                read[j] += state[head, i, j] * query[i] / Math.Sqrt(size);
            }
        }

        return read;

        static double[] Unit(ReadOnlySpan<float> vector)
        {
            double length = 1e-6;
            foreach (float value in vector)
            {
                length += (double)value * value;
            }

            double[] unit = new double[vector.Length];
            for (int i = 0; i < unit.Length; i++)
            {
                unit[i] = vector[i] / Math.Sqrt(length);
            }

            return unit;
        }
    }

    static float[] Numbers(Random random, int count, float low, float high) => [.. Enumerable.Range(0, count).Select(_ => low + (random.NextSingle() * (high - low)))];

    static float[][] Rows(Random random, int count, int columns) => [.. Enumerable.Range(0, count).Select(_ => Numbers(random, columns, -1.5f, 1.5f))];

    static Span<float> Row(Activations buffer, int row) => new(((CpuActivations)buffer).Row(row), buffer.Columns);

    static Activations Fill(CpuBackend backend, float[][] rows)
    {
        Activations buffer = backend.CreateActivations(rows.Length, rows[0].Length);
        for (int row = 0; row < rows.Length; row++)
        {
            rows[row].CopyTo(Row(buffer, row));
        }

        return buffer;
    }

    Weight Vector(CpuBackend backend, float[] values) => backend.CreateVector(Tensor(values, values.Length), 0);

    TensorView Tensor(float[] values, params long[] shape)
    {
        string path = Path.Combine(_directory.Path, $"{_files++}.safetensors");
        SafetensorsWriter.Write(path, [new TensorSource("values", DataType.Float32, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray())]);
        return SafetensorsCheckpoint.Open(path)["values"];
    }

    /// <summary>The states of two sequences.</summary>
    sealed class States : IDisposable
    {
        readonly SequenceState[] _sequences;

        internal States(CpuBackend backend, int floats)
        {
            var layout = new RecurrentLayout(1, floats);
            Cache = backend.CreateRecurrentCache(layout, 2, withinRoom: false);
            _sequences = [.. Enumerable.Range(0, 2).Select(_ => new SequenceState(new StateCache(new StateLayout([], layout, 256), [], Cache)))];
        }

        internal RecurrentCache Cache { get; }

        internal Batch Batch(int rows, params (int Sequence, int Position, int Count)[] parts)
        {
            var batch = new Batch(rows);
            foreach ((int sequence, int position, int count) in parts)
            {
                Assert.True(_sequences[sequence].TryGrow(position + count));
                batch.Add(_sequences[sequence], position, new int[count]);
            }

            return batch;
        }

        public void Dispose()
        {
            Array.ForEach(_sequences, sequence => sequence.Dispose());
            Cache.Dispose();
        }
    }
}
