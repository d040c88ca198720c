using System.Numerics.Tensors;

namespace Octet.Backends.Cpu;

/// <summary>What is done with rows by themselves between the layers of a decoder.</summary>
sealed unsafe partial class CpuBackend
{
    readonly NormHeadsWork _normHeads = new();
    readonly XieluWork _xielu = new();
    readonly AddScaledWork _addScaled = new();
    readonly MultiplyColumnsWork _multiplyColumns = new();

    internal override void NormHeads(Activations states, int headDim, Weight? norm, float epsilon, int rows)
    {
        Check(states, rows, states.Columns);
        ArgumentOutOfRangeException.ThrowIfNotEqual(states.Columns % headDim, 0, nameof(headDim));
        ArgumentOutOfRangeException.ThrowIfNotEqual(norm?.Columns ?? headDim, headDim, nameof(norm));
        _normHeads.Kernels = _kernels;
        _normHeads.States = (CpuActivations)states;
        _normHeads.HeadDim = headDim;
        _normHeads.Norm = (CpuVector?)norm;
        _normHeads.Epsilon = epsilon;
        _normHeads.Rows = rows;
        _pool.Run(_normHeads);
    }

    internal override void AddScaled(Activations states, Activations? delta, float factor, int rows)
    {
        Check(states, rows, states.Columns);
        if (delta is not null)
        {
            Check(delta, rows, states.Columns);
        }

        _addScaled.States = (CpuActivations)states;
        _addScaled.Delta = (CpuActivations?)delta;
        _addScaled.Factor = factor;
        _addScaled.Rows = rows;
        _pool.Run(_addScaled);
    }

    internal override void Apply(Xielu function, Activations states, int rows)
    {
        Check(states, rows, states.Columns);
        _xielu.Function = function;
        _xielu.States = (CpuActivations)states;
        _xielu.Rows = rows;
        _pool.Run(_xielu);
    }

    internal override void WeighInputs(Activations source, Routes routes, Activations destination, int rows)
    {
        Check(source, rows, source.Columns);
        Check(destination, rows, source.Columns);
        ArgumentOutOfRangeException.ThrowIfNotEqual(routes.Chosen, 1, nameof(routes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, routes.Rows, nameof(rows));
        for (int row = 0; row < rows; row++)
        {
            TensorPrimitives.Multiply(
                new ReadOnlySpan<float>(((CpuActivations)source).Row(row), source.Columns), ((CpuRoutes)routes).TakeWeight(row), new Span<float>(((CpuActivations)destination).Row(row), source.Columns));
        }
    }

    internal override void Multiply(Activations states, ColumnRange factors, int rows)
    {
        Check(states, rows, factors.Count);
        Check(factors.Buffer, rows, factors.Buffer.Columns);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(factors.First + factors.Count, factors.Buffer.Columns, nameof(factors));
        _multiplyColumns.States = (CpuActivations)states;
        _multiplyColumns.Factors = (CpuActivations)factors.Buffer;
        _multiplyColumns.First = factors.First;
        _multiplyColumns.Rows = rows;
        _pool.Run(_multiplyColumns);
    }

    sealed class NormHeadsWork : ParallelWork
    {
        internal CpuKernels Kernels = null!;
        internal CpuActivations States = null!;
        internal int HeadDim;
        internal CpuVector? Norm;
        internal float Epsilon;
        internal int Rows;

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            for (int row = (int)first; row < end; row++)
            {
                for (int column = 0; column < States.Columns; column += HeadDim)
                {
                    float* head = States.Row(row) + column;
                    if (Norm is not null)
                    {
                        Kernels.AddRmsNorm(head, null, Norm.Data, Epsilon, head, HeadDim);
                        continue;
                    }

                    Span<float> values = new(head, HeadDim);
                    TensorPrimitives.Multiply(values, (float)(1 / Math.Sqrt((TensorPrimitives.SumOfSquares<float>(values) / (double)HeadDim) + Epsilon)), values);
                }
            }
        }
    }

    sealed class AddScaledWork : ParallelWork
    {
        internal CpuActivations States = null!;
        internal CpuActivations? Delta;
        internal float Factor;
        internal int Rows;

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            for (int row = (int)first; row < end; row++)
            {
                Span<float> states = new(States.Row(row), States.Columns);
                if (Delta is not null)
                {
                    TensorPrimitives.AddMultiply(states, new ReadOnlySpan<float>(Delta.Row(row), States.Columns), Factor, states);
                }
                else
                {
                    TensorPrimitives.Multiply(states, Factor, states);
                }
            }
        }
    }

    sealed class MultiplyColumnsWork : ParallelWork
    {
        internal CpuActivations States = null!;
        internal CpuActivations Factors = null!;
        internal int First;
        internal int Rows;

        internal override long Units => Rows;

        internal override void Run(int worker, long first, long end)
        {
            for (int row = (int)first; row < end; row++)
            {
                Span<float> states = new(States.Row(row), States.Columns);
                TensorPrimitives.Multiply(states, new ReadOnlySpan<float>(Factors.Row(row) + First, States.Columns), states);
            }
        }
    }
}
