using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Octet.Server.Http;

namespace Octet.Server.Answers;

/// <summary>
/// An answer that must be a call of a tool: the model is held to JSON of the tool's name and arguments, and what it writes becomes the pieces of a call.
/// </summary>
sealed partial class ForcedCall
{
    readonly StringBuilder _pending = new();
    bool _started;
    bool _ended;

    /// <summary>The form of the text: <c>{"name": ..., "arguments": {...}}</c> of a tool that may be called.</summary>
    internal static OutputForm Form(ToolSet tools)
    {
        JsonNode[] functions = [.. tools.Tools!.Select(tool => tool!["function"]!).Where(function => tools.Choice.Name is not { } name || (string?)function["name"] == name)];
        var branches = new JsonArray();
        for (int i = 0; i < functions.Length; i++)
        {
            branches.Add((JsonNode)Branch(functions[i], $"#/anyOf/{i}/properties/arguments"));
        }

        string schema = JsonText.Text(new JsonObject { ["anyOf"] = branches });
        return new OutputForm("tools", $"schema {schema}", () => OutputConstraint.JsonSchema(schema));
    }

    /// <summary>What the answer begins with where the model's own way to write a call does, so that what it must write is what it expects.</summary>
    /// <param name="model">Who answers.</param>
    /// <param name="prompt">The prompt, which may have opened the model's reasoning: a call is not yet to come then.</param>
    internal static string Opening(LanguageModel model, string prompt)
        => model.OutputFormat.Name == "hermes" && !prompt.TrimEnd().EndsWith("<think>", StringComparison.Ordinal) ? "<tool_call>\n" : "";

    /// <summary>The pieces that a piece of the answer becomes.</summary>
    internal IEnumerable<OutputPiece> Take(OutputPiece piece)
    {
        if (piece.Kind != OutputKind.Text)
        {
            yield return piece;
            yield break;
        }

        _pending.Append(piece.Text);
        if (!_started)
        {
            string text = _pending.ToString();
            if (Head.Match(text) is not { Success: true } head)
            {
                yield break;
            }

            _started = true;
            _pending.Clear().Append(text.AsSpan(head.Length));
            yield return new OutputPiece(OutputKind.CallStart, head.Groups[1].Value);
        }

        // The last brace closes what is around the arguments.
        if (_pending.Length > 1)
        {
            string arguments = _pending.ToString(0, _pending.Length - 1);
            _pending.Remove(0, arguments.Length);
            yield return new OutputPiece(OutputKind.CallArguments, arguments);
        }
    }

    /// <summary>The answer is at its end.</summary>
    /// <param name="isWhole">Whether it came to it by itself, or was cut.</param>
    internal IEnumerable<OutputPiece> End(bool isWhole)
    {
        if (_ended || !_started)
        {
            yield break;
        }

        _ended = true;
        if (!isWhole && _pending.Length > 0)
        {
            yield return new OutputPiece(OutputKind.CallArguments, _pending.ToString());
        }

        yield return new OutputPiece(OutputKind.CallEnd, "");
    }

    static JsonObject Branch(JsonNode function, string place)
    {
        JsonNode arguments = function["parameters"]?.DeepClone() ?? new JsonObject { ["type"] = "object", ["properties"] = new JsonObject(), ["additionalProperties"] = false };
        Move(arguments, place);
        return new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { ["name"] = new JsonObject { ["const"] = (string)function["name"]! }, ["arguments"] = arguments },
            ["required"] = new JsonArray("name", "arguments"),
            ["additionalProperties"] = false,
        };
    }

    /// <summary>A schema refers to its parts from its root, which is elsewhere now.</summary>
    static void Move(JsonNode? node, string place)
    {
        if (node is JsonObject fields)
        {
            if (fields["$ref"] is JsonValue value && value.TryGetValue(out string? target) && target.StartsWith('#'))
            {
                fields["$ref"] = place + target[1..];
            }

            foreach ((_, JsonNode? child) in fields)
            {
                Move(child, place);
            }
        }
        else if (node is JsonArray items)
        {
            foreach (JsonNode? item in items)
            {
                Move(item, place);
            }
        }
    }

    [GeneratedRegex("""^\{"name": ?"([^"\\]*)", ?"arguments": ?""")]
    static partial Regex Head { get; }
}
