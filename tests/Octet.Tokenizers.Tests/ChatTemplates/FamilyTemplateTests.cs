using System.Text;
using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tokenizers.Tests.ChatTemplates;

/// <summary>Published templates of thirty families against what jinja2, set up as transformers sets it up, makes of the same conversations.</summary>
public class FamilyTemplateTests
{
    static readonly Dictionary<string, JsonNode?> s_tokens = new() { ["bos_token"] = "<s>", ["eos_token"] = "</s>", ["pad_token"] = "<pad>", ["unk_token"] = "<unk>" };

    [Fact]
    public void Every_conversation_renders_as_in_jinja2_or_fails_where_it_fails()
    {
        string folder = Fixtures.Path("templates");
        ChatTemplateOptions options = new() { Clock = new FixedClock(new DateTime(2026, 11, 28, 12, 0, 0)) };
        Dictionary<string, ChatTemplate> templates = Directory.GetFiles(folder, "*.jinja")
            .ToDictionary(static path => Path.GetFileNameWithoutExtension(path), path => ChatTemplate.Parse(File.ReadAllText(path), Path.GetFileName(path), options));
        Dictionary<string, JsonObject> cases = File.ReadLines(Path.Combine(folder, "cases.jsonl")).Select(static line => JsonNode.Parse(line)!.AsObject())
            .ToDictionary(static entry => (string)entry["case"]!);
        StringBuilder failures = new();
        int failed = 0;
        int rows = 0;
        foreach (string line in File.ReadLines(Path.Combine(folder, "rendered.jsonl")))
        {
            JsonNode row = JsonNode.Parse(line)!;
            string? expected = (string?)row["rendered"];
            string? actual = Render(templates[(string)row["template"]!], cases[(string)row["case"]!], out string error);
            rows++;
            if (actual != expected)
            {
                failed++;
                failures.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n{row["template"]} {row["case"]}\n  expected {expected ?? $"error {row["error"]}"}\n  actual   {actual ?? error}");
            }
        }

        Assert.Equal(930, rows);
        Assert.True(failed == 0, $"{failed} of {rows} rows differ:{failures}");
    }

    static string? Render(ChatTemplate template, JsonObject conversation, out string error)
    {
        Dictionary<string, JsonNode?> variables = new(s_tokens);
        foreach ((string name, JsonNode? value) in conversation)
        {
            if (name is not ("case" or "messages" or "tools" or "add_generation_prompt"))
            {
                variables[name] = value;
            }
        }

        error = "";
        try
        {
            return template.Render(conversation["messages"]!, conversation["tools"], (bool?)conversation["add_generation_prompt"] ?? false, variables);
        }
        catch (ChatTemplateException refused)
        {
            error = $"error {refused.Kind}: {refused.Message}";
            return null;
        }
    }
}
