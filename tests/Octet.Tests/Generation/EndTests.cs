using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tests.Reference;

namespace Octet.Tests.Generation;

/// <summary>
/// Where answers end. octet-tiny answers with 42 tokens of text and <c>&lt;|im_end|&gt;</c>, 2002; without an end it goes on.
/// </summary>
public class EndTests
{
    const int ImEnd = 2002;
    const string Answer = "E4M3 is an 8-bit floating-point format with 1 sign bit, 4 exponent bits and 3 mantissa bits. Its largest value is 448 and it has no infinity.";
    const string OtherEnds = """{"eos_token_id": 2000}""";

    [Fact]
    public async Task A_stop_string_that_is_a_special_token_ends_the_answer()
    {
        GenerationUpdate last = await Ask(BuiltInModel.Shared, new() { IgnoreEos = true, MaxTokens = 60, StopStrings = ["<|im_end|>"] }, Answer);

        Assert.Equal((43, FinishReason.Stop), (last.Statistics!.Value.Usage.CompletionTokens, last.FinishReason));
        Assert.Equal(("<|im_end|>", null), (last.StopString, last.StopTokenId));
    }

    [Fact]
    public async Task Which_stop_ended_the_answer_is_told()
    {
        Assert.Equal((null, ImEnd), Stop(await Ask(BuiltInModel.Shared, new(), Answer)));
        Assert.Equal(("format", null), Stop(await Ask(BuiltInModel.Shared, new() { StopStrings = ["mantissa", "format"] }, "E4M3 is an 8-bit floating-point ")));
        int format = Assert.Single(BuiltInModel.Shared.Encode(" format"));
        Assert.Equal((null, format), Stop(await Ask(BuiltInModel.Shared, new() { StopTokenIds = [format] }, "E4M3 is an 8-bit floating-point")));
        Assert.Equal((null, null), Stop(await Ask(BuiltInModel.Shared, new() { MaxTokens = 3 }, null)));
    }

    [Fact]
    public async Task The_tokenizers_own_end_and_the_templates_end_the_answer_where_the_configs_know_others()
    {
        using var byBoth = new TinyCopy().With("generation_config.json", OtherEnds).Set("config.json", "eos_token_id", 2000);
        await AssertEnds(byBoth, [2000, ImEnd]);
        using var byTemplate = new TinyCopy().With("generation_config.json", OtherEnds).Set("config.json", "eos_token_id", 2000).Set("tokenizer_config.json", "eos_token", "<|endoftext|>");
        await AssertEnds(byTemplate, [2000, ImEnd]);
        using var byTokenizer = new TinyCopy().Without("generation_config.json").Set("config.json", "eos_token_id", null).With("chat_template.jinja", "<|im_start|>user\n{{ messages[0].content }}<|im_end|>\n<|im_start|>assistant\n");
        await AssertEnds(byTokenizer, [ImEnd]);
        using var byConfig = new TinyCopy().With("generation_config.json", OtherEnds).Set("tokenizer_config.json", "eos_token", null);
        await AssertEnds(byConfig, [2000, ImEnd]);
    }

    [Fact]
    public void A_base_model_without_a_template_ends_with_the_tokenizers_own_end()
    {
        using var copy = new TinyCopy().Without("generation_config.json").Without("chat_template.jinja").Set("tokenizer_config.json", "chat_template", null).Set("config.json", "eos_token_id", null);
        using LanguageModel model = LanguageModel.Load(copy.Path, new() { Threads = 1 });

        Assert.Equal([ImEnd], model.EndTokenIds);
    }

    [Theory]
    [InlineData("{{ raise_exception('no') }}")]
    [InlineData("{% for %}")]
    [InlineData("{{ messages[0].content }}")]
    public async Task What_a_template_refuses_or_does_not_tell_is_no_end_and_no_error(string template)
    {
        using var copy = new TinyCopy().Without("generation_config.json").Set("config.json", "eos_token_id", null).Set("tokenizer_config.json", "eos_token", null).With("chat_template.jinja", template);
        using LanguageModel model = LanguageModel.Load(copy.Path, new() { Threads = 1 });

        Assert.Empty(model.EndTokenIds);
        Assert.Equal(4, (await BuiltInModel.Collect(model.GenerateAsync([1, 2], null, new() { MaxTokens = 4 }))).Count);
    }

    [Fact]
    public void An_end_that_the_model_does_not_have_is_none()
    {
        using var copy = new TinyCopy().Without("generation_config.json").Set("config.json", "eos_token_id", null).Without("chat_template.jinja")
            .Set("tokenizer_config.json", "chat_template", null).Set("tokenizer_config.json", "eos_token", "</s>");
        using LanguageModel model = LanguageModel.Load(copy.Path, new() { Threads = 1 });

        Assert.Empty(model.EndTokenIds);
    }

