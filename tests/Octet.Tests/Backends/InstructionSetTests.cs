using Octet.Backends.Cpu;

namespace Octet.Tests.Backends;

public class InstructionSetTests
{
    [Fact]
    public void Every_set_can_be_used_or_says_why_not()
    {
        string[] wide = ProcessorVendor.IsAmd ? ["avx512bf16", "vbmi"] : ["vbmi", "avx512bf16"];
        Assert.Equal(["amx", .. wide, "avx512", "avx2", "vector128", "scalar"], InstructionSet.All.Select(set => set.Name));
        Assert.All(InstructionSet.All, set => Assert.True(set.Kernels is null == set.Refusal is not null));
        Assert.All(InstructionSet.All, set => Assert.True(set.Kernels is null || set.Kernels.Name == set.Name));
    }

    [Fact]
    public void The_first_that_can_be_used_is_chosen()
    {
        CpuKernels best = InstructionSet.All.First(set => set.Kernels is not null).Kernels!;
        Assert.Same(best, InstructionSet.Choose(null));
        Assert.Same(best, InstructionSet.Choose(""));
    }

    [Fact]
    public void A_forced_set_is_used_or_refused_with_the_reason()
    {
        foreach ((string name, CpuKernels? kernels, string? refusal) in InstructionSet.All)
        {
            if (kernels is not null)
            {
                Assert.Same(kernels, InstructionSet.Choose(name));
                continue;
            }

            string message = Assert.Throws<ModelException>(() => InstructionSet.Choose(name)).Message;
            Assert.Contains($"OCTET_CPU={name}", message, StringComparison.Ordinal);
            Assert.Contains(refusal!, message, StringComparison.Ordinal);
            Assert.Contains("scalar", message, StringComparison.Ordinal);
        }
    }
}
