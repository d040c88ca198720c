using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Tests.Reference;

namespace Octet.Tests.Backends;

public class ComputeDevicesTests
{
    [Theory]
    [InlineData("cpu", "cpu", 0)]
    [InlineData("auto", "auto", 0)]
    [InlineData("cuda", "cuda", 0)]
    [InlineData("cuda:0", "cuda", 0)]
    [InlineData("cuda:12", "cuda", 12)]
    public void A_device_is_a_word_and_a_number(string text, string kind, int ordinal)
        => Assert.Equal(new DeviceName(kind, ordinal), DeviceName.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("CPU")]
    [InlineData("cpu:0")]
    [InlineData("auto:1")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:1 ")]
    [InlineData("cuda:1\n")]
    [InlineData("cuda:1000")]
    [InlineData(null)]
    public void Anything_else_is_refused(string? text)
    {
        ModelException error = Assert.Throws<ModelException>(() => new LanguageModelOptions { Device = text! }.Validate());

        Assert.Equal(ModelError.Unsupported, error.Error);
        Assert.EndsWith("is not supported: expected cpu, cuda, cuda:1 (a card's number from 0 on) or auto", error.Message, StringComparison.Ordinal);
        Assert.Throws<ModelException>(() => new EncoderOptions { Device = text! }.Validate());
    }

    [Fact]
    public void The_cpu_asks_no_other_device()
        => Assert.Equal(("the CPU's", null), Open("cpu", [Kind(_ => throw new InvalidOperationException())]));

    [Fact]
    public void A_device_is_opened_by_its_number_and_mode()
    {
        (int, ActivationMode)? made = null;
        var kind = new DeviceKind("cuda", _ => null, (ordinal, mode) =>
        {
            made = (ordinal, mode);
            return new Named("the card's");
        });

        Assert.Equal(("the card's", null), ComputeDevices.Open("cuda:3", ActivationMode.Dynamic, Cpu, Describe, [kind]));

        Assert.Equal((3, ActivationMode.Dynamic), made);
    }

    [Fact]
    public void A_device_that_was_asked_for_and_cannot_be_used_is_an_error()
    {
        ModelException error = Assert.Throws<ModelException>(() => Open("cuda:1", [Kind(ordinal => $"there is no card {ordinal}")]));

        Assert.Equal((ModelError.Unsupported, "device cuda:1 cannot be used: there is no card 1"), (error.Error, error.Message));
    }

    [Fact]
    public void A_device_that_no_package_brought_says_which_package_does()
        => Assert.Equal(
            "device cuda:0 is not known: reference the package Octet.Cuda and call its CudaDevices.Register()",
            Assert.Throws<ModelException>(() => Open("cuda", [])).Message);

    [Fact]
    public void Auto_takes_the_first_device_that_can_be_used()
        => Assert.Equal(("the card's", null), Open("auto", [new DeviceKind("npu", _ => "no driver", (_, _) => throw new InvalidOperationException()), Kind(_ => null)]));

    [Fact]
    public void Auto_takes_the_CPU_where_no_device_can_be_used_and_says_why()
    {
        Assert.Equal(("the CPU's", "the CPU computes: cuda: no driver"), Open("auto", [Kind(_ => "no driver")]));
        Assert.Equal(("the CPU's", "the CPU computes: reference the package Octet.Cuda and call its CudaDevices.Register()"), Open("auto", []));
    }

    [Fact]
    public void Auto_takes_the_CPU_where_a_model_cannot_be_opened_on_a_device()
    {
        var full = new ModelException(ModelError.Full, "the card is full");

        Assert.Equal(
            ("the CPU's", "the CPU computes: cuda: the card is full"),
            ComputeDevices.Open("auto", default, Cpu, (backend, notice) => backend.Description == "the CPU's" ? Describe(backend, notice) : throw full, [Kind(_ => null)]));
        Assert.Same(full, Assert.Throws<ModelException>(() => ComputeDevices.Open<int>("cuda", default, Cpu, (_, _) => throw full, [Kind(_ => null)])));
    }

    [Fact]
    public void A_model_opened_by_auto_without_a_card_runs_on_the_CPU_and_tells()
    {
        using LanguageModel model = LanguageModel.Load(BuiltInModel.Path, new LanguageModelOptions { Device = "auto" });

        Assert.StartsWith("cpu ", model.Device, StringComparison.Ordinal);
        Assert.StartsWith("the CPU computes: ", model.Notices[0], StringComparison.Ordinal);
    }

    static (string, string?) Open(string name, IReadOnlyList<DeviceKind> kinds) => ComputeDevices.Open(name, ActivationMode.WeightOnly, Cpu, Describe, kinds);

    static DeviceKind Kind(Func<int, string?> refusal) => new("cuda", refusal, (_, _) => new Named("the card's"));

    static Backend Cpu() => new Named("the CPU's");

    static (string, string?) Describe(Backend backend, string? notice) => (backend.Description, notice);

    sealed class Named(string name) : ForwardingBackend(new CpuBackend(InstructionSet.Choose(null), 1, ActivationMode.WeightOnly))
    {
        internal override string Description => name;
    }
}
