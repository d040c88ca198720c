using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Octet.Cli.IO;

/// <summary>
/// JSON Lines as they come: one object a line, blank lines passed over. Escaped halves of surrogate pairs, which are JSON but not
/// Unicode, are read as U+FFFD.
/// </summary>
static class JsonLines
{
    static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false };

    /// <param name="path">The file; <c>-</c> is the standard input.</param>
    /// <exception cref="CommandException">There is no such file, or a line is not a JSON object; the message names it.</exception>
    internal static IEnumerable<(long Line, JsonObject Value)> Read(string path)
    {
        using Stream stream = TextInput.Open(path);
        var lines = new LineReader(stream);
        string name = TextInput.Name(path);
        for (long number = 1; lines.ReadBytes() is { } bytes; number++)
        {
            if (!bytes.AsSpan().Trim(" \t\r"u8).IsEmpty)
            {
                yield return (number, Parse(bytes, name, number));
            }
        }
    }

    static JsonObject Parse(byte[] line, string name, long number)
    {
        RepairSurrogates(line);
        try
        {
            return JsonNode.Parse(line, documentOptions: s_strict) as JsonObject ?? throw Malformed(name, number, "expected a JSON object");
        }
        catch (JsonException error)
        {
            throw Malformed(name, number, WhyNot(line, error));
        }
    }

    /// <summary>Why a text that <see cref="JsonDocumentOptions.AllowDuplicateProperties"/> forbids, or that is not JSON, was refused.</summary>
    static string WhyNot(byte[] json, JsonException error)
    {
        try
        {
            JsonDocument.Parse(json).Dispose();
            return "a key occurs twice";
        }
        catch (JsonException)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it is not JSON (byte {error.BytePositionInLine ?? 0})");
        }
    }

    internal static CommandException Malformed(string name, long number, string what)
        => new(string.Create(CultureInfo.InvariantCulture, $"{name}, line {number}: {what}"));

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
