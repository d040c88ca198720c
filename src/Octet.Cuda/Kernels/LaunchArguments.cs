using System.Runtime.CompilerServices;
using Octet.Cuda.Driver;

namespace Octet.Cuda.Kernels;

/// <summary>The arguments of a launch, one after the other: structures, addresses and numbers.</summary>
unsafe ref struct LaunchArguments
{
    const int Most = 12;
    const int Words = 128;

    fixed ulong _values[Words];
    fixed int _places[Most];
    int _count;
    int _used;

    /// <summary>Adds a kernel's next parameter.</summary>
    internal void Add<T>(T value)
        where T : unmanaged
    {
        int words = (sizeof(T) + sizeof(ulong) - 1) / sizeof(ulong);
        if (_count == Most || _used + words > Words)
        {
            throw new InvalidOperationException("a kernel with more parameters than there is room for");
        }

        Unsafe.WriteUnaligned(ref Unsafe.As<ulong, byte>(ref _values[_used]), value);
        _places[_count++] = _used;
        _used += words;
    }

    internal void Launch(CudaFunction function, CudaStream stream, Dim3 grid, int threads, int sharedBytes)
    {
        void** pointers = stackalloc void*[Most];
        fixed (ulong* values = _values)
        {
            for (int i = 0; i < _count; i++)
            {
                pointers[i] = values + _places[i];
            }

            function.Launch(stream, grid, threads, sharedBytes, pointers);
        }
    }
}
