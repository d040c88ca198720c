using Octet.Cli.Options;

namespace Octet.Cli.Tests;

public class OptionNamesTests
{
    [Theory]
    [InlineData("TopK is -1; expected a number, or set MaxTokens", "--top-k is -1; expected a number, or set --max-tokens")]
    [InlineData("Seed-OSS/config.json: no such file", "Seed-OSS/config.json: no such file")]
    [InlineData("/models/Temperature: no such file", "/models/Temperature: no such file")]
    [InlineData("a-Seed and Seed.json", "a-Seed and Seed.json")]
    public void Properties_become_options_and_paths_stay(string message, string expected) => Assert.Equal(expected, OptionNames.Translate(message));

    [Theory]
    [InlineData("Temperature", "Temperature holds a TopK that is none", "Temperature holds a --top-k that is none")]
    [InlineData("My Seed", "My Seed has no tokenizer.json (Seed)", "My Seed has no tokenizer.json (--seed)")]
    [InlineData("T", "T wants another TopK", "T wants another --top-k")]
    public void The_path_that_an_error_names_stays_as_it_is(string path, string message, string expected) => Assert.Equal(expected, OptionNames.Translate(message, path));
}
