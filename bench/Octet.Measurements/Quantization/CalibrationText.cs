using System.Text.Json.Nodes;

namespace Octet.Measurements.Quantization;

/// <summary>octet-tiny's questions written by hand, as its chat template renders them: what the scales of its cache are measured on, and no part of what they are judged on.</summary>
static class CalibrationText
{
    internal static void Write(string model, string path, CancellationToken cancellation)
    {
        string source = Path.Combine(Repository.Root, "tools", "octet-tiny", "freeform.jsonl");
        IEnumerable<JsonObject> questions = File.ReadLines(source).Select(line => HeldOutText.Request(JsonNode.Parse(line)!.AsObject(), answer: false));
        File.WriteAllText(path, string.Concat(HeldOutText.Render(model, questions, path, cancellation)));
    }
}
