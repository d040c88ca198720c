using System.Runtime.InteropServices;

namespace Octet.Cuda.Driver;

/// <summary>What came of looking for a driver.</summary>
/// <param name="Driver">The driver, initialised; null: there is none that works.</param>
/// <param name="Library">The library that was found; null: none.</param>
/// <param name="Version">What it implements, as <see cref="CudaDriver.Version"/>; 0: not known.</param>
/// <param name="Code">What <c>cuInit</c> returned; 0 also where it was not called.</param>
/// <param name="Reason">Why there is no driver that works, in one line; null: there is one.</param>
sealed record DriverProbe(CudaDriver? Driver, string? Library, int Version, int Code, string? Reason)
{
    /// <summary>The environment's variable that names the library.</summary>
    internal const string Variable = "OCTET_LIBCUDA";

    static readonly Lazy<DriverProbe> s_machine = new(() => Find(Environment.GetEnvironmentVariable(Variable)));

    /// <summary>This machine's driver, looked for when it is first asked for.</summary>
    internal static DriverProbe Machine => s_machine.Value;

    /// <summary>Where the library may be, first the one the system's loader finds. The WSL and container places are not on its path everywhere.</summary>
    internal static IReadOnlyList<string> Places { get; } = OperatingSystem.IsWindows()
        ? ["nvcuda.dll"]
        : ["libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1", "/usr/local/nvidia/lib64/libcuda.so.1", "/usr/lib64/libcuda.so.1"];

    /// <param name="named">The only library to try; null or empty: those of <see cref="Places"/>.</param>
    internal static DriverProbe Find(string? named)
    {
        IReadOnlyList<string> places = string.IsNullOrEmpty(named) ? Places : [named];
        foreach (string place in places)
        {
            if (NativeLibrary.TryLoad(place, out nint library))
            {
                return Initialize(place, name => NativeLibrary.TryGetExport(library, name, out nint address) ? address : 0);
            }
        }

        string what = string.IsNullOrEmpty(named) ? $"no NVIDIA driver was found ({places[0]})" : $"{Variable} names {named}, which cannot be loaded";
        return new DriverProbe(null, null, 0, 0, $"{what}: install the driver, or give the container the card (--gpus all)");
    }

    /// <param name="library">Its name, for messages.</param>
    /// <param name="find">Gives a function's address by its exported name; 0: there is none.</param>
    internal static unsafe DriverProbe Initialize(string library, Func<string, nint> find)
    {
        CudaDriver driver;
        try
        {
            driver = new CudaDriver(find);
        }
        catch (ModelException error)
        {
            return new DriverProbe(null, library, 0, 0, error.Message);
        }

        int version = driver.Version;
        int code = driver.cuInit(0);
        return code == CudaResult.Success
            ? new DriverProbe(driver, library, version, code, null)
            : new DriverProbe(null, library, version, code, driver.Failure(code, nameof(driver.cuInit)).Message);
    }
}
