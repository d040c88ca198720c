using System.Globalization;
using Octet.Cuda.Driver;

namespace Octet.Cuda.Tests;

/// <summary>
/// The card that the environment's <c>OCTET_CARD</c> names, such as <c>cuda:0</c>: tests of kernels and models compute on it, in place of the emulator. Tests of
/// what a fake driver or the emulator alone can show skip then.
/// </summary>
static class RealCard
{
    const string Variable = "OCTET_CARD";
    const string Prefix = "cuda:";

    static readonly Lazy<CudaContext> s_context = new(() => CudaContext.Open(Driver, Ordinal));

    internal static bool IsUsed { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

    internal static DriverProbe Probe => DriverProbe.Machine;

    internal static CudaDriver Driver => Probe.Driver ?? throw new InvalidOperationException($"{Variable} is set, and {Probe.Reason}");

    internal static int Ordinal
        => Environment.GetEnvironmentVariable(Variable) is { } name && name.StartsWith(Prefix, StringComparison.Ordinal) && int.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int ordinal)
            ? ordinal
            : throw new InvalidOperationException($"{Variable} is expected to be {Prefix}0 or another number");

    /// <summary>Open from the first use to the end of the process.</summary>
    internal static CudaContext Context => s_context.Value;

    /// <summary>For what the emulator shows and a card does not.</summary>
    internal static void SkipOnCard() => Assert.SkipWhen(IsUsed, "a test of the emulator or the fake driver");
}
