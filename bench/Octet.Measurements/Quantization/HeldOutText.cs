using System.Text.Json.Nodes;

namespace Octet.Measurements.Quantization;

/// <summary>octet-tiny's held-back questions with their answers, as its chat template renders them: what the model knows, in words it was not trained on.</summary>
static class HeldOutText
{
    /// <summary>Writes JSON Lines: of each conversation the last answer as <c>text</c>, and what comes before as <c>context</c>.</summary>
    internal static void Write(string model, string path, CancellationToken cancellation)
    {
        string source = Path.Combine(Repository.Root, "tools", "octet-tiny", "heldout.jsonl");
        JsonObject[] entries = [.. File.ReadLines(source).Select(line => JsonNode.Parse(line)!.AsObject()).Where(entry => entry["accept"] is JsonArray { Count: > 0 })];
        string[] questions = Render(model, entries.Select(entry => Request(entry, answer: false)), path, cancellation);
        string[] whole = Render(model, entries.Select(entry => Request(entry, answer: true)), path, cancellation);
        File.WriteAllLines(path, questions.Zip(whole, (question, all) => all.StartsWith(question, StringComparison.Ordinal)
            ? new JsonObject { ["context"] = question, ["text"] = all[question.Length..] }.ToJsonString()
            : throw new MeasurementException($"{model}: its template renders an answered question otherwise than the question: {question}")));
    }

    /// <summary>Conversations as the model's chat template renders them, by way of a file beside <paramref name="path"/>.</summary>
    internal static string[] Render(string model, IEnumerable<JsonObject> requests, string path, CancellationToken cancellation)
    {
        string file = path + ".chats";
        File.WriteAllLines(file, requests.Select(request => request.ToJsonString()));
        return [.. OctetTool.Run(["tokenize", model, "--chat", "--file", file], cancellation).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => (string?)JsonNode.Parse(line)!["rendered"] ?? throw new MeasurementException($"octet tokenize --chat: {line}"))];
    }

    internal static JsonObject Request(JsonObject entry, bool answer)
    {
        JsonArray messages = entry["messages"]!.DeepClone().AsArray();
        if (answer)
        {
            messages.Add(new JsonObject { ["role"] = "assistant", ["content"] = entry["accept"]![0]!.DeepClone() });
        }

        var request = new JsonObject { ["messages"] = messages, ["add_generation_prompt"] = !answer };
        if (entry["tools"] is { } tools)
        {
            request["tools"] = tools.DeepClone();
        }

        return request;
    }
}
