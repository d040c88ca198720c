namespace Octet.Cli.Chat;

/// <summary>Where the messages of a conversation come from.</summary>
interface IMessageSource
{
    /// <summary>The next message or command; null at the end.</summary>
    /// <param name="earlier">What was entered before, the newest last, for an editor to offer again.</param>
    /// <exception cref="CommandException">The input ends within a message, or is not text.</exception>
    /// <exception cref="MessageInterruptedException">Ctrl+C, and nothing was being written.</exception>
    string? Read(IReadOnlyList<string> earlier);
}
