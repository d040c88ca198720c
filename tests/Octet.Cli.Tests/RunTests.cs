using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
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
        ToolResult result = Run("run", _model.Path, "hi", "--raw", "--max-tokens", "5", "--ignore-eos", "--seed", "3", "--json");

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

    [Fact]
    public void A_bias_on_an_id_that_does_not_exist_is_an_error()
        => AssertError(Run("run", _model.Path, "x", "--logit-bias", "100000=1"), 1, "100000");

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
}
