using Octet.Backends.Cpu;
using Octet.Cuda.Diagnosis;
using Octet.Cuda.Tests.FakeDriver;
using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Models;

/// <summary>Models whose layers keep a state: sequences that are computed together, go on, are cut, or give way to others.</summary>
public class RecurrentModelTests
{
    const double Tolerance = 1e-4;
    const int Vocabulary = 48;

    static readonly LanguageModelOptions s_options = new() { Activation = ActivationMode.WeightOnly, PrefillChunk = 70, ContextLength = 256, KvCache = KvCacheType.Float32 };
    static readonly TimeSpan s_long = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("qwen3_next", 9, 0)]
    [InlineData("qwen3_5_moe_text", 8, 9)]
    [InlineData("qwen3_5_text", 8, 0)]
    public void Sequences_of_different_lengths_decode_together_as_each_does_alone(string family, int major, int minor)
    {
        using var both = Open(family, s_options, new FakeCard { Major = major, Minor = minor, Options = CardModel.Quick });
        int[] lengths = [1, 35, 2, 130, 0];
        InferenceSession[] together = [.. lengths.Select((length, i) => Begin(both.Model, length, i))];
        InferenceSession[] alone = [.. lengths.Select((length, i) => Begin(both.Cpu, length, i))];
        int vocabulary = together[0].VocabularySize;
        float[] found = new float[lengths.Length * vocabulary];
        float[] expected = new float[vocabulary];
        for (int step = 0; step < 4; step++)
        {
            int[] ids = CardModel.Ids(lengths.Length, 10 + step, Vocabulary);
            both.Model.Evaluate(together, ids, found);
            for (int i = 0; i < lengths.Length; i++)
            {
                alone[i].Evaluate([ids[i]], expected);
                double error = Difference.Of(expected, found.AsSpan(i * vocabulary, vocabulary));
                Assert.True(error < Tolerance, $"sequence {i}, step {step}: {error}");
            }
        }

        // Five rows are a graph of eight, of which three are nobody's and touch no state.
        Assert.Equal(3, both.Backend.GraphSteps);
        foreach (InferenceSession session in (InferenceSession[])[.. together, .. alone])
        {
            session.Dispose();
        }
    }

    [Fact]
    public void A_sequence_that_is_cut_or_takes_the_place_of_another_begins_anew()
    {
        using var both = Open("qwen3_5_text", s_options);
        using InferenceSession session = Begin(both.Model, 90, 1);
        session.Truncate(40);
        AssertNext(both, session, 40, 1, "cut");
        session.Truncate(41);
        InferenceSession other = Begin(both.Model, 20, 2);
        int page = other.Sequence.RecurrentPage;
        other.Dispose();
        using InferenceSession next = Begin(both.Model, 1, 3);
        Assert.Equal(page, next.Sequence.RecurrentPage);
        AssertNext(both, next, 1, 3, "in the place of another");
    }

    [Fact]
    public async Task Sequences_give_way_when_states_have_no_room_and_end_as_if_they_had_not()
    {
        using var both = Open("qwen3_5_text", s_options with { StepLimit = s_long, MaxSequences = 3 });
        int pages = 0;

        // A layer of 4 states of 16 x 16 and 3 inputs of 128 channels; memory for two pages, one at a time.
        const long PageBytes = ((4 * 16 * 16) + (3 * 128)) * sizeof(float);
        both.Fake.Card.Refuses = bytes => bytes % PageBytes == 0 && Environment.StackTrace.Contains(nameof(DevicePages), StringComparison.Ordinal) && (bytes > PageBytes || ++pages > 2);
        var options = new GenerationOptions { IgnoreEos = true, MaxTokens = 12, Temperature = 0 };
        int[][] prompts = [.. Enumerable.Range(0, 3).Select(i => CardModel.Ids(1 + (40 * i), i, Vocabulary))];
        int[][] found = await Task.WhenAll(prompts.Select(prompt => Task.Run(() => Tokens(both.Model, prompt, options)))).WaitAsync(s_long);
        for (int i = 0; i < prompts.Length; i++)
        {
            Assert.Equal(await Tokens(both.Cpu, prompts[i], options), found[i]);
        }

        Assert.True(pages > 2, $"{pages} pages");
    }

    [Theory]
    [InlineData("qwen3_next")]
    [InlineData("qwen3_5_text")]
    public async Task Generations_of_many_callers_have_the_tokens_of_the_CPU(string family)
    {
        using var both = Open(family, s_options with { MaxSequences = 3, StepLimit = s_long });
        var options = new GenerationOptions { IgnoreEos = true, MaxTokens = 6, Temperature = 0 };
        int[][] prompts = [.. Enumerable.Range(0, 5).Select(i => CardModel.Ids(1 + (17 * i), i, Vocabulary))];
        int[][] found = await Task.WhenAll(prompts.Select(prompt => Task.Run(() => Tokens(both.Model, prompt, options)))).WaitAsync(s_long);
        for (int i = 0; i < prompts.Length; i++)
        {
            Assert.Equal(await Tokens(both.Cpu, prompts[i], options), found[i]);
        }

        Assert.True(both.Backend.GraphSteps > 0);
        Assert.Contains(both.Fake.Card.Launches, report => report.Kernel == "gated_delta_64");
    }

    [Fact]
    public void A_device_that_is_chosen_by_itself_is_the_card()
    {
        using var directory = new TemporaryDirectory();
        FamilyCheckpoint.Write("qwen3_next", directory.Path);
        using var fake = new FakeCuda(new FakeCard { Options = CardModel.Quick });
        using LanguageModel model = LanguageModel.Load(directory.Path, s_options with { Device = "auto" }, ScalarKernels.Instance, kinds: [CudaDevices.Kind(() => fake.Probe, (context, mode) => new CudaBackend(context, mode))]);
        Assert.Empty(model.Notices);
        Assert.StartsWith("cuda:0 ", model.Device, StringComparison.Ordinal);
    }

    static CardModel Open(string family, LanguageModelOptions options, FakeCard? card = null) => new(options, directory => FamilyCheckpoint.Write(family, directory), card);

    static InferenceSession Begin(LanguageModel model, int length, int seed)
    {
        InferenceSession session = model.CreateSession();
        if (length > 0)
        {
            session.Evaluate(CardModel.Ids(length, seed, Vocabulary), []);
        }

        return session;
    }

    static void AssertNext(CardModel both, InferenceSession session, int length, int seed, string what)
    {
        float[] found = new float[session.VocabularySize];
        float[] expected = new float[session.VocabularySize];
        session.Evaluate([7], found);
        using InferenceSession alone = both.Cpu.CreateSession();
        alone.Evaluate([.. CardModel.Ids(90, seed, Vocabulary).AsSpan(0, length), 7], expected);
        double error = Difference.Of(expected, found);
        Assert.True(error < Tolerance, $"{what}: {error}");
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
