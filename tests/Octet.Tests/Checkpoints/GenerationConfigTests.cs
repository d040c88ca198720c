using System.Text;
using Octet.Checkpoints;
using Octet.Testing;

namespace Octet.Tests.Checkpoints;

public class GenerationConfigTests
{
    [Theory]
    [InlineData("Qwen3-0.6B-FP8", 0.6f, 20, 0.95f)]
    [InlineData("Qwen3-4B-Instruct-2507-FP8", 0.7f, 20, 0.8f)]
    public void Published_recommendations_are_read(string model, float temperature, int topK, float topP)
    {
        string directory = Fixtures.Path("qwen3", model);

        GenerationConfig config = GenerationConfig.Load(directory, ModelConfig.Load(directory));

        Assert.Equal((true, temperature, topK, topP), (config.DoSample, config.Temperature, config.TopK, config.TopP));
        Assert.Equal([151645, 151643], config.EosTokenIds);
        Assert.Equal((151643, 151643), (config.BosTokenId, config.PadTokenId));
        Assert.Null(config.MaxNewTokens);
    }

    [Fact]
    public void Without_the_file_it_is_greedy_with_the_ends_of_the_model()
    {
        string directory = Fixtures.Path("qwen3", "Qwen3-8B");

        GenerationConfig config = GenerationConfig.Load(directory, ModelConfig.Load(directory));

        Assert.False(config.DoSample);
        Assert.Equal([151645], config.EosTokenIds);
    }

    [Fact]
    public void An_absent_key_leaves_its_filter_off()
    {
        GenerationConfig config = Parse("""{"do_sample": true}""");

        Assert.Equal((1f, 0, 1f, 0f, 1f, 1f), (config.Temperature, config.TopK, config.TopP, config.MinP, config.TypicalP, config.RepetitionPenalty));
        Assert.Equal([901], config.EosTokenIds);
    }

    [Fact]
    public void Every_key_is_read()
    {
        GenerationConfig config = Parse("""
            {"do_sample": true, "temperature": 0.5, "top_k": 7, "top_p": 0.25, "min_p": 0.125, "typical_p": 0.75, "repetition_penalty": 1.5,
             "eos_token_id": 3, "bos_token_id": 4, "pad_token_id": 5, "max_new_tokens": 6, "min_new_tokens": 2, "num_beams": 1, "guidance_scale": null}
            """);

        Assert.Equal((0.5f, 7, 0.25f, 0.125f, 0.75f, 1.5f), (config.Temperature, config.TopK, config.TopP, config.MinP, config.TypicalP, config.RepetitionPenalty));
        Assert.Equal([3], config.EosTokenIds);
        Assert.Equal((4, 5, 6, 2), (config.BosTokenId, config.PadTokenId, config.MaxNewTokens, config.MinNewTokens));
    }

    [Theory]
    [InlineData("""{"temperature":-1}""", "g.json: temperature is -1; expected a number from 0")]
    [InlineData("""{"top_k":-1}""", "g.json: top_k is -1; expected a whole number from 0 to 2147483647")]
    [InlineData("""{"top_p":1.5}""", "g.json: top_p is 1.5; expected a number from 0 to 1")]
    [InlineData("""{"min_p":"0"}""", "g.json: min_p is \"0\"; expected a number from 0 to 1")]
    [InlineData("""{"typical_p":0}""", "g.json: typical_p is 0; expected a number above 0, at most 1")]
    [InlineData("""{"repetition_penalty":0}""", "g.json: repetition_penalty is 0; expected a number above 0")]
    [InlineData("""{"eos_token_id":[1000]}""", "g.json: eos_token_id is [1000]; expected a whole number from 0 to 999, or a list of such numbers")]
    [InlineData("""{"max_new_tokens":0}""", "g.json: max_new_tokens is 0; expected a whole number from 1 to 2147483647")]
    [InlineData("""{"num_beams":4}""", "g.json: num_beams is 4, which is not implemented; supported: absent or 1")]
    [InlineData("""{"no_repeat_ngram_size":3}""", "g.json: no_repeat_ngram_size is 3, which is not implemented; supported: absent or 0")]
    [InlineData("""{"suppress_tokens":[1]}""", "g.json: suppress_tokens is [1], which is not implemented; supported: absent or null")]
    public void What_is_impossible_or_not_implemented_is_refused(string json, string message) =>
        Assert.Equal(message, Assert.Throws<ModelException>(() => Parse(json)).Message);

    static GenerationConfig Parse(string json) =>
        GenerationConfig.Parse(Encoding.UTF8.GetBytes(json), "g.json", ModelConfig.Parse(ConfigText.With(), "c.json"));
}
