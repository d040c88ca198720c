using System.Text.Encodings.Web;
using System.Text.Json;
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

    /// <summary>JSON with as few escapes as can be.</summary>
    internal static JsonSerializerOptions Plain { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>That an output is a message, whole, cut at every place and in random pieces.</summary>
    internal static void AssertMessage(OutputFormat format, string text, string message, JsonNode? tools)
    {
        string head = format.Name == "harmony" ? "assistant" : "";
        (ChatTurn turn, List<OutputPiece> whole) = Parse(format, [text], tools, null, head);
        Assert.Equal(message, Show(turn));
        for (int cut = 1; cut < text.Length; cut++)
        {
            AssertSame([text[..cut], text[cut..]]);
        }

        AssertSame(Every(text, 1));
        Random random = new(20261129);
        for (int round = 0; round < 20; round++)
        {
            AssertSame(AtRandom(text, random));
        }

        void AssertSame(IEnumerable<string> pieces)
        {
            (ChatTurn other, List<OutputPiece> cut) = Parse(format, pieces, tools, null, head);
            Assert.Equal(message, Show(other));

            // Of a call that is none, how much came before that was known depends on the pieces.
            if (!whole.Exists(static piece => piece.IsBroken))
            {
                Assert.Equal(whole, cut);
            }
        }
    }

    static string Compact(string json) => JsonNode.Parse(json)!.ToJsonString(Plain);
}
