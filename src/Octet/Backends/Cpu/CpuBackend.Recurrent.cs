using Octet.Safetensors;

namespace Octet.Backends.Cpu;

/// <summary>Recurrent layers: units are runs, the rows of one sequence, times heads or channels.</summary>
sealed unsafe partial class CpuBackend
{
    readonly UngroupWork _ungroup = new();
    readonly ConvolveWork _convolve = new();
    readonly DeltaWork _delta = new();
    readonly GatedNormWork _gatedNorm = new();
    readonly GateOutputWork _gateOutput = new();

    internal override RecurrentCache CreateRecurrentCache(RecurrentLayout layout, int maxPages, bool withinRoom) => new CpuRecurrentCache(layout, maxPages, Memory, withinRoom);

    internal override Weight CreateTaps(TensorView tensor, ReadOnlySpan<float> factors = default) => CpuVector.Transposed(tensor, checked((int)tensor.Shape[^1]), Memory, factors);

    internal override void Ungroup(Activations input, int groups, ReadOnlySpan<ColumnRange> parts, int rows)
    {
        int columns = 0;
        foreach (ColumnRange part in parts)
        {
            Check(part.Buffer, rows, part.Buffer.Columns);
            ArgumentOutOfRangeException.ThrowIfNotEqual(part.Count % groups, 0, nameof(parts));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(part.First + part.Count, part.Buffer.Columns, nameof(parts));
            columns += part.Count;
        }

        Check(input, rows, columns);
        _ungroup.Input = (CpuActivations)input;
        _ungroup.Groups = groups;
        _ungroup.Rows = rows;
        _ungroup.Set(parts);
        _pool.Run(_ungroup);
    }

    internal override void Convolve(Activations mixed, Weight taps, Weight? bias, RecurrentCache cache, int layer, ConvolutionShape shape, Batch batch)
    {
        Check(mixed, batch.Count, shape.Channels);
        ArgumentOutOfRangeException.ThrowIfNotEqual(taps.Columns, shape.Channels, nameof(taps));
        ArgumentOutOfRangeException.ThrowIfNotEqual(taps.Rows, shape.Taps, nameof(taps));
        ArgumentOutOfRangeException.ThrowIfNotEqual(bias?.Columns ?? shape.Channels, shape.Channels, nameof(bias));
        ArgumentOutOfRangeException.ThrowIfLessThan(shape.Taps, ConvolutionShape.FewestTaps, nameof(shape));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(shape.Taps, ConvolutionShape.MostTaps, nameof(shape));
        ArgumentOutOfRangeException.ThrowIfLessThan(cache.Layout.Floats, shape.Floats, nameof(shape));
        _convolve.Kernels = _kernels;
        _convolve.Mixed = (CpuActivations)mixed;
        _convolve.Taps = (CpuVector)taps;
        _convolve.Bias = (CpuVector?)bias;
        _convolve.Cache = (CpuRecurrentCache)cache;
        _convolve.Layer = layer;
        _convolve.Shape = shape;
        _convolve.Runs.Plan(batch);
        _pool.Run(_convolve);
    }

    internal override void GatedDelta(Activations mixed, Activations beta, Activations step, Weight logRate, Weight bias, RecurrentCache cache, int layer, DeltaShape shape, Batch batch, Activations output)
    {
        Check(mixed, batch.Count, shape.Channels);
        Check(beta, batch.Count, shape.ValueHeads);
        Check(step, batch.Count, shape.Steps);
        Check(output, batch.Count, shape.Values);
        ArgumentOutOfRangeException.ThrowIfNotEqual(logRate.Columns, shape.ValueHeads, nameof(logRate));
        ArgumentOutOfRangeException.ThrowIfNotEqual(bias.Columns, shape.Steps, nameof(bias));
        ArgumentOutOfRangeException.ThrowIfLessThan(cache.Layout.Floats, shape.Floats, nameof(shape));
        _delta.Kernels = _kernels;
        _delta.Owner = this;
        _delta.Mixed = (CpuActivations)mixed;
        _delta.Beta = (CpuActivations)beta;
        _delta.Step = (CpuActivations)step;
        _delta.LogRate = (CpuVector)logRate;
        _delta.Bias = (CpuVector)bias;
        _delta.Cache = (CpuRecurrentCache)cache;
        _delta.Layer = layer;
        _delta.Shape = shape;
        _delta.Output = (CpuActivations)output;
        _delta.Runs.Plan(batch);
        _scratch.Reserve((long)DeltaRun.ScratchVectors * DeltaRun.TileRows * shape.KeyDim * sizeof(float));
        _pool.Run(_delta);
    }

