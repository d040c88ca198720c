using System.Globalization;
using PtxEmulator;

namespace Octet.Cuda.Tests.FakeDriver;

/// <summary>A module that was loaded.</summary>
sealed class FakeModule(FakeCard card, PtxModule module)
{
    internal FakeCard Card => card;

    internal PtxModule Module => module;

    /// <summary>Kernels that were asked for: their handles.</summary>
    internal Dictionary<string, nint> Functions { get; } = [];

    /// <summary>Why a card with a driver does not take a module; 0: it does.</summary>
    internal static int Refusal(FakeCard card, PtxModule module)
    {
        double version = double.Parse(module.Version, CultureInfo.InvariantCulture);
        if (Math.Round(version * 10) > PtxVersion(card.Owner.Version))
        {
            return Code.UnsupportedPtxVersion;
        }

        int capability = (10 * card.Major) + card.Minor;
        string target = module.Target["sm_".Length..];
        bool exact = target.EndsWith('a');
        int wanted = int.Parse(target.TrimEnd('a'), CultureInfo.InvariantCulture);
        return (exact ? capability == wanted : capability >= wanted) ? 0 : Code.NoBinaryForGpu;
    }

    // Which text a driver understands, by the release notes of PTX.
    static int PtxVersion(int cuda) => cuda switch
    {
        >= 13000 => 90,
        >= 12090 => 88,
        >= 12080 => 87,
        >= 12070 => 86,
        >= 12050 => 85,
        >= 12040 => 84,
        >= 12030 => 83,
        >= 12020 => 82,
        >= 12010 => 81,
        >= 12000 => 80,
        _ => 78,
    };
}

/// <summary>A kernel that was asked for.</summary>
sealed class FakeFunction(FakeModule module, PtxKernel kernel)
{
    internal FakeModule Module => module;

    internal PtxKernel Kernel => kernel;

    /// <summary>Dynamic shared memory that a launch may have: without asking for more, 48 KiB with what the kernel has of itself.</summary>
    internal int AllowedShared { get; set; } = (48 << 10) - kernel.StaticSharedBytes;
}
