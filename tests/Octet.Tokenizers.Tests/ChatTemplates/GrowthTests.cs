using System.Text;
using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tokenizers.ChatTemplates;
using TestTable = Octet.Tokenizers.ChatTemplates.Tests;

namespace Octet.Tokenizers.Tests.ChatTemplates;

/// <summary>
/// Inputs that grow: time and steps stay in proportion to the bytes that go in and come out, a step takes no longer than a step should,
/// and what is too much ends in a <see cref="ChatTemplateException"/>. What is tried comes from the engine's own tables.
/// With <c>OCTET_SLOW=1</c> up to 4 MB, with more draws.
/// </summary>
public class GrowthTests(ITestOutputHelper output)
{
    const int Seed = 20261129;
    const int Tries = 3;
    static readonly bool s_slow = Environment.GetEnvironmentVariable("OCTET_SLOW") == "1";

    /// <summary>The sizes that an operand, a template or a conversation has, in characters.</summary>
    static readonly int[] s_sizes = s_slow ? [16 << 10, 256 << 10, 4 << 20] : [8 << 10, 64 << 10];

    /// <summary>How often each operation is tried with operands that it takes, and how often these are drawn.</summary>
    static readonly (int Kept, int Drawn) s_draws = s_slow ? (6, 60) : (2, 40);

    /// <summary>How many templates of jinja2's are cut and grown.</summary>
    static readonly int s_templates = s_slow ? 60 : 15;

    /// <summary>Operands that do not grow.</summary>
    static readonly string[] s_small = ["1", "3", "-2", "0", "2.5", "true", "none", "'a'", "''", "'upper'", "'eq'", "[1, 2]", "('a', 'b')", "{'a': 1}", "'%s'", "10 ** 4000", "2 ** 65000", "undefined"];

    /// <summary>Operands that grow.</summary>
    static readonly Dictionary<string, Func<int, JsonNode>> s_growing = new()
    {
        ["text"] = static size => new string('a', size),
        ["almost"] = static size => new string('a', size / 2) + "b" + new string('a', size / 2),
        ["words"] = static size => Repeat("ab cd-ef gh\n", size),
        ["unicode"] = static size => Repeat("é😀日 ΣﬁA", size),
        ["markup"] = static size => Repeat("<a href='x'>&amp;\"", size),
        ["digits"] = static size => Repeat("1234567890", size),
        ["number"] = static size => JsonNode.Parse(new string('7', Math.Min(size, 4000)))!,
        ["spaces"] = static size => Repeat(" \t\n", size),
        ["braces"] = static size => Repeat("{a}%(a)s{0}%s", size),
        ["dots"] = static size => Repeat("a.0.", size),
        ["numbers"] = static size => new JsonArray([.. Enumerable.Range(0, size / 8).Select(static at => (JsonNode)at)]),
        ["floats"] = static size => new JsonArray([.. Enumerable.Range(0, size / 16).Select(static at => (JsonNode)(at / 7.0))]),
        ["strings"] = static size => new JsonArray([.. Enumerable.Range(0, size / 16).Select(static at => (JsonNode)$"item {at % 997}")]),
        ["objects"] = static size => new JsonArray([.. Enumerable.Range(0, size / 32).Select(static at => (JsonNode)new JsonObject { ["a"] = at % 97, ["b"] = "x" })]),
        ["nested"] = static size => Nested(size),
        ["mapping"] = static size => new JsonObject(Enumerable.Range(0, size / 16).Select(static at => KeyValuePair.Create($"key{at}", (JsonNode?)at))),
    };