    internal override void GatedNorm(Activations states, Activations gate, Weight norm, float epsilon, int rows)
    {
        Check(states, rows, gate.Columns);
        Check(gate, rows, states.Columns);
        ArgumentOutOfRangeException.ThrowIfNotEqual(states.Columns % norm.Columns, 0, nameof(norm));
        _gatedNorm.Kernels = _kernels;
        _gatedNorm.States = (CpuActivations)states;
        _gatedNorm.Gate = (CpuActivations)gate;
        _gatedNorm.Norm = (CpuVector)norm;
        _gatedNorm.Epsilon = epsilon;
        _gatedNorm.Rows = rows;
        _pool.Run(_gatedNorm);
    }

    internal override void GateOutput(Activations states, Activations gate, int rows)
    {
        Check(states, rows, gate.Columns);
        Check(gate, rows, states.Columns);
        _gateOutput.Kernels = _kernels;
        _gateOutput.States = (CpuActivations)states;
        _gateOutput.Gate = (CpuActivations)gate;
        _gateOutput.Rows = rows;
        _pool.Run(_gateOutput);
    }

    /// <summary>The rows of each sequence of a batch.</summary>
    sealed class SequenceRuns
    {
        readonly List<(int Row, int Rows)> _runs = [];
        Batch _batch = null!;

        internal int Count => _runs.Count;

        internal (int Row, int Rows) this[int index] => _runs[index];

        internal void Plan(Batch batch)
        {
            _batch = batch;
            _runs.Clear();
            for (int row = 0, rows; row < batch.Count; row += rows)
            {
                rows = 1;
                while (row + rows < batch.Count && ReferenceEquals(batch.Sequences[row + rows], batch.Sequences[row]))
                {
                    rows++;
                }

                _runs.Add((row, rows));
            }
        }

        internal float* State(CpuRecurrentCache cache, int index, int layer) => cache.State(_batch.Sequences[_runs[index].Row].RecurrentPage, layer);

        /// <summary>Whether the run is a sequence's first, before which its state is zeros whatever the page holds.</summary>
        internal bool Begins(int index) => _batch.Positions[_runs[index].Row] == 0;
    }

    sealed class UngroupWork : ParallelWork
    {
        readonly List<ColumnRange> _parts = [];
        internal CpuActivations Input = null!;
        internal int Groups;
        internal int Rows;

        internal override long Units => Rows;

        internal void Set(ReadOnlySpan<ColumnRange> parts)
        {
            _parts.Clear();
            foreach (ColumnRange part in parts)
            {
                _parts.Add(part);
            }
        }

