using System.Text.Json.Nodes;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public class DoctorTests
{
    [Fact]
    public void Doctor_names_the_instruction_set_that_is_forced()
    {
        ToolResult result = Run(["doctor", "--json"], null, ("OCTET_CPU", "scalar"));

        JsonObject json = result.Json;
        Assert.Equal("scalar", (string?)json["instruction_set"]);
        Assert.True((bool?)json["instruction_sets"]!["scalar"]);
        JsonObject reasons = json["instruction_sets_not_used"]!.AsObject();
        Assert.All(json["instruction_sets"]!.AsObject(), set => Assert.Equal((bool)set.Value!, !reasons.ContainsKey(set.Key)));
        Assert.All(reasons, reason => Assert.NotEmpty((string)reason.Value!));
        Assert.True((bool?)json["unicode_normalisation"]);
        Assert.NotNull(json["gpu"]!["cards"]);
        Assert.True((double)json["bandwidth_bytes_per_second"]!["all_threads"]! > 0);
        Assert.Equal((bool)json["ok"]! ? 0 : 1, result.ExitCode);
        Assert.Equal(File.Exists(Path.Combine(AppContext.BaseDirectory, "models", "octet-tiny", "config.json")), json["built_in_model_answer"] is not null);
    }
}
