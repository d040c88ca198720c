using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu;

/// <summary>Memory for what <see cref="CpuKernels.PrepareInput"/> lays out: grows to the largest that was asked for.</summary>
sealed unsafe class PreparedInput : IDisposable
{
    byte* _memory;
    long _bytes;

    internal byte* Reserve(long bytes)
    {
        if (bytes > _bytes)
        {
            NativeMemory.AlignedFree(_memory);
            _bytes = 0;
            _memory = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, 64);
            _bytes = bytes;
        }

        return _memory;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        _bytes = 0;
    }
}
