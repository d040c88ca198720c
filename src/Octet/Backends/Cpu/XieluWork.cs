using System.Numerics.Tensors;

namespace Octet.Backends.Cpu;

/// <summary>xIELU of rows, in place.</summary>
sealed unsafe class XieluWork : ParallelWork
{
    const int Piece = 256;

    internal Xielu Function { get; set; }

    internal CpuActivations States { get; set; } = null!;

    internal int Rows { get; set; }

    internal override long Units => Rows;

    internal override void Run(int worker, long first, long end)
    {
        Span<float> exponentials = stackalloc float[Piece];
        (float positive, float negative, float beta, float limit) = Function;
        for (int row = (int)first; row < end; row++)
        {
            for (int column = 0; column < States.Columns; column += Piece)
            {
                Span<float> values = new(States.Row(row) + column, Math.Min(Piece, States.Columns - column));
                Span<float> powers = exponentials[..values.Length];
                TensorPrimitives.Min(values, limit, powers);
                TensorPrimitives.Exp(powers, powers);
                for (int i = 0; i < values.Length; i++)
                {
                    float x = values[i];
                    values[i] = (x > 0 ? positive * x * x : (powers[i] - 1 - x) * negative) + (beta * x);
                }
            }
        }
    }
}
