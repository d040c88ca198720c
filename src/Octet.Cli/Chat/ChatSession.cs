using System.Text;
using Octet.Cli.IO;
using Octet.Safetensors;
using Octet.Tokenizers;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Cli.Chat;

/// <summary>A conversation with a model: messages in, answers out, commands obeyed.</summary>
sealed class ChatSession(LanguageModel model, PromptOptions prompt, GenerationOptions options, Conversation conversation, Interruption interruption) : IDisposable
{
    const string Help = """"
        /help         this list
        /reset        forget the conversation (the system message stays)
        /system TEXT  set the system message; without TEXT remove it
        /save FILE    write the conversation as JSON
        /load FILE    go on with a saved conversation
        /stats        counts and speeds of the last answer
        /exit         leave (also: end of input)
        A message of several lines: paste it, end a line with \, or put """ before the first and behind the last.
        A message that begins with a slash is written with two. Ctrl+C stops an answer, and leaves when pressed twice.
        """";

    readonly InferenceSession _session = model.CreateSession();
    readonly List<string> _entered = [];
    GenerationUpdate _last;
    bool _leaving;

    public void Dispose() => _session.Dispose();

    /// <summary>Answers messages until there are no more.</summary>
    /// <param name="source">Where they come from.</param>
    /// <param name="asksToLeave">Whether somebody is there who can be asked before a conversation is lost.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Whether all of it went well.</returns>
    internal async Task<bool> RunAsync(IMessageSource source, bool asksToLeave, CancellationToken cancellationToken)
    {
        bool succeeded = true;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string? entry;
            try
            {
                entry = Read(source, asksToLeave);
            }
            catch (MessageInterruptedException)
            {
                if (MayLeave())
                {
                    interruption.Interrupt();
                }

                continue;
            }
            catch (CommandException error) when (asksToLeave)
            {
                // Somebody can type it again. Behind what is no text in a file or pipe nothing can be trusted.
                ErrorReport.WriteLine(error.Message);
                continue;
            }

            try
            {
                if (entry is null || !await TakeAsync(entry, cancellationToken))
                {
                    return succeeded;
                }
            }
            catch (Exception error) when (error is CommandException or ModelException or TokenizerException or ChatTemplateException or SafetensorsException or UnauthorizedAccessException
                || (error is IOException && !ErrorReport.IsBrokenPipe(error)))
            {
                ErrorReport.WriteLine(ErrorReport.Describe(error));
                succeeded = false;
            }
        }
    }

    string? Read(IMessageSource source, bool asksToLeave)
    {
        Standard.Output.Flush();
        interruption.MayLeave = asksToLeave ? MayLeave : static () => true;
        try
        {
            return source.Read(_entered);
        }
        finally
        {
            interruption.MayLeave = null;
        }
    }

    /// <summary>Ctrl+C while a message is awaited: leaves at once if nothing is lost, otherwise when it is pressed again.</summary>
    bool MayLeave()
    {
        if (_leaving || !conversation.IsUnsaved)
        {
            return true;
        }

        _leaving = true;
        Standard.Error.WriteLine("Ctrl+C again leaves, and the conversation is lost; /save FILE keeps it.");
        return false;
    }

    /// <returns>False to leave.</returns>
    async Task<bool> TakeAsync(string entry, CancellationToken cancellationToken)
    {
        _leaving = false;
        if (string.IsNullOrWhiteSpace(entry))
        {
            return true;
        }

        _entered.Add(entry);
        if (MessageSyntax.IsCommand(entry))
        {
            return Obey(entry);
        }

        await AnswerAsync(entry.StartsWith("//", StringComparison.Ordinal) ? entry[1..] : entry, cancellationToken);
        return true;
    }

    bool Obey(string line)
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
                conversation.SetSystem(text);
                return true;
            case "/save":
                conversation.Save(text ?? throw new CommandException("/save needs the name of a file"));
                return true;
            case "/load":
                conversation.Load(text ?? throw new CommandException("/load needs the name of a file"));
                return true;
            case "/stats":
                Standard.Output.WriteLine(_last.Statistics is not null ? AnswerReport.Describe(model, _last).TrimEnd() : "there is no finished answer yet");
                return true;
            case "/exit" or "/quit":
                return false;
            default:
                throw new CommandException($"there is no command {parts[0]}: /help lists them");
        }
    }

    async Task AnswerAsync(string message, CancellationToken cancellationToken)
    {
        int read = conversation.FirstRead;
        conversation.Add(new ChatTurn("user", message));
        var text = new StringBuilder();
        var reasoning = new StringBuilder();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        interruption.Answer = stop;
        try
        {
            int[] ids = ReadableTurns.Encode(conversation, model.ContextLength, options.MaxTokens, turns => model.Encode(turns, prompt));
            SayWhatIsLeftOut(read);
            await foreach (GenerationUpdate update in model.GenerateAsync(ids, _session, options, stop.Token))
            {
                _last = update;
                Show(update, begins: text.Length == 0 && reasoning.Length + update.Reasoning.Length > 0);
                text.Append(update.Text);
                reasoning.Append(update.Reasoning);
            }

            Standard.Output.WriteLine();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Standard.Output.WriteLine();
            if (text.Length == 0 && reasoning.Length == 0)
            {
                // Nothing was said: the question was taken back.
                conversation.RemoveLast();
                conversation.FirstRead = read;
                return;
            }
        }
        catch
        {
            conversation.RemoveLast();
            conversation.FirstRead = read;
            throw;
        }
        finally
        {
            interruption.Answer = null;
        }

        // What was said of an answer that was stopped stays said.
        conversation.Add(new ChatTurn("assistant", text.ToString()) { ReasoningContent = reasoning.Length > 0 ? reasoning.ToString() : null });
    }

    /// <summary>The answer on the output; reasoning that is kept apart on the error stream, on lines of its own.</summary>
    static void Show(GenerationUpdate update, bool begins)
    {
        Standard.Error.Write(Standard.Readable(begins && update.Text.Length > 0 ? update.Reasoning + "\n" : update.Reasoning, Standard.ErrorIsTerminal));
        Standard.Output.Write(Standard.Readable(update.Text, Standard.OutputIsTerminal));
        Standard.Output.Flush();
    }

    void SayWhatIsLeftOut(int before)
    {
        if (conversation.FirstRead > before)
        {
            int left = conversation.FirstRead;
            ErrorReport.Warn($"the context of {model.ContextLength} tokens is full: the model no longer reads the oldest {left} messages (/save still writes them; /reset begins anew)");
        }
    }
}