        internal override void Run(int worker, long first, long end)
        {
            for (int row = (int)first; row < end; row++)
            {
                float* from = Input.Row(row);
                for (int group = 0; group < Groups; group++)
                {
                    foreach (ColumnRange part in _parts)
                    {
                        int count = part.Count / Groups;
                        float* to = ((CpuActivations)part.Buffer).Row(row) + part.First + (group * count);
                        new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(to, count));
                        from += count;
                    }
                }
            }
        }
    }

    sealed class ConvolveWork : ParallelWork
    {
        // Channels of a unit: whole lines of the cache.
        const int Grain = 256;

        internal readonly SequenceRuns Runs = new();
        internal CpuKernels Kernels = null!;
        internal CpuActivations Mixed = null!;
        internal CpuVector Taps = null!;
        internal CpuVector? Bias;
        internal CpuRecurrentCache Cache = null!;
        internal int Layer;
        internal ConvolutionShape Shape;

        internal override long Units => (long)Runs.Count * Blocks;

        int Blocks => (Shape.Channels + Grain - 1) / Grain;

        internal override void Run(int worker, long first, long end)
        {
            for (long unit = first; unit < end; unit++)
            {
                int index = (int)(unit / Blocks);
                int channel = (int)(unit % Blocks) * Grain;
                (int row, int rows) = Runs[index];
                var run = new ConvolutionRun
                {
                    Mixed = Mixed.Row(row) + channel,
                    Stride = Mixed.Stride,
                    Rows = rows,
                    Channels = Math.Min(Grain, Shape.Channels - channel),
                    Taps = Taps.Data + channel,
                    TapStride = Shape.Channels,
                    TapCount = Shape.Taps,
                    Bias = Bias is null ? null : Bias.Data + channel,
                    HasSilu = Shape.HasSilu,
                    History = Runs.State(Cache, index, Layer) + Shape.StateFloats + channel,
                };
                for (int tap = 0; Runs.Begins(index) && tap < Shape.Taps - 1; tap++)
                {
                    new Span<float>(run.History + ((nint)tap * run.TapStride), run.Channels).Clear();
                }

                Kernels.Convolve(run);
            }
        }
    }

    sealed class DeltaWork : ParallelWork
    {
        internal readonly SequenceRuns Runs = new();
        internal CpuKernels Kernels = null!;
        internal CpuBackend Owner = null!;
        internal CpuActivations Mixed = null!;
        internal CpuActivations Beta = null!;
        internal CpuActivations Step = null!;
        internal CpuVector LogRate = null!;
        internal CpuVector Bias = null!;
        internal CpuRecurrentCache Cache = null!;
        internal int Layer;
        internal DeltaShape Shape = null!;
        internal CpuActivations Output = null!;

        internal override long Units => (long)Runs.Count * Shape.ValueHeads;

        internal override void Run(int worker, long first, long end)
        {
            for (long unit = first; unit < end; unit++)
            {
                int index = (int)(unit / Shape.ValueHeads);
                int head = (int)(unit % Shape.ValueHeads);
                int keyHead = head / (Shape.ValueHeads / Shape.KeyHeads);
                (int row, int rows) = Runs[index];
                float* mixed = Mixed.Row(row);
                int size = Shape.KeyDim * Shape.ValueDim;
                int steps = head * (Shape.Steps / Shape.ValueHeads);
                float* state = Runs.State(Cache, index, Layer) + ((nint)head * size);
                if (Runs.Begins(index))
                {
                    new Span<float>(state, size).Clear();
                }

                Kernels.GatedDelta(new DeltaRun
                {
                    State = state,
                    KeyDim = Shape.KeyDim,
                    ValueDim = Shape.ValueDim,
                    Rows = rows,
                    Query = mixed + (keyHead * Shape.KeyDim),
                    Key = mixed + Shape.Queries + (keyHead * Shape.KeyDim),
                    Value = mixed + (2 * Shape.Queries) + (head * Shape.ValueDim),
                    Stride = Mixed.Stride,
                    Beta = Beta.Row(row) + head,
                    BetaStride = Beta.Stride,
                    Step = Step.Row(row) + steps,
                    StepStride = Step.Stride,
                    LogRate = LogRate.Data[head],
                    Bias = Bias.Data + steps,
                    DecaysChannels = Shape.DecaysChannels,
                    Output = Output.Row(row) + (head * Shape.ValueDim),
                    OutputStride = Output.Stride,
                    Scratch = (float*)Owner._scratch.Of(worker),
                });
            }
        }
    }

    sealed class GatedNormWork : ParallelWork
    {
        internal CpuKernels Kernels = null!;
        internal CpuActivations States = null!;
        internal CpuActivations Gate = null!;
        internal CpuVector Norm = null!;
        internal float Epsilon;
        internal int Rows;

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            for (int row = (int)first; row < end; row++)
            {
                for (int column = 0; column < States.Columns; column += Norm.Columns)
                {
                    float* head = States.Row(row) + column;
                    Kernels.AddRmsNorm(head, null, Norm.Data, Epsilon, head, Norm.Columns);
                }

                Kernels.Gate(Gating.Silu, Gate.Row(row), States.Row(row), States.Columns);
            }
        }
    }

    sealed class GateOutputWork : ParallelWork
    {
        internal CpuKernels Kernels = null!;
        internal CpuActivations States = null!;
        internal CpuActivations Gate = null!;
        internal int Rows;

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            for (int row = (int)first; row < end; row++)
            {
                Kernels.MultiplyLogistic(States.Row(row), Gate.Row(row), States.Columns);
            }
        }
    }
}
