using System.Text.Json.Nodes;
using Octet.Testing;

namespace Octet.Tokenizers.Tests;

/// <summary>What <c>tokenizer_config.json</c> beside <c>tokenizer.json</c> changes, as transformers 4 has it.</summary>
public sealed class TokenizerConfigTests : IDisposable
{
    const int Bos = 300;
    const int Eos = 301;
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("octet-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("LlamaTokenizerFast", "true", "false", new[] { Bos, 'a' })]
    [InlineData("LlamaTokenizer", "true", "true", new[] { Bos, 'a', Eos })]
    [InlineData("CodeLlamaTokenizerFast", "false", "true", new[] { (int)'a', Eos })]
    [InlineData("GemmaTokenizer", "true", "null", new[] { Bos, 'a' })]
    [InlineData("CohereTokenizerFast", "null", "true", new[] { (int)'a', Eos })]
    [InlineData("GPTNeoXTokenizerFast", "true", "false", new[] { Bos, 'a' })]
    [InlineData("LlamaTokenizerFast", "false", "false", new[] { (int)'a' })]
    public void Classes_that_heed_the_flags_put_their_own_tokens_around_a_text(string type, string bos, string eos, int[] expected)
    {
        string config = $$$"""{"tokenizer_class":"{{{type}}}","add_bos_token":{{{bos}}},"add_eos_token":{{{eos}}},"bos_token":"<s>","eos_token":{"content":"</s>"}}""";
        Assert.Equal(expected, Load(config).Encode("a"));
        Assert.Equal(expected, Load(config, template: true).Encode("a"));
        Assert.Equal(['a'], Load(config, template: true).Encode("a", addSpecialTokens: false));
    }

    [Theory]
    [InlineData("LlamaTokenizerFast", new[] { Bos, 'a', Eos })]
    [InlineData("GPTNeoXTokenizer", new[] { (int)'a', Eos })]
    public void A_flag_that_is_absent_beside_the_other_has_the_default_of_the_class(string type, int[] expected) =>
        Assert.Equal(expected, Load($$"""{"tokenizer_class":"{{type}}","add_eos_token":true,"bos_token":"<s>","eos_token":"</s>"}""").Encode("a"));

    [Theory]
    [InlineData("""{"tokenizer_class":"Qwen2Tokenizer","add_bos_token":false,"add_eos_token":true,"bos_token":"<s>","eos_token":"</s>"}""")]
    [InlineData("""{"tokenizer_class":"PreTrainedTokenizerFast","add_bos_token":false,"bos_token":"<s>"}""")]
    [InlineData("""{"tokenizer_class":"GPT2Tokenizer","add_bos_token":false,"bos_token":"<s>"}""")]
    [InlineData("""{"add_bos_token":false,"bos_token":"<s>"}""")]
    [InlineData("""{"tokenizer_class":"LlamaTokenizerFast","bos_token":"</s>"}""")]
    [InlineData("{}")]
    public void Everywhere_else_the_template_of_tokenizer_json_stands(string config)
    {
        Assert.Equal([Bos, 'a'], Load(config, template: true).Encode("a"));
        Assert.Equal(['a'], Load(config).Encode("a"));
    }

    [Fact]
    public void A_flag_whose_token_is_not_set_adds_nothing_and_one_that_is_unknown_is_refused()
    {
        Assert.Equal(['a'], Load("""{"tokenizer_class":"LlamaTokenizer","add_bos_token":true,"bos_token":null}""").Encode("a"));
        Assert.Contains("\"<none>\"", Refusal("""{"tokenizer_class":"LlamaTokenizer","add_bos_token":true,"bos_token":"<none>"}"""), StringComparison.Ordinal);
        Assert.Contains("add_bos_token", Refusal("""{"tokenizer_class":"LlamaTokenizer","add_bos_token":1}"""), StringComparison.Ordinal);
    }

    [Fact]
    public void The_tokens_that_begin_and_end_a_text_are_known()
    {
        Tokenizer tokenizer = Load("""{"bos_token":"<s>","eos_token":"</s>"}""");
        Assert.Equal((Bos, Eos), (tokenizer.BosTokenId, tokenizer.EosTokenId));
        Tokenizer without = Load("""{"bos_token":null,"eos_token":"<none>"}""");
        Assert.Equal((null, null), (without.BosTokenId, without.EosTokenId));
        File.WriteAllText(Path.Combine(_directory.FullName, "special_tokens_map.json"), """{"eos_token":"</s>"}""");
        Assert.Equal(Eos, Tokenizer.Load(_directory.FullName).EosTokenId);
    }

    [Fact]
    public void Special_tokens_can_be_text_like_any_other()
    {
        Tokenizer tokenizer = Load("{}");
        Assert.Equal([Bos, 302, 'a'], tokenizer.Encode("<s><t>a"));
        Assert.Equal(['<', 's', '>', 302, 'a'], tokenizer.Encode("<s><t>a", splitSpecialTokens: true));

        Tokenizer splitting = Load("""{"split_special_tokens":true}""");
        Assert.Equal(['<', 's', '>'], splitting.Encode("<s>"));
        Assert.Equal([Bos], splitting.Encode("<s>", splitSpecialTokens: false));
        Assert.Contains("split_special_tokens", Refusal("""{"split_special_tokens":"yes"}"""), StringComparison.Ordinal);
    }

    [Fact]
    public void Special_tokens_that_are_matched_in_normalized_text_are_split_too()
    {
        Tokenizer tokenizer = new TinyTokenizer().With("normalizer", """{"type":"Lowercase"}""").WithToken(300, "<S>", normalized: true, special: true).Build();
        Assert.Equal([300], tokenizer.Encode("<s>"));
        Assert.Equal(['<', 's', '>'], tokenizer.Encode("<S>", splitSpecialTokens: true));
    }

    [Fact]
    public void A_token_inside_of_a_special_one_that_is_split_is_not_found_either()
    {
        // The reference passes over the whole match (tokenizers, added_vocabulary.rs, find_matches).
        Tokenizer tokenizer = new TinyTokenizer().WithToken(300, "<s>", special: true).WithToken(301, "s>").Build();
        Assert.Equal(['<', 's', '>', 301], tokenizer.Encode("<s>s>", splitSpecialTokens: true));
    }

    [Fact]
    public void The_built_in_model_encodes_its_markers_as_text_on_request()
    {
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(Fixtures.Repository, "models", "octet-tiny"));
        Assert.Equal(2002, tokenizer.EosTokenId);
        Assert.Equal([2002], tokenizer.Encode("<|im_end|>"));
        int[] split = tokenizer.Encode("<|im_end|>", splitSpecialTokens: true);
        Assert.DoesNotContain(2002, split);
        Assert.Equal("<|im_end|>", tokenizer.Decode(split));
    }

