using System.Text;
using Octet.Checkpoints;
using Octet.Generation;
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

    [Fact]
    public void What_rules_the_text_is_read()
    {
        GenerationConfig config = Parse("""
            {"stop_strings": ["a", "b"], "suppress_tokens": [1, 2], "begin_suppress_tokens": [3], "bad_words_ids": [[4], [5, 6]], "no_repeat_ngram_size": 3,
             "min_length": 7, "max_length": 900, "exponential_decay_length_penalty": [10, 1.5], "sequence_bias": [[[8, 9], -2.5]]}
            """);

        Assert.Equal(["a", "b"], config.StopStrings);
        Assert.Equal([1, 2], config.SuppressTokens);
        Assert.Equal([3], config.BeginSuppressTokens);
        Assert.Equal([[4], [5, 6]], config.BadWordsIds);
        Assert.Equal((3, 7, 900), (config.NoRepeatNgramSize, config.MinLength, config.MaxLength));
        Assert.Equal(new ExponentialDecay(10, 1.5), config.ExponentialDecayLengthPenalty);
        SequenceBias bias = Assert.Single(config.SequenceBias);
        Assert.Equal(-2.5f, bias.Bias);
        Assert.Equal([8, 9], bias.TokenIds);
    }

    /// <summary>Each is «off», or has no effect in a decoder that answers one prompt with one text: Transformers' documentation of the key.</summary>
    [Theory]
    [InlineData("""{"top_k":-1}""")]
    [InlineData("""{"top_k":0.0}""")]
    [InlineData("""{"top_p":-1,"min_p":-1,"typical_p":0,"repetition_penalty":0}""")]
    [InlineData("""{"do_sample":0}""")]
    [InlineData("""{"max_new_tokens":0,"max_length":-1,"min_length":0,"min_new_tokens":-1}""")]
    [InlineData("""{"max_length":20}""")]
    [InlineData("""{"suppress_tokens":[],"begin_suppress_tokens":[],"bad_words_ids":[],"stop_strings":[],"sequence_bias":[],"force_words_ids":[],"forced_decoder_ids":[],"constraints":[]}""")]
    [InlineData("""{"suppress_tokens":[-1],"stop_strings":"","bad_words_ids":[[]]}""")]
    [InlineData("""{"no_repeat_ngram_size":0,"exponential_decay_length_penalty":null}""")]
    [InlineData("""{"num_beams":1,"num_beam_groups":1,"length_penalty":1.0,"diversity_penalty":0.0,"early_stopping":false,"num_return_sequences":1}""")]
    [InlineData("""{"length_penalty":2.0,"num_beam_groups":4,"early_stopping":"never","low_memory":true}""")]
    [InlineData("""{"guidance_scale":1.0,"encoder_repetition_penalty":1.0,"encoder_no_repeat_ngram_size":0,"penalty_alpha":0.0}""")]
    [InlineData("""{"epsilon_cutoff":0.0,"eta_cutoff":1.0,"top_h":null,"max_time":null,"dola_layers":null,"watermarking_config":null,"token_healing":false}""")]
    [InlineData("""{"forced_bos_token_id":null,"forced_eos_token_id":-1,"decoder_start_token_id":7}""")]
    [InlineData("""{"penalty_alpha":0.6,"do_sample":true,"temperature":1.0}""")]
    [InlineData("""{"use_cache":true,"cache_implementation":"static","cache_config":{"a":1},"renormalize_logits":true,"remove_invalid_values":true}""")]
    [InlineData("""{"output_scores":true,"return_dict_in_generate":true,"num_assistant_tokens":20,"prompt_lookup_num_tokens":5,"assistant_confidence_threshold":0.4}""")]
    [InlineData("""{"_from_model_config":true,"transformers_version":"4.51.0","generation_kwargs":{}}""")]
    public void What_is_off_or_has_no_effect_is_accepted(string json)
    {
        GenerationConfig config = Parse(json);
        GenerationSettings settings = GenerationSettings.Resolve(null, config with { DoSample = true }, 1000, 30);

        Assert.Empty(config.UnknownKeys);
        Assert.Equal((0, 1f, 0f, 1f, 1f, 0), (config.TopK, config.TopP, config.MinP, config.TypicalP, config.RepetitionPenalty, config.NoRepeatNgramSize));
        Assert.Equal((null, 0), (settings.MaxTokens, settings.MinTokens));
        Assert.Empty(settings.StopStrings);
        Assert.Empty(settings.BannedTokenIds);
        Assert.Empty(settings.BannedFirstTokenIds);
        Assert.Empty(settings.SequenceBias);
    }

    [Theory]
    [InlineData("""{"pad_token_id":-1}""")]
    [InlineData("""{"pad_token_id":1000}""")]
    [InlineData("""{"pad_token_id":[5],"bos_token_id":"x"}""")]
    public void Padding_and_the_beginning_are_never_used_and_may_be_anything(string json) => Assert.Null(Parse(json).PadTokenId);

    [Theory]
    [InlineData("""{"max_length":2048.0,"top_k":20.0,"eos_token_id":3.0}""")]
    public void Whole_numbers_may_be_written_as_fractions(string json)
    {
        GenerationConfig config = Parse(json);

        Assert.Equal((2048, 20), (config.MaxLength, config.TopK));
        Assert.Equal([3], config.EosTokenIds);
    }

    [Theory]
    [InlineData("""{"eos_token_id":[3,1000,-1]}""", new[] { 3 })]
    [InlineData("""{"eos_token_id":[1000]}""", new int[0])]
    [InlineData("""{"eos_token_id":[]}""", new[] { 901 })]
    public void Ends_that_the_model_does_not_have_are_left_out(string json, int[] expected) => Assert.Equal(expected, Parse(json).EosTokenIds);

    [Fact]
    public void A_text_alone_is_a_list_of_one() => Assert.Equal(["stop"], Parse("""{"stop_strings":"stop"}""").StopStrings);

    [Fact]
    public void Keys_that_nobody_knows_are_told() => Assert.Equal(["chat_format", "top_n_sigma"], Parse("""{"chat_format":"chatml","top_k":1,"top_n_sigma":1.0,"nothing":null}""").UnknownKeys);

    [Theory]
    [InlineData("""{"temperature":-0.5}""", "g.json: temperature is -0.5; expected a number from 0")]
    [InlineData("""{"top_k":-3}""", "g.json: top_k is -3; expected a whole number from 0")]
    [InlineData("""{"top_p":1.5}""", "g.json: top_p is 1.5; expected a number from 0 to 1")]
    [InlineData("""{"min_p":"0"}""", "g.json: min_p is \"0\"; expected a number from 0 to 1")]
    [InlineData("""{"typical_p":2}""", "g.json: typical_p is 2; expected a number above 0, at most 1")]
    [InlineData("""{"repetition_penalty":-2}""", "g.json: repetition_penalty is -2; expected a number above 0")]
    [InlineData("""{"do_sample":"yes"}""", "g.json: do_sample is \"yes\"; expected true or false")]
    [InlineData("""{"eos_token_id":"</s>"}""", "g.json: eos_token_id is \"</s>\"; expected a token id, or a list of them")]
    [InlineData("""{"max_new_tokens":2.5}""", "g.json: max_new_tokens is 2.5; expected a whole number from 1")]
    [InlineData("""{"suppress_tokens":"all"}""", "g.json: suppress_tokens is \"all\"; expected a list of token ids")]
    [InlineData("""{"bad_words_ids":[1,2]}""", "g.json: bad_words_ids is [1,2]; expected a list of lists of token ids")]
    [InlineData("""{"stop_strings":[1]}""", "g.json: stop_strings is [1]; expected a text or a list of texts")]
    [InlineData("""{"exponential_decay_length_penalty":1.5}""", "g.json: exponential_decay_length_penalty is 1.5; expected [tokens without it, a number above 0]")]
    [InlineData("""{"sequence_bias":{"(1, 2)":1.0}}""", "g.json: sequence_bias is {\"(1, 2)\":1.0}; expected a list of [[token ids], bias]")]
    [InlineData("""{"num_beams":4}""", "g.json: num_beams is 4, which is not implemented; supported: absent or 1")]
    [InlineData("""{"penalty_alpha":0.6}""", "g.json: penalty_alpha is 0.6, which is not implemented; supported: absent or null")]
    [InlineData("""{"guidance_scale":1.5}""", "g.json: guidance_scale is 1.5, which is not implemented; supported: absent or 1")]
    [InlineData("""{"force_words_ids":[[1]]}""", "g.json: force_words_ids is [[1]], which is not implemented; supported: absent or null")]
    [InlineData("""{"forced_decoder_ids":[[1,2]]}""", "g.json: forced_decoder_ids is [[1,2]], which is not implemented; supported: absent or null")]
    [InlineData("""{"forced_bos_token_id":5}""", "g.json: forced_bos_token_id is 5, which is not implemented; supported: absent or null")]
    [InlineData("""{"forced_eos_token_id":[5]}""", "g.json: forced_eos_token_id is [5], which is not implemented; supported: absent or null")]
    [InlineData("""{"constraints":[{}]}""", "g.json: constraints is [{}], which is not implemented; supported: absent or null")]
    [InlineData("""{"watermarking_config":{"bias":2.0}}""", "g.json: watermarking_config is {\"bias\":2.0}, which is not implemented; supported: absent or null")]
    [InlineData("""{"dola_layers":"high"}""", "g.json: dola_layers is \"high\", which is not implemented; supported: absent or null")]
    [InlineData("""{"max_time":1.5}""", "g.json: max_time is 1.5, which is not implemented; supported: absent or null")]
    [InlineData("""{"token_healing":true}""", "g.json: token_healing is true, which is not implemented; supported: absent or null")]
    [InlineData("""{"encoder_repetition_penalty":1.2}""", "g.json: encoder_repetition_penalty is 1.2, which is not implemented; supported: absent or 1")]
    [InlineData("""{"encoder_no_repeat_ngram_size":3}""", "g.json: encoder_no_repeat_ngram_size is 3, which is not implemented; supported: absent or null")]
    [InlineData("""{"do_sample":true,"top_h":0.4}""", "g.json: top_h is 0.4, which is not implemented; supported: absent or null")]
    [InlineData("""{"do_sample":true,"epsilon_cutoff":0.001}""", "g.json: epsilon_cutoff is 0.001, which is not implemented; supported: absent or null")]
    [InlineData("""{"generation_kwargs":{"x":1}}""", "g.json: generation_kwargs is {\"x\":1}, which is not implemented; supported: absent or null")]
    public void What_cannot_be_followed_is_refused_by_name_when_it_would_have_to_be(string json, string message)
    {
        // Whether it samples does not matter to most; those that only sampling reads are refused where it does.
        GenerationConfig config = Parse(json) is { DoSample: false } greedy && !json.Contains("penalty_alpha", StringComparison.Ordinal) ? greedy with { DoSample = true } : Parse(json);

        ModelException error = Assert.Throws<ModelException>(() => GenerationSettings.Resolve(null, config, 1000));
        Assert.StartsWith(message + ";", error.Message, StringComparison.Ordinal);
        Assert.Equal(ModelError.Unsupported, error.Error);
        Assert.NotNull(GenerationSettings.Resolve(new() { IgnoreGenerationConfig = true }, config, 1000));
    }

    public static TheoryData<string, GenerationOptions> Overruled => new()
    {
        { """{"top_k":-3,"do_sample":true}""", new() { TopK = 0 } },
        { """{"top_p":7,"do_sample":true}""", new() { TopP = 1 } },
        { """{"min_p":7,"do_sample":true}""", new() { MinP = 0 } },
        { """{"typical_p":7,"do_sample":true}""", new() { TypicalP = 1 } },
        { """{"temperature":"hot","do_sample":true}""", new() { Temperature = 1 } },
        { """{"do_sample":"yes","penalty_alpha":0.6}""", new() { Temperature = 0 } },
        { """{"repetition_penalty":"x"}""", new() { RepetitionPenalty = 1 } },
        { """{"no_repeat_ngram_size":"x"}""", new() { NoRepeatNgramSize = 0 } },
        { """{"suppress_tokens":"x"}""", new() { BannedTokenIds = [] } },
        { """{"begin_suppress_tokens":"x"}""", new() { BannedFirstTokenIds = [] } },
        { """{"bad_words_ids":"x"}""", new() { BannedSequences = [] } },
        { """{"stop_strings":7}""", new() { StopStrings = [] } },
        { """{"eos_token_id":"x"}""", new() { IgnoreEos = true } },
        { """{"max_new_tokens":"x","max_length":"y"}""", new() { MaxTokens = 3 } },
        { """{"min_new_tokens":"x","min_length":"y"}""", new() { MinTokens = 3 } },
        { """{"exponential_decay_length_penalty":"x"}""", new() { ExponentialDecayLengthPenalty = new(0, 1) } },
        { """{"max_new_tokens":5,"max_length":"never used","min_new_tokens":1,"min_length":"never used"}""", new() },
        { """{"do_sample":false,"top_k":-3,"top_p":7,"top_h":0.5,"eta_cutoff":0.1}""", new() },
        { """{"do_sample":true,"top_k":-3,"top_p":7,"top_h":0.5,"eta_cutoff":0.1}""", new() { Temperature = 0 } },
    };

    [Theory]
    [MemberData(nameof(Overruled))]
    public void What_the_caller_overrules_or_greedy_generation_does_not_read_is_not_refused(string json, GenerationOptions options)
        => Assert.NotNull(GenerationSettings.Resolve(options, Parse(json), 1000));

    [Fact]
    public void Lengths_of_prompt_and_output_together_count_the_prompt()
    {
        GenerationSettings settings = GenerationSettings.Resolve(null, Parse("""{"max_length":100,"min_length":50}"""), 1000, promptTokens: 30);

        Assert.Equal((70, 20), (settings.MaxTokens, settings.MinTokens));
        Assert.Equal((9, 2), GenerationSettings.Resolve(null, Parse("""{"max_length":100,"max_new_tokens":9,"min_length":50,"min_new_tokens":2}"""), 1000, 30) is var both ? (both.MaxTokens, both.MinTokens) : default);
        ModelException error = Assert.Throws<ModelException>(() => GenerationSettings.Resolve(null, Parse("""{"max_length":100}"""), 1000, 100));
        Assert.Equal(ModelError.InvalidInput, error.Error);
        Assert.Contains("max_length", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_end_by_itself_is_no_bad_word()
    {
        GenerationSettings settings = GenerationSettings.Resolve(null, Parse("""{"eos_token_id":7,"bad_words_ids":[[7],[8],[7,7]]}"""), 1000);

        Assert.Equal([[8], [7, 7]], settings.SequenceBias.Select(entry => entry.Ids));
    }

    static GenerationConfig Parse(string json) =>
        GenerationConfig.Parse(Encoding.UTF8.GetBytes(json), "g.json", ModelConfig.Parse(ConfigText.With(), "c.json"));
}
