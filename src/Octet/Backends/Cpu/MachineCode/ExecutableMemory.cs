using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// Functions in memory that was written first and is only executed and read since: no page can be both written and executed. Systems
/// that allow no new code (hardened macOS processes, SELinux without execmem) refuse, which is a reason and not an error.
/// </summary>
sealed unsafe partial class ExecutableMemory : IDisposable
{
    // Where one function starts: a line of the cache.
    const int Alignment = 64;

    readonly int[] _offsets;
    readonly nuint _bytes;
    byte* _memory;

    ExecutableMemory(byte* memory, nuint bytes, int[] offsets)
    {
        _memory = memory;
        _bytes = bytes;
        _offsets = offsets;
    }

    /// <summary>False, with the reason, where the system does not allow it.</summary>
    internal static bool TryCreate(ReadOnlySpan<byte[]> functions, [NotNullWhen(true)] out ExecutableMemory? memory, [NotNullWhen(false)] out string? refusal)
    {
        int[] offsets = new int[functions.Length];
        int total = 0;
        for (int i = 0; i < functions.Length; i++)
        {
            offsets[i] = total;
            total = checked((total + functions[i].Length + Alignment - 1) / Alignment * Alignment);
        }

        nuint bytes = (nuint)Math.Max(total, Alignment);
        memory = null;
        byte* pages = Reserve(bytes);
        if (pages is null)
        {
            refusal = $"the system gives no memory for generated code (error {Marshal.GetLastPInvokeError()})";
            return false;
        }

        for (int i = 0; i < functions.Length; i++)
        {
            functions[i].CopyTo(new Span<byte>(pages + offsets[i], functions[i].Length));
        }

        if (!Protect(pages, bytes))
        {
            refusal = $"the system does not let generated code be executed (error {Marshal.GetLastPInvokeError()})";
            Free(pages, bytes);
            return false;
        }

        refusal = null;
        memory = new ExecutableMemory(pages, bytes, offsets);
        return true;
    }

    /// <summary>Function <paramref name="index"/>, which takes one pointer. Not to be called after <see cref="Dispose"/>.</summary>
    internal delegate* unmanaged<void*, void> Entry(int index)
    {
        ObjectDisposedException.ThrowIf(_memory is null, this);
        return (delegate* unmanaged<void*, void>)(_memory + _offsets[index]);
    }

    public void Dispose()
    {
        if (_memory is not null)
        {
            Free(_memory, _bytes);
            _memory = null;
        }
    }

    static byte* Reserve(nuint bytes)
    {
        if (OperatingSystem.IsWindows())
        {
            return (byte*)Windows.VirtualAlloc(null, bytes, Windows.ReserveAndCommit, Windows.ReadWrite);
        }

        void* pages = Posix.Map(null, bytes, Posix.Read | Posix.Write, Posix.PrivateAnonymous, -1, 0);
        return pages == (void*)-1 ? null : (byte*)pages;
    }

    static bool Protect(byte* pages, nuint bytes)
    {
        if (OperatingSystem.IsWindows())
        {
            return Windows.VirtualProtect(pages, bytes, Windows.ExecuteRead, out _);
        }

        return Posix.Protect(pages, bytes, Posix.Read | Posix.Execute) == 0;
    }

    static void Free(byte* pages, nuint bytes)
    {
        if (OperatingSystem.IsWindows())
        {
            Windows.VirtualFree(pages, 0, Windows.Release);
        }
        else
        {
            Posix.Unmap(pages, bytes);
        }
    }

    static partial class Posix
    {
        internal const int Read = 1;
        internal const int Write = 2;
        internal const int Execute = 4;

        internal static int PrivateAnonymous => OperatingSystem.IsMacOS() ? 0x1002 : 0x22;

        [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
        internal static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

        [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
        internal static partial int Protect(void* address, nuint length, int protection);

        [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
        internal static partial int Unmap(void* address, nuint length);
    }

    static partial class Windows
    {
        internal const uint ReserveAndCommit = 0x3000;
        internal const uint Release = 0x8000;
        internal const uint ReadWrite = 0x04;
        internal const uint ExecuteRead = 0x20;

        [LibraryImport("kernel32", SetLastError = true)]
        internal static partial void* VirtualAlloc(void* address, nuint size, uint type, uint protection);

        [LibraryImport("kernel32", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static partial bool VirtualProtect(void* address, nuint size, uint protection, out uint old);

        [LibraryImport("kernel32", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static partial bool VirtualFree(void* address, nuint size, uint type);
    }
}
