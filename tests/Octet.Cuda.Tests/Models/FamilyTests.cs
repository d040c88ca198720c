using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Models;

/// <summary>Families of the numpy programs on a card against the CPU, those that it has the operations of.</summary>
public sealed class FamilyTests
{
    static readonly LanguageModelOptions s_options = new() { Activation = ActivationMode.WeightOnly, PrefillChunk = 32, ContextLength = 128, KvCache = KvCacheType.Float32 };

    /// <summary>A third of them by turns, day by day; OCTET_SLOW=1: all.</summary>
    [Theory]
    [InlineData("dense.py", "smollm3")]
    [InlineData("dense.py", "qwen3_vl")]
    [InlineData("dense.py", "qwen2_5_vl")]
    [InlineData("dense.py", "glm")]
    [InlineData("dense.py", "ernie4_5")]
    [InlineData("dense.py", "olmo2")]
    [InlineData("dense.py", "olmo3")]
    [InlineData("dense.py", "exaone4")]
    [InlineData("dense.py", "hunyuan_v1_dense")]
    [InlineData("dense.py", "granite")]
    [InlineData("dense.py", "glm4")]
    [InlineData("dense.py", "cohere2")]
    [InlineData("dense.py", "cohere2 --fp8 block")]
    [InlineData("dense.py", "arcee")]
    [InlineData("dense.py", "nemotron")]
    [InlineData("dense.py", "apertus")]
    [InlineData("dense.py", "gemma2")]
    [InlineData("gemma4.py", "dense")]
    [InlineData("gemma4.py", "dense --set global_head_dim=512")]
    [InlineData("gemma4.py", "small")]
    [InlineData("gemma4.py", "moe")]
    [InlineData("mixtures.py", "mixtral")]
    [InlineData("mixtures.py", "minimax_m2")]
    [InlineData("mixtures.py", "olmoe")]
    [InlineData("mixtures.py", "flex_olmo")]
    [InlineData("mixtures.py", "granitemoe")]
    [InlineData("mixtures.py", "granitemoeshared")]
    [InlineData("mixtures.py", "hunyuan_v1_moe")]
    [InlineData("mixtures.py", "qwen2_moe")]
    [InlineData("mixtures.py", "exaone_moe")]
    [InlineData("mixtures.py", "ernie4_5_moe")]
    [InlineData("mixtures.py", "qwen3_vl_moe")]
    [InlineData("mixtures.py", "qwen3_vl_moe --fp8 block")]
    [InlineData("hybrids.py", "nemotron_h")]
    [InlineData("hybrids.py", "nemotron_h --set hybrid_override_pattern=\"M-M\"")]
    [InlineData("hybrids.py", "granite_hybrid")]
    [InlineData("hybrids.py", "granite_hybrid_dense")]
    [InlineData("hybrids.py", "granite_hybrid_rope")]
    [InlineData("hybrids.py", "lfm2")]
    [InlineData("hybrids.py", "lfm2_moe")]
    [InlineData("hybrids.py", "lfm2_moe --fp8 block")]
    [InlineData("mixtures.py", "llama4")]
    [InlineData("mixtures.py", "mistral4")]
    public void Logits_are_those_of_the_CPU(string program, string options)
    {
        int turn = (program + options).Sum(letter => letter);
        Assert.SkipUnless(Environment.GetEnvironmentVariable("OCTET_SLOW") == "1" || turn % 3 == DateTime.UtcNow.DayOfYear % 3, "another third of them today: OCTET_SLOW=1 takes all");
        using var both = new CardModel(s_options, directory => Make(program, options, directory));
        double error = both.LargestError(CardModel.Ids(40, vocabulary: 300), CardModel.Ids(3, 2, vocabulary: 300));

        // Of FP8 on Hopper inputs are rounded to bfloat16.
        Assert.True(error < (options.Contains("fp8", StringComparison.Ordinal) ? 5e-3 : 1e-4), $"{error}");

        // The first token behind the prompt by itself, the others as a recorded step.
        Assert.Equal(2, both.Backend.GraphSteps);
    }

    [Theory]
    [InlineData("hybrids.py", "nemotron_h_moe", "NemotronHForCausalLM needs experts that are not gated")]
    [InlineData("hybrids.py", "nemotron_h --set ssm_state_size=18", "NemotronHForCausalLM needs recurrent states of 18 keys")]
    [InlineData("mixtures.py", "mistral4 --set kv_lora_rank=44", "Mistral3ForConditionalGeneration needs latent attention (MLA) over 44 and 16 elements")]
    public void What_a_card_lacks_is_said_before_anything_is_copied(string program, string options, string expected)
    {
        var error = Assert.Throws<ModelException>(() => new CardModel(s_options, directory => Make(program, options, directory)));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    /// <summary>Where tokens are drawn on the card, the output layer's factor and cap are computed there.</summary>
    [Theory]
    [InlineData("granite")]
    [InlineData("gemma2 --set attn_logit_softcapping=null --set final_logit_softcapping=2.0")]
    public async Task Likelihoods_of_drawn_tokens_are_those_of_the_CPU(string options)
    {
        using var both = new CardModel(s_options, directory =>
        {
            Make("dense.py", options, directory);
            ByteTokenizer.Write(directory, ["<|end|>"], null, null);
        });
        var generation = new GenerationOptions { Temperature = 0, MaxTokens = 5, IgnoreEos = true, LogProbabilities = 3 };
        List<TokenLogProbability> expected = await Draw(both.Cpu, generation);
        List<TokenLogProbability> found = await Draw(both.Model, generation);
        Assert.Equal(5, expected.Count);
        foreach ((TokenLogProbability one, TokenLogProbability other) in expected.Zip(found))
        {
            Assert.Equal(one.TokenId, other.TokenId);
            Assert.Equal(one.LogProbability, other.LogProbability, 1e-4f);
            Assert.All(one.Alternatives.Zip(other.Alternatives), pair => Assert.Equal(pair.First.LogProbability, pair.Second.LogProbability, 1e-4f));
        }
    }

    static async Task<List<TokenLogProbability>> Draw(LanguageModel model, GenerationOptions options)
    {
        List<TokenLogProbability> drawn = [];
        await foreach (GenerationUpdate update in model.GenerateAsync(CardModel.Ids(6, vocabulary: 256), null, options))
        {
            drawn.Add(update.LogProbability!.Value);
        }

        return drawn;
    }

    static void Make(string program, string options, string directory)
        => NumpyProgram.Run(Path.Combine(Octet.Testing.Fixtures.Repository, "tests", "Octet.Tests", "Families", program), ["make", .. options.Split(' '), "--out", directory]);
}