    /// <summary>What is done, with <c>{0}</c> for the value and <c>{1}</c> for arguments; by the names in the engine's tables.</summary>
    static IEnumerable<(string Name, string Form)> Operations()
    {
        foreach (string name in Filters.Names)
        {
            yield return ("filter " + name, "{0}|" + name + "({1})");
        }

        foreach (string name in TestTable.Names.Where(static name => char.IsLetter(name[0]) && name != "in"))
        {
            yield return ("test " + name, "{0} is " + name + "({1})");
        }

        foreach (string name in StringMethods.Table.Keys.Concat(SequenceMethods.Dictionary.Keys).Concat(SequenceMethods.List.Keys).Distinct())
        {
            yield return ("method " + name, "{0}." + name + "({1})");
        }

        foreach (string name in Globals.Table.Keys)
        {
            yield return ("function " + name, name + "({0}, {1})");
            yield return ("function " + name + " of named", name + "(**dict({0}, {1}))");
        }

        foreach (string symbol in Lexer.Operators.Concat(["in", "not in", "and", "or", "is", "if"]).Where(static symbol => Parses($"{{{{ a {symbol} b }}}}")))
        {
            yield return ("operator " + symbol, "{0} " + symbol + " {2}");
        }

        foreach (string form in (string[])["{0}[{2}]", "{0}[{2}:]", "{0}[:{2}]", "{0}[::{2}]", "{0}[-1]", "not {0}", "-{0}", "{0}.a", "{{{0}: 1}}", "{{{0}: 1}}[{2}]", "[{0}] == [{2}]", "({0}, 1) < ({2}, 1)", "{0} ~ 1", "({0} ~ 1) ~ {2}", "'%s|%r|%5.1s' % ({0}, {2}, 1)", "'{{0}}{{1:>9}}'.format({0}, {2})"])
        {
            yield return (form, form);
        }

        foreach (char conversion in "srdiuoxXeEfFgGca%")
        {
            yield return ("% " + conversion, "'%" + conversion + "' % {0}");
            yield return ("format " + conversion, "'{{:" + conversion + "}}'.format({0})");
            yield return ("wide % " + conversion, "'%,*." + "*" + conversion + "' % ({0}, {1})");
        }
    }

    [Fact]
    public void Every_operation_takes_time_and_steps_in_proportion_to_its_operands()
    {
        Random random = new(Seed);
        double reference = ReferenceStep();
        StringBuilder failures = new();
        int tried = 0;
        int grown = 0;
        foreach ((string name, string form) in Operations())
        {
            int kept = 0;
            for (int draw = 0; draw < s_draws.Drawn && kept < s_draws.Kept; draw++)
            {
                string[] operands = [.. Enumerable.Range(0, random.Next(1, 5)).Select(index => Draw(random, index))];
                string expression = Format(form, operands[0], string.Join(", ", operands[1..]), operands.Length > 1 ? operands[1] : Draw(random, 1));
                if (Take(expression, 1 << 10, reference, out string? problem) is { Error: null or "LimitError" })
                {
                    kept++;
                    grown++;
                    problem ??= Grow(expression, reference);
                }

                tried++;
                if (problem is not null)
                {
                    failures.Append('\n').Append(name).Append(": ").Append(expression).Append(": ").Append(problem);
                }
            }
        }

        output.WriteLine($"{tried} expressions, {grown} of them grown to {s_sizes[^1]} characters");
        Assert.True(grown > 300, "hardly any expression was grown");
        Assert.True(failures.Length == 0, failures.ToString());
    }