    [Theory]
    [InlineData("""{"eos_token_id":2002,"stop_strings":["format"]}""", "E4M3 is an 8-bit floating-point ")]
    [InlineData("""{"eos_token_id":2002,"max_new_tokens":3}""", null)]
    [InlineData("""{"eos_token_id":2002,"max_length":18}""", null)]
    public async Task The_file_of_the_model_ends_answers_too(string file, string? expected)
    {
        using var copy = new TinyCopy().With("generation_config.json", file);
        using LanguageModel model = LanguageModel.Load(copy.Path, new() { Threads = 1 });
        GenerationUpdate last = await Ask(model, null, expected);

        // The prompt has 15 tokens.
        Assert.Equal(expected is null ? 3 : last.Statistics!.Value.Usage.CompletionTokens, last.Statistics!.Value.Usage.CompletionTokens);
        await Ask(model, new() { IgnoreGenerationConfig = true }, Answer);
    }

    [Theory]
    [InlineData("begin_suppress_tokens")]
    [InlineData("suppress_tokens")]
    public async Task Tokens_that_the_file_suppresses_do_not_come(string key)
    {
        int first = (await BuiltInModel.Collect(BuiltInModel.Shared.GenerateAsync("What is E4M3?")))[0].TokenId!.Value;
        using var copy = new TinyCopy().Set("generation_config.json", key, new JsonArray(first));
        using LanguageModel model = LanguageModel.Load(copy.Path, new() { Threads = 1 });

        Assert.NotEqual(first, (await BuiltInModel.Collect(model.GenerateAsync("What is E4M3?")))[0].TokenId);
    }

    [Fact]
    public async Task A_marker_of_tools_that_is_special_can_be_kept()
    {
        using var copy = new TinyCopy().MarkSpecial("<tool_call>", "</tool_call>");
        using LanguageModel model = LanguageModel.Load(copy.Path, new() { Threads = 1 });
        JsonNode tools = JsonNode.Parse("""
            [{"type":"function","function":{"name":"get_weather","description":"The weather in a city","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]
            """)!;
        async Task<string> Call(bool skip) => BuiltInModel.Text(await BuiltInModel.Collect(model.GenerateAsync([new ChatTurn("user", "What is the weather in Paris?")], new() { SkipSpecialTokens = skip }, new() { Tools = tools })));

        string call = """{"name": "get_weather", "arguments": {"city": "Paris"}}""";
        Assert.Equal($"<tool_call>\n{call}\n</tool_call>", await Call(skip: false));
        Assert.Equal($"\n{call}\n", await Call(skip: true));
    }

    [Fact]
    public async Task A_seed_that_was_drawn_is_told_and_gives_the_same_answer()
    {
        var options = new GenerationOptions { Temperature = 2, MaxTokens = 40 };
        List<GenerationUpdate> drawn = await BuiltInModel.Collect(BuiltInModel.Shared.GenerateAsync("Hello", options));
        long seed = drawn[^1].Statistics!.Value.Seed;

        Assert.InRange(seed, 0, (1L << 53) - 1);
        Assert.Equal(BuiltInModel.Text(drawn), BuiltInModel.Text(await BuiltInModel.Collect(BuiltInModel.Shared.GenerateAsync("Hello", options with { Seed = seed }))));
        Assert.Equal(-7, (await BuiltInModel.Collect(BuiltInModel.Shared.GenerateAsync("Hello", options with { Seed = -7 })))[^1].Statistics!.Value.Seed);
    }

    [Theory]
    [InlineData("pad.json")]
    [InlineData("topk.json")]
    [InlineData("empty.json")]
    public async Task Harmless_files_of_a_public_report_load(string name)
    {
        using var copy = new TinyCopy().With("generation_config.json", File.ReadAllText(Fixtures.Case("text", "05-generation-config-too-strict", name)));
        using LanguageModel model = LanguageModel.Load(copy.Path, new() { Threads = 1 });

        await Ask(model, new() { Temperature = 0 }, Answer);
        await Ask(model, new() { MaxTokens = 5, Seed = 1 }, null);
    }

    static async Task AssertEnds(TinyCopy copy, int[] expected)
    {
        using LanguageModel model = LanguageModel.Load(copy.Path, new() { Threads = 1 });

        Assert.Equal(expected, model.EndTokenIds.Order());
        GenerationUpdate last = await Ask(model, new() { MaxTokens = 60 }, Answer);
        Assert.Equal((null, ImEnd), Stop(last));
    }

    static async Task<GenerationUpdate> Ask(LanguageModel model, GenerationOptions? options, string? expected)
    {
        List<GenerationUpdate> updates = await BuiltInModel.Collect(model.GenerateAsync("What is E4M3?", options));
        Assert.Equal(expected ?? BuiltInModel.Text(updates), BuiltInModel.Text(updates));
        return updates[^1];
    }

    static (string? Text, int? Token) Stop(GenerationUpdate last) => (last.StopString, last.StopTokenId);
}
