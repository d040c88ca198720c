using System.Runtime.InteropServices;
using Octet.Cuda.Driver;

namespace Octet.Cuda.CublasLt;

/// <summary>What came of looking for the library, which nobody does who was not asked to.</summary>
/// <param name="Library">The library; null: there is none that is used.</param>
/// <param name="Path">What was found; null: nothing.</param>
/// <param name="Version">As <see cref="CublasLtLibrary.Version"/>; 0: not known.</param>
/// <param name="Reason">Why none is used, in one line; null: one is.</param>
sealed record CublasLtProbe(CublasLtLibrary? Library, string? Path, int Version, string? Reason)
{
    /// <summary>The environment's variable that asks for the library: 1 for the one that is found, or its path.</summary>
    internal const string Variable = "OCTET_CUBLASLT";

    /// <summary>The first version whose handles, descriptors and statuses are those that Octet knows.</summary>
    internal const int OldestVersion = 120000;

    /// <summary>The first version that multiplies codes with scales of blocks (NVIDIA/CUDALibrarySamples, issue 310).</summary>
    internal const int BlockScalesVersion = 120900;

    static readonly Lazy<CublasLtProbe> s_machine = new(() => Find(Environment.GetEnvironmentVariable(Variable), DriverProbe.Machine.Version));

    /// <summary>Nobody wants it.</summary>
    internal static CublasLtProbe NotAsked { get; } = new(null, null, 0, $"not asked for: {Variable}=1 takes the one that is found, {Variable}=PATH that one");

    /// <summary>What the environment asks for, looked for when it is first needed.</summary>
    internal static CublasLtProbe Machine => s_machine.Value;

    /// <param name="named">1: the library that the system finds; null, nothing or 0: none; otherwise its path.</param>
    /// <param name="driverVersion">What the driver implements, as <see cref="CudaDriver.Version"/>.</param>
    internal static CublasLtProbe Find(string? named, int driverVersion)
    {
        if (named is null or "" or "0")
        {
            return NotAsked;
        }

        IReadOnlyList<string> places = named == "1" ? Places(driverVersion) : [named];
        foreach (string place in places)
        {
            if (NativeLibrary.TryLoad(place, out nint library))
            {
                return Take(place, name => NativeLibrary.TryGetExport(library, name, out nint address) ? address : 0);
            }
        }

        return new CublasLtProbe(
            null,
            null,
            0,
            named == "1" ? $"not found ({string.Join(", ", places)}): set {Variable} to its path" : $"{named} cannot be loaded: give the path of libcublasLt.so.12 or .13 (cublasLt64_12.dll or _13.dll)");
    }

    /// <summary>Where the library may be. One of CUDA 13 wants a driver that implements it.</summary>
    internal static IReadOnlyList<string> Places(int driverVersion)
    {
        string[] majors = driverVersion >= 13000 ? ["13", "12"] : ["12"];
        return OperatingSystem.IsWindows()
            ? [.. majors.Select(major => $"cublasLt64_{major}.dll")]
            : [.. majors.Select(major => $"libcublasLt.so.{major}"), .. majors.Select(major => $"/usr/local/cuda/lib64/libcublasLt.so.{major}")];
    }

    /// <param name="path">Its name, for messages.</param>
    /// <param name="find">Gives a function's address by its exported name; 0: there is none.</param>
    internal static CublasLtProbe Take(string path, Func<string, nint> find)
    {
        try
        {
            var library = new CublasLtLibrary(find);
            int version = library.Version;
            return version >= OldestVersion
                ? new CublasLtProbe(library, path, version, null)
                : new CublasLtProbe(null, path, version, $"it is {CublasLtLibrary.VersionText(version)}, expected {CublasLtLibrary.VersionText(OldestVersion)} or newer");
        }
        catch (ModelException error)
        {
            return new CublasLtProbe(null, path, 0, error.Message);
        }
    }
}
