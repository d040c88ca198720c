using System.Text.Json.Nodes;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tokenizers.Tests.ChatTemplates;

public sealed class ChatTemplateTests : IDisposable
{
    static readonly JsonArray s_hello = [new JsonObject { ["role"] = "user", ["content"] = "Hello" }];
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("octet-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void An_exception_of_the_template_is_told_verbatim_with_name_and_line()
    {
        ChatTemplate template = ChatTemplate.Parse("a\n{% if true %}\n{{ raise_exception('Only \"user\"\\nroles') }}{% endif %}", "my.jinja");
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => template.Render(s_hello, null, false));
        Assert.Equal("Only \"user\"\nroles", error.Reason);
        Assert.Equal("TemplateError", error.Kind);
        Assert.Equal("my.jinja", error.TemplateName);
        Assert.Equal(3, error.Line);
        Assert.Equal("my.jinja, line 3: Only \"user\"\nroles", error.Message);
    }

    /// <summary>Below a power of ten the logarithm is that power's, with 17 digits and more the number is not. CPython 3.11.</summary>
    [Theory]
    [InlineData("'%.17e' % 999999999999999.9", "9.99999999999999875e+14")]
    [InlineData("'%.20e' % 999999999999999.8", "9.99999999999999750000e+14")]
    [InlineData("'%.17e' % 0.00009999999999999999", "9.99999999999999912e-05")]
    [InlineData("'%.2e' % 999.9", "1.00e+03")]
    public void Numbers_beside_a_power_of_ten_have_their_own_exponent(string expression, string expected) =>
        Assert.Equal(expected, ChatTemplate.Parse("{{ " + expression + " }}").Render(s_hello, null, false));

    [Fact]
    public void A_syntax_error_names_its_line()
    {
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("a\n\n{{ 1 + }}"));
        Assert.Equal(("TemplateSyntaxError", 3), (error.Kind, error.Line));
    }

    [Theory]
    [InlineData("{% include 'x' %}")]
    [InlineData("{% import 'x' as y %}")]
    [InlineData("{% from 'x' import y %}")]
    [InlineData("{% extends 'x' %}")]
    [InlineData("{% block x %}{% endblock %}")]
    public void Inheritance_and_other_files_are_refused_in_words(string template) =>
        Assert.Contains("is not supported", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template)).Reason, StringComparison.Ordinal);

    [Theory]
    [InlineData("{{ [1, 2]|random }}")]
    [InlineData("{{ lipsum() }}")]
    [InlineData("{{ 'a'.encode() }}")]
    public void What_makes_a_prompt_depend_on_chance_or_bytes_is_refused(string template) =>
        Assert.Contains("refused", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template).Render(s_hello, null, false)).Reason, StringComparison.Ordinal);

    [Fact]
    public void Numbers_and_the_order_of_keys_survive_from_json_to_json()
    {
        const string Text = """{"z": 1.0, "a": 1, "m": 123456789012345678901234567890, "e": 1e+22, "n": -0.0, "t": [true, null, "é\n"]}""";
        ChatTemplate template = ChatTemplate.Parse("{{ messages[0] | tojson }}");
        Assert.Equal(Text, template.Render(new JsonArray(JsonNode.Parse(Text)), null, false));
        Assert.Equal("""{"d": 2.0, "i": 2, "l": 9007199254740993, "f": 0.5}""", template.Render(
            new JsonArray(new JsonObject { ["d"] = 2.0, ["i"] = 2, ["l"] = 9007199254740993L, ["f"] = 0.5f }), null, false));
    }

    [Fact]
    public void Json_that_names_a_key_twice_is_an_error_of_the_input()
    {
        JsonNode messages = JsonNode.Parse("""[{"role": "user", "role": "tool"}]""")!;
        Assert.Equal("messages", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("x").Render(messages, null, false)).TemplateName);
    }

    [Fact]
    public void Absent_tools_are_none_and_variables_are_seen()
    {
        ChatTemplate template = ChatTemplate.Parse("{{ tools is none }} {{ add_generation_prompt }} {{ enable_thinking }} {{ other is defined }}");
        Assert.Equal("True False False False", template.Render(s_hello, null, false, new Dictionary<string, JsonNode?> { ["enable_thinking"] = false }));
        Assert.Equal("False True  False", template.Render(s_hello, new JsonArray(new JsonObject()), true));
    }

    [Fact]
    public void The_file_of_a_folder_comes_before_its_config_and_special_tokens_are_variables()
    {
        string folder = Folder("""
            {"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>", "pad_token": null,
             "additional_special_tokens": ["<x>", {"content": "<y>"}], "chat_template": "config {{ bos_token }}"}
            """);
        Assert.Equal("config <s>", ChatTemplate.Load(folder)!.Render(s_hello, null, false));
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), "{{ bos_token ~ eos_token ~ additional_special_tokens|join }} {{ pad_token is defined }} {{ unk_token is defined }}\n");
        Assert.Equal("<s></s><x><y> False False", ChatTemplate.Load(folder)!.Render(s_hello, null, false));
        Assert.Equal("<b></s><x><y> False False", ChatTemplate.Load(folder)!.Render(s_hello, null, false, new Dictionary<string, JsonNode?> { ["bos_token"] = "<b>" }));
    }

    [Fact]
    public void Of_named_templates_the_default_is_taken_and_tool_use_with_tools()
    {
        ChatTemplate template = ChatTemplate.Load(Folder("""{"chat_template": [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "tools"}]}"""))!;
        Assert.Equal("plain", template.Render(s_hello, null, false));
        Assert.Equal("tools", template.Render(s_hello, new JsonArray(), false));
    }

    [Fact]
    public void A_folder_without_template_has_none_and_a_broken_config_is_an_error()
    {
        Assert.Null(ChatTemplate.Load(Folder("{}")));
        Assert.Null(ChatTemplate.Load(_directory.CreateSubdirectory("empty").FullName));
        Assert.Equal("ValueError", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Load(Folder("{"))).Kind);
        Assert.Equal("ValueError", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Load(Folder("""{"chat_template": 5}"""))).Kind);
    }

    [Fact]
    public async Task One_template_renders_on_many_threads_at_once()
    {
        ChatTemplate template = ChatTemplate.Parse("{% set ns = namespace(n=0) %}{% for i in range(200) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}");
        string[] results = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => template.Render(s_hello, null, false))));
        Assert.All(results, static result => Assert.Equal("19900", result));
    }

    string Folder(string config)
    {
        string folder = _directory.CreateSubdirectory(Guid.NewGuid().ToString("N")).FullName;
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), config);
        return folder;
    }
}
