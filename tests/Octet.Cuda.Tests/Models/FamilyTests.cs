using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Models;

/// <summary>Families of the numpy programs on a card against the CPU, those that it has the operations of.</summary>
public sealed class FamilyTests
{
    static readonly LanguageModelOptions s_options = new() { Activation = ActivationMode.WeightOnly, PrefillChunk = 32, ContextLength = 128, KvCache = KvCacheType.Float32 };

    [Theory]
    [InlineData("dense.py", "smollm3")]
    [InlineData("dense.py", "qwen3_vl")]
    [InlineData("dense.py", "qwen2_5_vl")]
    [InlineData("dense.py", "glm")]
    [InlineData("dense.py", "ernie4_5")]
    [InlineData("mixtures.py", "mixtral")]
    [InlineData("mixtures.py", "qwen2_moe")]
    [InlineData("mixtures.py", "exaone_moe")]
    [InlineData("mixtures.py", "ernie4_5_moe")]
    [InlineData("mixtures.py", "qwen3_vl_moe")]
    [InlineData("mixtures.py", "qwen3_vl_moe --fp8 block")]
    public void Logits_are_those_of_the_CPU(string program, string options)
    {
        using var both = new CardModel(s_options, directory => Make(program, options, directory));
        double error = both.LargestError(CardModel.Ids(40, vocabulary: 300), CardModel.Ids(2, 2, vocabulary: 300));

        // Of FP8 on Hopper inputs are rounded to bfloat16.
        Assert.True(error < (options.Contains("fp8", StringComparison.Ordinal) ? 5e-3 : 1e-4), $"{error}");
    }

    [Theory]
    [InlineData("dense.py", "olmo3", "Olmo3ForCausalLM needs a stream that is normed or scaled in another way than Llama's")]
    [InlineData("dense.py", "granite", "GraniteForCausalLM needs a stream that is normed or scaled in another way than Llama's")]
    [InlineData("dense.py", "cohere2", "Cohere2ForCausalLM needs a stream that is normed or scaled in another way than Llama's")]
    [InlineData("dense.py", "hunyuan_v1_dense", "HunYuanDenseV1ForCausalLM needs a stream that is normed or scaled in another way than Llama's")]
    [InlineData("dense.py", "gemma2", "Gemma2ForCausalLM needs a stream that is normed or scaled in another way than Llama's")]
    [InlineData("mixtures.py", "minimax_m2", "MiniMaxM2ForCausalLM needs a stream that is normed or scaled in another way than Llama's")]
    [InlineData("mixtures.py", "llama4", "Llama4ForConditionalGeneration needs a stream that is normed or scaled in another way than Llama's")]
    [InlineData("mixtures.py", "mistral4", "Mistral3ForConditionalGeneration needs latent attention (MLA)")]
    public void What_a_card_lacks_is_said_before_anything_is_copied(string program, string options, string expected)
    {
        var error = Assert.Throws<ModelException>(() => new CardModel(s_options, directory => Make(program, options, directory)));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    static void Make(string program, string options, string directory)
        => NumpyProgram.Run(Path.Combine(Octet.Testing.Fixtures.Repository, "tests", "Octet.Tests", "Families", program), ["make", .. options.Split(' '), "--out", directory]);
}
