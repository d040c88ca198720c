using System.Text.Json.Nodes;
using Octet.Output;

namespace Octet.Tests.Conversations.Output;

/// <summary>An output, parsed in pieces.</summary>
static class OutputRun
{
    /// <summary>The message, and all pieces: those of one kind next to each other are one.</summary>
    internal static (ChatTurn Turn, List<OutputPiece> Pieces) Parse(OutputFormat format, IEnumerable<string> pieces, JsonNode? tools = null, string? leftOpen = null, string head = "", bool calls = true, bool reasoning = true)
    {
        var parser = new OutputParser(format, new OutputParserOptions(tools, leftOpen, head, reasoning, calls));
        var collector = new OutputCollector();
        List<OutputPiece> merged = [];
        foreach (string piece in pieces)
        {
            Add(parser.Append(piece));
        }

        Add(parser.Complete());
        return (collector.ToTurn(), merged);

        void Add(IReadOnlyList<OutputPiece> found)
        {
            collector.Add(found);
            foreach (OutputPiece piece in found)
            {
                if (merged.Count > 0 && merged[^1].Kind == piece.Kind && piece.Kind is OutputKind.Text or OutputKind.Reasoning or OutputKind.CallArguments)
                {
                    merged[^1] = merged[^1] with { Text = merged[^1].Text + piece.Text };
                }
                else
                {
                    merged.Add(piece);
                }
            }
        }
    }

    /// <summary>The text in pieces of a length.</summary>
    internal static IEnumerable<string> Every(string text, int length)
    {
        for (int at = 0; at < text.Length; at += length)
        {
            yield return text.Substring(at, Math.Min(length, text.Length - at));
        }
    }

    /// <summary>The text in random pieces.</summary>
    internal static IEnumerable<string> AtRandom(string text, Random random)
    {
        for (int at = 0; at < text.Length;)
        {
            int length = Math.Min(random.Next(0, 12), text.Length - at);
            yield return text.Substring(at, length);
            at += length;
        }
    }

    /// <summary>A message in one line: <c>text «reasoning» name#id{arguments}</c>, arguments as compact JSON.</summary>
    internal static string Show(ChatTurn turn)
        => $"{turn.Content}|{turn.ReasoningContent}|" + string.Join(' ', (turn.ToolCalls ?? []).Select(static call => $"{call.Name}{(call.Id is null ? "" : "#" + call.Id)}{Compact(call.Arguments)}"));

    internal static OutputFormat Format(string name) => OutputFormat.All.First(format => format.Name == name);

    static string Compact(string json) => JsonNode.Parse(json)!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
