using Octet.Backends;
using Octet.Cuda.Driver;

namespace Octet.Cuda.Tests;

/// <summary>
/// The card that the environment's <c>OCTET_CARD</c> names, such as <c>cuda:0</c>: tests of kernels and models compute on it, in place of the emulator. Tests of
/// what a fake driver or the emulator alone can show skip then.
/// </summary>
static class RealCard
{
    const string Variable = "OCTET_CARD";

    static readonly Lazy<CudaContext> s_context = new(() => CudaContext.Open(Driver, Ordinal));

    internal static bool IsUsed { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

    internal static DriverProbe Probe => DriverProbe.Machine;

    internal static CudaDriver Driver => Probe.Driver ?? throw new InvalidOperationException($"{Variable} is set, and {Probe.Reason}");

    internal static int Ordinal => DeviceName.Parse(Environment.GetEnvironmentVariable(Variable)).Ordinal;

    /// <summary>Open from the first use to the end of the process.</summary>
    internal static CudaContext Context => s_context.Value;

    /// <summary>For what the emulator shows and a card does not.</summary>
    internal static void SkipOnCard() => Assert.SkipWhen(IsUsed, "a test of the emulator or the fake driver");
}
