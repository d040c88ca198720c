using Octet.Cuda.Diagnosis;
using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Diagnosis;

public class MachineFactsTests
{
    [Theory]
    [InlineData("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.163.01  Tue Apr  8 12:41:17 UTC 2025", "550.163.01")]
    [InlineData("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159  Release Build  (dvs-builder)", "580.159")]
    [InlineData("something else", null)]
    public void The_version_of_the_kernels_module_is_read(string text, string? version)
    {
        using var root = new TemporaryDirectory();
        Write(root, "proc/driver/nvidia/version", text);

        Assert.Equal(version, Read(root).ModuleVersion);
    }

    [Fact]
    public void A_machine_without_anything_has_nothing()
    {
        using var root = new TemporaryDirectory();

        MachineFacts facts = Read(root);

        Assert.Equal((null, false, false, 0, null), (facts.ModuleVersion, facts.IsWsl, facts.IsContainer, facts.Cards.Count, facts.Forbidden));
        Assert.True(facts.HasComputeCapability);
    }

    [Fact]
    public void Cards_are_those_with_a_number()
    {
        using var root = new TemporaryDirectory();
        foreach (string name in (string[])["nvidia1", "nvidia0", "nvidiactl", "nvidia-uvm", "nvidia-caps"])
        {
            Write(root, $"dev/{name}", "");
        }

        Assert.Equal(["nvidia0", "nvidia1"], Read(root).Cards.Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("proc/version", "Linux version 6.6.87.2-microsoft-standard-WSL2", true, false)]
    [InlineData("proc/version", "Linux version 6.1.0 (debian)", false, false)]
    [InlineData(".dockerenv", "", false, true)]
    [InlineData("run/.containerenv", "", false, true)]
    public void Windows_and_containers_are_known_by_their_files(string path, string text, bool wsl, bool container)
    {
        using var root = new TemporaryDirectory();
        Write(root, path, text);

        Assert.Equal((wsl, container), (Read(root).IsWsl, Read(root).IsContainer));
    }

    [Theory]
    [InlineData("compute,utility", true)]
    [InlineData("all", true)]
    [InlineData("", true)]
    [InlineData("utility, graphics", false)]
    public void A_container_computes_where_it_was_given_that(string capabilities, bool computes)
    {
        using var root = new TemporaryDirectory();

        Assert.Equal(computes, MachineFacts.Read(root.Path, name => name == "NVIDIA_DRIVER_CAPABILITIES" ? capabilities : null).HasComputeCapability);
    }

    [Fact]
    public void A_file_that_may_not_be_opened_is_named()
    {
        using var root = new TemporaryDirectory();

        // A directory is opened as a file by nobody, not even by who may open everything.
        Directory.CreateDirectory(Path.Combine(root.Path, "dev/nvidia0"));

        Assert.EndsWith("nvidia0", Read(root).Forbidden, StringComparison.Ordinal);
    }

    static MachineFacts Read(TemporaryDirectory root) => MachineFacts.Read(root.Path, _ => null);

    static void Write(TemporaryDirectory root, string path, string text)
    {
        string file = Path.Combine(root.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
