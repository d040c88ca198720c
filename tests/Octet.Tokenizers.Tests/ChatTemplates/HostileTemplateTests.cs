using System.Diagnostics;
using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tokenizers.Tests.ChatTemplates;

/// <summary>Templates from strangers end in a <see cref="ChatTemplateException"/>, soon, whatever they try.</summary>
public class HostileTemplateTests
{
    public static TheoryData<string> Bombs { get; } =
    [
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
        "{% macro f(x=f()) %}{% endmacro %}{{ f() }}",
        "{{ 'a' * 10000000000 }}",
        "{{ ('a' * 1000000) * 1000000 }}",
        "{% set x = 'aaaaaaaaaa' %}{% for i in range(100) %}{% set x = x + x %}{% endfor %}{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1, 2]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x|tojson }}",
        "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
        "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x < ns.y }}",
        "{% set ns = namespace(x=(1,)) %}{% for i in range(100) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {ns.x: 1} }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}{% endfor %}",
        "{{ range(99999)|list|product }}",
        "{{ range(1000000000) }}",
        "{{ 9 ** 99999 ** 2 }}",
        "{{ 10 ** 100000000 }}",
        "{% set ns = namespace(x=3) %}{% for i in range(100) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
        "{{ 'a'|center(1000000000) }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{{ 'a'.zfill(1000000000) }}",
        "{{ '\\t'.expandtabs(2000000000) }}",
        "{{ '%2000000000d' % 1 }}",
        "{{ '%.2000000000f' % 1 }}",
        "{{ '{:2000000000}'.format(1) }}",
        "{{ '{:.2000000000f}'.format(1.5) }}",
        "{{ 'a\\nb'|indent(1000000000) }}",
        "{{ [[1]]|tojson(indent=1000000000) }}",
        "{{ ('a' * 10000000).replace('a', 'b' * 1000000) }}",
        "{{ ('a' * 1000000).join('b' * 1000000) }}",
        "{{ ('a' * 1000000)|join('b' * 1000000) }}",
        "{{ [1]|batch(2000000000, 'x')|list }}",
        "{{ [1]|slice(2000000000, 'x')|list }}",
        "{{ [1] * 2000000000 }}",
        "{{ 'x'|wordwrap(0) }}",
        "{% for x in range(10) %}{% set ns = cycler(1) %}{{ loop(x) }}{% endfor %}",
        "{% set ns = namespace(s='<') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s|forceescape %}{% endfor %}",
        "{% set ns = namespace(s='%s%s') %}{% for i in range(100) %}{% set ns.s = ns.s|replace('%s', '%s%s%s') %}{% endfor %}",
        "{% macro m() %}{{ caller() }}{{ caller() }}{{ m() }}{% endmacro %}{% call m() %}{% endcall %}",
        "{% set ns = namespace() %}{% macro m() %}{{ ns.m() }}{% endmacro %}{% set ns.m = m %}{{ m() }}",
        "{% set big = range(100000)|list %}{{ (['a'] * 40000)|map('select', 'odd', *big)|list|length }}",
        "{{ 'hello world'|truncate(-3000000000) }}",
        "{{ (['nan'|float] * 40)|sort(reverse=true) }}",
        "{{ '{:2000000000,}'.format(1) }}",
        "{{ '{:02000000000,}'.format(1) }}",
        "{{ '%.2000000000d' % 1 }}",
        "{{ '%#.2000000000g' % 1.5 }}",
        "{{ raise_exception('x') }}",
    ];

