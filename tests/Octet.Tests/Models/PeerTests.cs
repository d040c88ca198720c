using Octet.Backends.Cpu;
using Octet.Testing;
using Octet.Tests.Backends;
using Octet.Tests.Reference;

namespace Octet.Tests.Models;

/// <summary>Against a numpy program that shares nothing with this repository: its generator writes the checkpoint, its forward is double precision.</summary>
public class PeerTests
{
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
        NumpyProgram.Run(Fixtures.Peer("gen_qwen3_fp8.py"), ["--preset", "tiny", "--out", model, .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        int[] ids = LogitsTests.Ids(48, 512);
        NumpyProgram.Run(Fixtures.Peer("ref_qwen3.py"), [model, "--ids", string.Join(',', ids), "--out", logits]);
        double[][] expected = NumpyProgram.Read(logits);
        foreach ((string name, CpuKernels kernels) in KernelSets.For(options))
        {
            using LanguageModel opened = LogitsTests.Open(model, kernels, chunk: 20);
            LogitsTests.AssertClose(expected, LogitsTests.Score(opened, ids), 1e-5, $"{options} on {name}");
        }
    }
}
