using Octet.Cuda.Diagnosis;
using Octet.Cuda.Driver;
using Octet.Cuda.Tests.FakeDriver;

namespace Octet.Cuda.Tests.Diagnosis;

public class CudaDiagnosisTests
{
    static readonly MachineFacts s_plain = new("580.159", false, false, ["/dev/nvidia0"], null, null, null);
    static readonly DriverProbe s_noLibrary = new(null, null, 0, 0, "no NVIDIA driver was found");

    [Fact]
    public void A_card_that_works_is_tried_and_measured()
    {
        using var fake = new FakeCuda(new FakeCard { TotalBytes = 32 << 20 });

        CudaDiagnosis diagnosis = Run(fake, s_plain);

        CardDiagnosis card = Assert.Single(diagnosis.Cards);
        Assert.True(card.IsUsable);
        Assert.Equal("sm_90a", card.Kernels?.Target);
        Assert.Equal(32L << 20, card.FreeMemory);
        Assert.Equal([new CardCheck("copies", null), new CardCheck("FP8 codes", null), new CardCheck("products", null)], card.Checks);

        // The fake card copies 50 bytes a nanosecond to itself, 40 back, and reads and writes 1000.
        Assert.Equal(50e9, card.Bandwidth!.ToDevice, 1e6);
        Assert.Equal(40e9, card.Bandwidth.ToHost, 1e6);
        Assert.Equal(1000e9, card.Bandwidth.OnDevice, 1e7);
        Assert.Null(diagnosis.Problem);
        Assert.Empty(diagnosis.Advice);
        Assert.True(fake.IsClean);
    }

    [Fact]
    public void Without_trying_no_card_is_opened()
    {
        using var fake = new FakeCuda();

        CudaDiagnosis diagnosis = CudaDiagnosis.Run(fake.Probe, s_plain, tries: false, model: null, CancellationToken.None);

        Assert.Equal(0, fake.Faults.Calls("cuDevicePrimaryCtxRetain"));
        Assert.Null(diagnosis.Problem);
        Assert.Null(Assert.Single(diagnosis.Cards).Bandwidth);
    }

    [Fact]
    public void Copies_that_come_back_wrong_are_a_problem()
    {
        using var fake = new FakeCuda(new FakeCard { TotalBytes = 32 << 20 });
        fake.Faults.Fail("cuMemcpyDtoDAsync_v2", 1, Code.InvalidValue);

        CudaDiagnosis diagnosis = Run(fake, s_plain);

        Assert.False(diagnosis.Cards[0].IsUsable);
        Assert.Null(diagnosis.Cards[0].Bandwidth);
        Assert.StartsWith("cuda:0 (Fake H200): cuMemcpyDtoDAsync_v2 failed with CUDA_ERROR_INVALID_VALUE", diagnosis.Problem, StringComparison.Ordinal);
        Assert.True(fake.IsClean);
    }

    [Fact]
    public void A_card_that_is_too_old_does_not_hide_one_that_is_not()
    {
        using var fake = new FakeCuda(new FakeCard { Name = "Fake T4", Major = 7, Minor = 5, TotalBytes = 32 << 20 }, new FakeCard { TotalBytes = 32 << 20 });

        CudaDiagnosis diagnosis = Run(fake, s_plain);

        Assert.Equal("its compute capability is 7.5: expected 8.0 (Ampere) or newer", diagnosis.Cards[0].Refusal);
        Assert.True(diagnosis.Cards[1].IsUsable);
        Assert.Null(diagnosis.Problem);
    }

    [Fact]
    public void A_driver_that_is_too_old_for_all_cards_is_the_problem()
    {
        using var fake = new FakeCuda(new FakeCard { Major = 8, Minor = 9, Name = "Fake L4", TotalBytes = 32 << 20 }) { Version = 12020 };

        Assert.Equal("cuda:0 (Fake L4): the driver implements CUDA 12.2, and the kernels for sm_89 need 12.4: install driver R550 or newer", Run(fake, s_plain).Problem);
    }

    [Fact]
    public void A_card_that_cannot_be_opened_says_why()
    {
        using var fake = new FakeCuda();
        fake.Faults.Fail("cuDevicePrimaryCtxRetain", 1, Code.OutOfMemory);

        Assert.Contains("cuDevicePrimaryCtxRetain failed with CUDA_ERROR_OUT_OF_MEMORY", Run(fake, s_plain).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_of_a_card_and_a_card_in_use_are_pointed_out()
    {
        using var fake = new FakeCuda(new FakeCard { Name = "Fake A100 MIG 1g.5gb", Major = 8, TotalBytes = 32 << 20 });
        using CudaContext context = CudaContext.Open(fake.Table, 0);
        using DeviceBlock others = context.Allocate(17 << 20);

        IReadOnlyList<string> advice = Run(fake, s_plain).Advice;

        Assert.Equal(2, advice.Count);
        Assert.StartsWith("cuda:0 is a part of a card (MIG)", advice[0], StringComparison.Ordinal);
        Assert.StartsWith("more than half of the memory of cuda:0 is taken", advice[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_library_advice_goes_by_where_this_is()
    {
        Assert.Equal("install NVIDIA's driver, R550 or newer; nothing else is needed", Advice(s_plain with { ModuleVersion = null, Cards = [] }));
        Assert.StartsWith("the kernel's module is there (580.159), the library is not", Advice(s_plain), StringComparison.Ordinal);
        Assert.StartsWith("this is WSL: install NVIDIA's driver in Windows", Advice(s_plain with { IsWsl = true, IsContainer = true }), StringComparison.Ordinal);
        Assert.StartsWith("this is a container: install NVIDIA's container toolkit", Advice(s_plain with { IsContainer = true }), StringComparison.Ordinal);
        Assert.StartsWith("NVIDIA_DRIVER_CAPABILITIES is utility, and the library is part of compute", Advice(s_plain with { IsContainer = true, Capabilities = "utility" }), StringComparison.Ordinal);

        static string Advice(MachineFacts facts) => Assert.Single(CudaDiagnosis.Run(s_noLibrary, facts, tries: true, model: null, CancellationToken.None).Advice);
    }

    [Fact]
    public void Where_the_driver_sees_no_card_advice_names_what_hides_it()
    {
        using var fake = new FakeCuda { InitResult = Code.NoDevice };

        Assert.Empty(Advice(s_plain));
        Assert.Equal(["this user may not open /dev/nvidia0: add the user to the group that owns it, or mend its permissions"], Advice(s_plain with { Forbidden = "/dev/nvidia0" }));
        Assert.Equal(["CUDA_VISIBLE_DEVICES is \"7\": unset it, or name a card that is there"], Advice(s_plain with { VisibleDevices = "7" }));
        Assert.Equal(["there is no /dev/nvidia0: start the container with the card (docker run --gpus all)"], Advice(s_plain with { IsContainer = true, Cards = [] }));
        Assert.StartsWith("the kernel's module is not loaded", Assert.Single(Advice(s_plain with { ModuleVersion = null, Cards = [] })), StringComparison.Ordinal);
        Assert.StartsWith("there is no /dev/nvidia0: nvidia-smi as root makes it", Assert.Single(Advice(s_plain with { Cards = [] })), StringComparison.Ordinal);

        IReadOnlyList<string> Advice(MachineFacts facts) => Run(fake, facts).Advice;
    }

    static CudaDiagnosis Run(FakeCuda fake, MachineFacts facts) => CudaDiagnosis.Run(fake.Probe, facts, tries: true, model: null, CancellationToken.None);
}
