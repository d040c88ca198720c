namespace Octet.Cli;

/// <summary>A command cannot do what it was asked: one line that says what is wrong, where, and what to do. Exit code 1.</summary>
class CommandException(string message) : Exception(message);
