using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public sealed class RunTests : IDisposable
{
    readonly TestModel _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void The_answer_goes_to_the_output_and_the_statistics_to_the_error_stream()
    {
        ToolResult result = Run("run", _model.Path, "hello", "--max-tokens", "6", "--ignore-eos", "--seed", "1", "--stats");

        Assert.EndsWith("\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("answer       6 tokens", result.Error, StringComparison.Ordinal);
        Assert.Contains("finish       length", result.Error, StringComparison.Ordinal);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public void The_same_seed_gives_the_same_text_from_an_argument_and_from_the_input()
    {
        string[] options = ["--raw", "--max-tokens", "12", "--temperature", "1.5", "--ignore-eos", "--seed", "7"];

        ToolResult argument = Run(["run", _model.Path, "Grüße, 世界", .. options]);
        ToolResult input = Run(["run", _model.Path, "-", .. options], "Grüße, 世界");
        ToolResult other = Run(["run", _model.Path, "Grüße, 世界", .. options[..^1], "8"]);

        Assert.Equal(0, argument.ExitCode);
        Assert.Equal(argument.Output, input.Output);
        Assert.NotEqual(argument.Output, other.Output);
    }

    [Fact]
    public void Json_is_one_object_with_the_text_the_reason_the_counts_and_the_speeds()
    {
        ToolResult result = Run("run", _model.Path, "hi", "--raw", "--max-tokens", "5", "--ignore-eos", "--temperature", "1", "--seed", "3", "--json");

        JsonObject json = result.Json;
        Assert.Equal("length", (string?)json["finish_reason"]);

        // Two bytes, and no merge in the tokenizer.
        Assert.Equal(2, (int?)json["prompt_tokens"]);
        Assert.Equal(5, (int?)json["completion_tokens"]);
        Assert.Equal(3, (long?)json["seed"]);
        Assert.Equal("", result.Error);
        foreach (string speed in (string[])["time_to_first_token_seconds", "prompt_tokens_per_second", "tokens_per_second"])
        {
            Assert.True((double?)json[speed] > 0, speed);
        }

        Assert.NotNull((string?)json["text"]);
    }

    [Fact]
    public void Ids_need_no_tokenizer_and_give_ids()
    {
        using var model = new TestModel(tokenizer: false, template: false);
        string[] arguments = ["run", model.Path, "--ids", "1,2,3", "--max-tokens", "5", "--ignore-eos", "--temperature", "0"];

        ToolResult text = Run(arguments);
        ToolResult json = Run([.. arguments, "--json"]);

        int[] ids = [.. text.Output.TrimEnd('\n').Split(' ').Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
        Assert.Equal(5, ids.Length);
        Assert.All(ids, id => Assert.InRange(id, 0, TestModel.VocabularySize - 1));
        Assert.Equal(ids, json.Json["ids"]!.AsArray().Select(id => (int)id!));
    }

    [Fact]
    public void A_bias_forces_a_token()
    {
        // 65 is the byte of A in a tokenizer of bytes.
        ToolResult result = Run("run", _model.Path, "x", "--raw", "--logit-bias", "65=100", "--temperature", "0", "--max-tokens", "3");

        Assert.Equal("AAA\n", result.Output);
    }

    [Fact]
    public void A_stop_string_ends_the_answer_and_is_not_in_it()
    {
        ToolResult result = Run("run", _model.Path, "x", "--raw", "--logit-bias", "65=100", "--temperature", "0", "--max-tokens", "9", "--stop", "AAA", "--json");

        Assert.Equal("stop", (string?)result.Json["finish_reason"]);
        Assert.Equal("", (string?)result.Json["text"]);
        Assert.Equal(3, (int?)result.Json["completion_tokens"]);
    }

    [Theory]
    [InlineData("octet: warning: --top-k, --seed: without effect, as the most likely token is always taken (the model does not sample by itself)", "--top-k", "3", "--seed", "1")]
    [InlineData("octet: warning: --top-p, --min-p, --typical-p: without effect, as the most likely token is always taken (--temperature 0)", "--top-p", "0.5", "--min-p", "0.1", "--typical-p", "0.5", "--temperature", "0")]
    [InlineData("", "--top-k", "0", "--top-p", "1")]
    [InlineData("", "--top-k", "3", "--seed", "1", "--temperature", "0.5")]
    public void Options_that_only_sampling_reads_are_said_to_have_no_effect_without_it(string warning, params string[] options)
    {
        ToolResult result = Run(["run", _model.Path, "x", "--raw", "--max-tokens", "1", .. options]);

        Assert.StartsWith(warning, result.Error, StringComparison.Ordinal);
        Assert.Equal(warning.Length > 0 ? 1 : 0, result.Error.Count(c => c == '\n'));
    }

    [Theory]
    [InlineData("--logit-bias holds token 100000", "--logit-bias", "100000=1")]
    [InlineData("--stop-id holds token 100000", "--stop-id", "3,100000")]
    public void What_the_model_refuses_is_told_by_the_option_that_was_typed(string fragment, params string[] options)
        => AssertError(Run(["run", _model.Path, "x", .. options]), 1, fragment);

    [Fact]
    public void A_stop_string_that_is_a_special_token_ends_the_answer()
    {
        JsonObject json = Ask("--ignore-eos", "--max-tokens", "60", "--stop", "nothing", "--stop", "<|im_end|>");

        Assert.Equal(("stop", "<|im_end|>", 43), ((string?)json["finish_reason"], (string?)json["stop_reason"], (int?)json["completion_tokens"]));
        Assert.EndsWith("it has no infinity.", (string?)json["text"], StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_end_the_answer_too()
    {
        JsonObject json = Ask("--ignore-eos", "--max-tokens", "60", "--stop-id", "2000,2001", "--stop-id", "2002");

        Assert.Equal(("stop", 2002, 43), ((string?)json["finish_reason"], (int?)json["stop_reason"], (int?)json["completion_tokens"]));
    }

    [Theory]
    [InlineData(@"\x66or", "E4M3 is an 8-bit floating-point ")]
    [InlineData(@"\u0066ormat", "E4M3 is an 8-bit floating-point ")]
    [InlineData(@"-bit\x20", "E4M3 is an 8")]
    [InlineData("=-bit", "E4M3 is an 8")]
    public void Stop_strings_may_have_escapes_and_look_like_options(string stop, string expected)
        => Assert.Equal(expected, (string?)Ask(stop.StartsWith('=') ? [$"--stop{stop}"] : ["--stop", stop])["text"]);

    [Theory]
    [InlineData("<|im_end|><|im_end|>", "--special")]
    [InlineData("")]
    public void Special_tokens_are_kept_on_request(string expected, params string[] options)
        => Assert.Equal(expected, (string?)Ask(["--ignore-eos", "--max-tokens", "2", "--logit-bias", "2002=100", .. options])["text"]);

    [Fact]
    public void A_seed_that_was_drawn_is_told_and_gives_the_same_text()
    {
        JsonObject first = Ask("--temperature", "2", "--max-tokens", "30");

        Assert.Equal((string?)first["text"], (string?)Ask("--temperature", "2", "--max-tokens", "30", "--seed", first["seed"]!.ToString())["text"]);
        Assert.Matches(@"(?m)^seed         \d+$", Run("run", _model.Path, "x", "--max-tokens", "2", "--stats").Error);
    }

    [Fact]
    public void Keys_that_nobody_knows_and_a_missing_end_are_told_at_the_start()
    {
        using TinyCopy copy = new TinyCopy().With("generation_config.json", "{\"chat_format\":\"chatml\"," + string.Join(",", Enumerable.Range(0, 50).Select(i => $"\"own_{i}\":1")) + "}").Set("config.json", "eos_token_id", null)
            .Set("tokenizer_config.json", "eos_token", null).With("chat_template.jinja", "{{ messages[0].content }}");
        ToolResult result = Run("run", copy.Path, "x", "--max-tokens", "3", "--seed", "1");

        Assert.Matches("^octet: warning: no end token of .* is known.*\n.*chat_format, own_0, .*, own_8 and 41 more keys: not known.*\n$", result.Error);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("", Run("run", copy.Path, "x", "--max-tokens", "3", "--stop", "y", "--ignore-generation-config").Error);
    }

    [Fact]
    public void What_the_model_recommends_and_cannot_be_followed_is_an_error_unless_it_is_overruled()
    {
        using TinyCopy copy = new TinyCopy().With("generation_config.json", """{"do_sample":true,"top_k":-3}""");

        AssertError(Run("run", copy.Path, "What is E4M3?"), 1, "top_k is -3", "--ignore-generation-config");
        Assert.Equal(0, Run("run", copy.Path, "What is E4M3?", "--top-k", "5", "--max-tokens", "2").ExitCode);
        Assert.Equal(0, Run("run", copy.Path, "What is E4M3?", "--ignore-generation-config", "--max-tokens", "2").ExitCode);
    }

    [Fact]
    public void An_answer_that_is_begun_is_gone_on_with()
        => Assert.Equal(
            " 4 exponent bits and 3 mantissa bits. Its largest value is 448 and it has no infinity.",
            (string?)Ask("--prefill", "E4M3 is an 8-bit floating-point format with 1 sign bit, ")["text"]);

    [Fact]
    public void Variables_and_thinking_reach_the_template_that_was_chosen()
    {
        string template = Path.Combine(_model.Path, "other.jinja");
        File.WriteAllText(template, "{{ messages[0].content }}{{ 'A' * (n | default(0)) }}{% if enable_thinking is false %}{{ 'B' * 10 }}{% endif %}");
        int? Tokens(params string[] options) => (int?)Run(["run", _model.Path, "x", "--max-tokens", "1", "--json", "--chat-template", template, .. options]).Json["prompt_tokens"];

        Assert.Equal(4, Tokens("--template-var", "n=3"));
        Assert.Equal(14, Tokens("--template-var", "n=3", "--no-think"));
        Assert.Equal(14, Tokens("--template-var", "n=3", "--template-var", "enable_thinking=false"));
        Assert.Equal(4, Tokens("--template-var", "n=3", "--think"));
        ToolResult none = Run("run", _model.Path, "x", "--max-tokens", "1", "--no-think");
        Assert.StartsWith("octet: warning: --no-think has no effect", none.Error, StringComparison.Ordinal);
        Assert.Equal(0, none.ExitCode);
    }

    [Theory]
    [InlineData("keep", "hm</think>Yes", null, "")]
    [InlineData("show", "Yes", "hm", "")]
    [InlineData("hide", "Yes", null, "")]
    public void Reasoning_is_shown_apart_kept_or_hidden(string mode, string text, string? reasoning, string error)
    {
        // Four tokens that are forced, one after the other, by what each may follow.
        using TinyCopy copy = new TinyCopy();
        JsonObject vocabulary = JsonNode.Parse(File.ReadAllText(Path.Combine(copy.Path, "tokenizer.json")))!["model"]!["vocab"]!.AsObject();
        int[] ids = [(int)vocabulary["h"]!, (int)vocabulary["m"]!, 2008, (int)vocabulary["Y"]!, (int)vocabulary["es"]!];
        var bias = new JsonArray();
        for (int i = 0; i < ids.Length; i++)
        {
            bias.Add((JsonNode)new JsonArray(new JsonArray(i == 0 ? [2007, ids[0]] : [ids[i - 1], ids[i]]), 1000));
        }

        copy.With("generation_config.json", new JsonObject { ["sequence_bias"] = bias, ["eos_token_id"] = 2002 }.ToJsonString())
            .With("chat_template.jinja", "<|im_start|>user\n{{ messages[0].content }}<|im_end|>\n<|im_start|>assistant\n<think>");
        ToolResult result = Run("run", copy.Path, "x", "--max-tokens", "5", "--reasoning", mode, "--json");

        Assert.Equal((text, reasoning, error), ((string?)result.Json["text"], (string?)result.Json["reasoning"], result.Error));
        ToolResult streamed = Run("run", copy.Path, "x", "--max-tokens", "5", "--reasoning", mode);
        Assert.Equal((text + "\n", reasoning is null ? "" : reasoning + "\n"), (streamed.Output, streamed.Error));
    }

    [Fact]
    public void Interrupting_ends_the_stream_with_130()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "signals are sent as on Unix");

        // 500 tokens take long enough to be interrupted, and the test ends all the same if they are not.
        using Process process = Start(["run", _model.Path, "x", "--raw", "--ignore-eos", "--logit-bias", "65=100", "--temperature", "0"]);
        process.StandardInput.Close();
        int first = process.StandardOutput.Read();
        using (Process kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            kill.WaitForExit();
        }

        ToolResult result = Finish(process, process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        Assert.Equal('A', first);
        Assert.Matches("^A*\n$", result.Output);
        Assert.Equal("", result.Error);
        Assert.Equal(130, result.ExitCode);
    }

    [Fact]
    public void A_reader_that_goes_away_ends_the_run_quietly()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "pipes close as on Unix");
        using Process process = Start(["run", _model.Path, "x", "--raw", "--ignore-eos", "--logit-bias", "65=100", "--temperature", "0"]);
        process.StandardInput.Close();
        _ = process.StandardOutput.Read();
        process.StandardOutput.Close();

        ToolResult result = Finish(process, Task.FromResult(""), process.StandardError.ReadToEndAsync());
        Assert.Equal("", result.Error);
        Assert.True(result.ExitCode is 0 or 141, $"exit code {result.ExitCode}");
    }

    [Fact]
    public void The_built_in_model_answers_from_any_directory()
    {
        Assert.SkipUnless(File.Exists(Path.Combine(AppContext.BaseDirectory, "models", "octet-tiny", "config.json")), "the built-in model is not in this repository");
        ToolResult result = Run("run", "Hello!", "--temperature", "0", "--json");

        Assert.NotEqual("", ((string?)result.Json["text"])!.Trim());
        Assert.Equal("stop", (string?)result.Json["finish_reason"]);
        Assert.Equal(0, result.ExitCode);
    }

    static JsonObject Ask(params string[] options) => Run(["run", "What is E4M3?", "--json", .. options]).Json;
}
