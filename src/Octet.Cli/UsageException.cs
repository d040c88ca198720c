namespace Octet.Cli;

/// <summary>The command line itself is wrong. Exit code 2.</summary>
sealed class UsageException(string message) : CommandException(message);