    /// <summary>Statements and marks, each the head of a template, what is repeated, and its tail.</summary>
    public static (string Statement, string Head, string Unit, string Tail)[] Texts { get; } =
    [
        ("if", "", "{% if a %}x{% elif b %}y{% else %}z{% endif %}", ""),
        ("if", "{% if a %}", "{% elif b %}", "{% endif %}"),
        ("for", "", "{% for x in l if x %}{{ x }}{% else %}-{% endfor %}", ""),
        ("for", "{% for x in [", "1, ", "] %}{{ loop.index }}{% endfor %}"),
        ("for", "{% for ", "x, ", "y in [] %}{% endfor %}"),
        ("break", "{% for x in [1] %}", "{% if a %}{% break %}{% endif %}", "{% endfor %}"),
        ("continue", "{% for x in [1] %}", "{% if a %}{% continue %}{% endif %}", "{% endfor %}"),
        ("set", "", "{% set x = 1 %}", "{{ x }}"),
        ("set", "", "{% set x | upper %}y{% endset %}", "{{ x }}"),
        ("set", "{% set ns = namespace(x='') %}", "{% set ns.x = ns.x ~ 'abc' %}", "{{ ns.x }}"),
        ("macro", "", "{% macro m(a, b=1) %}{{ caller }}{{ a }}{% endmacro %}", "{{ m(1) }}"),
        ("macro", "{% macro m(", "#, ", "z) %}{{ z }}{% endmacro %}{{ m(z=1) }}"),
        ("macro", "{% macro m(", "#=1, ", "z=1) %}{{ z }}{% endmacro %}{{ m(z=1) }}"),
        ("macro", "{% macro m() %}{{ kwargs|length }}{% endmacro %}{{ m(", "#=1, ", "z=1) }}"),
        ("macro", "{% macro m() %}{{ varargs|length }}{% endmacro %}{{ m(", "1, ", "1) }}"),
        ("call", "{% macro m() %}{{ caller() }}{% endmacro %}", "{% call m() %}x{% endcall %}", ""),
        ("with", "", "{% with a = 1, b = a %}{{ b }}{% endwith %}", ""),
        ("with", "{% with a = 1", ", # = 2", " %}{% endwith %}"),
        ("filter", "", "{% filter upper|trim %}x{% endfilter %}", ""),
        ("filter", "{% filter e", "|e", " %}x{% endfilter %}"),
        ("generation", "", "{% generation %}x{% endgeneration %}", ""),
        ("print", "", "{% print 1 %}", ""),
        ("print", "{% print 1", ", 1", " %}"),
        ("", "", "text { % # } ", ""),
        ("", "", "{# comment #}\n", ""),
        ("", "{#", " comment { # ", "#}"),
        ("", "{#", " comment { # ", ""),
        ("", "", "{% raw %}{{ x }}{% endraw %}", ""),
        ("", "{% raw %}", "{% endra w %}{{ x }} {%     ", "{% endraw %}"),
        ("", "{% raw %}", "{%      ", ""),
        ("", "", "  {%- if a -%}  \n  {%- endif %}  \n", ""),
        ("", "", "\n   \n\t", "{%- if a %}{% endif %}"),
        ("", "", "\r\n\r", ""),
        ("", "{{ '", "a\\n\\u00e9\\'", "' }}"),
        ("", "{{ ", "'a' ", " }}"),
        ("", "{{ ", "1 ~ ", "1 }}"),
        ("", "{{ ", "1 < ", "1 }}"),
        ("", "{{ 1 + ", "1 + ", "1 }}"),
        ("", "{{ [", "1, 'a', 2.5, ", "] }}"),
        ("", "{{ {", "'#': 1, ", "}|length }}"),
        ("", "{{ {", "#: 1, ", "}|length }}"),
        ("", "{{ ", "(", " }}"),
        ("", "{{ ", "[1, (", " }}"),
        ("", "{{ 1", "1234567890", " }}"),
        ("", "{{ 0x1", "abcdef", " }}"),
        ("", "{{ 1.5", "12345", "e5 }}"),
        ("", "{{ 1e", "12345", " }}"),
        ("", "{{ x", "abc_1", " }}"),
        ("", "{{ 1|a", ".a", " }}"),
        ("", "{{ ", "x.y.z[1] ", " }}"),
        ("", "", "{{ 0x1fffffffffffffffffffff }}{{ 123456789012345678901234567890 }}", ""),
        ("", "", "{{ '%s' % 1 }}{{ x|default(1)|string|upper }}", ""),
        ("", "", "{{ caller }}{{ varargs }}", ""),
        ("", "", "{{ 1|nope if a }}", ""),
        ("", "{{", " \n", ""),
        ("", "", "}}%}#}", ""),
        ("", "{{ ", "- ", "1 }}"),
        ("", "{{ $", "$", " }}"),
    ];

