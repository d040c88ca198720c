using System.Diagnostics;
using System.Security.Cryptography;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;
using Octet.Testing;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>The compiled kernels are those of the sources beside them.</summary>
public class SourceTests
{
    static string Folder => Path.Combine(Fixtures.Repository, "src", "Octet.Cuda", "Kernels");

    /// <summary>Whether a source is compiled for a target.</summary>
    internal static bool HasText(string file, string target) => Targets(Path.Combine(Folder, $"{file}.cu")).Contains(target);

    // Those that its first line names; without that all.
    static string[] Targets(string source)
    {
        const string Mark = "// targets: ";
        string first = File.ReadLines(source).First();
        return first.StartsWith(Mark, StringComparison.Ordinal) ? first[Mark.Length..].Split(' ') : ["sm_80", "sm_89", "sm_90a"];
    }

    [Fact]
    public void Every_source_is_compiled_for_its_targets_and_nothing_else_is_there()
    {
        string[] expected = [.. Directory.GetFiles(Folder, "*.cu").SelectMany(Targets, (source, target) => $"{Path.GetFileNameWithoutExtension(source)}.{target}.ptx").Order(StringComparer.Ordinal)];
        Assert.Equal(expected, Directory.GetFiles(Path.Combine(Folder, "Ptx")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(expected.Select(name => name[..name.IndexOf('.')]).Distinct().Order(StringComparer.Ordinal), KernelLibrary.Files.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Compiled_kernels_carry_the_hash_of_their_sources_and_the_version_that_drivers_are_asked_for()
    {
        foreach (string source in Directory.GetFiles(Folder, "*.cu"))
        {
            using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (string part in (string[])[Path.Combine(Folder, "build.sh"), .. Directory.GetFiles(Folder, "*.cuh").Order(StringComparer.Ordinal), source])
            {
                all.AppendData(File.ReadAllBytes(part));
            }

            string hash = Convert.ToHexStringLower(all.GetHashAndReset());
            foreach (string target in Targets(source))
            {
                string name = Path.GetFileNameWithoutExtension(source);
                int version = KernelSet.All.First(set => set.Target == target).PtxVersion;
                Assert.StartsWith($"// sources {hash}\n.version {version / 10}.{version % 10}\n.target {target}\n", KernelLibrary.Text(name, target), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Kernels_of_a_decoded_token_wait_by_themselves_where_launches_can_overlap()
    {
        string[] waiting = [.. HopperKernels().Where(kernel => kernel.Waits).Select(kernel => kernel.Name)];
        Assert.Superset(
            new HashSet<string> { "embed_bf16", "add_rms_norm", "linear_few_e4m3_1", "linear_few_gated_e4m3_1", "rotate_and_store_bf16", "attend_bf16_4", "merge", "prepare_inputs", "linear_few_bf16_1", "linear_wide_codes_e4m3_128", "join_sums", "scan_logits", "choose_tokens" },
            waiting.ToHashSet());
        Assert.DoesNotContain(
            Directory.GetFiles(Path.Combine(Folder, "Ptx"), "*.sm_8*.ptx"), file => KernelText.All(File.ReadAllText(file)).Any(kernel => kernel.Waits));
    }

    /// <summary>Of the 168 that three lanes of a block of 384 threads have each, one keeps 24 and the others take 240; of attention 56 and 224.</summary>
    [Fact]
    public void Kernels_whose_warpgroups_give_registers_to_others_say_with_how_many_they_begin()
    {
        Dictionary<string, int> registers = HopperKernels().ToDictionary(kernel => kernel.Name, kernel => kernel.Registers);
        Assert.Equal((168, 168, 168, 0, 0), (registers["linear_wide_codes_e4m3_128"], registers["linear_wide_bf16_2_256"], registers["attend_wide_128"], registers["attend_wide_64"], registers["merge"]));
    }

    static IEnumerable<KernelText> HopperKernels()
        => Directory.GetFiles(Path.Combine(Folder, "Ptx"), "*.sm_90a.ptx").SelectMany(file => KernelText.All(File.ReadAllText(file)));

    /// <summary>Some of them; with <c>OCTET_SLOW=1</c> all.</summary>
    [Fact]
    public void Compiling_again_gives_the_same_bytes()
    {
        string[] sources = Environment.GetEnvironmentVariable("OCTET_SLOW") is "1" ? [] : ["merge.cu", "rows.cu"];
        string? clang = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "clang++-19")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(clang is null, "clang-19 is not here: the kernels cannot be compiled again");
        using var output = new Octet.Tests.Reference.TemporaryDirectory();
        using Process process = Process.Start(new ProcessStartInfo("sh", [Path.Combine(Folder, "build.sh"), output.Path, .. sources]) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
        foreach (string file in Directory.GetFiles(output.Path))
        {
            Assert.True(File.ReadAllBytes(file).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(Folder, "Ptx", Path.GetFileName(file)))), $"{Path.GetFileName(file)} differs from what is committed: run build.sh");
        }
    }
}
