using System.Text;
using Octet.Cli.IO;

namespace Octet.Cli.Chat;

/// <summary>Messages out of lines: a file, a pipe, or a terminal that cannot be edited on.</summary>
/// <param name="next">Gives the next line; null at the end.</param>
/// <param name="prompt">Written before each message; empty: none.</param>
/// <param name="continuation">Written before each further line of a message.</param>
sealed class PipedMessages(Func<string?> next, string prompt = "", string continuation = "") : IMessageSource
{
    long _line;

    public string? Read(IReadOnlyList<string> earlier)
    {
        if (ReadLine(prompt) is not { } line)
        {
            return null;
        }

        var message = new StringBuilder(line);
        if (MessageSyntax.IsOpen(line))
        {
            long first = _line;
            do
            {
                line = ReadLine(continuation)
                    ?? throw new CommandException($"the message that begins with {MessageSyntax.Quotes} on line {first} does not end: expected {MessageSyntax.Quotes} at the end of a line");
                message.Append('\n').Append(line);
            }
            while (!line.AsSpan().TrimEnd().EndsWith(MessageSyntax.Quotes));
        }
        else
        {
            while (MessageSyntax.GoesOn(line))
            {
                line = ReadLine(continuation) ?? "";
                message.Length--;
                message.Append('\n').Append(line);
            }
        }

        return MessageSyntax.Unquoted(message.ToString());
    }

    string? ReadLine(string mark)
    {
        Standard.Output.Write(mark);
        Standard.Output.Flush();
        _line++;
        return next();
    }
}
