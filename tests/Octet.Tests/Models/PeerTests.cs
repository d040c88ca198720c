using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Octet.Backends.Cpu;
using Octet.Testing;
using Octet.Tests.Backends;
using Octet.Tests.Reference;

namespace Octet.Tests.Models;

/// <summary>Against a numpy program that shares nothing with this repository: its generator writes the checkpoint, its forward is double precision.</summary>
public class PeerTests
{
    const string Python = "/usr/bin/python3";

    [Theory]
    [InlineData("")]
    [InlineData("--scale-dtype f32 --untied")]
    [InlineData("--store-lm-head --shard-size 1MB --seed 2")]
    [InlineData("--subnormal --seed 3")]
    [InlineData("--set hidden_size=192 --set intermediate_size=416 --layers 2 --seed 4")]
    [InlineData("--set hidden_size=320 --set num_attention_heads=6 --set num_key_value_heads=3 --set head_dim=48 --layers 2 --block-gain 1 --seed 5")]
    public void Logits_agree_with_the_numpy_reference(string options)
    {
        using var directory = new TemporaryDirectory();
        string model = Path.Combine(directory.Path, "model");
        string logits = Path.Combine(directory.Path, "logits.npy");
        Run(Fixtures.Peer("gen_qwen3_fp8.py"), ["--preset", "tiny", "--out", model, .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        int[] ids = LogitsTests.Ids(48, 512);
        Run(Fixtures.Peer("ref_qwen3.py"), [model, "--ids", string.Join(',', ids), "--out", logits]);
        double[][] expected = ReadNumpy(logits);
        foreach ((string name, CpuKernels kernels) in KernelSets.All)
        {
            using LanguageModel opened = LogitsTests.Open(model, kernels, chunk: 20);
            LogitsTests.AssertClose(expected, LogitsTests.Score(opened, ids), 1e-5, $"{options} on {name}");
        }
    }

    static void Run(string script, string[] arguments)
    {
        if (!File.Exists(Python) || Process.Start(new ProcessStartInfo(Python, ["-c", "import numpy"]) { RedirectStandardError = true }) is not { } probe || !Ends(probe))
        {
            Assert.Skip($"{Python} with numpy is not here");
        }

        var start = new ProcessStartInfo(Python, ["-B", script, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        output.Wait();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error);
    }

    static bool Ends(Process process)
    {
        using (process)
        {
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
    }

    // numpy's .npy 1.0: magic, version, u16 header length, header text, little-endian doubles in row order.
    static double[][] ReadNumpy(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int length = bytes[8] | bytes[9] << 8;
        string header = Encoding.ASCII.GetString(bytes, 10, length);
        Assert.Contains("'descr': '<f8', 'fortran_order': False", header, StringComparison.Ordinal);
        int[] shape = [.. header[(header.IndexOf('(', StringComparison.Ordinal) + 1)..header.IndexOf(')', StringComparison.Ordinal)].Split(',').Select(int.Parse)];
        double[] values = MemoryMarshal.Cast<byte, double>(bytes.AsSpan(10 + length)).ToArray();
        return [.. Enumerable.Range(0, shape[0]).Select(row => values[(row * shape[1])..((row + 1) * shape[1])])];
    }
}
