using System.Text.Json.Nodes;

namespace Octet.Cli.IO;

/// <summary>Many texts: arguments, lines of the standard input, or JSON Lines of a file.</summary>
static class TextLines
{
    /// <summary>The texts of arguments; without any those of <paramref name="file"/>; without one the lines of the standard input.</summary>
    /// <param name="arguments">On the command line.</param>
    /// <param name="file">JSON Lines; null: none.</param>
    /// <param name="allowsIds">Whether a line may give token ids instead.</param>
    /// <exception cref="UsageException">Both are given.</exception>
    /// <exception cref="CommandException">A line is not right; the message names it.</exception>
    internal static IEnumerable<TextLine> Read(string[] arguments, string? file, bool allowsIds)
    {
        if (arguments.Length > 0 && file is not null)
        {
            throw new UsageException("texts and --file: expected one of them");
        }

        return arguments.Length > 0 ? arguments.Select((text, i) => new TextLine(text, null, null, i + 1)) : file is not null ? ReadFile(file, allowsIds) : ReadInput();
    }

    static IEnumerable<TextLine> ReadInput()
    {
        Func<string?> next = TextInput.OpenLines();
        for (long number = 1; next() is { } line; number++)
        {
            yield return new TextLine(line, null, TextInput.Name("-"), number);
        }
    }

    static IEnumerable<TextLine> ReadFile(string path, bool allowsIds)
    {
        foreach ((long line, JsonObject value) in JsonLines.Read(path))
        {
            if (value["text"] is JsonValue text && text.TryGetValue(out string? found))
            {
                yield return new TextLine(found, null, TextInput.Name(path), line);
                continue;
            }

            int[]? ids = allowsIds && value["ids"] is JsonArray list && list.All(item => item is JsonValue number && number.TryGetValue(out int _)) ? [.. list.Select(item => item!.GetValue<int>())] : null;
            yield return new TextLine(
                null, ids ?? throw JsonLines.Malformed(TextInput.Name(path), line, allowsIds ? "expected {\"text\":\"...\"} or {\"ids\":[...]}" : "expected {\"text\":\"...\"}"), TextInput.Name(path), line);
        }
    }
}
