using Octet.Cli;
using Octet.Cuda.Diagnosis;
using Octet.Cuda.Tests.FakeDriver;
using Octet.Cuda.Tests.Models;

namespace Octet.Cuda.Tests.Diagnosis;

public class CardCheckTests
{
    [Theory]
    [InlineData(8, 0)]
    [InlineData(8, 9)]
    public void Codes_and_products_are_right_on_every_target(int major, int minor)
    {
        using var fake = new FakeCuda(new FakeCard { Major = major, Minor = minor, Options = CardModel.Quick });
        Assert.Equal(new CardCheck("FP8 codes", null), ProductCheck.Codes(fake.Table, 0));
        Assert.Equal(new CardCheck("products", null), ProductCheck.Layers(fake.Table, 0, CancellationToken.None));
        Assert.True(fake.IsClean);
    }

    [Fact]
    public void A_model_that_is_not_there_is_the_problem_of_the_generation()
    {
        using var fake = new FakeCuda(new FakeCard { Options = CardModel.Quick });
        Assert.Contains("no-such-model", GenerationCheck.Run(fake.Table, 0, "no-such-model", CancellationToken.None).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_built_in_model_writes_what_the_CPU_writes()
    {
        using var fake = new FakeCuda(new FakeCard { Options = CardModel.Quick });
        Assert.Equal(new CardCheck("generation", null), GenerationCheck.Run(fake.Table, 0, ModelPath.BuiltIn, CancellationToken.None, tokens: 2));
        Assert.True(fake.IsClean);
    }

    [Theory]
    [InlineData("cuLaunchKernel")]
    [InlineData("cuModuleLoadDataEx")]
    [InlineData("cuMemAlloc_v2")]
    public void What_ends_a_trial_is_its_problem(string function)
    {
        using var fake = new FakeCuda(new FakeCard { Options = CardModel.Quick });
        fake.Faults.Fail(function, 1, Code.LaunchFailed);
        Assert.Contains(function, ProductCheck.Codes(fake.Table, 0).Problem, StringComparison.Ordinal);
        Assert.True(fake.IsClean);
    }

    [Fact]
    public void A_difference_is_in_lengths_of_what_was_expected()
    {
        Assert.Equal(0.5, Difference.Of([3, 4], [3, 1.5f]));
        Assert.Equal(0, Difference.Of([0, 0], [0, 0]));
        Assert.Equal(double.PositiveInfinity, Difference.Of([0], [1]));
        Assert.Equal(double.NaN, Difference.Of([1, 2], [1, float.NaN]));
    }
}
