using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Models;

/// <summary>Tokens that are drawn on a card, against those that the CPU draws, and what of the logits is copied for them.</summary>
public class DrawTests
{
    // A byte is a token, and the model's own end is one more.
    const int TokenizerSize = 257;
    const int Vocabulary = 301;

    static readonly TimeSpan s_long = TimeSpan.FromSeconds(60);
    static readonly LanguageModelOptions s_options = new() { PrefillChunk = 32, ContextLength = 128, KvCache = KvCacheType.Float32 };

    // Logits that are far apart: what little the card's differ by draws no other token.
    static readonly SyntheticCheckpoint s_checkpoint = new() { Layers = 1, HiddenSize = 96, IntermediateSize = 96, Tied = false, HeadSpread = 6 };

    static readonly GenerationOptions s_greedy = new() { Temperature = 0, MaxTokens = 5, IgnoreEos = true, Seed = 4 };

    static CardModel Open(LanguageModelOptions? options = null) => new(options ?? s_options, directory =>
    {
        s_checkpoint.Write(directory);
        ByteTokenizer.Write(directory, ["<|end|>"], null, null);
    });

    [Fact]
    public async Task Requests_of_all_kinds_have_the_tokens_of_the_CPU_beside_one_another()
    {
        using CardModel both = Open();
        OutputConstraint json = OutputConstraint.JsonSchema("""{"type":"object","properties":{"a":{"enum":["x","yz"]},"b":{"type":"integer"}},"required":["a","b"],"additionalProperties":false}""");
        GenerationOptions[] requests =
        [
            s_greedy,
            s_greedy with { Temperature = 1 },
            s_greedy with { Temperature = 0.7f, TopK = 20, TopP = 0.8f },
            s_greedy with { Temperature = 0.5f, TopP = 0.9f },
            s_greedy with { Temperature = 3, TypicalP = 0.9f },
            s_greedy with { Constraint = json, MaxTokens = 30, IgnoreEos = false },
            s_greedy with { Constraint = json, MaxTokens = 30, Temperature = 1, IgnoreEos = false },
            s_greedy with { RepetitionPenalty = 1.4f, FrequencyPenalty = 0.5f, NoRepeatNgramSize = 2 },
        ];
        List<GenerationUpdate>[] found = await Task.WhenAll(requests.Select((options, i) => Task.Run(() => Run(both.Model, Prompt(i), options)))).WaitAsync(s_long);
        for (int i = 0; i < requests.Length; i++)
        {
            List<GenerationUpdate> expected = await Run(both.Cpu, Prompt(i), requests[i]);
            Assert.Equal(expected.Select(update => update.TokenId), found[i].Select(update => update.TokenId));
            Assert.Equal(expected[^1].FinishReason, found[i][^1].FinishReason);
        }
    }

    [Theory]
    [InlineData(0f, 0)]
    [InlineData(1f, 20)]
    public async Task Log_probabilities_are_those_of_the_CPU(float temperature, int alternatives)
    {
        using CardModel both = Open();
        GenerationOptions options = s_greedy with { Temperature = temperature, LogProbabilities = alternatives, BannedTokenIds = [1, 2, 3], PresencePenalty = 0.5f };
        List<GenerationUpdate> expected = await Run(both.Cpu, Prompt(1), options);
        List<GenerationUpdate> found = await Run(both.Model, Prompt(1), options);
        Assert.Equal(expected.Count, found.Count);
        foreach ((GenerationUpdate one, GenerationUpdate other) in expected.Zip(found))
        {
            (TokenLogProbability wanted, TokenLogProbability had) = (one.LogProbability!.Value, other.LogProbability!.Value);
            Assert.Equal(wanted.TokenId, had.TokenId);
            Assert.Equal(wanted.LogProbability, had.LogProbability, 2e-3f);
            Assert.Equal(wanted.Alternatives.Select(token => token.TokenId), had.Alternatives.Select(token => token.TokenId));
            Assert.All(wanted.Alternatives.Zip(had.Alternatives), pair => Assert.Equal(pair.First.LogProbability, pair.Second.LogProbability, 2e-3f));
        }
    }

