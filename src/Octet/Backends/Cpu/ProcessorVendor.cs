using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu;

/// <summary>Who made the processor, where two designs take unlike times for the same instructions.</summary>
static class ProcessorVendor
{
    /// <summary>AMD, or Hygon, whose designs are AMD's.</summary>
    internal static bool IsAmd { get; } = Name() is "AuthenticAMD" or "HygonGenuine";

    static string Name()
    {
        if (!X86Base.IsSupported)
        {
            return "";
        }

        (_, int b, int c, int d) = X86Base.CpuId(0, 0);
        ReadOnlySpan<int> letters = [b, d, c];
        return System.Text.Encoding.ASCII.GetString(MemoryMarshal.AsBytes(letters));
    }
}
