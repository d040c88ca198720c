using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using static Octet.Backends.Cpu.MachineCode.GeneralRegister;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>XCR0: which parts of the processor's state the operating system saves when it changes threads. .NET has no XGETBV, so it is generated.</summary>
static unsafe class ExtendedControl
{
    /// <summary>Tile configuration (bit 17) and tile data (bit 18).</summary>
    internal const ulong Tiles = 3UL << 17;

    // CPUID leaf 1, ECX bit 27 (OSXSAVE): the system has switched XGETBV on.
    const int HasExtendedControl = 1 << 27;

    internal static byte[] Code(GeneralRegister argument)
    {
        var code = new X64Encoder();
        code.Move(R8, argument);
        code.Move(Rcx, 0);
        code.GetExtendedControl();
        code.Store(R8, 0, Rax);
        code.Store(R8, sizeof(ulong), Rdx);
        code.Return();
        return code.ToArray();
    }

    internal static bool TryRead(out ulong value, [NotNullWhen(false)] out string? refusal)
    {
        value = 0;
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64 || !X86Base.IsSupported)
        {
            refusal = "it takes an x64 processor";
            return false;
        }

        if ((X86Base.CpuId(1, 0).Ecx & HasExtendedControl) == 0)
        {
            refusal = "the operating system saves no extended state";
            return false;
        }

        if (!ExecutableMemory.TryCreate([Code(X64Encoder.FirstArgument)], out ExecutableMemory? memory, out refusal))
        {
            return false;
        }

        // EAX and EDX, each as 64 bits: instructions on 32 bits clear the rest of a register.
        ulong* halves = stackalloc ulong[2];
        memory.Entry(0)(halves);
        memory.Dispose();
        value = halves[1] << 32 | halves[0];
        return true;
    }
}
