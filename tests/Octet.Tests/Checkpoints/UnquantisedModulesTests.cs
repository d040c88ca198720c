using System.Text.Json.Nodes;
using Octet.Checkpoints;
using Octet.Testing;
using Octet.Tests.Models;
using Octet.Tests.Reference;
using WeightScheme = Octet.Tests.Reference.WeightScheme;

namespace Octet.Tests.Checkpoints;

/// <summary>Whether a layer is quantised is in its tensors, whatever the config lists: one rule for names and patterns.</summary>
public class UnquantisedModulesTests
{
    const string Up = "model.layers.1.mlp.up_proj";

    [Theory]
    [InlineData(Up)]
    [InlineData("model.layers.1.mlp.up*")]
    [InlineData("*up_proj")]
    [InlineData("re:.*up_proj$")]
    public void A_listed_layer_of_codes_is_read_as_codes_and_told(string entry)
    {
        SyntheticCheckpoint checkpoint = new() { Scheme = WeightScheme.All["compressed-tensors, channel"](), MaxPositionEmbeddings = 64 };
        int[] ids = LogitsTests.Ids(5, checkpoint.VocabSize);
        using var directory = new TemporaryDirectory();
        checkpoint.Write(directory.Path);
        float[][] expected;
        using (LanguageModel plain = LanguageModel.Load(directory.Path))
        {
            Assert.Empty(plain.Notices);
            expected = LogitsTests.Score(plain, ids);
        }

        (checkpoint with { EditConfig = config => config["quantization_config"]!["ignore"] = new JsonArray("lm_head", entry) }).Write(directory.Path);
        using LanguageModel model = LanguageModel.Load(directory.Path);
        Assert.Equal(expected, LogitsTests.Score(model, ids));
        string notice = Assert.Single(model.Notices);
        Assert.Contains("mlp.up_proj", notice, StringComparison.Ordinal);
        Assert.Contains($"\"{entry}\"", notice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lm_head", "lm_head", true)]
    [InlineData("lm_head", "lm_head.linear", false)]
    [InlineData("lm*", "lm_head", true)]
    [InlineData("*.mlp.gate", "model.layers.3.mlp.gate", true)]
    [InlineData("*.mlp.gate", "model.layers.3.mlp.gate_proj", false)]
    [InlineData("re:.*lm_head", "lm_head", true)]
    [InlineData("re:lm", "lm_head", true)]
    [InlineData("re:head", "lm_head", false)]
    [InlineData("re:(", "lm_head", false)]
    [InlineData("re:(?=lm)lm_head", "lm_head", false)]
    public void Entries_are_names_wildcards_or_expressions(string pattern, string module, bool matches)
        => Assert.Equal(matches ? pattern : null, new ModuleList(["other", pattern]).Find(module));

    [Fact]
    public void A_published_head_that_is_listed_opens_and_is_told()
    {
        using LanguageModel model = LanguageModel.Load(Fixtures.Case("loader", "15-schemes-not-read", "head-listed-as-unquantised"));
        Assert.Contains("lm_head", Assert.Single(model.Notices), StringComparison.Ordinal);
    }
}
