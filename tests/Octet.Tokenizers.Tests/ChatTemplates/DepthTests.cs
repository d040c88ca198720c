using System.Text.Json.Nodes;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tokenizers.Tests.ChatTemplates;

/// <summary>Whatever nests ends in a value or a <see cref="ChatTemplateException"/>, also on a thread with a small stack; a full stack would end the process.</summary>
public class DepthTests
{
    const int StackBytes = 256 << 10;

    /// <summary>Head, what is repeated, middle, what is repeated after it, tail.</summary>
    public static TheoryData<string, string, string, string, string> Texts { get; } = new()
    {
        { "{% filter e", "|e", " %}x{% endfilter %}", "", "" },
        { "{% set x | e", "|e", " %}y{% endset %}{{ x }}", "", "" },
        { "{{ 1", "|e", " }}", "", "" },
        { "{{ 1", "|default(2)", " }}", "", "" },
        { "{{ 1", " is defined", " }}", "", "" },
        { "{{ 1", " is defined|string", " }}", "", "" },
        { "{{ (", "not ", "1) }}", "", "" },
        { "{{ ", "-", "1 }}", "", "" },
        { "{{ ", "+", "1 }}", "", "" },
        { "{{ ", "(", "1", ")", " }}" },
        { "{{ ", "[", "1", "]", " }}" },
        { "{{ ", "{1:", "1", "}", " }}" },
        { "{{ ", "f(", "1", ")", " }}" },
        { "{{ ", "x[", "1", "]", " }}" },
        { "{{ ", "x[1:", "1", "]", " }}" },
        { "{{ 1|", "e(1|", "e", ")", " }}" },
        { "{{ 1 is ", "eq(1 is ", "eq(1", "))", " }}" },
        { "{{ dict", "()", " }}", "", "" },
        { "{{ messages", "[0]", " }}", "", "" },
        { "{{ messages", ".x", " }}", "", "" },
        { "{{ messages", "[0:1]", " }}", "", "" },
        { "{{ 1", " + 1", " }}", "", "" },
        { "{{ 1", " - 1", " }}", "", "" },
        { "{{ 1", " * 1", " }}", "", "" },
        { "{{ 1", " // 1", " }}", "", "" },
        { "{{ 1", " ** 1", " }}", "", "" },
        { "{{ 1", " ~ 1", " }}", "", "" },
        { "{{ 1", " and 1", " }}", "", "" },
        { "{{ 0", " or 0", " }}", "", "" },
        { "{{ 1", " < 2", " }}", "", "" },
        { "{{ 1", " in [1]", " }}", "", "" },
        { "{{ 1", " if 1", " }}", "", "" },
        { "{{ ", "1 if 0 else ", "1 }}", "", "" },
        { "{{ ", "1 if (", "1", ")", " }}" },
        { "{{ 'a'", " 'a'", " }}", "", "" },
        { "", "{% if 1 %}", "x", "{% endif %}", "" },
        { "{% if 0 %}", "{% elif 0 %}", "x{% endif %}", "", "" },
        { "", "{% if 0 %}{% else %}", "x", "{% endif %}", "" },
        { "", "{% for x in [1] %}", "x", "{% endfor %}", "" },
        { "", "{% for x in [] %}{% else %}", "x", "{% endfor %}", "" },
        { "{% for ", "(", "x", ",)", " in [1] %}{% endfor %}" },
        { "{% for ", "[", "x", "]", " in [1] %}{% endfor %}" },
        { "{% set ", "(", "x", ")", " = 1 %}" },
        { "{% set x", ", x", " = [1] %}", "", "" },
        { "", "{% set x %}", "y", "{% endset %}", "" },
        { "", "{% macro m() %}", "y", "{% endmacro %}", "" },
        { "{% macro m() %}{{ caller() }}{% endmacro %}", "{% call m() %}", "y", "{% endcall %}", "" },
        { "", "{% filter e %}", "y", "{% endfilter %}", "" },
        { "", "{% with a = 1 %}", "y", "{% endwith %}", "" },
        { "", "{% generation %}", "y", "{% endgeneration %}", "" },
        { "{% raw %}", "{% raw %}", "{% endraw %}", "", "" },
        { "{{ '", "{", "' .format(1) }}", "}", "" },
        { "{{ '{0", ".x", "}'.format(messages) }}", "", "" },
        { "{{ '{0:", "{0:", "}}' .format(1) }}", "", "" },
        { "{{ [1]|map(attribute='x", ".x", "')|list }}", "", "" },
        { "{{ [1]|map('map'", ",'map'", ",'e')|list }}", "", "" },
        { "{{ 1|a", ".a", " }}", "", "" },
        { "{{ 1 is a", ".a", " }}", "", "" },
    };

