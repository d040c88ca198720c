using Octet.Checkpoints;
using Octet.Generation;

namespace Octet.Tests.Generation;

public class GenerationOptionsTests
{
    public static TheoryData<GenerationOptions, string, string> OutOfRange => new()
    {
        { new() { MaxTokens = -1 }, "MaxTokens", "MaxTokens is -1; expected a whole number from 0" },
        { new() { MinTokens = -1 }, "MinTokens", "MinTokens is -1; expected a whole number from 0" },
        { new() { MinTokens = 5, MaxTokens = 4 }, "MinTokens", "MinTokens is 5; expected at most MaxTokens, 4" },
        { new() { Temperature = -0.5f }, "Temperature", "Temperature is -0.5; expected a number from 0" },
        { new() { Temperature = float.NaN }, "Temperature", "Temperature is NaN; expected a number from 0" },
        { new() { Temperature = float.PositiveInfinity }, "Temperature", "Temperature is Infinity; expected a number from 0" },
        { new() { TopK = -1 }, "TopK", "TopK is -1; expected a whole number from 0 (0 is off)" },
        { new() { TopP = 1.5f }, "TopP", "TopP is 1.5; expected a number from 0 to 1 (1 is off)" },
        { new() { MinP = -0.1f }, "MinP", "MinP is -0.1; expected a number from 0 to 1 (0 is off)" },
        { new() { TypicalP = 0 }, "TypicalP", "TypicalP is 0; expected a number above 0, at most 1 (1 is off)" },
        { new() { RepetitionPenalty = 0 }, "RepetitionPenalty", "RepetitionPenalty is 0; expected a number above 0 (1 is off)" },
        { new() { PresencePenalty = 2.5f }, "PresencePenalty", "PresencePenalty is 2.5; expected a number from -2 to 2 (0 is off)" },
        { new() { FrequencyPenalty = -3 }, "FrequencyPenalty", "FrequencyPenalty is -3; expected a number from -2 to 2 (0 is off)" },
        { new() { LogitBias = new Dictionary<int, float> { [-1] = 0 } }, "LogitBias", "LogitBias is -1; expected token ids from 0" },
        { new() { LogitBias = new Dictionary<int, float> { [1] = 101 } }, "LogitBias", "LogitBias is 101; expected numbers from -100 to 100" },
        { new() { StopTokenIds = [1, -2] }, "StopTokenIds", "StopTokenIds is -2; expected token ids from 0" },
        { new() { BannedTokenIds = [-3] }, "BannedTokenIds", "BannedTokenIds is -3; expected token ids from 0" },
        { new() { AllowedTokenIds = [-4] }, "AllowedTokenIds", "AllowedTokenIds is -4; expected token ids from 0" },
        { new() { StopStrings = ["a", ""] }, "StopStrings", "StopStrings holds an empty string; expected at least one character each" },
        { new() { StopStrings = ["a\uD83D"] }, "StopStrings", "StopStrings holds half of a surrogate pair; expected whole Unicode characters" },
        { new() { StopStrings = ["\uDE00"] }, "StopStrings", "StopStrings holds half of a surrogate pair; expected whole Unicode characters" },
        { new() { AllowedTokenIds = [] }, "AllowedTokenIds", "AllowedTokenIds is empty; expected at least one token id, or null for all" },
        { new() { AllowedTokenIds = [1, 2], BannedTokenIds = [2, 1] }, "AllowedTokenIds", "AllowedTokenIds are all in BannedTokenIds; expected at least one that may be drawn" },
    };

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public void A_value_out_of_range_is_named_with_its_range(GenerationOptions options, string option, string message)
    {
        ArgumentException error = Assert.ThrowsAny<ArgumentException>(options.Validate);

        Assert.Equal($"{message} (Parameter '{option}')", error.Message);
    }

    [Fact]
    public void The_ends_of_every_range_are_inside()
    {
        new GenerationOptions
        {
            MaxTokens = 0,
            MinTokens = 0,
            Temperature = 0,
            TopK = 0,
            TopP = 0,
            MinP = 0,
            TypicalP = float.Epsilon,
            RepetitionPenalty = float.Epsilon,
            PresencePenalty = -2,
            FrequencyPenalty = -2,
            LogitBias = new Dictionary<int, float> { [0] = -100 },
            StopStrings = ["\U0001F600"],
        }.Validate();
        new GenerationOptions
        {
            MaxTokens = 7,
            MinTokens = 7,
            Temperature = float.MaxValue,
            TopK = int.MaxValue,
            TopP = 1,
            MinP = 1,
            TypicalP = 1,
            RepetitionPenalty = float.MaxValue,
            PresencePenalty = 2,
            FrequencyPenalty = 2,
            LogitBias = new Dictionary<int, float> { [0] = 100 },
            AllowedTokenIds = [0, 1],
            BannedTokenIds = [1],
        }.Validate();
    }

