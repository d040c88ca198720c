namespace Octet.Backends.Cpu;

/// <summary>Memory for the quantised inputs of layers that share them: codes, scales for each 128 channels, and what kernels make of these.</summary>
sealed class QuantizedInput(MemoryLedger ledger) : IDisposable
{
    internal CpuActivations? Codes { get; private set; }

    internal CpuActivations? Scales { get; private set; }

    /// <summary>Inputs times the factors of their layer.</summary>
    internal CpuActivations? Multiplied { get; private set; }

    /// <summary>For these codes, or for inputs that are not quantised: what <see cref="CpuKernels.PrepareInput"/> lays out.</summary>
    internal GrowingMemory Prepared { get; } = new(ledger);

    /// <summary>Grows to the most rows and columns that were asked for; where that fails, what was there stays.</summary>
    /// <exception cref="ModelException">The system has no more memory.</exception>
    internal void Reserve(CpuActivations input)
    {
        if (Codes is not null && Codes.Rows >= input.Rows && Codes.Columns >= input.Columns)
        {
            return;
        }

        int rows = Math.Max(input.Rows, Codes?.Rows ?? 0);
        int columns = Math.Max(input.Columns, Codes?.Columns ?? 0);
        var codes = new CpuActivations(rows, columns, ledger);
        try
        {
            var scales = new CpuActivations(rows, (columns + CpuKernels.ActivationGroup - 1) / CpuKernels.ActivationGroup, ledger);
            Codes?.Dispose();
            Scales?.Dispose();
            (Codes, Scales) = (codes, scales);
        }
        catch (ModelException)
        {
            codes.Dispose();
            throw;
        }
    }

    /// <summary>The same for <see cref="Multiplied"/>.</summary>
    internal CpuActivations ReserveMultiplied(CpuActivations input)
    {
        if (Multiplied is null || Multiplied.Rows < input.Rows || Multiplied.Columns < input.Columns)
        {
            CpuActivations wider = new(Math.Max(input.Rows, Multiplied?.Rows ?? 0), Math.Max(input.Columns, Multiplied?.Columns ?? 0), ledger);
            Multiplied?.Dispose();
            Multiplied = wider;
        }

        return Multiplied;
    }

    public void Dispose()
    {
        Multiplied?.Dispose();
        Codes?.Dispose();
        Scales?.Dispose();
        Prepared.Dispose();
    }
}