    /// <summary>Values that grow deeper by one with each turn of a loop, and what is done with them.</summary>
    public static TheoryData<string, string> Values
    {
        get
        {
            string[] wraps =
            [
                "ns.x|map('string')", "ns.x|map('list')", "ns.x|select", "ns.x|reject('none')", "ns.x|select('defined')", "ns.x|selectattr(0)", "ns.x|rejectattr('zz')",
                "ns.x|batch(2)", "ns.x|slice(1)", "ns.x|unique", "ns.x|reverse", "[ns.x]|map('list')", "[ns.x]|map('first')", "[ns.x]|map('join')", "[ns.x]|select('in', [1])", "[ns.x]|unique",
                "ns.x|map('default', ns.x)", "[ns.x]", "(ns.x,)", "{'a': ns.x}", "[ns.x, ns.x]", "namespace(x=ns.x)", "dict(a=ns.x)", "cycler(ns.x)", "joiner(ns.x)", "{(ns.x,): 1}", "(ns.x, 1)|list",
                "dict(a=ns.x).items()", "dict(a=ns.x).values()", "dict(a=ns.x)|items", "ns.x ~ ''", "[ns.x]|sort", "[ns.x]|groupby(0)", "ns.x|sum", "[ns.x][:1]",
            ];
            string[] uses = ["ns.x", "ns.x|list", "ns.x|string", "ns.x|tojson", "ns.x|pprint", "ns.x|join(',')", "ns.x == ns.x", "[ns.x] == [ns.y]", "ns.x < ns.y", "[ns.x, ns.y]|sort", "{ns.x: 1}", "1 in ns.x", "'%s' % ns.x", "'{}'.format(ns.x)", "ns.x|length", "ns.x|first", "ns.x|max", "ns.x|unique|list", "ns.x|sum", "ns.x|urlencode", "raise_exception(ns.x)", "ns.x.zz.zz", "ns.x|map('upper')|list"];
            TheoryData<string, string> data = [];
            foreach (string wrap in wraps)
            {
                data.Add(wrap, string.Concat(uses.Select(static (use, index) => $"{{% if use == {index} %}}{{{{ {use} }}}}{{% endif %}}")));
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_text_of_any_depth_ends_in_a_value_or_an_error_of_the_template(string head, string open, string middle, string close, string tail)
    {
        foreach (int depth in (int[])[150, 1500, 20_000])
        {
            Survives(() => ChatTemplate.Parse(head + string.Concat(Enumerable.Repeat(open, depth)) + middle + string.Concat(Enumerable.Repeat(close, depth)) + tail)
                .Render(new JsonArray(new JsonArray()), null, false));
        }
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void A_value_of_any_depth_ends_in_a_value_or_an_error_of_the_template(string wrap, string uses)
    {
        ChatTemplate template = ChatTemplate.Parse(
            "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(depth) %}{% set t = " + wrap + " %}{% set ns.y = " + wrap.Replace("ns.x", "ns.y", StringComparison.Ordinal) + " %}{% set ns.x = t %}{% endfor %}" + uses,
            options: new() { MaxSteps = 3_000_000, MaxOutputCharacters = 1 << 20 });
        for (int use = 0; use < 23; use++)
        {
            foreach (int depth in (int[])[190, 1200])
            {
                Survives(() => template.Render(new JsonArray(), null, false, new Dictionary<string, JsonNode?> { ["use"] = use, ["depth"] = depth }));
            }
        }
    }

    [Theory]
    [InlineData("{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}")]
    [InlineData("{% macro f(n) %}{% for x in [1] %}{% call f(n) %}{% endcall %}{% endfor %}{{ caller() if caller }}{% endmacro %}{{ f(0) }}")]
    [InlineData("{% macro f() %}{{ caller() }}{% endmacro %}{% macro g() %}{% call f() %}{{ g() }}{% endcall %}{% endmacro %}{{ g() }}")]
    [InlineData("{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}")]
    [InlineData("{% set ns = namespace() %}{% set ns.ns = ns %}{{ ns }}")]
    [InlineData("{% set ns = namespace() %}{% set ns.l = [ns] %}{{ ns.l|string }}")]
    [InlineData("{% set ns = namespace() %}{% for x in range(9999) if ns.l is not defined or ns.l.length %}{% set ns.l = loop %}{% endfor %}")]
    [InlineData("{% set ns = namespace() %}{% for x in [1, 2] %}{% set ns.l = loop %}{% for y in ns.l %}{% for z in ns.l %}{{ z }}{% endfor %}{% endfor %}{% endfor %}")]
    [InlineData("{% macro f(a=f()) %}{% endmacro %}{{ f() }}")]
    [InlineData("{% set ns = namespace(f=none) %}{% macro f() %}{{ ns.f() }}{% endmacro %}{% set ns.f = f %}{{ f() }}")]
    public void What_calls_itself_ends_in_a_value_or_an_error_of_the_template(string template) => Survives(() => ChatTemplate.Parse(template).Render(new JsonArray(), null, false));

    [Fact]
    public void Iterators_over_iterators_are_refused_beyond_the_depth_of_the_options()
    {
        const string Nested = "{% set ns = namespace(x=[1]) %}{% for i in range(n) %}{% set ns.x = ns.x|map('string') %}{% endfor %}{{ ns.x|list }}";
        Assert.Equal("['1']", Render(Nested, 150));
        Assert.Equal("RecursionError", Assert.Throws<ChatTemplateException>(() => Render(Nested, 99_999)).Kind);

        static string Render(string template, int n) => ChatTemplate.Parse(template).Render(new JsonArray(), null, false, new Dictionary<string, JsonNode?> { ["n"] = n });
    }

    static void Survives(Action action)
    {
        Exception? error = null;
        Thread thread = new(() => error = Record.Exception(action), StackBytes);
        thread.Start();
        thread.Join();
        Assert.True(error is null or ChatTemplateException, error?.ToString());
    }
}