    /// <summary>With a tenth of the steps that a rendering has by default; with <c>OCTET_SLOW=1</c> all of them.</summary>
    [Theory]
    [MemberData(nameof(Bombs))]
    public void A_bomb_ends_in_an_error_within_seconds(string template)
    {
        bool slow = Environment.GetEnvironmentVariable("OCTET_SLOW") == "1";
        ChatTemplateOptions options = slow ? ChatTemplateOptions.Default : new() { MaxSteps = ChatTemplateOptions.Default.MaxSteps / 10 };
        Stopwatch watch = Stopwatch.StartNew();
        Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template, options: options).Render(new JsonArray(), null, false));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(slow ? 20 : 4), $"took {watch.Elapsed}");
    }

    [Theory]
    [InlineData("(", "1", ")", true)]
    [InlineData("[", "1", "]", true)]
    [InlineData("{1:", "1", "}", true)]
    [InlineData("not ", "1", "", true)]
    [InlineData("- ", "1", "", true)]
    [InlineData("a[", "1", "]", true)]
    [InlineData("f(", "1", ")", true)]
    [InlineData("1 if 1 else ", "1", "", true)]
    [InlineData("1 + ", "1", "", false)]
    [InlineData("1 and ", "1", "", false)]
    [InlineData("1 ~ ", "1", "", false)]
    [InlineData("", "undefined", ".x", false)]
    [InlineData("", "1", "|string", false)]
    [InlineData("1 < ", "1", "", false)]
    public void Deep_expressions_end_in_a_value_or_an_error_but_never_in_a_full_stack(string open, string inner, string close, bool refused)
    {
        string expression = string.Concat(Enumerable.Repeat(open, 100_000)) + inner + string.Concat(Enumerable.Repeat(close, 100_000));
        Exception? error = Record.Exception(() => Render("{{ " + expression + " }}"));
        Assert.True(error is ChatTemplateException || (error is null && !refused), error?.ToString());
    }

    [Theory]
    [InlineData("{% if 1 %}", "{% endif %}")]
    [InlineData("{% for x in [1] %}", "{% endfor %}")]
    [InlineData("{% set x %}", "{% endset %}")]
    [InlineData("{% macro m() %}", "{% endmacro %}")]
    [InlineData("{% filter upper %}", "{% endfilter %}")]
    [InlineData("{% for ((((((((", "")]
    public void Deep_blocks_are_refused(string open, string close) =>
        Assert.Throws<ChatTemplateException>(() => Render(string.Concat(Enumerable.Repeat(open, 50_000)) + string.Concat(Enumerable.Repeat(close, 50_000))));

    [Fact]
    public void Deep_messages_are_refused()
    {
        JsonNode messages = new JsonArray();
        for (int depth = 0; depth < 5000; depth++)
        {
            messages = new JsonArray(messages);
        }

        Assert.Equal("RecursionError", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("x").Render(messages, null, false)).Kind);
    }

    [Theory]
    [InlineData("{{ [1] * 2000000000 }}")]
    [InlineData("{{ ([1] * 100000) * 2000000000 }}")]
    [InlineData("{{ ('a' * 100000) * 2000000000 }}")]
    [InlineData("{{ ('a\nb' * 100000)|indent(2000000000) }}")]
    [InlineData("{{ [[1] * 100000]|tojson(indent=2000000000) }}")]
    [InlineData("{{ '%2000000000d' % 1 }}")]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}")]
    public void With_no_limit_of_steps_the_others_hold(string template)
    {
        ChatTemplate parsed = ChatTemplate.Parse(template, options: new() { MaxSteps = long.MaxValue });
        Assert.Throws<ChatTemplateException>(() => parsed.Render(new JsonArray("a conversation"), null, false));
        Assert.Equal("a conversation", ChatTemplate.Parse("{{ messages[0] }}", options: new() { MaxSteps = long.MaxValue }).Render(new JsonArray("a conversation"), null, false));
    }

    [Fact]
    public void The_limits_are_those_of_the_options()
    {
        JsonArray none = [];
        Assert.Equal("aaaa", ChatTemplate.Parse("aaaa", options: new() { MaxOutputCharacters = 4 }).Render(none, null, false));
        Assert.Equal("LimitError", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("aaaaa", options: new() { MaxOutputCharacters = 4 }).Render(none, null, false)).Kind);
        Assert.Equal("LimitError", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("{% for x in range(1000) %}{% endfor %}", options: new() { MaxSteps = 1000 }).Render(none, null, false)).Kind);
        Assert.Equal("LimitError", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("aaaaa", options: new() { MaxTemplateCharacters = 4 })).Kind);
        Assert.Equal("TemplateSyntaxError", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("{{ ((((1)))) }}", options: new() { MaxParseDepth = 4 })).Kind);
        Assert.Equal("RecursionError", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("{% for x in [1] %}{% for y in [1] %}{% endfor %}{% endfor %}", options: new() { MaxDepth = 1 }).Render(none, null, false)).Kind);
    }

    [Fact]
    public void Mutated_templates_only_ever_throw_template_errors()
    {
        string[] seeds = [.. File.ReadLines(Path.Combine(Fixtures.Repository, "tests", "Octet.Tokenizers.Tests", "ChatTemplates", "jinja2-vectors.jsonl")).Skip(1)
            .Select(static line => (string)JsonNode.Parse(line)!["template"]!)];
        string[] pieces = ["{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "|", "(", ")", "[", "]", "{", "}", "'", "\"", "\\", ":", ",", ".", "*", "**", "~", " is ", " not ", " in ", " if ", " else ", " for ", "x", "0", "1e9", "-1", "none", "loop", "\n", "😀", "\ud800", "caller", "endif", "set", "range(", "99999"];
        ChatTemplateOptions options = new() { MaxSteps = 20_000, MaxOutputCharacters = 100_000 };
        JsonArray messages = [new JsonObject { ["role"] = "user", ["content"] = "Hi" }];
        Random random = new(20240706);
        int rendered = 0;
        for (int run = 0; run < 10_000; run++)
        {
            string template = seeds[random.Next(seeds.Length)];
            for (int change = random.Next(1, 5); change > 0; change--)
            {
                int at = random.Next(template.Length + 1);
                int length = Math.Min(random.Next(4), template.Length - at);
                string other = seeds[random.Next(seeds.Length)];
                int from = random.Next(other.Length + 1);
                template = random.Next(4) switch
                {
                    0 => template.Remove(at, length),
                    1 => template.Insert(at, pieces[random.Next(pieces.Length)]),
                    2 => template.Remove(at, length).Insert(at, pieces[random.Next(pieces.Length)]),
                    _ => template.Insert(at, other.Substring(from, random.Next(Math.Min(20, other.Length - from) + 1))),
                };
            }

            try
            {
                ChatTemplate.Parse(template, options: options).Render(messages, null, true);
                rendered++;
            }
            catch (ChatTemplateException)
            {
            }
            catch (Exception error)
            {
                Assert.Fail($"{template}\n{error}");
            }
        }

        Assert.True(rendered > 500, $"only {rendered} mutated templates rendered");
    }

    /// <summary>Objects that stay take memory, which has its own limit.</summary>
    [Theory]
    [InlineData("{% set ns = namespace(x=[]|map('upper')) %}{% for i in range(LOOP) %}{% for j in range(LOOP) %}{% set ns.x = [ns.x, []|map('upper')] %}{% endfor %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=''.upper) %}{% for i in range(LOOP) %}{% for j in range(LOOP) %}{% set ns.x = [ns.x, ''.upper] %}{% endfor %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=[]) %}{% set s = 'a.' * 1000 %}{% for i in range(LOOP) %}{% for j in range(LOOP) %}{% set ns.x = [ns.x, []|map(attribute=s)] %}{% endfor %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=[]) %}{% set s = 'a' * 30000 ~ '\n' %}{% for i in range(LOOP) %}{% for j in range(LOOP) %}{% set ns.x = [ns.x, s.splitlines(), s.split('\n'), s.split()] %}{% endfor %}{% endfor %}")]
    [InlineData("{{ (range(LOOP)|list)|sort(attribute=(['x'] * LOOP)|join(',')) }}")]
    public void What_a_template_keeps_is_counted(string template)
    {
        ChatTemplateOptions options = new() { MaxOutputCharacters = 1 << 20, MaxSteps = long.MaxValue };
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template.Replace("LOOP", "9999", StringComparison.Ordinal), options: options).Render(new JsonArray(), null, false));
        Assert.Equal("LimitError", error.Kind);
        Assert.Contains("texts and lists of more than 32 MiB", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_with_what_has_no_order_is_refused_in_either_direction()
    {
        foreach (string reverse in (string[])["true", "false"])
        {
            Exception? error = Record.Exception(() => Render("{{ (['nan'|float] * 40 + [1, 2])|sort(reverse=" + reverse + ")|length }}"));
            Assert.True(error is null or ChatTemplateException { Kind: "ValueError" }, error?.ToString());
        }
    }

    [Fact]
    public void Names_have_an_end()
    {
        string longest = new('n', 128);
        Assert.Equal("1", Render("{% set " + longest + " = 1 %}{{ " + longest + " }}"));
        Assert.Equal("TemplateSyntaxError", Assert.Throws<ChatTemplateException>(() => Render("{{ " + longest + "n }}")).Kind);
    }

    [Fact]
    public void The_message_of_a_refused_truncation_has_the_numbers_that_were_given()
    {
        Assert.Equal("expected length >= 3, got -3000000000", Assert.Throws<ChatTemplateException>(() => Render("{{ 'hello world'|truncate(-3000000000) }}")).Reason);
        Assert.Equal("expected leeway >= 0, got -5000000000", Assert.Throws<ChatTemplateException>(() => Render("{{ 'hello world'|truncate(5, leeway=-5000000000) }}")).Reason);
    }

    static string Render(string template) => ChatTemplate.Parse(template).Render(new JsonArray(), null, false);
}
