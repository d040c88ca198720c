using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Octet.Cli.Commands;
using Octet.Cli.IO;
using Octet.Cuda;

namespace Octet.Cli;

/// <summary>The command line as a whole: its commands, and the one place where every error ends.</summary>
static partial class Tool
{
    internal static async Task<int> RunAsync(string[] args, Interruption interruption)
    {
        try
        {
            ArgumentText.Require(args);
            Standard.ListenTo(interruption.Token);
            CudaDevices.Register();
            ParseResult parsed = Create(interruption).Parse(args, new ParserConfiguration
            {
                // A prompt may begin with @ or be a bundle of letters; neither is ours to take apart.
                ResponseFileTokenReplacer = null,
                EnablePosixBundling = false,
            });
            if (OptionWithoutValue(parsed, args) is { } taken)
            {
                throw new UsageException($"{taken.Option} has no value: the next word, {taken.Next}, is an option too (a text that looks like one is written {taken.Option}={taken.Next})");
            }

            if (parsed.Errors.Count > 0 && parsed.Action is not (HelpAction or VersionAction))
            {
                throw Usage(parsed);
            }

            if (parsed.Action is not (HelpAction or VersionAction) && MistypedOption(parsed) is { } option)
            {
                throw new UsageException($"there is no option {option} (a text that looks like one goes after --); see octet {parsed.CommandResult.Command.Name} --help");
            }

            var invocation = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = Standard.Output,
                Error = Standard.Error,
            };
            int code = await parsed.InvokeAsync(invocation, interruption.Token);
            Standard.Output.Flush();
            return code;
        }
        catch (Exception error)
        {
            return ErrorReport.Write(error, interruption);
        }
    }

    static RootCommand Create(Interruption interruption)
    {
        var root = new RootCommand("octet: FP8 language models from their published files, on this machine.\nMODEL is a directory in Hugging Face layout, an id (org/name) in the Hugging Face cache, which run and chat fill by themselves, or absent: the built-in octet-tiny.")
        {
            new RunCommand(),
            new ChatCommand(interruption),
            new ServeCommand(),
            new PullCommand(),
            new ListCommand(),
            new RemoveCommand(),
            new InspectCommand(),
            new TokenizeCommand(),
            new ScoreCommand(),
            new CompareCommand(),
            new EmbedCommand(),
            new RerankCommand(),
            new QuantizeCommand(),
            new BenchCommand(),
            new DoctorCommand(),
        };
        root.Directives.Clear();
        foreach (Option option in root.Options)
        {
            if (option is VersionOption version)
            {
                version.Action = new VersionAction();
            }
        }

        return root;
    }

    /// <summary>The parser takes an option that follows one whose value is missing for that value.</summary>
    static (string Option, string Next)? OptionWithoutValue(ParseResult parsed, string[] args)
    {
        HashSet<string> names = [.. parsed.CommandResult.Command.Options.SelectMany(option => option.Aliases.Append(option.Name))];
        foreach (OptionResult option in parsed.CommandResult.Children.OfType<OptionResult>())
        {
            string? name = option.IdentifierToken?.Value;
            foreach (Token value in option.Tokens)
            {
                // Joined by an equals sign, whatever follows is meant.
                if (names.Contains(value.Value.Split('=')[0]) && args.Zip(args.Skip(1)).Contains((name!, value.Value)))
                {
                    return (name!, value.Value);
                }
            }
        }

        return null;
    }

    /// <summary>The parser takes an unknown option for a model's name or a prompt.</summary>
    static string? MistypedOption(ParseResult parsed)
    {
        HashSet<Token> literal = new(parsed.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash), ReferenceEqualityComparer.Instance);
        return parsed.CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(argument => argument.Tokens)
            .FirstOrDefault(token => !literal.Contains(token) && OptionLike.IsMatch(token.Value))?.Value;
    }

    [GeneratedRegex("^--?[A-Za-z][A-Za-z-]*(=.*)?$")]
    static partial Regex OptionLike { get; }

    static UsageException Usage(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (command is not RootCommand)
        {
            return new UsageException($"{parsed.Errors[0].Message.TrimEnd('.')}; see octet {command.Name} --help");
        }

        string what = parsed.UnmatchedTokens is [{ } word, ..] ? $"there is no command {word}" : "no command";
        return new UsageException($"{what}: expected one of {string.Join(", ", command.Subcommands.Select(sub => sub.Name))}; see octet --help");
    }
}
