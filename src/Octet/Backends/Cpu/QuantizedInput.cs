namespace Octet.Backends.Cpu;

/// <summary>Memory for the quantised inputs of layers that share them: codes, scales for each 128 channels, and what kernels make of these.</summary>
sealed class QuantizedInput : IDisposable
{
    internal CpuActivations? Codes { get; private set; }

    internal CpuActivations? Scales { get; private set; }

    /// <summary>For these codes, or for inputs that are not quantised.</summary>
    internal PreparedInput Prepared { get; } = new();

    /// <summary>Grows to the most rows and columns that were asked for.</summary>
    internal void Reserve(CpuActivations input)
    {
        if (Codes is null || Codes.Rows < input.Rows || Codes.Columns < input.Columns)
        {
            int rows = Math.Max(input.Rows, Codes?.Rows ?? 0);
            int columns = Math.Max(input.Columns, Codes?.Columns ?? 0);
            Codes?.Dispose();
            Scales?.Dispose();
            Codes = new CpuActivations(rows, columns);
            Scales = new CpuActivations(rows, (columns + CpuKernels.ActivationGroup - 1) / CpuKernels.ActivationGroup);
        }
    }

    public void Dispose()
    {
        Codes?.Dispose();
        Scales?.Dispose();
        Prepared.Dispose();
    }
}
