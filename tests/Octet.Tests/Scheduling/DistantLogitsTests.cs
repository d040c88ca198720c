using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Tests.Backends;

namespace Octet.Tests.Scheduling;

/// <summary>Generations whose logits stay on a device are those of the host, whatever they go by; and how often the device is asked.</summary>
public sealed class DistantLogitsTests : IDisposable
{
    const string Schema = """{"type":"object","properties":{"format":{"enum":["E4M3","E5M2"]},"largest":{"type":"integer","minimum":1,"maximum":60000}},"required":["format","largest"],"additionalProperties":false}""";
    const string Thinking = "<|im_start|>user\nWhat is E4M3?<|im_end|>\n<|im_start|>assistant\n<think>\n";

    static readonly TimeSpan s_long = TimeSpan.FromSeconds(60);
    static readonly GenerationOptions s_greedy = new() { Temperature = 0, MaxTokens = 24, IgnoreEos = true, Seed = 9 };

    static readonly Dictionary<string, GenerationOptions> s_options = new()
    {
        ["greedy"] = s_greedy,
        ["temperature"] = s_greedy with { Temperature = 1 },
        ["top-k"] = s_greedy with { Temperature = 1.5f, TopK = 10, TypicalP = 0.9f },
        ["top-p"] = s_greedy with { Temperature = 1, TopP = 0.9f },
        ["whole rows"] = s_greedy with { Temperature = 4, TypicalP = 0.5f },
        ["schema"] = s_greedy with { Constraint = OutputConstraint.JsonSchema(Schema), MaxTokens = 100, IgnoreEos = false, Temperature = 2 },
        ["schema, penalties"] = s_greedy with { Constraint = OutputConstraint.JsonSchema(Schema), MaxTokens = 100, IgnoreEos = false, RepetitionPenalty = 1.3f, PresencePenalty = 0.5f },
        ["log-probabilities"] = s_greedy with { Temperature = 1, LogProbabilities = 20, LogitBias = new Dictionary<int, float> { [5] = 4 } },
        ["log-probabilities of the token alone"] = s_greedy with { LogProbabilities = 0 },
        ["reasoning budget"] = s_greedy with { ReasoningBudget = 5, Reasoning = ReasoningMode.Separate },
        ["reasoning budget, log-probabilities"] = s_greedy with { ReasoningBudget = 5, Reasoning = ReasoningMode.Separate, LogProbabilities = 2 },
        ["reasoning budget, choice"] = s_greedy with { ReasoningBudget = 4, Reasoning = ReasoningMode.Separate, IgnoreEos = false, Constraint = OutputConstraint.Choice(["yes", "no"]) },
        ["n-grams"] = s_greedy with { NoRepeatNgramSize = 2, MinTokens = 3, IgnoreEos = false },
    };

    // Of kernels that every machine has.
    static readonly Lazy<LanguageModel> s_near = new(() => LanguageModel.Load(BuiltInModel.Path, new() { Threads = 1 }, InstructionSet.Vector128));

    readonly List<DistantLogitRows> _rows = [];

    static LanguageModel Near => s_near.Value;

    public static TheoryData<string> Options => [.. s_options.Keys];

    public void Dispose() => _rows.ForEach(rows => rows.Dispose());

    [Theory]
    [MemberData(nameof(Options))]
    public async Task A_generation_is_that_of_the_host(string name)
    {
        using LanguageModel model = Open(new LanguageModelOptions { Threads = 1 });
        AssertSame(await Run(Near, Thinking, s_options[name]), await Run(model, Thinking, s_options[name]));
        (int looks, _, int whole) = _rows[0].Asked;
        Assert.True(looks > 0);

        // The end of the reasoning whose likelihood is asked for is not drawn.
        Assert.InRange(whole, 0, name switch { "whole rows" => 24, "reasoning budget, log-probabilities" => 4, "top-p" => 12, _ => 0 });
    }

