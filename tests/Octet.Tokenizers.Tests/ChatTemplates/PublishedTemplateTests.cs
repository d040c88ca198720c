using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tokenizers.Tests.ChatTemplates;

/// <summary>The Qwen3 templates against what Python's jinja2 makes of them.</summary>
public class PublishedTemplateTests
{
    static readonly Dictionary<string, string> s_folders = new()
    {
        ["qwen3"] = "Qwen3-0.6B-FP8",
        ["qwen3-4b-instruct-2507"] = "Qwen3-4B-Instruct-2507-FP8",
        ["qwen3-4b-thinking-2507"] = "Qwen3-4B-Thinking-2507",
    };

    [Fact]
    public void Every_vector_renders_byte_for_byte_or_fails_with_the_same_error()
    {
        Dictionary<string, ChatTemplate> templates = s_folders.ToDictionary(pair => pair.Key, pair => ChatTemplate.Load(Fixtures.Path("qwen3", pair.Value))!);
        int seen = 0;
        foreach (string line in File.ReadLines(Fixtures.Path("chat", "render.jsonl")))
        {
            JsonNode vector = JsonNode.Parse(line)!;
            Dictionary<string, JsonNode?> variables = [];
            if (vector.AsObject().TryGetPropertyValue("enable_thinking", out JsonNode? thinking))
            {
                variables["enable_thinking"] = thinking;
            }

            string rendered;
            try
            {
                rendered = templates[(string)vector["template"]!].Render(vector["messages"]!, vector["tools"], (bool)vector["add_generation_prompt"]!, variables);
            }
            catch (ChatTemplateException error)
            {
                rendered = $"{error.Kind}: {error.Reason}";
            }

            Assert.Equal((string?)vector["rendered"] ?? (string?)vector["error"], rendered);
            seen++;
        }

        Assert.Equal(168, seen);
    }
}