    [Fact]
    public void Every_statement_and_mark_is_read_and_run_in_time_in_proportion_to_the_template()
    {
        Assert.Empty(TemplateParser.Statements.Except(Texts.Select(static text => text.Statement)));
        double reference = ReferenceStep();
        Random random = new(Seed);
        string[] seeds = [.. File.ReadLines(Path.Combine(Fixtures.Repository, "tests", "Octet.Tokenizers.Tests", "ChatTemplates", "jinja2-vectors.jsonl")).Skip(1)
            .Select(static line => (string)JsonNode.Parse(line)!["template"]!)];
        List<(string Head, string Unit, string Tail)> texts = [.. Texts.Select(static text => (text.Head, text.Unit, text.Tail))];
        for (int draw = 0; draw < s_templates; draw++)
        {
            string seed = seeds[random.Next(seeds.Length)];
            int from = random.Next(seed.Length + 1);
            int to = random.Next(from, seed.Length + 1);
            texts.Add((seed[..from], seed[from..to] + (to == from ? " " : ""), seed[to..]));
            texts.Add(("", seed + " ", ""));
        }

        StringBuilder failures = new();
        foreach ((string head, string unit, string tail) in texts)
        {
            if (Compare(size => Parsed(head, unit, tail, size, reference)) is { } problem)
            {
                failures.Append('\n').Append(head).Append(" ... ").Append(unit).Append(" ... ").Append(tail).Append(": ").Append(problem);
            }
        }

        Assert.True(failures.Length == 0, failures.ToString());
    }

    [Theory]
    [MemberData(nameof(LongConversationTests.Shapes), MemberType = typeof(LongConversationTests))]
    public void A_conversation_takes_time_and_steps_in_proportion_to_its_length(string shape, string template)
    {
        // To look back over all messages, or to copy a list of them for each, is the square of their number, whoever renders it.
        if (shape is not ("looks back over all messages" or "collects in a list"))
        {
            double reference = ReferenceStep();
            Assert.Null(Compare(size => Measure(template, new() { ["messages"] = Conversation(size * 4) }, size * 4, reference)));
        }
    }

