using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Octet.Cli.IO;
using Octet.Cuda.CublasLt;
using Octet.Cuda.Diagnosis;
using Octet.Cuda.Driver;

namespace Octet.Cli.Diagnosis;

/// <summary>What NVIDIA's driver and cards can do, as text and as JSON.</summary>
static class GpuReport
{
    /// <summary>A line for <c>octet doctor</c>.</summary>
    internal static string Summary(CudaDiagnosis gpu)
    {
        string cards = string.Join("; ", gpu.Cards.Select(card => $"cuda:{card.Info.Ordinal} {card.Info.Name} ({card.Kernels?.Target ?? card.Refusal})"));
        return gpu.Cards.Count == 0 ? $"none: {gpu.Problem}" : $"{cards}; octet doctor --gpu tries them";
    }

    /// <summary>All that is known, for <c>octet doctor --gpu</c>.</summary>
    internal static string Text(CudaDiagnosis gpu)
    {
        var text = new StringBuilder();
        Line("driver", gpu.Probe.Library is null ? "none" : Driver(gpu));
        foreach (CardDiagnosis card in gpu.Cards)
        {
            CudaDeviceInfo info = card.Info;
            string free = card.FreeMemory is { } bytes ? $", {ByteCount.Text(bytes)} free" : "";
            Line($"cuda:{info.Ordinal}", $"{info.Name}, compute capability {info.Capability}, {info.Multiprocessors} multiprocessors, {ByteCount.Text(info.TotalMemory)}{free}");
            Line("", $"L2 {ByteCount.Text(info.L2Bytes)}, shared memory {ByteCount.Text(info.SharedMemoryPerBlock)} a block, PCI {info.PciBusId}{(info.UuidText is { } uuid ? $", {uuid}" : "")}");
            Line("  kernels", card.Kernels is { } kernels ? $"{kernels.Target} ({kernels.Reason})" : $"none: {card.Refusal}");
            if (card is { Kernels: not null, Refusal: { } refusal })
            {
                Line("  not usable", refusal);
            }

            foreach (CardCheck check in card.Checks)
            {
                Line($"  {check.Name}", check.Problem ?? "right");
            }

            if (card.Library is { } library)
            {
                Line("  cuBLASLt", $"bfloat16: {library.BFloat16 ?? "right, used for prompts"}; E4M3 in blocks: {library.BlockCodes ?? "right, used for prompts"}");
            }

            if (card.Bandwidth is { } bandwidth)
            {
                Line("  bandwidth", string.Create(CultureInfo.InvariantCulture, $"{bandwidth.ToDevice / 1e9:0.0} GB/s to the card, {bandwidth.ToHost / 1e9:0.0} GB/s back, {bandwidth.OnDevice / 1e9:0} GB/s on it (read and written)"));
            }
        }

        Line("cuBLASLt", Library(gpu.Library));
        foreach (string advice in gpu.Advice)
        {
            Line("advice", advice);
        }

        return text.ToString();

        void Line(string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name,-17} {value}\n");
    }

    internal static JsonObject Json(CudaDiagnosis gpu) => new()
    {
        ["library"] = gpu.Probe.Library,
        ["driver"] = gpu.Facts.ModuleVersion,
        ["cuda_version"] = gpu.Probe.Version == 0 ? null : KernelSet.VersionText(gpu.Probe.Version),
        ["cublaslt"] = new JsonObject
        {
            ["library"] = gpu.Library.Path,
            ["version"] = gpu.Library.Version == 0 ? null : CublasLtLibrary.VersionText(gpu.Library.Version),
            ["refusal"] = gpu.Library.Reason,
        },
        ["cards"] = new JsonArray([.. gpu.Cards.Select(Json)]),
        ["problem"] = gpu.Problem,
        ["advice"] = new JsonArray([.. gpu.Advice.Select(advice => (JsonNode)advice)]),
    };

    static JsonNode Json(CardDiagnosis card) => new JsonObject
    {
        ["device"] = $"cuda:{card.Info.Ordinal}",
        ["name"] = card.Info.Name,
        ["compute_capability"] = card.Info.Capability,
        ["multiprocessors"] = card.Info.Multiprocessors,
        ["memory_bytes"] = card.Info.TotalMemory,
        ["free_bytes"] = card.FreeMemory,
        ["l2_bytes"] = card.Info.L2Bytes,
        ["shared_bytes_per_block"] = card.Info.SharedMemoryPerBlock,
        ["pci"] = card.Info.PciBusId,
        ["uuid"] = card.Info.UuidText,
        ["kernels"] = card.Kernels?.Target,
        ["usable"] = card.IsUsable,
        ["refusal"] = card.Refusal,
        ["checks"] = new JsonObject(card.Checks.Select(check => KeyValuePair.Create(check.Name, (JsonNode?)(check.Problem ?? "right")))),
        ["cublaslt"] = card.Library is not { } library ? null : new JsonObject { ["bfloat16"] = library.BFloat16 ?? "used", ["block_scaled_e4m3"] = library.BlockCodes ?? "used" },
        ["bandwidth_bytes_per_second"] = card.Bandwidth is not { } bandwidth
            ? null
            : new JsonObject { ["to_device"] = bandwidth.ToDevice, ["to_host"] = bandwidth.ToHost, ["on_device"] = bandwidth.OnDevice },
    };

    static string Library(CublasLtProbe library)
    {
        string version = library.Version == 0 ? "" : $"{CublasLtLibrary.VersionText(library.Version)}, ";
        return $"{version}{(library.Path is null ? library.Reason : library.Reason is null ? library.Path : $"{library.Path}, not used: {library.Reason}")}";
    }

    static string Driver(CudaDiagnosis gpu)
    {
        string version = gpu.Probe.Version == 0 ? "" : $"CUDA {KernelSet.VersionText(gpu.Probe.Version)}, ";
        string module = gpu.Facts.ModuleVersion is { } number ? $", kernel module {number}" : "";
        return $"{version}{gpu.Probe.Library}{module}{(gpu.Probe.Driver is null ? ", does not work" : "")}";
    }
}
