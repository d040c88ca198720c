using System.CommandLine;

namespace Octet.Cli.Options;

/// <summary>An option that takes one of a few words.</summary>
static class Choice
{
    internal static Option<string?> Create(string name, string description, params string[] words)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = string.Join('|', words) };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var word }] && !words.Contains(word))
            {
                result.AddError($"{name} is '{word}': expected {string.Join(" or ", words)}");
            }
        });
        return option;
    }
}