    /// <summary>Work that once was free, done again and again until a limit ends it.</summary>
    [Theory]
    [InlineData("{% set s = 'a' * 3000000 %}", "s is lower")]
    [InlineData("{% set s = 'a' * 3000000 %}", "s is upper or s.isalpha()")]
    [InlineData("{% set s = 'a' * 3000000 %}{% set t = 'a' * 2999999 ~ 'b' %}", "s == t")]
    [InlineData("{% set s = 'a' * 3000000 %}{% set t = 'a' * 2999999 ~ 'b' %}", "s < t")]
    [InlineData("{% set s = 'a' * 3000000 %}{% set d = {s: 1} %}", "d[s]")]
    [InlineData("{% set s = 'a' * 3000000 %}{% set d = {(s, s): 1} %}", "(s, s) in d")]
    [InlineData("{% set s = 'a' * 3000000 %}", "s.strip('b') is sameas s")]
    [InlineData("{% set s = 'a' * 3000000 %}", "s.zz is defined or s[s] is defined")]
    [InlineData("{% set s = 'a' * 3000000 %}", "s is filter or s is test")]
    [InlineData("{% set s = 'a' * 3000000 %}", "[1]|map(attribute=s, default=1)|list")]
    [InlineData("{% set s = '😀' * 1500000 %}", "s|length")]
    [InlineData("{% set s = '😀' * 1500000 %}", "s[1499999] ~ s[-1]")]
    [InlineData("{% set s = '1' * 4300 %}", "s|int")]
    [InlineData("{% set s = 'z' * 4300 %}", "s|int(base=36)")]
    [InlineData("{% set s = '1' * 4000000 %}", "s|float")]
    [InlineData("{% set n = 2 ** 65000 %}", "'%o' % n")]
    [InlineData("{% set n = 2 ** 65000 %}", "'{:_b}'.format(n)")]
    [InlineData("{% set n = 2 ** 32000 + 1 %}", "n * n")]
    [InlineData("{% set n = 2 ** 65000 + 1 %}{% set m = 2 ** 32000 - 1 %}", "n // m + n % m")]
    [InlineData("{% set n = 10 ** 4299 %}", "n|string")]
    [InlineData("{% set n = 2 ** 65000 %}{% set d = {n: 1} %}", "d[n]")]
    [InlineData("", "3 ** 41000")]
    [InlineData("", "'%.1100f' % 1e300")]
    [InlineData("", "12345|round(-4300)")]
    [InlineData("", "0.1|tojson")]
    [InlineData("{% set s = 'a' * 160000 %}", "s|wordwrap(1)")]
    [InlineData("{% set s = 'a' * 160000 %}", "s|wordwrap(80000)")]
    [InlineData("{% set s = 'a b ' * 40000 %}", "s.split(none, 30000)")]
    [InlineData("{% set s = 'a b ' * 40000 %}", "s|title|length + s.title()|length + s.swapcase()|length")]
    [InlineData("{% set s = 'a' * 100000 %}{% set t = 'a' * 50000 ~ 'b' ~ 'a' * 1000 %}", "t in s")]
    [InlineData("{% set s = 'a' * 100000 %}{% set t = 'a' * 9 ~ 'b' ~ 'a' * 9 %}", "t in s or s.rfind(t)")]
    [InlineData("{% set s = 'a' * 3000000 %}", "[1, 2, 3]|tojson(separators=(s, ':'))")]
    [InlineData("{% set l = range(9999)|list %}", "l == l|list and l < l|list")]
    [InlineData("{% set l = range(9999)|list %}", "l + l and l[1:] and l|reverse|list and l|sort")]
    [InlineData("{% set d = dict(a=range(9999)|list|tojson) %}", "d|tojson|length")]
    [InlineData("{% macro m() %}{% endmacro %}", "m()")]
    [InlineData("", "i.x is defined")]
    [InlineData("{% set big = range(9999)|list %}", "['a']|map('select', 'odd', *big)|list")]
    [InlineData("{% set big = range(9999)|list %}", "[]|selectattr('x', 'eq', *big)|list")]
    [InlineData("{% macro m() %}{{ varargs|length }}{% endmacro %}{% set big = range(9999)|list %}", "m(*big)")]
    [InlineData("{% set l = range(9999)|list %}", "l|string|length")]
    [InlineData("{% set l = [range(2 ** 62, 2 ** 62 + 1, 2 ** 61)] * 9999 %}", "l|string|length")]
    [InlineData("{% macro NAME() %}{% endmacro %}{% set l = [NAME] * 999 %}", "l|string|length")]
    [InlineData("{% set s = ' ' * 2000000 ~ 'a' * 1000000 %}", "s|trim|length + s.strip()|length")]
    [InlineData("{% set s = 'a' * 3000000 ~ ' ' %}", "s|trim is sameas s")]
    [InlineData("{% set s = 'a' * 3000000 ~ 'b' %}", "[s.rstrip('b'), s.removeprefix('a'), s.removesuffix('b'), s.partition('b')]")]
    [InlineData("{% set s = 'a' * 3000000 ~ '\nb' %}", "s.splitlines()[1] ~ s.split('\n')[1] ~ s.split()[1] ~ s.rsplit(none, 1)[0]|length")]
    [InlineData("{% set s = 'a\tb' * 1000000 %}", "s.expandtabs(1)|length")]
    [InlineData("{% macro m(PARAMETERS) %}{% endmacro %}", "m.arguments|length + m.arguments|length")]
    [InlineData("{% set n = 10 ** 19000 %}", "n|round(-9500)")]
    [InlineData("{% set n = 10 ** 19000 %}{% set m = 3 ** 39800 %}", "n / m")]
    [InlineData("", "[]|map('upper')")]
    [InlineData("", "''.upper")]
    [InlineData("{% set NAME = 1 %}", "NAME")]
    [InlineData("{% set s = '日本Σ' * 100000 %}", "s|upper|length + s.title()|length + s.casefold()|length + s.swapcase()|length")]
    [InlineData("{% set s = '&' * 1000000 %}", "s|striptags|length")]
    [InlineData("{% set s = 'Σ' ~ '.' * 100000 %}", "(s * 20)|lower|length")]
    public void Work_of_every_kind_is_paid_for(string head, string expression)
    {
        string name = new('n', 128);
        head = head.Replace("NAME", name, StringComparison.Ordinal).Replace("PARAMETERS", string.Join(", ", Enumerable.Range(0, 9999).Select(static at => $"p{at}")), StringComparison.Ordinal);
        expression = expression.Replace("NAME", name, StringComparison.Ordinal);
        Measured measured = Measure(head + "{% for j in range(9999) %}{% for i in range(9999) %}{% set x = " + expression + " %}{% endfor %}{% endfor %}", [], 0, ReferenceStep(), new() { MaxSteps = s_slow ? 1_000_000 : 300_000 });
        Assert.Null(measured.Problem);
        Assert.Equal("LimitError", measured.Error);
    }

