using System.Numerics;
using System.Runtime.InteropServices;
using Octet.Cuda.Driver;

namespace Octet.Cuda;

/// <summary>What a copy to the card reads: it may be filled again when that copy is done.</summary>
sealed unsafe class StagedCopy : IDisposable
{
    internal const int FewestBytes = 1 << 16;

    PinnedBlock? _memory;
    CudaEvent? _copied;
    bool _isBusy;

    internal byte* Begin(CudaContext context, long bytes)
    {
        if (_isBusy)
        {
            _copied!.Synchronize();
            _isBusy = false;
        }

        if (_memory is null || _memory.Bytes < bytes)
        {
            _memory?.Dispose();
            _memory = null;
            _memory = context.AllocatePinned((long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(bytes, FewestBytes)));
        }

        // What lies between the parts is copied too.
        NativeMemory.Clear(_memory.Pointer, (nuint)bytes);
        return _memory.Pointer;
    }

    internal void End(CudaContext context, CudaStream stream)
    {
        _copied ??= context.CreateEvent();
        _copied.Record(stream);
        _isBusy = true;
    }

    public void Dispose()
    {
        if (_isBusy)
        {
            _copied!.Settle();
        }

        _copied?.Dispose();
        _memory?.Dispose();
    }
}
