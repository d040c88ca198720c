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
    internal static IEnumerable<(string? Text, int[]? Ids)> Read(string[] arguments, string? file, bool allowsIds)
    {
        if (arguments.Length > 0 && file is not null)
        {
            throw new UsageException("texts and --file: expected one of them");
        }

        return arguments.Length > 0 ? arguments.Select(text => ((string?)text, (int[]?)null)) : file is not null ? ReadFile(file, allowsIds) : ReadInput();
    }

    static IEnumerable<(string? Text, int[]? Ids)> ReadInput()
    {
        Func<string?> next = TextInput.OpenLines();
        while (next() is { } line)
        {
            yield return (line, null);
        }
    }

    static IEnumerable<(string? Text, int[]? Ids)> ReadFile(string path, bool allowsIds)
    {
        foreach ((long line, JsonObject value) in JsonLines.Read(path))
        {
            if (value["text"] is JsonValue text && text.TryGetValue(out string? found))
            {
                yield return (found, null);
                continue;
            }

            int[]? ids = allowsIds && value["ids"] is JsonArray list && list.All(item => item is JsonValue number && number.TryGetValue(out int _)) ? [.. list.Select(item => item!.GetValue<int>())] : null;
            yield return (null, ids ?? throw JsonLines.Malformed(TextInput.Name(path), line, allowsIds ? "expected {\"text\":\"...\"} or {\"ids\":[...]}" : "expected {\"text\":\"...\"}"));
        }
    }
}
