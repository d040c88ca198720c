namespace Octet.Backends.Cpu;

/// <summary>Memory that grows to the most that was asked for. What it held is lost when it grows, and stays where growing fails.</summary>
sealed unsafe class GrowingMemory(MemoryLedger ledger) : IDisposable
{
    NativeBlock? _block;
    byte* _memory;
    long _bytes;

    /// <summary>The memory, of at least as many bytes.</summary>
    /// <exception cref="ModelException">The system has no more.</exception>
    internal byte* Reserve(long bytes)
    {
        if (bytes > _bytes)
        {
            NativeBlock block = NativeBlock.Allocate(ledger, bytes);
            _block?.Dispose();
            _block = block;
            _memory = block.Pointer;
            _bytes = bytes;
        }

        return _memory;
    }

    public void Dispose()
    {
        _block?.Dispose();
        _block = null;
        _memory = null;
        _bytes = 0;
    }
}
