using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Cuda.Driver;

namespace Octet.Cuda.Diagnosis;

/// <summary>Single products on a card, and on the CPU for comparison.</summary>
sealed unsafe class TrialBackend : IDisposable
{
    // Trials are small.
    static readonly CudaBackendSizes s_sizes = new(ArenaBlock: 4 << 20, UploadBuffer: 1 << 20, Readback: 1 << 20);

    readonly CudaBackend _card;
    readonly CpuBackend _cpu;

    /// <summary>Takes the card over.</summary>
    internal TrialBackend(CudaContext context, ActivationMode mode)
    {
        _card = new CudaBackend(context, mode, s_sizes);
        _cpu = new CpuBackend(ScalarKernels.Instance, threads: 1, mode);
    }

    /// <summary>input [rows, columns] times weights^T, as the card has it and as the CPU has it.</summary>
    internal (float[] Card, float[] Cpu) Multiply(LinearTensor tensor, float[] input)
    {
        int rows = input.Length / tensor.Columns;
        int outputs = checked((int)tensor.Rows);
        using Weight onCard = _card.CreateLinear(tensor);
        using var from = (CudaActivations)_card.CreateActivations(rows, tensor.Columns);
        using Activations to = _card.CreateActivations(rows, outputs);
        _card.FinishUpload();
        for (int row = 0; row < rows; row++)
        {
            from.Fill(row, input.AsSpan(row * tensor.Columns, tensor.Columns));
        }

        _card.Linear(from, [onCard], [to], rows);

        using Weight onCpu = _cpu.CreateLinear(tensor);
        using var cpuFrom = (CpuActivations)_cpu.CreateActivations(rows, tensor.Columns);
        using Activations cpuTo = _cpu.CreateActivations(rows, outputs);
        for (int row = 0; row < rows; row++)
        {
            input.AsSpan(row * tensor.Columns, tensor.Columns).CopyTo(new Span<float>(cpuFrom.Row(row), tensor.Columns));
        }

        _cpu.Linear(cpuFrom, [onCpu], [cpuTo], rows);
        return (Rows(to), Rows(cpuTo));
    }

    public void Dispose()
    {
        _card.Dispose();
        _cpu.Dispose();
    }

    static float[] Rows(Activations of)
    {
        float[] values = new float[of.Rows * of.Columns];
        for (int row = 0; row < of.Rows; row++)
        {
            of.CopyRow(row, values.AsSpan(row * of.Columns, of.Columns));
        }

        return values;
    }
}