    [Fact]
    public async Task Sequences_beside_one_another_share_a_look()
    {
        // Rows in company differ in their last bits, which a draw may hinge on.
        GenerationOptions[] requests = [.. s_options.Values.Where(options => options.Temperature == 0)];
        using LanguageModel model = Open(new LanguageModelOptions { Threads = 1 });
        List<GenerationUpdate>[] found = await Task.WhenAll(requests.Select(options => Task.Run(() => Run(model, Thinking, options)))).WaitAsync(s_long);
        for (int i = 0; i < requests.Length; i++)
        {
            AssertSame(await Run(Near, Thinking, requests[i]), found[i], tolerance: 1e-2f);
        }

        (int looks, int rows, _) = _rows[0].Asked;
        Assert.True(rows > 2 * looks, $"{rows} rows in {looks} looks");
    }

    [Theory]
    [InlineData(0f, 0f)]
    [InlineData(1f, 0f)]
    [InlineData(0f, 0.1f)]
    public async Task Rows_behind_a_guess_are_asked_for_at_once_where_they_do_not_hinge_on_it(float temperature, float presencePenalty)
    {
        using LanguageModel model = Open(new LanguageModelOptions { Threads = 1, Speculation = Speculation.PromptLookup });
        model.AlwaysGuesses = true;
        GenerationOptions options = s_greedy with { Temperature = temperature, TopK = 2, PresencePenalty = presencePenalty };
        string answer = string.Concat((await Run(Near, Thinking, s_greedy)).Select(update => update.Text));
        string prompt = $"{Thinking}{answer}\n{Thinking}";
        AssertSame(await Run(Near, prompt, options), await Run(model, prompt, options));
        EngineStatistics statistics = model.Statistics;
        Assert.True(statistics.AcceptedTokens > 0, "no guess was right");
        int looks = _rows[0].Asked.Looks;
        Assert.True(presencePenalty == 0 ? looks < statistics.GeneratedTokens : looks == statistics.GeneratedTokens, $"{looks} looks for {statistics.GeneratedTokens} tokens");
    }

    static async Task<List<GenerationUpdate>> Run(LanguageModel model, string prompt, GenerationOptions options)
        => await BuiltInModel.Collect(model.GenerateAsync(model.Tokenizer!.Encode(prompt, addSpecialTokens: false), null, options));

    static void AssertSame(List<GenerationUpdate> expected, List<GenerationUpdate> found, float tolerance = 1e-4f)
    {
        Assert.Equal(expected.Select(update => (update.TokenId, update.Text, update.Reasoning, update.FinishReason)), found.Select(update => (update.TokenId, update.Text, update.Reasoning, update.FinishReason)));
        foreach ((GenerationUpdate one, GenerationUpdate other) in expected.Zip(found).Where(pair => pair.First.LogProbability is not null))
        {
            Assert.Equal(one.LogProbability!.Value.LogProbability, other.LogProbability!.Value.LogProbability, tolerance);
            Assert.Equal(one.LogProbability.Value.Alternatives.Select(token => token.TokenId), other.LogProbability.Value.Alternatives.Select(token => token.TokenId));
            Assert.All(one.LogProbability.Value.Alternatives.Zip(other.LogProbability.Value.Alternatives), pair => Assert.Equal(pair.First.LogProbability, pair.Second.LogProbability, tolerance));
        }
    }

    LanguageModel Open(LanguageModelOptions options)
    {
        var kind = new DeviceKind("cuda", _ => null, (_, mode) => new Distant(new CpuBackend(InstructionSet.Vector128, 1, mode), _rows));
        return LanguageModel.Load(BuiltInModel.Path, options with { Device = "cuda" }, InstructionSet.Vector128, kinds: [kind]);
    }

    sealed class Distant(Backend backend, List<DistantLogitRows> rows) : ForwardingBackend(backend)
    {
        internal override LogitRows CreateLogitRows(int width)
        {
            rows.Add(new DistantLogitRows(width));
            return rows[^1];
        }

        internal override void Logits(Activations input, int first, int count, Weight head, LogitRows destination)
            => Logits(input, first, count, head, ((DistantLogitRows)destination).Begin(count));
    }
}