    [Theory]
    [InlineData(0f, 0f)]
    [InlineData(0.8f, 0f)]
    [InlineData(0f, 0.01f)]
    public async Task Guesses_change_nothing(float temperature, float presencePenalty)
    {
        using CardModel both = Open(s_options with { Speculation = Speculation.PromptLookup });
        both.Model.AlwaysGuesses = true;
        GenerationOptions options = s_greedy with { Temperature = temperature, TopK = 3, PresencePenalty = presencePenalty, MaxTokens = 12 };
        int[] prompt = [.. Enumerable.Repeat(Prompt(2), 3).SelectMany(ids => ids)];
        int[] expected = Tokens(await Run(both.Cpu, prompt, options with { MaxTokens = 4 }));

        // A text that goes on as it did before is what is guessed from.
        int[] again = [.. prompt, .. expected, .. prompt];
        Assert.Equal(Tokens(await Run(both.Cpu, again, options)), Tokens(await Run(both.Model, again, options)));
        Assert.True(both.Model.Statistics.GuessedTokens > 0, "nothing was guessed");
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.8f)]
    public async Task A_draft_model_on_the_card_guesses_and_changes_nothing(float temperature)
    {
        using var draft = new TemporaryDirectory();
        s_checkpoint.Write(draft.Path);
        ByteTokenizer.Write(draft.Path, ["<|end|>"], null, null);
        using CardModel both = Open(s_options with { Speculation = Speculation.DraftModel, DraftModel = draft.Path });
        both.Model.AlwaysGuesses = true;
        both.Cpu.AlwaysGuesses = true;
        GenerationOptions options = s_greedy with { Temperature = temperature, MaxTokens = 10 };
        Assert.Equal(Tokens(await Run(both.Cpu, Prompt(2), options)), Tokens(await Run(both.Model, Prompt(2), options)));

        // The same weights guess right.
        Assert.Equal(both.Cpu.Statistics.AcceptedTokens, both.Model.Statistics.AcceptedTokens);
        Assert.True(both.Model.Statistics.AcceptedTokens > 0, "no guess was right");
    }

    [Fact]
    public async Task A_greedy_step_brings_eight_bytes_a_sequence_and_no_step_a_whole_row()
    {
        using CardModel both = Open();
        Assert.Equal(5 * 8, await Copied(both, s_greedy));
        Assert.InRange(await Copied(both, s_greedy with { Temperature = 1, TopK = 20 }), 1, 5 * 20 * 8);
        Assert.InRange(await Copied(both, s_greedy with { Temperature = 1, RepetitionPenalty = 1.1f }), 1, 5 * 64);
        Assert.InRange(await Copied(both, s_greedy with { LogProbabilities = 3 }), 1, 5 * 128);
        Assert.InRange(await Copied(both, s_greedy with { Temperature = 1, TypicalP = 0.5f }), 5 * Vocabulary * 4, 5 * Vocabulary * 4);
    }

    static async Task<long> Copied(CardModel both, GenerationOptions options)
    {
        long before = both.Fake.Card.BytesToHost;
        List<GenerationUpdate> updates = await Run(both.Model, Prompt(3), options);
        Assert.Equal(options.MaxTokens, updates.Count);
        return both.Fake.Card.BytesToHost - before;
    }

    static int[] Prompt(int seed) => CardModel.Ids(4 + seed, seed, TokenizerSize - 1);

    static int[] Tokens(List<GenerationUpdate> updates) => [.. updates.Select(update => update.TokenId!.Value)];

    static async Task<List<GenerationUpdate>> Run(LanguageModel model, int[] prompt, GenerationOptions options)
    {
        List<GenerationUpdate> updates = [];
        await foreach (GenerationUpdate update in model.GenerateAsync(prompt, null, options))
        {
            updates.Add(update);
        }

        return updates;
    }
}
