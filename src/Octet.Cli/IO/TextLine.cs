using System.Globalization;

namespace Octet.Cli.IO;

/// <summary>One of many texts, and where it stands.</summary>
/// <param name="Text">The text; null: there are ids.</param>
/// <param name="Ids">Token ids in its place.</param>
/// <param name="Source">What messages call the file; null: it is an argument.</param>
/// <param name="Number">Its line, or its place among the arguments, from 1.</param>
readonly record struct TextLine(string? Text, int[]? Ids, string? Source, long Number)
{
    /// <summary>What to call it in a message.</summary>
    internal string Place => string.Create(CultureInfo.InvariantCulture, $"{(Source is null ? "text" : $"{Source}, line")} {Number}");
}
