using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tokenizers.Tests.ChatTemplates;

/// <summary>The language against Python's jinja2: <c>jinja2-vectors.jsonl</c> is made by <c>make-jinja2-vectors.py</c> beside it.</summary>
public class Jinja2VectorTests
{
    [Fact]
    public void Every_case_renders_as_jinja2_renders_it_or_fails_with_the_same_error()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Fixtures.Repository, "tests", "Octet.Tokenizers.Tests", "ChatTemplates", "jinja2-vectors.jsonl"));
        JsonNode head = JsonNode.Parse(lines[0])!;
        Dictionary<string, JsonNode?> variables = head["variables"]!.AsObject().ToDictionary(static pair => pair.Key, static pair => pair.Value);
        ChatTemplateOptions options = new() { Clock = new FixedClock(DateTime.Parse((string)head["now"]!, System.Globalization.CultureInfo.InvariantCulture)) };
        StringBuilder failures = new();
        int failed = 0;
        foreach (string line in lines.Skip(1))
        {
            JsonElement vector = JsonElement.Parse(line);
            string template = vector.GetProperty("template").GetString()!;
            bool renders = vector.TryGetProperty("rendered", out JsonElement rendered);
            string expected = renders ? rendered.GetString()! : "!" + vector.GetProperty("error").GetString() + MessageOf(vector.GetProperty("error").GetString()!, vector.GetProperty("message").GetString()!);
            string actual;
            try
            {
                actual = ChatTemplate.Parse(template, options: options).Render(variables["messages"]!, null, false, variables);
            }
            catch (ChatTemplateException error)
            {
                actual = "!" + error.Kind + MessageOf(error.Kind, error.Reason);
            }

            if (actual != expected)
            {
                failed++;
                failures.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n{template}\n  expected {Shown(expected)}\n  actual   {Shown(actual)}");
            }
        }

        Assert.True(lines.Length > 1000, "the vectors are not complete");
        Assert.True(failed == 0, $"{failed} of {lines.Length - 1} cases differ:{failures}");
    }

    /// <summary>
    /// The message, where it is about the template's values: compared word by word. The parser's messages, and those about a
    /// call's arguments or the order of a failed comparison, are Octet's own.
    /// </summary>
    static string MessageOf(string kind, string message) => kind switch
    {
        "UndefinedError" or "TemplateError" or "TemplateRuntimeError" or "SecurityError" or "ZeroDivisionError" or "OverflowError" or "FilterArgumentError" => " " + message,
        "TypeError" when message.Contains("operand", StringComparison.Ordinal) || message.Contains("concatenate", StringComparison.Ordinal)
            || message.Contains("iterable", StringComparison.Ordinal) || message.Contains("len()", StringComparison.Ordinal) => " " + message,
        _ => "",
    };

    static string Shown(string text) => $"\"{JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