    [Theory]
    [InlineData(1L << 32)]
    [InlineData((1L << 32) + 1)]
    [InlineData(4294967295L)]
    [InlineData(2147483648L * 99_999)]
    public void Keys_that_would_share_a_hash_take_no_longer_than_others(long distance)
    {
        Assert.Null(Compare(size => Measure(Keys(size, distance), [], size, ReferenceStep())));

        static string Keys(int size, long distance) => "{{ {" + string.Join(", ", Enumerable.Range(0, size / 16).Select(at => $"{at * distance}: 1")) + "}|length }}";
    }

    /// <summary>Grows the operands one after the other; together they may take the product of their lengths, and only a step's time is watched.</summary>
    static string? Grow(string expression, double reference)
    {
        string[] growing = [.. s_growing.Keys.Where(name => Uses(expression, name))];
        if (growing.Length > 1 || Uses(expression, "2 ** 65000"))
        {
            foreach (int size in s_sizes)
            {
                Take(expression, size, reference, out string? problem);
                if (problem is not null)
                {
                    return problem;
                }
            }

            return null;
        }

        return Compare(size => Take(expression, size, reference, out _));
    }

    static string? Compare(Func<int, Measured> measure)
    {
        Measured before = measure(s_sizes[0]);
        foreach (int size in s_sizes[1..])
        {
            Measured now = measure(size);
            if (now.Problem is not null)
            {
                return now.Problem;
            }

            if (now.Error is not null || before.Error is not null)
            {
                continue;
            }

            const double Margin = 6;
            const double Allowance = 0.03;
            double ratio = (double)now.Bytes / before.Bytes;
            for (int again = 0; again < 3 && now.Seconds > (before.Seconds * ratio * Margin) + Allowance; again++)
            {
                now = measure(size);
            }

            if (now.Seconds > (before.Seconds * ratio * Margin) + Allowance)
            {
                return $"{before.Bytes} bytes took {before.Seconds * 1e3:0.00} ms, {now.Bytes} bytes {now.Seconds * 1e3:0.00} ms";
            }

            if (now.Steps > (before.Steps * ratio * Margin) + 10_000)
            {
                return $"{before.Bytes} bytes took {before.Steps} steps, {now.Bytes} bytes {now.Steps}";
            }
        }

        return null;
    }

    static Measured Take(string expression, int size, double reference, out string? problem)
    {
        Dictionary<string, JsonNode?> variables = s_growing.Where(pair => Uses(expression, pair.Key)).ToDictionary(static pair => pair.Key, pair => (JsonNode?)pair.Value(size));
        string template = "{% set r = " + expression + " %}{{ r|list if r is iterable and r is not string and r is not mapping else r }}";
        Measured measured = Measure(template, variables, size, reference);
        problem = measured.Problem;
        return measured;
    }

    static Measured Parsed(string head, string unit, string tail, int size, double reference)
    {
        StringBuilder source = new(head);
        for (int count = 0; source.Length < size; count++)
        {
            source.Append(unit.Contains('#', StringComparison.Ordinal) && !unit.Contains("{#", StringComparison.Ordinal) && !unit.Contains("# ", StringComparison.Ordinal)
                ? unit.Replace("#", (unit.StartsWith('#') && unit.Contains(':', StringComparison.Ordinal) ? "" : "k") + ((long)count << 32), StringComparison.Ordinal)
                : unit);
        }

        return Measure(source.Append(tail).ToString(), [], size, reference);
    }

    /// <summary>One template read and rendered. A problem is an error of another kind, or steps that take too long, also when tried again: a collection of garbage is paid for by whoever asks for memory next.</summary>
    static Measured Measure(string template, Dictionary<string, JsonNode?> variables, int size, double reference, ChatTemplateOptions? options = null)
    {
        Measured measured = MeasureOnce(template, variables, size, reference, options);
        for (int tries = 1; tries < Tries && measured.Problem is not null; tries++)
        {
            measured = MeasureOnce(template, variables, size, reference, options);
        }

        return measured;
    }

