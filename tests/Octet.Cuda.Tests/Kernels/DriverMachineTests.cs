using Octet.Cuda.Tests.FakeDriver;
using Octet.Cuda.Tests.Models;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>The way in which tests reach a card by its driver, with the fake one.</summary>
public class DriverMachineTests
{
    [Fact]
    public void Kernels_run_by_a_driver_as_they_do_by_themselves()
    {
        RealCard.SkipOnCard();
        using var open = new OpenCard(new FakeCuda(new FakeCard { Options = CardModel.Quick }));
        var card = new KernelCard("sm_90a", new DriverMachine(open.Context));
        LinearLayers layers = WideTests.Layers(card, "codes_e4m3", "e4m3", 70, 256, [130]);
        WideTests.Run(layers, "codes_e4m3", 70, [130], 128, blocks: 2);
        layers.AssertOutputs(1e-3);
    }
}
