using Octet.Cuda.Driver;

namespace Octet.Cuda.Diagnosis;

/// <summary>What to do where a driver is missing, or does not work, or sees no card: the causes that others met, by what the system shows of them.</summary>
static class DriverAdvice
{
    internal static IEnumerable<string> Of(DriverProbe probe, MachineFacts facts, int cards)
    {
        if (probe.Library is null)
        {
            return [LibraryMissing(facts)];
        }

        return probe.Driver is null || cards == 0 ? NoCard(facts) : [];
    }

    /// <summary>What a card's user should know, though it works.</summary>
    internal static IEnumerable<string> Of(CardDiagnosis card)
    {
        if (card.Info.IsPartition)
        {
            yield return $"cuda:{card.Info.Ordinal} is a part of a card (MIG): it has that part's memory and multiprocessors, and of several parts a process sees the first";
        }

        if (card.FreeMemory is { } free && free < card.Info.TotalMemory / 2)
        {
            yield return $"more than half of the memory of cuda:{card.Info.Ordinal} is taken by other programs: nvidia-smi lists them";
        }
    }

    static string LibraryMissing(MachineFacts facts) => facts switch
    {
        { IsWsl: true } => "this is WSL: install NVIDIA's driver in Windows, none in here, and update WSL (wsl --update); the library then lies in /usr/lib/wsl/lib",
        { IsContainer: true, HasComputeCapability: false } => $"NVIDIA_DRIVER_CAPABILITIES is {facts.Capabilities}, and the library is part of compute: start the container with compute,utility",
        { IsContainer: true } => "this is a container: install NVIDIA's container toolkit on the host, and start it with the card (docker run --gpus all, with NVIDIA_DRIVER_CAPABILITIES=compute,utility)",
        { ModuleVersion: { } version } => $"the kernel's module is there ({version}), the library is not: install the compute part of the same driver (Debian: libcuda1; Ubuntu: libnvidia-compute)",
        _ => $"install NVIDIA's driver, {KernelSet.OldestDriver} or newer; nothing else is needed",
    };

    static IEnumerable<string> NoCard(MachineFacts facts)
    {
        if (facts.Forbidden is { } file)
        {
            yield return $"this user may not open {file}: add the user to the group that owns it, or mend its permissions";
        }

        if (facts.VisibleDevices is { } visible)
        {
            yield return $"CUDA_VISIBLE_DEVICES is \"{visible}\": unset it, or name a card that is there";
        }

        if (facts.IsContainer && !facts.HasComputeCapability)
        {
            yield return $"NVIDIA_DRIVER_CAPABILITIES is {facts.Capabilities}: start the container with compute,utility";
        }

        if (facts is { IsWsl: false, Cards.Count: 0 })
        {
            yield return facts.IsContainer
                ? "there is no /dev/nvidia0: start the container with the card (docker run --gpus all)"
                : facts.ModuleVersion is null
                    ? "the kernel's module is not loaded (/proc/driver/nvidia/version): modprobe nvidia tells why, nvidia-smi loads it"
                    : "there is no /dev/nvidia0: nvidia-smi as root makes it, or nvidia-modprobe";
        }
    }
}
