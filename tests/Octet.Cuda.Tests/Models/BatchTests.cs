using Octet.Cuda.Diagnosis;
using Octet.Numerics;
using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Models;

/// <summary>Several sequences on a card: batches, pages, graphs, and sequences that give way to others.</summary>
public class BatchTests
{
    // Keys and values on a border are a bit of a bfloat16 apart.
    const double Tolerance = 5e-4;

    static readonly LanguageModelOptions s_options = new() { PrefillChunk = 32, ContextLength = 128 };

    // What is shown of many steps needs no larger one.
    static readonly SyntheticCheckpoint s_small = new() { HiddenSize = 96, IntermediateSize = 144 };
    static readonly TimeSpan s_long = TimeSpan.FromSeconds(60);

    [Fact]
    public void Sequences_of_different_lengths_decode_together_as_each_does_alone()
    {
        using var both = new CardModel(s_options);
        int[] lengths = [1, 31, 32, 45, 3];
        InferenceSession[] together = [.. lengths.Select((length, i) => Begin(both.Model, length, i))];
        InferenceSession[] alone = [.. lengths.Select((length, i) => Begin(both.Cpu, length, i))];
        int vocabulary = together[0].VocabularySize;
        float[] found = new float[lengths.Length * vocabulary];
        float[] expected = new float[vocabulary];
        for (int step = 0; step < 3; step++)
        {
            int[] ids = CardModel.Ids(lengths.Length, 10 + step);
            both.Model.Evaluate(together, ids, found);
            for (int i = 0; i < lengths.Length; i++)
            {
                alone[i].Evaluate([ids[i]], expected);
                double error = Difference.Of(expected, found.AsSpan(i * vocabulary, vocabulary));
                Assert.True(error < Tolerance, $"sequence {i}, step {step}: {error}");
            }
        }

        // Five rows are a graph of eight.
        Assert.Equal(2, both.Backend.GraphSteps);
        foreach (InferenceSession session in (InferenceSession[])[.. together, .. alone])
        {
            session.Dispose();
        }
    }

    [Fact]
    public async Task Generations_of_many_callers_have_the_tokens_of_the_CPU()
    {
        using var both = new CardModel(s_options with { MaxSequences = 3 }, s_small);
        await AssertSame(both, [.. Enumerable.Range(0, 4).Select(i => CardModel.Ids(1 + (11 * i), i))], 5);
        Assert.True(both.Backend.GraphSteps > 0);
    }

    [Fact]
    public async Task Sequences_give_way_when_pages_run_out_and_end_as_if_they_had_not()
    {
        // A page of two layers with two heads of 32 in bfloat16: room for four pages of 32 tokens, and three sequences want two each. However slow the
        // machine is, prompts are not read in small parts for that, which would let the first end before the last begins.
        const long PageBytes = 2 * 2 * 2 * 32 * 32 * 2;
        using var both = new CardModel(s_options with { ContextLength = 64, KvCacheBytes = 4 * PageBytes, StepLimit = s_long }, s_small);
        await AssertSame(both, [.. Enumerable.Range(0, 3).Select(i => CardModel.Ids(24, i))], 14);
        Assert.True(both.Model.Statistics.Preemptions > 0, "nobody gave way");
        Assert.Equal(0, both.Model.Statistics.PagesInUse);
    }

    /// <summary>What a driver has left is less than what was counted when the card was opened, where others take some of it.</summary>
    [Fact]
    public async Task Sequences_give_way_when_the_card_has_no_memory_for_pages()
    {
        const long PageBytes = 2 * 2 * 2 * 32 * 32 * 2;
        using var both = new CardModel(s_options with { ContextLength = 64, StepLimit = s_long }, s_small);
        int pages = 0;

        // What a step prepares its inputs in may have the size of a page.
        both.Fake.Card.Refuses = bytes => bytes >= 1 << 20 || (bytes == PageBytes && Environment.StackTrace.Contains(nameof(DevicePages), StringComparison.Ordinal) && ++pages > 4);
        await AssertSame(both, [.. Enumerable.Range(0, 3).Select(i => CardModel.Ids(24, i))], 14);
        Assert.True(both.Model.Statistics.Preemptions > 0, "nobody gave way");
        Assert.True(pages > 4, $"{pages} pages");
    }

