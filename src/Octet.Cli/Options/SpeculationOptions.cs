using System.CommandLine;

namespace Octet.Cli.Options;

/// <summary>Whether tokens are guessed ahead: options of the commands that generate.</summary>
sealed class SpeculationOptions
{
    internal const string DraftName = "--draft";
    internal const string DraftHelp = "A smaller model with the same tokenizer that guesses tokens ahead: the answer is the same, and comes sooner where guesses are right";

    readonly Option<string?> _draft = new(DraftName) { Description = $"{DraftHelp}. A directory, or an id", HelpName = "MODEL" };
    readonly Option<bool> _lookup = Lookup();

    internal SpeculationOptions(Command command)
    {
        command.Options.Add(_draft);
        command.Options.Add(_lookup);
    }

    internal static Option<bool> Lookup() => new("--prompt-lookup") { Description = "Guess tokens ahead where the text goes on as it did before: the same answer, sooner where it quotes its prompt" };

    /// <summary>The options of a model with what the command line says of guesses.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">The model's.</param>
    /// <param name="resolve">Finds a model.</param>
    /// <exception cref="UsageException">Two options contradict each other.</exception>
    internal async Task<LanguageModelOptions> ReadAsync(ParseResult parsed, LanguageModelOptions options, Func<string, Task<string>> resolve)
    {
        bool lookup = parsed.GetValue(_lookup);
        return parsed.GetValue(_draft) is not { } draft ? options with { Speculation = lookup ? Speculation.PromptLookup : Speculation.None }
            : lookup ? throw new UsageException($"{DraftName} and {_lookup.Name}: expected one of them")
            : options with { Speculation = Speculation.DraftModel, DraftModel = await resolve(draft) };
    }
}
