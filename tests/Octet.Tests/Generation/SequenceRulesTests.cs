using CsCheck;
using Octet.Generation;

namespace Octet.Tests.Generation;

/// <summary>Rules that look at the tokens so far, against their definitions in Transformers' documentation of the logits processors, written out here.</summary>
public class SequenceRulesTests
{
    const int Vocabulary = 4;

    static readonly Gen<int[]> s_tokens = Gen.Int[0, Vocabulary - 1].Array[1, 12];

    [Fact]
    public void No_sequence_of_n_tokens_comes_twice()
    {
        // NoRepeatNGramLogitsProcessor: a token is banned if the n tokens that would then be last have been there before.
        Gen.Select(s_tokens, s_tokens, Gen.Int[1, 4]).Sample(
            (prompt, output, size) =>
            {
                int[] all = [.. prompt, .. output];
                bool[] banned = [.. Enumerable.Range(0, Vocabulary).Select(next => Windows(all, size).Any(window => window.SequenceEqual(all.TakeLast(size - 1).Append(next))))];
                float[] found = Apply(new() { NoRepeatNgramSize = size }, prompt, output);
                return banned.Select(isBanned => isBanned ? float.NegativeInfinity : 1).SequenceEqual(found);
            },
            iter: 5000);
    }

    [Fact]
    public void A_bias_is_added_to_the_last_token_behind_the_others()
    {
        Gen.Select(s_tokens, s_tokens, Gen.Int[0, Vocabulary - 1].Array[1, 3]).Sample(
            (prompt, output, sequence) =>
            {
                int[] all = [.. prompt, .. output];
                bool follows = all.TakeLast(sequence.Length - 1).SequenceEqual(sequence.SkipLast(1));
                float[] expected = [1, 1, 1, 1];
                expected[sequence[^1]] += follows ? 2.5f : 0;
                return expected.SequenceEqual(Apply(new() { SequenceBias = [(sequence, 2.5f)] }, prompt, output));
            },
            iter: 5000);
    }

    [Fact]
    public void A_banned_sequence_never_comes_whole()
    {
        var sampler = new Sampler(new() { SequenceBias = [([1, 2, 3], float.NegativeInfinity), ([0], float.NegativeInfinity)], Temperature = 1, Seed = 1 }, Vocabulary);
        sampler.AddPrompt([1, 2]);
        List<int> drawn = [1, 2];
        for (int i = 0; i < 2000; i++)
        {
            drawn.Add(sampler.Sample(new float[Vocabulary]));
            sampler.Accept(drawn[^1]);
        }

        Assert.DoesNotContain(0, drawn);
        Assert.DoesNotContain(Windows([.. drawn], 3), window => window.SequenceEqual([1, 2, 3]));
        Assert.Contains(Windows([.. drawn], 3), window => window.SequenceEqual([1, 2, 1]));
    }

    [Fact]
    public void The_first_token_alone_is_held_off_from_the_beginning()
    {
        var sampler = new Sampler(new() { BannedFirstTokenIds = [3] }, Vocabulary);

        Assert.Equal(2, sampler.Sample([0, 1, 2, 3]));
        sampler.Accept(2);
        Assert.Equal(3, sampler.Sample([0, 1, 2, 3]));
    }

    [Theory]
    [InlineData(0, 4f)]
    [InlineData(2, 4f)]
    [InlineData(3, 4f + 4f * (1.5f - 1))]
    [InlineData(5, 4f + 4f * (1.5f * 1.5f * 1.5f - 1))]
    public void The_end_gets_likelier_beyond_the_start_index(int generated, float expected)
    {
        // ExponentialDecayLengthPenalty: score + |score| * (factor ^ (generated - start) - 1), once generated is above start.
        float[] logits = [4, -4, 4, 0];
        Advance(new() { ExponentialDecay = new(2, 1.5), EndTokenIds = [0, 1, 3] }, generated).Sample(logits);

        Assert.Equal([expected, expected - 8, 4, 0], logits);
    }

    [Fact]
    public void A_factor_beyond_all_numbers_and_an_end_that_may_not_come_stay_in_order()
    {
        var settings = new GenerationSettings { ExponentialDecay = new(0, 1e300), EndTokenIds = [0, 1], StopTokenIds = [1], MinTokens = 9 };
        float[] logits = [-1, 1, 0];

        Assert.Equal(0, Advance(settings, 5).Sample(logits));
        Assert.Equal([float.MaxValue, float.NegativeInfinity, 0], logits);
    }

    static Sampler Advance(GenerationSettings settings, int generated)
    {
        var sampler = new Sampler(settings, 3 + 1);
        sampler.AddPrompt([2, 2, 2]);
        for (int i = 0; i < generated; i++)
        {
            sampler.Accept(2);
        }

        return sampler;
    }

    static float[] Apply(GenerationSettings settings, int[] prompt, int[] output)
    {
        var rules = new SequenceRules(settings);
        rules.Add(prompt);
        foreach (int token in output)
        {
            rules.Add(token);
        }

        float[] scores = [1, 1, 1, 1];
        rules.Apply(scores);
        return scores;
    }

    static IEnumerable<int[]> Windows(int[] tokens, int size) => Enumerable.Range(0, Math.Max(0, tokens.Length - size + 1)).Select(at => tokens[at..(at + size)]);
}