    static Measured MeasureOnce(string template, Dictionary<string, JsonNode?> variables, int size, double reference, ChatTemplateOptions? options)
    {
        RenderState state = new("", options ?? ChatTemplateOptions.Default);
        string? error = null;
        int length = 0;
        double start = ThreadClock.Seconds;
        try
        {
            ChatTemplate parsed = ChatTemplate.Parse(template);
            length = parsed.Render(state, variables.GetValueOrDefault("messages") ?? new JsonArray(), new RenderOptions { Variables = variables }).Length;
        }
        catch (ChatTemplateException expected)
        {
            error = expected.Kind;
        }
        catch (Exception unexpected)
        {
            return new Measured(0, 1, 1, unexpected.GetType().Name, unexpected.ToString());
        }

        double seconds = ThreadClock.Seconds - start;
        long bytes = template.Length + size + length;

        // Reading the template is not counted in steps: a character of it may take as long as 10 of them.
        double allowed = 0.1 + (reference * 30 * (state.Steps + (10.0 * template.Length)));
        string? problem = seconds <= allowed ? null : $"{seconds:0.000} s for {state.Steps} steps and {bytes} bytes, {seconds / reference / (state.Steps + 1):0} times an ordinary step";
        return new Measured(seconds, state.Steps, bytes, error, problem);
    }

    /// <summary>The seconds of an ordinary step on this machine.</summary>
    static double ReferenceStep()
    {
        double best = double.MaxValue;
        for (int run = 0; run < 5; run++)
        {
            RenderState state = new("", ChatTemplateOptions.Default);
            double start = ThreadClock.Seconds;
            ChatTemplate.Parse("{% for i in range(50000) %}{{ i + 1 }}{% endfor %}").Render(state, new JsonArray(), new RenderOptions());
            best = Math.Min(best, (ThreadClock.Seconds - start) / state.Steps);
        }

        return best;
    }

    static string Draw(Random random, int index)
    {
        string[] growing = [.. s_growing.Keys];
        return random.Next(index == 0 ? 5 : 3) > 0 && (index == 0 || random.Next(2) == 0) ? growing[random.Next(growing.Length)] : s_small[random.Next(s_small.Length)];
    }

    static bool Uses(string expression, string name)
    {
        for (int at = expression.IndexOf(name, StringComparison.Ordinal); at >= 0; at = expression.IndexOf(name, at + 1, StringComparison.Ordinal))
        {
            bool begins = at == 0 || !(char.IsLetterOrDigit(expression[at - 1]) || expression[at - 1] is '_' or '.' or '\'');
            int end = at + name.Length;
            if (begins && (end == expression.Length || !(char.IsLetterOrDigit(expression[end]) || expression[end] == '_')))
            {
                return true;
            }
        }

        return false;
    }

    static string Format(string form, string value, string arguments, string other) => form
        .Replace("{{", "\u0001", StringComparison.Ordinal).Replace("}}", "\u0002", StringComparison.Ordinal)
        .Replace("{0}", value.Contains(' ', StringComparison.Ordinal) ? $"({value})" : value, StringComparison.Ordinal)
        .Replace("{1}", arguments, StringComparison.Ordinal)
        .Replace("{2}", other.Contains(' ', StringComparison.Ordinal) ? $"({other})" : other, StringComparison.Ordinal)
        .Replace("\u0001", "{", StringComparison.Ordinal).Replace("\u0002", "}", StringComparison.Ordinal);

    static bool Parses(string template)
    {
        try
        {
            ChatTemplate.Parse(template);
            return true;
        }
        catch (ChatTemplateException)
        {
            return false;
        }
    }

    static JsonArray Conversation(int size)
    {
        JsonArray messages = [];
        for (int at = 0; at < size; at += 1000)
        {
            messages.Add(new JsonObject { ["role"] = at % 2000 == 0 ? "user" : "assistant", ["content"] = Repeat("word ", 1000) });
        }

        return messages;
    }

    static JsonNode Nested(int size)
    {
        JsonNode nested = new JsonArray([.. Enumerable.Range(0, size / 8).Select(static at => (JsonNode)at)]);
        for (int depth = 0; depth < 50; depth++)
        {
            nested = new JsonArray(nested);
        }

        return nested;
    }

    static string Repeat(string unit, int size) => string.Concat(Enumerable.Repeat(unit, (size / unit.Length) + 1));

    readonly record struct Measured(double Seconds, long Steps, long Bytes, string? Error, string? Problem);
}
