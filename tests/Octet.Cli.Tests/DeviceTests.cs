using System.Text.Json.Nodes;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

/// <summary>The tool on a machine without a card: the driver's library is said to be one that is not there.</summary>
public class DeviceTests
{
    static readonly (string, string)[] s_noDriver = [("OCTET_LIBCUDA", "libnosuchcuda.so.1")];

    [Fact]
    public void A_card_that_is_asked_for_and_not_there_is_an_error_of_one_line()
        => AssertError(
            Run(["run", "--device", "cuda", "--max-tokens", "4", "Hello!"], null, s_noDriver),
            1,
            "octet: error: device cuda:0 cannot be used: OCTET_LIBCUDA names libnosuchcuda.so.1, which cannot be loaded: install the driver");

    [Fact]
    public void Auto_runs_on_the_CPU_where_there_is_no_card_and_says_so()
    {
        ToolResult result = Run(["run", "--device", "auto", "--max-tokens", "4", "--json", "Hello!"], null, s_noDriver);

        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("cpu ", (string?)result.Json["device"], StringComparison.Ordinal);
        Assert.StartsWith("octet: note: the CPU computes: cuda: OCTET_LIBCUDA names libnosuchcuda.so.1", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Doctor_of_cards_says_why_there_is_none_and_what_to_do()
    {
        ToolResult result = Run(["doctor", "--gpu"], null, s_noDriver);

        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("driver            none\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("\nadvice ", result.Output, StringComparison.Ordinal);
        Assert.Equal("octet: error: OCTET_LIBCUDA names libnosuchcuda.so.1, which cannot be loaded: install the driver, or give the container the card (--gpus all)\n", result.Error);
    }

    [Fact]
    public void Doctor_of_cards_is_one_JSON_object_on_request()
    {
        ToolResult result = Run(["doctor", "--gpu", "--json"], null, s_noDriver);

        Assert.Equal((1, false), (result.ExitCode, (bool?)result.Json["ok"]));
        JsonNode gpu = result.Json["gpu"]!;
        Assert.Null(gpu["library"]);
        Assert.Empty(gpu["cards"]!.AsArray());
        Assert.NotEmpty(gpu["advice"]!.AsArray());
        Assert.StartsWith("OCTET_LIBCUDA names", (string?)gpu["problem"], StringComparison.Ordinal);
    }
}