    public static TheoryData<GenerationOptions, string> BeyondTheTokenizer => new()
    {
        { new() { StopTokenIds = [10] }, "StopTokenIds holds token 10; expected ids below 10, the size of the tokenizer (Parameter 'StopTokenIds')" },
        { new() { BannedTokenIds = [11] }, "BannedTokenIds holds token 11; expected ids below 10, the size of the tokenizer (Parameter 'BannedTokenIds')" },
        { new() { AllowedTokenIds = [1, 12] }, "AllowedTokenIds holds token 12; expected ids below 10, the size of the tokenizer (Parameter 'AllowedTokenIds')" },
        { new() { LogitBias = new Dictionary<int, float> { [13] = 1 } }, "LogitBias holds token 13; expected ids below 10, the size of the tokenizer (Parameter 'LogitBias')" },
        { new() { BannedTokenIds = [.. Enumerable.Range(0, 10)] }, "BannedTokenIds holds every token that may be drawn; expected at least one that is not (Parameter 'BannedTokenIds')" },
        { new() { AllowedTokenIds = [1], BannedFirstTokenIds = [1] }, "BannedFirstTokenIds holds every token that may be drawn; expected at least one that is not (Parameter 'BannedFirstTokenIds')" },
        { new() { AllowedTokenIds = [1, 2], BannedTokenIds = [2], BannedSequences = [[1], [2, 1]] }, "BannedSequences holds, as a sequence of its own, every token that may be drawn; expected at least one that is not (Parameter 'BannedSequences')" },
        { new() { AllowedTokenIds = [1, 3], BannedFirstTokenIds = [1], MinTokens = 2 }, "MinTokens is 2, and BannedFirstTokenIds leaves stop tokens alone to be drawn first; expected MinTokens 0, or another token (Parameter 'BannedFirstTokenIds')" },
        { new() { AllowedTokenIds = [3], MinTokens = 2 }, "MinTokens is 2, but every token that may be drawn is a stop token; expected 0, or a token that is not (Parameter 'MinTokens')" },
    };

    [Theory]
    [MemberData(nameof(BeyondTheTokenizer))]
    public void What_the_tokenizer_does_not_allow_is_refused(GenerationOptions options, string message) =>
        Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(() => GenerationSettings.Resolve(options, s_defaults, 10)).Message);

    [Fact]
    public void What_the_caller_does_not_say_the_model_decides()
    {
        GenerationSettings settings = GenerationSettings.Resolve(null, s_defaults, 10);

        Assert.Equal((0.5f, 4, 0.75f, 0.25f, 0.5f, 1.25f), (settings.Temperature, settings.TopK, settings.TopP, settings.MinP, settings.TypicalP, settings.RepetitionPenalty));
        Assert.Equal((50, 1), (settings.MaxTokens, settings.MinTokens));
        Assert.Equal([3, 4], settings.StopTokenIds);
        Assert.Null(settings.Seed);
    }

    [Fact]
    public void What_the_caller_says_counts()
    {
        var options = new GenerationOptions
        {
            Temperature = 2,
            TopK = 0,
            TopP = 1,
            MinP = 0,
            TypicalP = 1,
            RepetitionPenalty = 1,
            MaxTokens = 3,
            MinTokens = 2,
            Seed = -9,
            StopTokenIds = [4, 5],
            StopStrings = ["x"],
        };

        GenerationSettings settings = GenerationSettings.Resolve(options, s_defaults, 10);

        Assert.Equal((2f, 0, 1f, 0f, 1f, 1f), (settings.Temperature, settings.TopK, settings.TopP, settings.MinP, settings.TypicalP, settings.RepetitionPenalty));
        Assert.Equal((3, 2, -9), (settings.MaxTokens, settings.MinTokens, settings.Seed));
        Assert.Equal([3, 4, 5], settings.StopTokenIds);
        Assert.Equal(["x"], settings.StopStrings);
        Assert.True(settings.IsStop(5));
        Assert.False(settings.IsStop(6));
    }

    [Fact]
    public void Ignored_ends_do_not_stop_but_the_callers_do() =>
        Assert.Equal([5], GenerationSettings.Resolve(new() { IgnoreEos = true, StopTokenIds = [5] }, s_defaults, 10).StopTokenIds);

    [Fact]
    public void A_model_that_does_not_sample_is_greedy_until_a_temperature_is_given()
    {
        GenerationConfig greedy = s_defaults with { DoSample = false };

        Assert.Equal(0, GenerationSettings.Resolve(new() { TopP = 0.5f }, greedy, 10).Temperature);
        Assert.Equal(0.9f, GenerationSettings.Resolve(new() { Temperature = 0.9f }, greedy, 10).Temperature);
    }

    [Fact]
    public void A_budget_below_the_models_own_minimum_counts() =>
        Assert.Equal(0, GenerationSettings.Resolve(new() { MaxTokens = 0 }, s_defaults, 10).MinTokens);

    [Fact]
    public void A_minimum_of_the_callers_raises_the_models_own_budget()
    {
        Assert.Equal((60, 60), Lengths(new() { MinTokens = 60 }, s_defaults));
        Assert.Equal((50, 40), Lengths(new() { MinTokens = 40 }, s_defaults));
        Assert.Equal((60, 60), Lengths(new() { MinTokens = 60 }, s_defaults with { MaxNewTokens = null, MaxLength = 30 }));
        Assert.Equal((null, 60), Lengths(new() { MinTokens = 60 }, s_defaults with { MaxNewTokens = null }));

        static (int?, int) Lengths(GenerationOptions options, GenerationConfig defaults)
            => GenerationSettings.Resolve(options, defaults, 10, promptTokens: 5) is var settings ? (settings.MaxTokens, settings.MinTokens) : default;
    }

    static readonly GenerationConfig s_defaults = new()
    {
        DoSample = true,
        Temperature = 0.5f,
        TopK = 4,
        TopP = 0.75f,
        MinP = 0.25f,
        TypicalP = 0.5f,
        RepetitionPenalty = 1.25f,
        EosTokenIds = [3, 4],
        MaxNewTokens = 50,
        MinNewTokens = 1,
    };
}
