using Octet.Backends;
using Octet.Checkpoints;
using Octet.Generation;

namespace Octet.Tests.Generation;

public class ContextBudgetTests
{
    // 2 * 2 layers * 4 heads * 8 * 2 bytes = 256 bytes a token, 8 KiB a page.
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

    static ContextBudget Plan(int positions, LanguageModelOptions options, long memory, long weights = 0)
    {
        var ledger = new MemoryLedger(memory);
        ledger.AddWeights("a model", weights);
        return ContextBudget.Plan(Config(positions), options, new StateLayout([s_layout], null, 256), ledger);
    }

    [Fact]
    public void The_models_own_length_is_used_where_memory_holds_it()
        => Assert.Equal(4096, Plan(4096, new(), 1L << 30).ContextLength);

    [Fact]
    public void Memory_shortens_a_context_that_nobody_asked_for_to_whole_pages()
        => Assert.Equal((900_000 - 100_000) / 8192 * 32, Plan(1 << 20, new(), 900_000, 100_000).ContextLength);

    [Fact]
    public void A_context_that_memory_does_not_hold_is_refused_with_what_fits()
    {
        var error = Assert.Throws<ModelException>(() => Plan(1 << 20, new() { ContextLength = 5000 }, 900_000, 100_000));
        Assert.Equal(ModelError.Full, error.Error);
        Assert.Contains("5000 tokens", error.Message, StringComparison.Ordinal);
        Assert.Contains("at most 3104 tokens fit", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_context_beyond_the_model_is_refused()
    {
        var error = Assert.Throws<ModelException>(() => Plan(4096, new() { ContextLength = 4097 }, 1L << 30));
        Assert.Equal(ModelError.InvalidInput, error.Error);
        Assert.Contains("at most 4096", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64, 2 * 256)]
    [InlineData(65, 3 * 256)]
    public void The_cache_is_planned_for_256_sequences_of_the_length_that_was_asked_for(int context, int pages)
        => Assert.Equal(pages, Plan(1 << 20, new() { ContextLength = context }, 1L << 40).Pages[0]);

    [Fact]
    public void Memory_bounds_the_plan()
        => Assert.Equal(1_000_000 / 8192, Plan(1 << 20, new() { ContextLength = 64 }, 1_000_000).Pages[0]);

    [Fact]
    public void The_caller_can_say_how_much_the_cache_takes_whatever_the_machine_seems_to_have()
    {
        ContextBudget budget = Plan(1 << 20, new() { KvCacheBytes = 10 * 8192 + 8191 }, memory: 0, weights: 1L << 40);
        Assert.Equal((10, 320), (budget.Pages[0], budget.ContextLength));
        var error = Assert.Throws<ModelException>(() => Plan(1 << 20, new() { KvCacheBytes = 10 * 8192, ContextLength = 321 }, 1L << 40));
        Assert.Equal(ModelError.Full, error.Error);
        Assert.Contains("at most 320 tokens fit", error.Message, StringComparison.Ordinal);
        Assert.Equal(ModelError.Full, Assert.Throws<ModelException>(() => Plan(1 << 20, new() { KvCacheBytes = 8191 }, 1L << 40)).Error);
    }

    [Fact]
    public void What_other_models_take_is_not_planned_again()
    {
        var ledger = new MemoryLedger(1_000_000);
        ledger.AddWeights("one", 100_000);
        using IDisposable two = ledger.AddWeights("two", 200_000);
        ledger.Take(50_000);
        Assert.Equal(650_000, ledger.Room);
        Assert.Equal(650_000 / 8192, ContextBudget.Plan(Config(1 << 20), new(), new StateLayout([s_layout], null, 256), ledger).Pages[0]);
        two.Dispose();
        two.Dispose();
        ledger.Return(50_000);
        Assert.Equal(900_000, ledger.Room);
    }

    [Fact]
    public void Weights_of_the_same_files_count_once()
    {
        var ledger = new MemoryLedger(1_000_000);
        using IDisposable first = ledger.AddWeights("one", 100_000);
        using IDisposable second = ledger.AddWeights("one", 100_000);
        Assert.Equal(100_000, ledger.WeightBytes);
        first.Dispose();
        Assert.Equal(100_000, ledger.WeightBytes);
        second.Dispose();
        Assert.Equal(0, ledger.WeightBytes);
    }

    [Fact]
    public void A_layer_with_a_window_holds_no_more_than_the_window_and_a_step()
    {
        // A page of full layers 8 KiB, one of windowed layers as much; 100 + 64 + 32 tokens are 7 pages.
        var layout = new StateLayout([s_layout, s_layout with { Kind = 1, Window = 100 }], null, 64);
        Assert.Equal(2 * 8192, layout.Bytes(32));
        Assert.Equal((32 + 7) * 8192, layout.Bytes(1024));
        Assert.Equal(1024, layout.Fits((32 + 7) * 8192, 1 << 20));
        Assert.Equal(992, layout.Fits(((32 + 7) * 8192) - 1, 1 << 20));

        var ledger = new MemoryLedger(3 * 39 * 8192);
        ContextBudget budget = ContextBudget.Plan(Config(1 << 20), new() { ContextLength = 1024 }, layout, ledger);
        Assert.Equal((1024, 3 * 32, 3 * 7), (budget.ContextLength, budget.Pages[0], budget.Pages[1]));
    }

    [Fact]
    public void Of_what_is_given_a_quarter_at_most_is_for_recurrent_states_and_one_sequence_always_has_one()
    {
        // 4000 bytes a state, 8 KiB a page.
        var layout = new StateLayout([s_layout], new RecurrentLayout(10, 100), 64);
        Assert.Equal((4000 + 8192, 4000 + 256.0), (layout.Bytes(1), layout.BytesRead(1)));
        ContextBudget few = ContextBudget.Plan(Config(1 << 20), new() { KvCacheBytes = 4000 + 8192 }, layout, new MemoryLedger(0));
        Assert.Equal((1, 1, 32), (few.RecurrentPages, few.Pages[0], few.ContextLength));
        ContextBudget some = ContextBudget.Plan(Config(1 << 20), new() { KvCacheBytes = 160_000 }, layout, new MemoryLedger(0));
        Assert.Equal((10, 120_000 / 8192, 120_000 / 8192 * 32), (some.RecurrentPages, some.Pages[0], some.ContextLength));
        var error = Assert.Throws<ModelException>(() => ContextBudget.Plan(Config(1 << 20), new() { KvCacheBytes = 4000 + 8191 }, layout, new MemoryLedger(0)));
        Assert.Equal(ModelError.Full, error.Error);

        // The machine's memory bounds what is made in the end.
        Assert.Equal(256, ContextBudget.Plan(Config(1 << 20), new(), layout, new MemoryLedger(1 << 20)).RecurrentPages);
    }

    [Theory]
    [InlineData(300_000, 1000, 0, 1000)]
    [InlineData(300_000, 100_000, 90_000, 100_000)]
    [InlineData(100_000, 1_000_000, 0, 1_000_000)]
    [InlineData(100_000, 1_000_000, 980_000, 20_000 + 60_000)]
    [InlineData(100_000, 1_000_000, 880_000, 120_000)]
    public void Of_a_mixture_that_memory_does_not_hold_experts_are_planned_with_a_part_of_the_room(long capacity, long bytes, long onDemand, long planned)
        => Assert.Equal(planned, new MemoryLedger(capacity).Plan(bytes, onDemand));
}
