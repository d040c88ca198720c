using System.Text.Json;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Anthropic;

/// <summary>A tool's result, which is a message of its own to chat templates.</summary>
static class ToolResult
{
    const string Failed = "Error";

    /// <param name="block">The block.</param>
    /// <param name="names">The tools that calls name.</param>
    /// <param name="loaded">Gets the names of tools that the result has found.</param>
    internal static ChatTurn Read(Fields block, CallNames names, ISet<string> loaded)
    {
        string id = block.RequiredText("tool_use_id");
        string text = !block.Has("content") ? "" : string.Join('\n', MessageTurns.Blocks(block).Select(part => Part(part.Json, part.Path, loaded)));

        // Templates have no place for it, and a model that is not told may take what a tool says of its failure for an answer.
        if (block.Flag("is_error") == true && !text.StartsWith(Failed, StringComparison.OrdinalIgnoreCase))
        {
            text = text.Length == 0 ? Failed : $"{Failed}: {text}";
        }

        return new ChatTurn("tool", text) { ToolCallId = id, Name = names.Of(id) };
    }

    static string Part(JsonElement json, string path, ISet<string> loaded)
    {
        if (json.ValueKind != JsonValueKind.Object || new Fields(json, path) is var part && part.Text("type") != "tool_reference")
        {
            return MessageTurns.Text(json, path);
        }

        string name = part.RequiredText("tool_name");
        loaded.Add(name);
        return $"The tool {name} can be called now.";
    }
}
