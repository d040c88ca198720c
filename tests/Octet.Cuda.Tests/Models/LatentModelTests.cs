using Octet.Cuda.Diagnosis;
using Octet.Cuda.Tests.FakeDriver;
using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Models;

/// <summary>Models with latent attention, and with heads of more than 256 dimensions, on a card against the CPU.</summary>
public class LatentModelTests
{
    // Of a model that makes 1e-2 of what a bfloat16 cache rounds away: latents on a border are a bit of the cache's type apart.
    const double Tolerance = 5e-4;
    const double RoundedTolerance = 1e-2;

    // A page of two layers with latents of 32 and 16 elements in bfloat16.
    const long PageBytes = 2 * 32 * 48 * 2;

    static readonly LanguageModelOptions s_options = new() { Activation = ActivationMode.WeightOnly, PrefillChunk = 32, ContextLength = 128 };

    [Theory]
    [InlineData(8, 0, KvCacheType.BFloat16, RoundedTolerance)]
    [InlineData(8, 9, KvCacheType.Float8E4M3, 2e-2)]
    [InlineData(9, 0, KvCacheType.Float8E5M2, 2e-2)]
    [InlineData(9, 0, KvCacheType.Float32, 1e-4)]
    public void Latents_of_every_type_give_the_logits_of_the_CPU(int major, int minor, KvCacheType type, double tolerance)
    {
        using var both = new CardModel(s_options with { KvCache = type }, directory => FamilyCheckpoint.Write("deepseek_v3", directory), new FakeCard { Major = major, Minor = minor, Options = CardModel.Quick });
        double error = both.LargestError(CardModel.Ids(70, vocabulary: 48), CardModel.Ids(4, 2, vocabulary: 48));
        Assert.True(error < tolerance, $"{error}");
        Assert.Equal(3, both.Backend.GraphSteps);
    }

    [Theory]
    [InlineData("compressed-tensors, block")]
    [InlineData("compressed-tensors, channel")]
    [InlineData("compressed-tensors, MXFP4")]
    [InlineData("compressed-tensors, group")]
    [InlineData("quanto, E4M3FNUZ")]
    [InlineData("raw E5M2")]
    public void What_is_between_latents_and_heads_may_be_stored_in_any_way(string scheme)
    {
        using var both = new CardModel(s_options with { KvCache = KvCacheType.Float32 }, directory => QuantisedFamily.Write("deepseek_v3", scheme, "kv_b_proj", directory));
        double error = both.LargestError(CardModel.Ids(11, vocabulary: 48), CardModel.Ids(2, 2, vocabulary: 48));
        Assert.True(error < 1e-4, $"{error}");
    }

    [Fact]
    public void Sequences_with_latents_decode_together_as_each_does_alone()
    {
        using var both = new CardModel(s_options with { KvCache = KvCacheType.Float32 }, directory => FamilyCheckpoint.Write("deepseek_v3", directory));
        int[] lengths = [1, 31, 32, 45, 3];
        InferenceSession[] together = [.. lengths.Select((length, i) => Begin(both.Model, length, i))];
        InferenceSession[] alone = [.. lengths.Select((length, i) => Begin(both.Cpu, length, i))];
        int vocabulary = together[0].VocabularySize;
        float[] found = new float[lengths.Length * vocabulary];
        float[] expected = new float[vocabulary];
        for (int step = 0; step < 3; step++)
        {
            int[] ids = CardModel.Ids(lengths.Length, 10 + step, vocabulary);
            both.Model.Evaluate(together, ids, found);
            for (int i = 0; i < lengths.Length; i++)
            {
                alone[i].Evaluate([ids[i]], expected);
                double error = Difference.Of(expected, found.AsSpan(i * vocabulary, vocabulary));
                Assert.True(error < Tolerance, $"sequence {i}, step {step}: {error}");
            }
        }

        Assert.Equal(2, both.Backend.GraphSteps);
        foreach (InferenceSession session in (InferenceSession[])[.. together, .. alone])
        {
            session.Dispose();
        }
    }

    /// <summary>Prompts are read beside sequences that decode; where there is room for four pages, three sequences of two give way to each other.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Generations_with_latents_have_the_tokens_of_the_CPU(bool isShort)
    {
        LanguageModelOptions options = s_options with { ContextLength = 64, MaxSequences = 3, StepLimit = TimeSpan.FromSeconds(60) };
        using var both = new CardModel(isShort ? options with { KvCacheBytes = 4 * PageBytes } : options, directory =>
        {
            FamilyCheckpoint.Write("deepseek_v3", directory);
            ByteTokenizer.Write(directory, [], null, null);
        });
        await BatchTests.AssertSame(both, [.. Enumerable.Range(0, 4).Select(i => CardModel.Ids(isShort ? 24 : 1 + (11 * i), i, 48))], 14);
        Assert.Equal(isShort, both.Model.Statistics.Preemptions > 0);
        Assert.Equal(0, both.Model.Statistics.PagesInUse);
    }

    [Theory]
    [InlineData(8, 0, 512, KvCacheType.BFloat16, 5e-4)]
    [InlineData(8, 9, 264, KvCacheType.Float8E4M3, 2e-2)]
    [InlineData(9, 0, 512, KvCacheType.Float8E5M2, 2e-2)]
    public void Heads_of_up_to_512_dimensions_give_the_logits_of_the_CPU(int major, int minor, int size, KvCacheType type, double tolerance)
    {
        using var both = new CardModel(s_options with { KvCache = type }, new SyntheticCheckpoint { Layers = 1, HeadDim = size }, new FakeCard { Major = major, Minor = minor, Options = CardModel.Quick });
        double error = both.LargestError(CardModel.Ids(40), CardModel.Ids(3, 2));
        Assert.True(error < tolerance, $"{error}");
        Assert.Equal(2, both.Backend.GraphSteps);
    }

    static InferenceSession Begin(LanguageModel model, int length, int seed)
    {
        InferenceSession session = model.CreateSession();
        session.Evaluate(CardModel.Ids(length, seed, model.Config.VocabSize), []);
        return session;
    }
}
