using System.Text;

namespace Octet.Cli.IO;

/// <summary>
/// Where text comes in: files, and the standard input, which is <c>-</c>. All of it passes <see cref="TextStream"/>, so that prompts,
/// conversations and JSON Lines are read, and refused, alike.
/// </summary>
static class TextInput
{
    const string StandardInput = "-";

    /// <summary>What to call it in a message.</summary>
    internal static string Name(string path) => path == StandardInput ? "standard input" : path;

    /// <summary>The text's bytes in UTF-8, without a byte-order mark.</summary>
    /// <exception cref="CommandException">There is no such file. Reading it says what is not text.</exception>
    internal static Stream Open(string path)
        => new TextStream(
            path == StandardInput ? Standard.OpenInput()
            : File.Exists(path) ? OpenFile(path)
            : throw new CommandException(Directory.Exists(path) ? $"{path} is a directory: expected a file with text" : $"there is no file {path}"),
            Name(path));

    /// <inheritdoc cref="Open"/>
    internal static byte[] ReadBytes(string path)
    {
        using Stream stream = Open(path);
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>Reads the standard input line by line: of a terminal what is typed, else what comes.</summary>
    /// <returns>Gives the next line; null at the end.</returns>
    internal static Func<string?> OpenLines() => Standard.InputIsTerminal ? ReadTerminal : new LineReader(Open(StandardInput)).ReadText;

    static string? ReadTerminal() => Standard.Await(static () => Standard.OpenTerminal().ReadLine());

    /// <summary>A name may be a pipe's, which opens when somebody writes to it.</summary>
    static Stream OpenFile(string path)
    {
        FileStream file = Standard.Await(() => File.OpenRead(path));
        return file.CanSeek ? file : new AwaitedStream(file);
    }

    /// <summary>All of the text.</summary>
    /// <exception cref="CommandException">There is no such file, or it is not text.</exception>
    internal static string Read(string path) => Encoding.UTF8.GetString(ReadBytes(path));
}
