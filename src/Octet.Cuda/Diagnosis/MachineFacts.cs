using System.Text.RegularExpressions;

namespace Octet.Cuda.Diagnosis;

/// <summary>What the system says of NVIDIA's driver beside the driver's own library: why that may be missing or see no card.</summary>
/// <param name="ModuleVersion">The version of the kernel's module, such as <c>580.159</c>; null: it is not loaded, or not to be seen.</param>
/// <param name="IsWsl">Whether this is Linux within Windows.</param>
/// <param name="IsContainer">Whether this is a container.</param>
/// <param name="Cards">Files of cards, <c>/dev/nvidia0</c> and on.</param>
/// <param name="Forbidden">The first of the driver's files that this process may not open; null: none.</param>
/// <param name="VisibleDevices">The environment's <c>CUDA_VISIBLE_DEVICES</c>, which hides cards; null: not set.</param>
/// <param name="Capabilities">The environment's <c>NVIDIA_DRIVER_CAPABILITIES</c>, by which a container has parts of the driver; null: not set.</param>
sealed partial record MachineFacts(
    string? ModuleVersion, bool IsWsl, bool IsContainer, IReadOnlyList<string> Cards, string? Forbidden, string? VisibleDevices, string? Capabilities)
{
    static readonly string[] s_controls = ["nvidiactl", "nvidia-uvm"];

    /// <summary>Whether a container was given the parts of the driver that compute; true where nothing is said.</summary>
    internal bool HasComputeCapability => Capabilities is not { Length: > 0 } named || named.Split(',', StringSplitOptions.TrimEntries).Any(part => part is "compute" or "all");

    /// <param name="root">Where the system's files are.</param>
    /// <param name="environment">Its variables.</param>
    internal static MachineFacts Read(string root, Func<string, string?> environment)
    {
        string devices = Path.Combine(root, "dev");
        string[] cards = Directory.Exists(devices) ? [.. Directory.EnumerateFileSystemEntries(devices, "nvidia*").Where(file => CardName.IsMatch(Path.GetFileName(file))).Order(StringComparer.Ordinal)] : [];
        string? forbidden = cards.Concat(s_controls.Select(name => Path.Combine(devices, name)).Where(File.Exists)).FirstOrDefault(file => !MayOpen(file));
        return new MachineFacts(
            VersionNumber.Match(Text(root, "proc/driver/nvidia/version")) is { Success: true } version ? version.Value : null,
            Text(root, "proc/version").Contains("microsoft", StringComparison.OrdinalIgnoreCase),
            File.Exists(Path.Combine(root, ".dockerenv")) || File.Exists(Path.Combine(root, "run/.containerenv")) || environment("container") is { Length: > 0 },
            cards,
            forbidden,
            environment("CUDA_VISIBLE_DEVICES"),
            environment("NVIDIA_DRIVER_CAPABILITIES"));
    }

    /// <summary>This machine's.</summary>
    internal static MachineFacts Read() => Read("/", Environment.GetEnvironmentVariable);

    static string Text(string root, string path)
    {
        try
        {
            string file = Path.Combine(root, path);
            return File.Exists(file) ? File.ReadAllText(file) : "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    static bool MayOpen(string file)
    {
        try
        {
            using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            // Busy, or not a file that this way of opening knows: no question of permissions.
            return true;
        }
    }

    [GeneratedRegex(@"^nvidia[0-9]+\z", RegexOptions.CultureInvariant)]
    static partial Regex CardName { get; }

    [GeneratedRegex(@"\b[0-9]{3}\.[0-9]{2,3}(\.[0-9]{2})?\b", RegexOptions.CultureInvariant)]
    static partial Regex VersionNumber { get; }
}