    [Fact]
    public void Graphs_of_states_that_are_there_no_longer_are_given_back()
    {
        using var both = new CardModel(s_options, s_small);
        using InferenceSession outer = both.Model.CreateSession();
        using InferenceSession inner = both.Model.CreateSession();
        var handles = new List<int>();
        for (int round = 0; round < 6; round++)
        {
            // Who scores while another does has states of its own, which take the place of the other's.
            outer.Score([round], (_, _) =>
            {
                inner.Score([1], static (_, _) => { });
                inner.Score([2], static (_, _) => { });
            });
            handles.Add(both.Fake.LiveHandles);
        }

        Assert.True(both.Backend.GraphSteps > 5);
        Assert.Equal(handles[2], handles[^1]);
    }

    [Fact]
    public void Steps_of_other_numbers_of_sequences_are_graphs_of_their_own()
    {
        using var both = new CardModel(s_options, s_small);
        InferenceSession[] sessions = [.. Enumerable.Range(0, 3).Select(i => Begin(both.Model, 2, i))];
        InferenceSession alone = Begin(both.Cpu, 2, 0);
        float[] found = new float[3 * alone.VocabularySize];
        float[] expected = new float[alone.VocabularySize];
        foreach (int count in (int[])[1, 3, 1, 3, 1, 3, 2])
        {
            int[] ids = CardModel.Ids(count, count);
            both.Model.Evaluate(sessions.AsSpan(0, count), ids, found.AsSpan(0, count * alone.VocabularySize));
            alone.Evaluate([ids[0]], expected);
            double error = Difference.Of(expected, found.AsSpan(0, alone.VocabularySize));
            Assert.True(error < Tolerance, $"{count} sequences: {error}");
        }

        // The first step of three moves memory, so that of one is run as it is again; then both are graphs.
        Assert.Equal(3, both.Backend.GraphSteps);
    }

    [Fact]
    public void A_layer_of_a_decoded_token_is_so_many_launches()
    {
        using var both = new CardModel(s_options with { Activation = ActivationMode.Dynamic });
        using InferenceSession session = Begin(both.Model, 5, 1);
        float[] logits = new float[session.VocabularySize];
        session.Evaluate([1], logits);
        long before = both.Backend.Launches;
        int overlapping = both.Fake.Card.Overlapping;
        session.Evaluate([2], logits);

        // Of each layer two norms, which make operands too, query, key and value, rotation, attention with its joining, the input of the output layer and that
        // layer, both gates, the input of the last layer and that layer. Beside them embedding, norm, operands of the output layer, and that.
        Assert.Equal((2 * 10) + 4, both.Backend.Launches - before);

        // All but the first of the graph, and the first behind it.
        Assert.Equal((2 * 10) + 2, both.Fake.Card.Overlapping - overlapping);
    }

    /// <summary>Layers of tokens in tiles, that of fourteen groups in parts; tokens are filled up to 64 (32, 16), those of the output layer are not.</summary>
    [Theory]
    [InlineData(33, DataType.Float8E4M3FN, ActivationMode.Dynamic, LmHead.AsStored, "linear_wide_codes_e4m3_", "linear_wide_bf16_2_128")]
    [InlineData(33, DataType.Float8E4M3FN, ActivationMode.WeightOnly, LmHead.Float8, "linear_wide_e4m3_", "linear_wide_e4m3_128")]
    [InlineData(17, DataType.Float8E4M3FN, ActivationMode.Dynamic, LmHead.AsStored, "linear_wide_codes_e4m3_", "linear_wide_bf16_2_128")]
    [InlineData(17, DataType.Float8E4M3FN, ActivationMode.WeightOnly, LmHead.Float8, "linear_wide_e4m3_", "linear_wide_e4m3_128")]
    [InlineData(9, DataType.BFloat16, ActivationMode.WeightOnly, LmHead.AsStored, "linear_wide_bf16_2_", "linear_wide_bf16_2_128")]
    public void Many_sequences_decode_by_warpgroups_and_in_parts_on_Hopper(int count, DataType type, ActivationMode mode, LmHead head, string kernel, string last)
    {
        using var both = new CardModel(s_options with { Activation = mode, LmHead = head, MaxSequences = count, PrefillChunk = 64 }, new SyntheticCheckpoint { Layers = 1, IntermediateSize = 1700, LinearType = type });
        InferenceSession[] together = [.. Enumerable.Range(0, count).Select(_ => both.Model.CreateSession())];
        InferenceSession[] alone = [.. Enumerable.Range(0, count).Select(_ => both.Cpu.CreateSession())];
        int vocabulary = both.Model.Config.VocabSize;
        float[] found = new float[count * vocabulary];
        float[] expected = new float[vocabulary];
        int before = 0;
        int overlapping = 0;
        for (int step = 0; step < 3; step++)
        {
            int[] ids = CardModel.Ids(count, step);
            before = both.Fake.Card.Launches.Count;
            overlapping = both.Fake.Card.Overlapping;
            both.Model.Evaluate(together, ids, found);
            for (int i = 0; i < count; i++)
            {
                alone[i].Evaluate([ids[i]], expected);
                double error = Difference.Of(expected, found.AsSpan(i * vocabulary, vocabulary));

                // Inputs are codes that may be the neighbour's, or have 11 bits.
                Assert.True(error < 1e-3, $"sequence {i}, step {step}: {error}");
            }
        }

        Assert.Equal(2, both.Backend.GraphSteps);
        string[] launches = [.. both.Fake.Card.Launches.Skip(before).Select(report => report.Kernel).Where(name => name.StartsWith("linear_", StringComparison.Ordinal) || name == "join_sums")];
        Assert.All(launches[..4], name => Assert.StartsWith(kernel, name, StringComparison.Ordinal));
        Assert.Equal(["join_sums", last], launches[4..]);

        // All but the first of the graph, and the first behind it.
        Assert.Equal(both.Fake.Card.Launches.Count - before - 2, both.Fake.Card.Overlapping - overlapping);
        foreach (InferenceSession session in (InferenceSession[])[.. together, .. alone])
        {
            session.Dispose();
        }
    }

