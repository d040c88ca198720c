using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// Whether this process may use AMX. The processor has it (CPUID leaf 7), the operating system saves it (XCR0), and on Linux, where tiles
/// are off until a process asks, the kernel has agreed: threads made afterwards inherit that (Documentation/arch/x86/xstate.rst).
/// </summary>
static partial class TilePermission
{
    // CPUID leaf 7, EDX.
    const int AmxBFloat16 = 1 << 22;
    const int AmxTile = 1 << 24;

    const int ArchPrctl = 158;
    const int RequestStatePermission = 0x1023;
    const int TileData = 18;

    /// <summary>Asks once and remembers. Null: tiles may be used; else why not.</summary>
    internal static string? Refusal { get; } = Ask();

    static string? Ask()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64 || !X86Base.IsSupported)
        {
            return "it takes an x64 processor";
        }

        const int Needed = AmxBFloat16 | AmxTile;
        if (X86Base.CpuId(0, 0).Eax < 7 || (X86Base.CpuId(7, 0).Edx & Needed) != Needed)
        {
            return "the processor has no AMX tiles for bfloat16";
        }

        if (!ExtendedControl.TryRead(out ulong state, out string? refusal))
        {
            return refusal;
        }

        if ((state & ExtendedControl.Tiles) != ExtendedControl.Tiles)
        {
            return "the operating system does not save AMX tiles";
        }

        if (OperatingSystem.IsLinux() && SystemCall(ArchPrctl, RequestStatePermission, TileData, 0) != 0)
        {
            return $"the kernel does not let this process use AMX tiles (error {Marshal.GetLastPInvokeError()})";
        }

        return null;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint a, nint b, nint c);
}
