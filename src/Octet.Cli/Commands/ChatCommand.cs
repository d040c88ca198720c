using System.CommandLine;
using System.Text;
using Octet.Cli.IO;
using Octet.Cli.Options;
using Octet.Safetensors;
using Octet.Tokenizers;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Cli.Commands;

/// <summary><c>octet chat</c>: a conversation in the terminal; piped, one message a line.</summary>
sealed class ChatCommand : Command
{
    const string Help = """
        /help         this list
        /reset        forget the conversation (the system message stays)
        /system TEXT  set the system message; without TEXT remove it
        /save FILE    write the conversation as JSON
        /load FILE    go on with a saved conversation
        /stats        counts and speeds of the last answer
        /exit         leave (also: end of input)
        A message that begins with a slash is written with two. Ctrl+C stops an answer.
        """;

    readonly Argument<string?> _path = ModelPath.Argument();
    readonly Option<string?> _system = new("--system") { Description = "A system message", HelpName = "TEXT" };
    readonly DownloadOptions _download;
    readonly ModelOptions _model;
    readonly SamplingOptions _sampling;
    readonly Interruption _interruption;
    readonly bool _interactive = Standard.InputIsTerminal && Standard.OutputIsTerminal;

    internal ChatCommand(Interruption interruption)
        : base("chat", "A conversation in the terminal; /help lists its commands. Piped input: one message a line")
    {
        _interruption = interruption;
        Arguments.Add(_path);
        Options.Add(_system);
        _sampling = new SamplingOptions(this);
        _model = new ModelOptions(this);
        _download = new DownloadOptions(this);
        SetAction(RunAsync);
    }

    async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        GenerationOptions options = _sampling.Read(parsed);
        using LanguageModel model = _model.Open(parsed, await _download.ResolveAsync(parsed, parsed.GetValue(_path), cancellationToken));

        // A missing or broken template or tokenizer is told now, not after the first message.
        _ = ChatPrompt.Encode(model, [new ChatTurn("user", "?")]);
        using InferenceSession session = model.CreateSession();
        var conversation = new Conversation { System = parsed.GetValue(_system) };
        GenerationUpdate last = default;
        bool failed = false;
        Func<string?> input = TextInput.OpenLines();
        if (_interactive)
        {
            Standard.Output.WriteLine($"{ModelPath.Name(parsed.GetValue(_path))} on {model.Device}. /help lists the commands, /exit leaves.");
        }

        while (ReadLine(input) is { } line)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                if (line.StartsWith('/') && !line.StartsWith("//", StringComparison.Ordinal))
                {
                    if (!Obey(line, conversation, model, last))
                    {
                        break;
                    }
                }
                else if (!string.IsNullOrWhiteSpace(line))
                {
                    last = await AnswerAsync(line.StartsWith('/') ? line[1..] : line, model, session, conversation, options, cancellationToken);
                }
            }
            catch (Exception error) when (error is CommandException or ModelException or TokenizerException or ChatTemplateException or SafetensorsException or UnauthorizedAccessException
                || (error is IOException && !ErrorReport.IsBrokenPipe(error)))
            {
                ErrorReport.WriteLine(ErrorReport.Describe(error));
                failed = true;
            }
        }

        // At a terminal the error has been seen; a script looks at the exit code.
        return failed && !_interactive ? 1 : 0;
    }

    string? ReadLine(Func<string?> input)
    {
        if (_interactive)
        {
            Standard.Output.Write("> ");
        }

        Standard.Output.Flush();
        _interruption.IsWaiting = true;
        try
        {
            return input();
        }
        finally
        {
            _interruption.IsWaiting = false;
        }
    }

    /// <returns>False to leave.</returns>
    static bool Obey(string line, Conversation conversation, LanguageModel model, GenerationUpdate last)
    {
        string[] parts = line.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string? text = parts.Length > 1 ? parts[1] : null;
        switch (parts[0])
        {
            case "/help":
                Standard.Output.WriteLine(Help);
                return true;
            case "/reset":
                conversation.Reset();
                return true;
            case "/system":
                conversation.System = text;
                return true;
            case "/save":
                conversation.Save(text ?? throw new CommandException("/save needs the name of a file"));
                return true;
            case "/load":
                conversation.Load(text ?? throw new CommandException("/load needs the name of a file"));
                return true;
            case "/stats":
                Standard.Output.WriteLine(last.Statistics is not null ? RunCommand.Describe(model, last).TrimEnd() : "there is no finished answer yet");
                return true;
            case "/exit" or "/quit":
                return false;
            default:
                throw new CommandException($"there is no command {parts[0]}: /help lists them");
        }
    }

    async Task<GenerationUpdate> AnswerAsync(
        string message, LanguageModel model, InferenceSession session, Conversation conversation, GenerationOptions options, CancellationToken cancellationToken)
    {
        conversation.Add("user", message);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _interruption.Answer = stop;
        var text = new StringBuilder();
        GenerationUpdate last = default;
        try
        {
            await foreach (GenerationUpdate update in model.GenerateAsync(ChatPrompt.Encode(model, conversation.Turns), session, options, stop.Token))
            {
                last = update;
                text.Append(update.Text);
                Standard.Output.Write(update.Text);
                Standard.Output.Flush();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // What was said stays said.
        }
        catch
        {
            conversation.RemoveLast();
            throw;
        }
        finally
        {
            _interruption.Answer = null;
            Standard.Output.WriteLine();
        }

        conversation.Add("assistant", text.ToString());
        return last;
    }
}
