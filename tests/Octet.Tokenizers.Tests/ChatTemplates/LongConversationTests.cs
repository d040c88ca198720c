using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tokenizers.Tests.ChatTemplates;

/// <summary>A conversation of any length renders, also under templates that build their output piece by piece or walk texts character by character.</summary>
public class LongConversationTests
{
    /// <summary>The ways in which published templates make a long conversation expensive, each in a template of its own.</summary>
    public static TheoryData<string, string> Shapes { get; } = new()
    {
        { "appends with ~", "{% set ns = namespace(out='') %}{% for m in messages %}{% set ns.out = ns.out ~ m.role ~ ': ' ~ m.content ~ '\n' %}{% endfor %}{{ ns.out }}" },
        { "appends with +", "{% set ns = namespace(out='') %}{% for m in messages %}{% set ns.out = ns.out + m.role + ': ' + m.content + '\n' %}{% endfor %}{{ ns.out }}" },
        { "looks at the end", "{% set ns = namespace(out='') %}{% for m in messages %}{% if ns.out and not ns.out.endswith('\n') and ns.out[-1] != '\n' %}{% set ns.out = ns.out ~ '\n' %}{% endif %}{% set ns.out = ns.out ~ m.role ~ ': ' ~ m.content %}{% endfor %}{{ ns.out ~ '\n' }}" },
        { "prepends", "{% set ns = namespace(out='') %}{% for m in messages|reverse %}{% set ns.out = m.role ~ ': ' ~ m.content ~ '\n' ~ ns.out %}{% endfor %}{{ ns.out }}" },
        { "walks characters", "{% for m in messages %}{{ m.role }}: {% for part in m.content %}{% if part['type'] == 'text' %}{{ part['text'] }}{% elif part['type'] == 'image' %}<image>{% endif %}{% endfor %}{{ m.content ~ '\n' }}{% endfor %}" },
        { "looks back over all messages", "{% for m in messages %}{% for j in range(loop.index0 - 1, -1, -1) %}{% if messages[j]['role'] == 'tool' %}{% endif %}{% endfor %}{{ m.role ~ ': ' ~ m.content ~ '\n' }}{% endfor %}" },
        { "collects in a list", "{% set ns = namespace(all=[]) %}{% for m in messages %}{% set ns.all = ns.all + [m] %}{% endfor %}{% for m in ns.all %}{{ m.role ~ ': ' ~ m.content ~ '\n' }}{% endfor %}" },
        { "passes through macros", "{% macro text(x) %}{% set r = namespace(t='') %}{% for p in x.split('</think>') %}{% set r.t = r.t ~ p %}{% endfor %}{{ r.t }}{% endmacro %}{% for m in messages %}{{ m.role ~ ': ' ~ text(m.content) ~ '\n' }}{% endfor %}" },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_conversation_of_1_or_2_million_characters_renders(string shape, string template)
    {
        // The square of the number of messages is work that jinja2 does too.
        JsonArray messages = Conversation(shape.Contains("all messages", StringComparison.Ordinal) ? 700 : 2300);
        StringBuilder expected = new();
        foreach (JsonNode? message in messages)
        {
            expected.Append((string?)message!["role"]).Append(": ").Append((string?)message["content"]).Append('\n');
        }

        Stopwatch watch = Stopwatch.StartNew();
        Assert.Equal(expected.ToString(), ChatTemplate.Parse(template).Render(messages, null, false));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"{shape} took {watch.Elapsed}");
    }

    [Fact]
    public void Appending_takes_steps_in_proportion_to_what_is_appended()
    {
        long small = StepsOf(500);
        long large = StepsOf(4000);
        Assert.InRange(large, 7 * small, 9 * small);

        static long StepsOf(int exchanges)
        {
            RenderState state = new("", ChatTemplateOptions.Default);
            ChatTemplate.Parse(Shapes.First().Data.Item2).Render(state, Conversation(exchanges), new RenderOptions());
            return state.Steps;
        }
    }

    [Fact]
    public void The_template_of_the_reported_case_renders_400_exchanges_as_jinja2_does()
    {
        ChatTemplate template = ChatTemplate.Parse(File.ReadAllText(Fixtures.Case("text", "10-template-step-limit", "reka-edge.jinja")));
        JsonArray messages = Conversation(400, user: "q ", times: 10);
        messages.Add(new JsonObject { ["role"] = "user", ["content"] = "z" });

        // expected.txt: jinja2 makes 420,023 characters of it.
        Assert.Equal(420_023, template.Render(messages, null, true).Length);
    }

    [Theory]
    [InlineData("google-gemma-4-31B-it", 1000)]
    [InlineData("deepseek-ai-DeepSeek-V3.2", 2300)]
    [InlineData("mistralai-Ministral-3-14B-Reasoning-2512", 2300)]
    [InlineData("Qwen3.5-4B", 2300)]
    public void A_published_template_renders_a_conversation_of_1_or_2_million_characters(string name, int exchanges)
    {
        ChatTemplate template = ChatTemplate.Parse(File.ReadAllText(Fixtures.Path("templates", name + ".jinja")));
        Dictionary<string, JsonNode?> tokens = new() { ["bos_token"] = "<s>", ["eos_token"] = "</s>" };
        Assert.InRange(template.Render(Conversation(exchanges), null, true, tokens).Length, 1000 * exchanges, 1300 * exchanges);
    }

    [Fact]
    public void A_limit_says_what_to_do()
    {
        const string Endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
        string reason = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(Endless).Render(Conversation(2), null, false)).Reason;
        Assert.Contains("shorten the conversation, or raise ChatTemplateOptions.MaxSteps", reason, StringComparison.Ordinal);
    }

    static JsonArray Conversation(int exchanges, string user = "q ", int times = 10)
    {
        JsonArray messages = [];
        string question = string.Concat(Enumerable.Repeat(user, times));
        string answer = new('a', 1000);
        for (int exchange = 0; exchange < exchanges; exchange++)
        {
            messages.Add(new JsonObject { ["role"] = "user", ["content"] = question });
            messages.Add(new JsonObject { ["role"] = "assistant", ["content"] = answer });
        }

        return messages;
    }
}
