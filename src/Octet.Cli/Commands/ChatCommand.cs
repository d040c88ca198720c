using System.CommandLine;
using Octet.Cli.Chat;
using Octet.Cli.IO;
using Octet.Cli.Options;

namespace Octet.Cli.Commands;

/// <summary><c>octet chat</c>: a conversation in the terminal; piped, one message a line.</summary>
sealed class ChatCommand : Command
{
    readonly Argument<string?> _path = ModelPath.Argument();
    readonly Option<string?> _system = new("--system") { Description = "A system message", HelpName = "TEXT" };
    readonly DownloadOptions _download;
    readonly ModelOptions _model;
    readonly SpeculationOptions _speculation;
    readonly SamplingOptions _sampling;
    readonly TemplateOptions _template;
    readonly Interruption _interruption;

    internal ChatCommand(Interruption interruption)
        : base("chat", "A conversation in the terminal; /help lists its commands. Piped input: a message a line; a line that ends with \\ goes on in the next, and \"\"\" encloses several")
    {
        _interruption = interruption;
        Arguments.Add(_path);
        Options.Add(_system);
        _template = new TemplateOptions(this);
        _sampling = new SamplingOptions(this);
        _model = new ModelOptions(this);
        _speculation = new SpeculationOptions(this);
        _download = new DownloadOptions(this);
        SetAction(RunAsync);
    }

    async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        GenerationOptions options = _sampling.Read(parsed);
        LanguageModelOptions how = await _speculation.ReadAsync(parsed, _model.Read(parsed, template: _template.Template(parsed)), draft => _download.ResolveAsync(parsed, draft, cancellationToken));
        using LanguageModel model = ModelOptions.Open(await _download.ResolveAsync(parsed, parsed.GetValue(_path), cancellationToken), how);
        PromptOptions prompt = _template.Read(parsed, model);

        // A missing or broken template or tokenizer is told now, not after the first message.
        _ = model.Encode([new ChatTurn("user", "?")], prompt);
        ModelNotes.Write(model, options);
        var conversation = new Conversation();
        conversation.SetSystem(parsed.GetValue(_system));
        bool interactive = Standard.InputIsTerminal && Standard.OutputIsTerminal;
        if (interactive)
        {
            Standard.Output.WriteLine($"{ModelPath.Name(parsed.GetValue(_path))} on {model.Device}. /help lists the commands, /exit leaves.");
        }

        using var session = new ChatSession(model, prompt, options, conversation, _interruption);
        bool succeeded = await session.RunAsync(Source(interactive), interactive, cancellationToken);

        // At a terminal the error has been seen; a script looks at the exit code.
        return succeeded || interactive ? 0 : 1;
    }

    static IMessageSource Source(bool interactive)
        => !interactive ? new PipedMessages(TextInput.OpenLines())
            : RawTerminal.IsSupported ? new MessageEditor()
            : new PipedMessages(TextInput.OpenLines(), MessageEditor.Prompt, MessageEditor.Continuation);
}
