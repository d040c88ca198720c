namespace Octet.Backends.Cpu;

/// <summary>State spaces.</summary>
sealed unsafe partial class ScalarKernels
{
    /// <summary>The state lies as [state, head].</summary>
    internal override void StateSpace(in StateSpaceRun run)
    {
        for (int row = 0; row < run.Rows; row++)
        {
            float* x = run.X + ((nint)row * run.Stride);
            float* b = run.B + ((nint)row * run.Stride);
            float* c = run.C + ((nint)row * run.Stride);
            float* output = run.Output + ((nint)row * run.OutputStride);
            (double step, double decay) = run.At(row);
            for (int p = 0; p < run.HeadDim; p++)
            {
                double read = 0;
                for (int n = 0; n < run.StateDim; n++)
                {
                    float* state = run.State + ((nint)n * run.HeadDim) + p;
                    *state = (float)((decay * *state) + (step * b[n] * x[p]));
                    read += (double)*state * c[n];
                }

                output[p] = (float)(read + ((double)run.Skip * x[p]));
            }
        }
    }
}
