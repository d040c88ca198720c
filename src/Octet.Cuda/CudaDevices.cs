using Octet.Backends;
using Octet.Cuda.CublasLt;
using Octet.Cuda.Driver;

namespace Octet.Cuda;

/// <summary>Makes NVIDIA cards known to Octet, as the devices <c>cuda</c>, <c>cuda:1</c> and so on of <see cref="LanguageModelOptions.Device"/>.</summary>
public static class CudaDevices
{
    /// <summary>
    /// Makes them known, for the whole process; once is enough. Nothing is loaded and no driver is looked for before a model is opened that asks for a card, so
    /// that a program may call it on any machine.
    /// </summary>
    public static void Register() => Register(new CudaDeviceOptions());

    /// <summary>The same, in another way than the environment asks for.</summary>
    /// <param name="options">How cards are used that are opened from now on.</param>
    public static void Register(CudaDeviceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var library = new Lazy<CublasLtProbe>(() => Library(options));
        ComputeDevices.Register(Kind(static () => DriverProbe.Machine, (context, mode) => new CudaBackend(context, mode, library: library.Value)));
    }

    /// <summary>The library that is asked for, looked for.</summary>
    internal static CublasLtProbe Library(CudaDeviceOptions options) => options.CublasLt is { } named ? CublasLtProbe.Find(named, DriverProbe.Machine.Version) : CublasLtProbe.Machine;

    /// <summary>The cards of a driver, as a kind of devices.</summary>
    /// <param name="probe">Finds the driver, when it is first needed.</param>
    /// <param name="create">Makes a backend of an open card, which it owns; null: there is none, and every card is refused.</param>
    internal static DeviceKind Kind(Func<DriverProbe> probe, Func<CudaContext, ActivationMode, Backend>? create)
        => new(
            "cuda",
            ordinal => Refusal(probe(), ordinal) ?? (create is null ? "this build has no kernels for cards: use cpu" : null),
            (ordinal, mode) => Create(probe().Driver!, ordinal, mode, create!))
        {
            Lacks = CudaBackend.Lacks,
        };

    /// <summary>Why a card cannot be used; null: it can.</summary>
    internal static string? Refusal(DriverProbe probe, int ordinal)
    {
        if (probe.Driver is not { } driver)
        {
            return probe.Reason;
        }

        try
        {
            int count = driver.CountDevices();
            if (ordinal >= count)
            {
                return count switch
                {
                    0 => "the driver knows no card",
                    1 => "there is one card, cuda:0",
                    _ => $"there are {count} cards, cuda:0 to cuda:{count - 1}",
                };
            }

            CudaDeviceInfo info = CudaDeviceInfo.Read(driver, ordinal);
            return KernelSet.Choose(info.Major, info.Minor, info.CudaVersion, out string? refusal) is null ? $"{info.Name}: {refusal}" : null;
        }
        catch (CudaException error)
        {
            return error.Message;
        }
    }

    static Backend Create(CudaDriver driver, int ordinal, ActivationMode mode, Func<CudaContext, ActivationMode, Backend> create)
    {
        CudaContext context = CudaContext.Open(driver, ordinal);
        try
        {
            return create(context, mode);
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }
}