    /// <summary>Rows filled up to 32, of two experts each: more than eight for each of six. What they are is known on the card alone, so that a recorded step finds others in the next.</summary>
    [Fact]
    public void Many_sequences_have_their_experts_multiplied_by_warpgroups_in_graphs_on_Hopper()
    {
        const int Count = 25;
        using var both = new CardModel(
            s_options with { Activation = ActivationMode.WeightOnly, KvCache = KvCacheType.Float32, MaxSequences = Count }, directory => QuantisedFamily.Write("qwen3_moe", "compressed-tensors, block", @"\.experts\.", directory));
        InferenceSession[] together = [.. Enumerable.Range(0, Count).Select(_ => both.Model.CreateSession())];
        InferenceSession[] alone = [.. Enumerable.Range(0, Count).Select(_ => both.Cpu.CreateSession())];
        int vocabulary = both.Model.Config.VocabSize;
        float[] found = new float[Count * vocabulary];
        float[] expected = new float[vocabulary];
        for (int step = 0; step < 4; step++)
        {
            int[] ids = CardModel.Ids(Count, step, vocabulary);
            both.Model.Evaluate(together, ids, found);
            for (int i = 0; i < Count; i++)
            {
                alone[i].Evaluate([ids[i]], expected);
                double error = Difference.Of(expected, found.AsSpan(i * vocabulary, vocabulary));
                Assert.True(error < Tolerance, $"sequence {i}, step {step}: {error}");
            }
        }

        Assert.Equal(3, both.Backend.GraphSteps);
        string[] experts = [.. both.Fake.Card.Launches.Select(report => report.Kernel).Where(name => name.StartsWith("experts_", StringComparison.Ordinal)).Distinct()];
        Assert.Equal(["experts_wide_gated_e4m3", "experts_wide_e4m3"], experts);
        foreach (InferenceSession session in (InferenceSession[])[.. together, .. alone])
        {
            session.Dispose();
        }
    }

    static InferenceSession Begin(LanguageModel model, int length, int seed)
    {
        InferenceSession session = model.CreateSession();
        session.Evaluate(CardModel.Ids(length, seed), []);
        return session;
    }

    internal static async Task AssertSame(CardModel both, int[][] prompts, int count)
    {
        var options = new GenerationOptions { IgnoreEos = true, MaxTokens = count, Temperature = 0 };
        int[][] found = await Task.WhenAll(prompts.Select(prompt => Task.Run(() => Tokens(both.Model, prompt, options)))).WaitAsync(s_long);
        for (int i = 0; i < prompts.Length; i++)
        {
            Assert.Equal(await Tokens(both.Cpu, prompts[i], options), found[i]);
        }
    }

    static async Task<int[]> Tokens(LanguageModel model, int[] prompt, GenerationOptions options)
    {
        List<int> tokens = [];
        await foreach (GenerationUpdate update in model.GenerateAsync(prompt, null, options))
        {
            tokens.Add(update.TokenId!.Value);
        }

        return [.. tokens];
    }
}
