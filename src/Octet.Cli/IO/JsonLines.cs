using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace Octet.Cli.IO;

/// <summary>
/// JSON Lines as they come: one object a line, UTF-8, blank lines passed over. Escaped halves of surrogate pairs, which are JSON but not
/// Unicode, are read as U+FFFD.
/// </summary>
static class JsonLines
{
    const byte LineFeed = (byte)'\n';

    /// <exception cref="CommandException">A line is not a JSON object; the message names it.</exception>
    internal static IEnumerable<(long Line, JsonObject Value)> Read(Stream stream, string name)
    {
        long number = 0;
        foreach (byte[] bytes in Lines(stream))
        {
            number++;
            if (bytes.AsSpan().Trim(" \t\r"u8).IsEmpty)
            {
                continue;
            }

            yield return (number, Parse(bytes, name, number));
        }
    }

    static JsonObject Parse(byte[] line, string name, long number)
    {
        if (!Utf8.IsValid(line))
        {
            throw Malformed(name, number, "it is not UTF-8");
        }

        RepairSurrogates(line);
        try
        {
            // Duplicate keys come to light only when an object is first looked into.
            JsonObject value = JsonNode.Parse(line) as JsonObject ?? throw Malformed(name, number, "expected a JSON object");
            _ = value.Count;
            return value;
        }
        catch (JsonException error)
        {
            throw Malformed(name, number, string.Create(CultureInfo.InvariantCulture, $"it is not JSON (byte {error.BytePositionInLine ?? 0})"));
        }
        catch (ArgumentException)
        {
            throw Malformed(name, number, "a key occurs twice");
        }
    }

    internal static CommandException Malformed(string name, long number, string what)
        => new(string.Create(CultureInfo.InvariantCulture, $"{name}, line {number}: {what}"));

    static IEnumerable<byte[]> Lines(Stream stream)
    {
        byte[] buffer = new byte[65536];
        var pending = new MemoryStream();
        bool first = true;
        int read;
        while ((read = stream.Read(buffer)) > 0)
        {
            int start = 0;
            while (Array.IndexOf(buffer, LineFeed, start, read - start) is var end and >= 0)
            {
                pending.Write(buffer, start, end - start);
                yield return Take();
                start = end + 1;
            }

            pending.Write(buffer, start, read - start);
        }

        if (pending.Length > 0)
        {
            yield return Take();
        }

        byte[] Take()
        {
            byte[] line = pending.ToArray();
            pending.SetLength(0);
            ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
            byte[] result = first && line.AsSpan().StartsWith(mark) ? line[mark.Length..] : line;
            first = false;
            return result;
        }
    }

    /// <summary>Overwrites each \uD800-\uDFFF that has no partner by \ufffd, in place.</summary>
    internal static void RepairSurrogates(Span<byte> json)
    {
        for (int at = 0; at < json.Length; at++)
        {
            if (json[at] != '\\')
            {
                continue;
            }

            if (Escape(json[at..]) is not { } unit || !char.IsSurrogate(unit))
            {
                at++;
                continue;
            }

            if (char.IsHighSurrogate(unit) && Escape(json[(at + 6)..]) is { } next && char.IsLowSurrogate(next))
            {
                at += 11;
                continue;
            }

            "\\ufffd"u8.CopyTo(json[at..]);
            at += 5;
        }
    }

    /// <summary>The code unit of a \uXXXX at the start; null where there is none.</summary>
    static char? Escape(ReadOnlySpan<byte> json)
        => json.Length >= 6 && json[0] == '\\' && json[1] == 'u'
            && ushort.TryParse(json.Slice(2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit)
            ? (char)unit
            : null;
}