    [Fact]
    public void The_case_of_a_Llama_class_over_the_built_in_model_begins_with_bos()
    {
        string model = Path.Combine(Fixtures.Repository, "models", "octet-tiny");
        File.Copy(Path.Combine(model, "tokenizer.json"), Path.Combine(_directory.FullName, "tokenizer.json"));
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(model, "tokenizer_config.json")))!.AsObject();
        config["add_bos_token"] = true;
        config["bos_token"] = "<|endoftext|>";
        config["tokenizer_class"] = "LlamaTokenizerFast";
        File.WriteAllText(Path.Combine(_directory.FullName, "tokenizer_config.json"), "\uFEFF" + config.ToJsonString());

        Assert.Equal([2000, 346, 1521, 1531, 19, 44, 18, 30], Tokenizer.Load(_directory.FullName).Encode("What is E4M3?"));
        Assert.Equal([346, 1521, 1531, 19, 44, 18, 30], Tokenizer.Load(Path.Combine(_directory.FullName, "tokenizer.json")).Encode("What is E4M3?"));
    }

    [Theory]
    [InlineData("""{"a":1,"a":2}""", "tokenizer_config.json", "a")]
    [InlineData("""{"tokenizer_class":"\ud800","add_bos_token":true}""", "tokenizer_config.json", "surrogate")]
    [InlineData("""{"eos_token":"\ud800"}""", "tokenizer_config.json", "eos_token")]
    [InlineData("[", "tokenizer_config.json", "not JSON")]
    public void A_broken_config_is_refused_in_one_line(string config, string file, string part)
    {
        string message = Refusal(config);
        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    string Refusal(string config) => Assert.Throws<TokenizerException>(() => Load(config)).Message;

    Tokenizer Load(string config, bool template = false)
    {
        TinyTokenizer tiny = new TinyTokenizer().WithToken(Bos, "<s>", special: true).WithToken(Eos, "</s>", special: true).WithToken(302, "<t>");
        if (template)
        {
            tiny.With("post_processor", """
                {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
                  "special_tokens":{"<s>":{"id":"<s>","ids":[300],"tokens":["<s>"]}}}
                """);
        }

        File.WriteAllBytes(Path.Combine(_directory.FullName, "tokenizer.json"), tiny.Json());
        File.WriteAllText(Path.Combine(_directory.FullName, "tokenizer_config.json"), config);
        return Tokenizer.Load(_directory.FullName);
    }
}
