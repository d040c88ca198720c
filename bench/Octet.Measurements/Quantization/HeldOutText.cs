using System.Text.Json.Nodes;

namespace Octet.Measurements.Quantization;

/// <summary>octet-tiny's held-back questions with their answers, as its chat template renders them: text that the model knows and was not trained on.</summary>
static class HeldOutText
{
    /// <summary>Writes it as JSON Lines, a <c>text</c> for each conversation.</summary>
    internal static void Write(string model, string path, CancellationToken cancellation)
    {
        string source = Path.Combine(Repository.Root, "tools", "octet-tiny", "heldout.jsonl");
        string requests = path + ".chats";
        File.WriteAllLines(requests, File.ReadLines(source).Select(line =>
        {
            JsonObject entry = JsonNode.Parse(line)!.AsObject();
            JsonArray messages = entry["messages"]!.DeepClone().AsArray();
            if (entry["accept"] is JsonArray { Count: > 0 } answers)
            {
                messages.Add(new JsonObject { ["role"] = "assistant", ["content"] = answers[0]!.DeepClone() });
            }

            var request = new JsonObject { ["messages"] = messages, ["add_generation_prompt"] = false };
            if (entry["tools"] is { } tools)
            {
                request["tools"] = tools.DeepClone();
            }

            return request.ToJsonString();
        }));
        string rendered = OctetTool.Run(["tokenize", model, "--chat", "--file", requests], cancellation);
        File.WriteAllLines(path, rendered.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => (string?)JsonNode.Parse(line)!["rendered"] ?? throw new MeasurementException($"octet tokenize --chat: {line}"))
            .Select(text => new JsonObject { ["text"] = text }.ToJsonString()));
    }
}
