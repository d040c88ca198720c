using Octet.Backends;
using Octet.Checkpoints;
using Octet.Generation;

namespace Octet.Tests.Generation;

public class ContextBudgetTests
{
    // 2 * 2 layers * 4 heads * 8 * 2 bytes = 256 bytes a token.
    static readonly KvCacheLayout s_layout = new(2, 4, 8, KvCacheType.BFloat16);

    static ModelConfig Config(int positions) => new()
    {
        Architectures = ["Qwen3ForCausalLM"],
        ModelType = "qwen3",
        HiddenSize = 32,
        IntermediateSize = 64,
        NumHiddenLayers = 2,
        NumAttentionHeads = 4,
        NumKeyValueHeads = 4,
        HeadDim = 8,
        VocabSize = 100,
        MaxPositionEmbeddings = positions,
        RmsNormEps = 1e-6f,
        RopeTheta = 1e4,
    };

    [Fact]
    public void The_models_own_length_is_used_where_memory_holds_it()
        => Assert.Equal(4096, ContextBudget.Plan(Config(4096), new(), s_layout, 0, 1L << 30).ContextLength);

    [Fact]
    public void Memory_shortens_a_context_that_nobody_asked_for()
        => Assert.Equal((900_000 - 100_000) / 256, ContextBudget.Plan(Config(1 << 20), new(), s_layout, 100_000, 1_000_000).ContextLength);

    [Fact]
    public void A_context_that_memory_does_not_hold_is_refused_with_what_fits()
    {
        var error = Assert.Throws<ModelException>(() => ContextBudget.Plan(Config(1 << 20), new() { ContextLength = 5000 }, s_layout, 100_000, 1_000_000));
        Assert.Contains("5000 tokens", error.Message, StringComparison.Ordinal);
        Assert.Contains("at most 3125 tokens fit", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_context_beyond_the_model_is_refused()
        => Assert.Contains("at most 4096", Assert.Throws<ModelException>(() => ContextBudget.Plan(Config(4096), new() { ContextLength = 4097 }, s_layout, 0, 1L << 30)).Message, StringComparison.Ordinal);
}
