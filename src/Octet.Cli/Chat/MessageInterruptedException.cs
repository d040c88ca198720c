namespace Octet.Cli.Chat;

/// <summary>Ctrl+C was pressed where a message was awaited.</summary>
sealed class MessageInterruptedException : Exception;
