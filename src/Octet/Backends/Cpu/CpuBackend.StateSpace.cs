namespace Octet.Backends.Cpu;

/// <summary>State spaces: units are runs, the rows of one sequence, times heads.</summary>
sealed unsafe partial class CpuBackend
{
    readonly StateSpaceWork _stateSpace = new();
    readonly NormGatedWork _normGated = new();

    internal override void StateSpace(Activations mixed, Activations step, StateSpaceWeights weights, RecurrentCache cache, int layer, StateSpaceShape shape, Batch batch, Activations output)
    {
        Check(mixed, batch.Count, shape.Channels);
        Check(step, batch.Count, shape.Heads);
        Check(output, batch.Count, shape.Inner);
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.LogRate.Columns, shape.Heads, nameof(weights));
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.StepBias.Columns, shape.Heads, nameof(weights));
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.Skip.Columns, shape.Heads, nameof(weights));
        ArgumentOutOfRangeException.ThrowIfNotEqual(shape.Heads % shape.Groups, 0, nameof(shape));
        ArgumentOutOfRangeException.ThrowIfLessThan(cache.Layout.Floats, shape.StateFloats, nameof(shape));
        _stateSpace.Kernels = _kernels;
        _stateSpace.Owner = this;
        _stateSpace.Mixed = (CpuActivations)mixed;
        _stateSpace.Step = (CpuActivations)step;
        _stateSpace.LogRate = (CpuVector)weights.LogRate;
        _stateSpace.StepBias = (CpuVector)weights.StepBias;
        _stateSpace.Skip = (CpuVector)weights.Skip;
        _stateSpace.Cache = (CpuRecurrentCache)cache;
        _stateSpace.Layer = layer;
        _stateSpace.Shape = shape;
        _stateSpace.Output = (CpuActivations)output;
        _stateSpace.Runs.Plan(batch);
        _scratch.Reserve((long)StateSpaceRun.TileRows * shape.HeadDim * sizeof(float));
        _pool.Run(_stateSpace);
    }

    internal override void NormGated(Activations states, Activations gate, int groups, Weight? norm, float epsilon, int rows)
    {
        Check(states, rows, gate.Columns);
        Check(gate, rows, states.Columns);
        ArgumentOutOfRangeException.ThrowIfNotEqual(norm?.Columns ?? states.Columns, states.Columns, nameof(norm));
        ArgumentOutOfRangeException.ThrowIfNotEqual(states.Columns % groups, 0, nameof(groups));
        _normGated.Kernels = _kernels;
        _normGated.States = (CpuActivations)states;
        _normGated.Gate = (CpuActivations)gate;
        _normGated.Groups = groups;
        _normGated.Norm = (CpuVector?)norm;
        _normGated.Epsilon = epsilon;
        _normGated.Rows = rows;
        _pool.Run(_normGated);
    }

    sealed class StateSpaceWork : ParallelWork
    {
        internal readonly SequenceRuns Runs = new();
        internal CpuKernels Kernels = null!;
        internal CpuBackend Owner = null!;
        internal CpuActivations Mixed = null!;
        internal CpuActivations Step = null!;
        internal CpuVector LogRate = null!;
        internal CpuVector StepBias = null!;
        internal CpuVector Skip = null!;
        internal CpuRecurrentCache Cache = null!;
        internal int Layer;
        internal StateSpaceShape Shape = null!;
        internal CpuActivations Output = null!;

        internal override long Units => (long)Runs.Count * Shape.Heads;

        internal override void Run(int worker, long first, long end)
        {
            int size = Shape.HeadDim * Shape.StateDim;
            for (long unit = first; unit < end; unit++)
            {
                int index = (int)(unit / Shape.Heads);
                int head = (int)(unit % Shape.Heads);
                int group = head / (Shape.Heads / Shape.Groups);
                (int row, int rows) = Runs[index];
                float* mixed = Mixed.Row(row);
                float* shared = mixed + Shape.Inner + (group * Shape.StateDim);
                float* state = Runs.State(Cache, index, Layer) + ((nint)head * size);
                if (Runs.Begins(index))
                {
                    new Span<float>(state, size).Clear();
                }

                Kernels.StateSpace(new StateSpaceRun
                {
                    State = state,
                    HeadDim = Shape.HeadDim,
                    StateDim = Shape.StateDim,
                    Rows = rows,
                    X = mixed + (head * Shape.HeadDim),
                    B = shared,
                    C = shared + Shape.Shared,
                    Stride = Mixed.Stride,
                    Step = Step.Row(row) + head,
                    StepStride = Step.Stride,
                    StepBias = StepBias.Data[head],
                    StepLimits = Shape.StepLimits,
                    Rate = -Math.Exp(LogRate.Data[head]),
                    Skip = Skip.Data[head],
                    Output = Output.Row(row) + (head * Shape.HeadDim),
                    OutputStride = Output.Stride,
                    Scratch = (float*)Owner._scratch.Of(worker),
                });
            }
        }
    }

    sealed class NormGatedWork : ParallelWork
    {
        internal CpuKernels Kernels = null!;
        internal CpuActivations States = null!;
        internal CpuActivations Gate = null!;
        internal int Groups;
        internal CpuVector? Norm;
        internal float Epsilon;
        internal int Rows;

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            int size = States.Columns / Groups;
            for (int row = (int)first; row < end; row++)
            {
                float* gate = Gate.Row(row);
                Kernels.Gate(Gating.Silu, gate, States.Row(row), States.Columns);
                for (int column = 0; Norm is not null && column < States.Columns; column += size)
                {
                    Kernels.AddRmsNorm(gate + column, null, Norm.Data + column, Epsilon, gate + column, size);
                }
            }
        }
    }
}
