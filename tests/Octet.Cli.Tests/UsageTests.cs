using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public class UsageTests
{
    [Theory]
    [InlineData("no command")]
    [InlineData("frobnicate", "frobnicate")]
    [InlineData("there is no prompt", "run")]
    [InlineData("--min-p is '3': expected a number from 0 to 1", "run", "--min-p", "3", "hello")]
    [InlineData("--temperature is 'NaN'", "run", "--temperature", "NaN", "hello")]
    [InlineData("--max-tokens is '-1': expected a whole number from 0", "run", "--max-tokens", "-1", "hello")]
    [InlineData("--min-tokens is 5: expected at most --max-tokens, 4", "run", "--min-tokens", "5", "--max-tokens", "4", "hello")]
    [InlineData("--stop is empty", "run", "--stop", "", "hello")]
    [InlineData("--stop has no value: the next word, --max-tokens, is an option too (a text that looks like one is written --stop=--max-tokens)", "run", "hello", "--stop", "--max-tokens", "5")]
    [InlineData("--system has no value: the next word, --raw,", "run", "hello", "--system", "--raw")]
    [InlineData("missing for option: '--stop'", "chat", "--stop", "--seed=3")]
    [InlineData("missing for option: '--stop'", "chat", "--stop")]
    [InlineData(@"--stop is 'a\q': a backslash begins one of \n, \r, \t, \\, \xHH, \uXXXX", "run", "--stop", @"a\q", "hello")]
    [InlineData(@"--stop is '\x4'", "run", "--stop", @"\x4", "hello")]
    [InlineData(@"--stop is '\ud83d'", "run", "--stop", @"\ud83d", "hello")]
    [InlineData("--stop-id is 'x': expected token ids", "run", "--stop-id", "1,x", "hello")]
    [InlineData("--template-var is 'a=b': expected a name, =, and JSON", "run", "--template-var", "a=b", "hello")]
    [InlineData("--template-var is '=1'", "run", "--template-var", "=1", "hello")]
    [InlineData("--no-think needs the chat template, which --raw leaves out", "run", "--raw", "--no-think", "hello")]
    [InlineData("--prefill needs a prompt in text, not --ids", "run", "--ids", "1", "--prefill", "x")]
    [InlineData("--reasoning is 'loud': expected hide or show or keep", "run", "--reasoning", "loud", "hello")]
    [InlineData("--logit-bias is '5:1'", "run", "--logit-bias", "5:1", "hello")]
    [InlineData("--device is 'tpu': expected cpu", "run", "--device", "tpu", "hello")]
    [InlineData("--kv-cache is 'int3': expected bf16 or f32 or fp8_e4m3 or fp8_e5m2 or fp8", "score", "--kv-cache", "int3", "--ids", "1")]
    [InlineData("--kv-cache is 'fp8_e3m4'", "run", "--kv-cache", "fp8_e3m4", "hello")]
    [InlineData("--lm-head is 'fp4': expected as-stored or fp8", "bench", "--lm-head", "fp4")]
    [InlineData("--draft and --prompt-lookup: expected one of them", "run", "--draft", "x", "--prompt-lookup", "hello")]
    [InlineData("there is no option --frob", "bench", "--frob")]
    [InlineData("--raw leaves out", "run", "--raw", "--system", "You", "hello")]
    [InlineData("expected one of --text, --file and --ids", "score")]
    [InlineData("--ids: 'x' is not a whole number from 0", "score", "--ids", "1,x")]
    [InlineData("--decode and --chat", "tokenize", "--decode", "--chat")]
    [InlineData("PATH", "inspect")]
    public void Wrong_usage_is_told_in_one_line_with_exit_code_2(string fragment, params string[] arguments)
        => AssertError(Run(arguments), 2, fragment);

    [Fact]
    public void A_long_value_that_is_wrong_is_shown_in_part()
    {
        ToolResult result = Run("run", "--template-var", "a=" + new string('b', 20_000), "hello");

        AssertError(result, 2, $"--template-var is 'a={new string('b', 78)}...': expected a name, =, and JSON");
        Assert.InRange(result.Error.Length, 100, 300);
    }

    [Fact]
    public void The_version_alone_is_printed()
    {
        ToolResult result = Run("--version");

        Assert.Matches(@"^\d+\.\d+\.\d+\n$", result.Output);
        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public void Help_names_every_command()
    {
        ToolResult result = Run("--help");

        foreach (string command in (string[])["run", "chat", "inspect", "tokenize", "score", "compare", "bench", "doctor"])
        {
            Assert.Contains($"\n  {command}", result.Output, StringComparison.Ordinal);
        }

        Assert.Equal(0, result.ExitCode);
    }
}
