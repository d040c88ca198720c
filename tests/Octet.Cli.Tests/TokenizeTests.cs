using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public sealed class TokenizeTests : IDisposable
{
    readonly TestModel _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Text_becomes_ids_and_ids_become_text_line_by_line()
    {
        ToolResult encoded = Run(["tokenize", _model.Path], "{\"text\":\"aé\"}\r\n\n{\"text\":\"\"}\n{\"text\":\"<|im_end|>\"}");
        ToolResult decoded = Run(["tokenize", _model.Path, "--decode"], encoded.Output);
        ToolResult skipped = Run(["tokenize", _model.Path, "--decode", "--skip-special"], encoded.Output);

        Assert.Equal("{\"ids\":[97,195,169]}\n{\"ids\":[]}\n{\"ids\":[300]}\n", encoded.Output);
        Assert.Equal("{\"text\":\"aé\"}\n{\"text\":\"\"}\n{\"text\":\"<|im_end|>\"}\n", decoded.Output);
        Assert.Equal("{\"text\":\"aé\"}\n{\"text\":\"\"}\n{\"text\":\"\"}\n", skipped.Output);
    }

    [Fact]
    public void A_file_is_read_and_half_a_surrogate_pair_is_the_replacement_character()
    {
        string file = Path.Combine(_model.Path, "lines.jsonl");
        File.WriteAllText(file, """
            {"text":"\ud83d\ude00"}
            {"text":"\ud83d"}
            {"text":"\\ud83d \ude00\ud83dx"}
            """);

        ToolResult result = Run("tokenize", _model.Path, "--file", file);

        Assert.Equal([[0xF0, 0x9F, 0x98, 0x80], [0xEF, 0xBF, 0xBD], [.. "\\ud83d "u8, 0xEF, 0xBF, 0xBD, 0xEF, 0xBF, 0xBD, (byte)'x']],
            result.JsonLines.Select(line => line["ids"]!.AsArray().Select(id => (int)id!).ToArray()));
    }

    [Theory]
    [InlineData("{\"text\":\"b\"", "not JSON")]
    [InlineData("[1]", "expected a JSON object")]
    [InlineData("{\"txt\":\"b\"}", "expected {\"text\":\"...\"}")]
    [InlineData("{\"text\":1}", "expected {\"text\":\"...\"}")]
    [InlineData("{\"text\":\"a\",\"text\":\"b\"}", "twice")]
    public void A_malformed_line_is_named_after_the_lines_before_it(string line, string fragment)
    {
        ToolResult result = Run(["tokenize", _model.Path], $"{{\"text\":\"a\"}}\n\n{line}\n{{\"text\":\"c\"}}\n");

        Assert.Equal("{\"ids\":[97]}\n", result.Output);
        Assert.StartsWith("octet: error: standard input, line 3: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(fragment, result.Error, StringComparison.Ordinal);
        Assert.Equal(1, result.ExitCode);
    }

    [Fact]
    public void A_conversation_is_rendered_with_the_template()
    {
        ToolResult result = Run(["tokenize", _model.Path, "--chat"], """{"messages":[{"role":"user","content":"é"}],"add_generation_prompt":false}""" + "\n");

        Assert.Equal("<|im_start|>user\né<|im_end|>\n", (string?)result.Json["rendered"]);
        Assert.Equal([299, .. "user\né"u8, 300, '\n'], result.Json["ids"]!.AsArray().Select(id => (int)id!));
    }

    [Fact]
    public void A_refusal_of_the_template_is_a_line_and_the_next_line_follows()
    {
        _model.Write("chat_template.jinja", "{% if messages[0].role != 'user' %}{{ raise_exception('user first') }}{% endif %}{{ messages[0].content }}{{ mood }}");

        ToolResult result = Run(["tokenize", _model.Path, "--chat"], """
            {"messages":[{"role":"tool","content":"x"}]}
            {"messages":[{"role":"user","content":"x"}],"mood":"y"}
            """);

        Assert.Contains("user first", (string?)result.JsonLines[0]["error"], StringComparison.Ordinal);
        Assert.Equal("xy", (string?)result.JsonLines[1]["rendered"]);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public void Keys_of_the_common_request_format_mean_what_they_mean_elsewhere()
    {
        _model.Write("chat_template.jinja", "{% for m in messages %}[{{ m.content }}]{% endfor %}{% if add_generation_prompt %}>{% endif %}{{ mood }}{{ documents }}");

        JsonObject[] lines = Run(["tokenize", _model.Path, "--chat"], """
            {"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b "}],"continue_final_message":true}
            {"messages":[{"role":"user","content":"a"}],"chat_template_kwargs":{"mood":"m","add_generation_prompt":true}}
            {"messages":[{"role":"user","content":"a"}],"mood":"outer","chat_template_kwargs":{"mood":"inner"}}
            {"messages":[{"role":"user","content":"a"}],"continue_final_message":true,"add_generation_prompt":true}
            {"messages":[{"role":"user","content":"a"}],"documents":[1],"chat_template_kwargs":null,"continue_final_message":null}
            """).JsonLines;

        Assert.Equal(["[a][b", "[a]>mNone", "[a]innerNone", null, "[a][1]"], lines.Select(line => (string?)line["rendered"]));
        Assert.Equal([.. "[a][b"u8], lines[0]["ids"]!.AsArray().Select(id => (int)id!));
        Assert.Contains("exclude each other", (string?)lines[3]["error"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"continue_final_message\":1", "\"continue_final_message\" is neither true nor false")]
    [InlineData("\"chat_template_kwargs\":[]", "\"chat_template_kwargs\" is not an object")]
    [InlineData("\"chat_template_kwargs\":{\"messages\":[]}", "\"messages\" does not belong")]
    public void Keys_of_the_common_request_format_are_checked(string keys, string fragment) =>
        AssertError(Run(["tokenize", _model.Path, "--chat"], $"{{\"messages\":[],{keys}}}"), 1, "standard input, line 1", fragment);

    [Fact]
    public void The_case_of_swallowed_request_keys_gives_what_others_give()
    {
        using var directory = new TemporaryDirectory();
        File.CreateSymbolicLink(Path.Combine(directory.Path, "tokenizer.json"), Fixtures.Path("qwen3", "tokenizer.json"));
        File.CreateSymbolicLink(Path.Combine(directory.Path, "chat_template.jinja"), Fixtures.Path("qwen3", "Qwen3-0.6B-FP8", "chat_template.jinja"));

        JsonObject[] lines = Run("tokenize", directory.Path, "--chat", "--file", Fixtures.Case("text", "13-request-keys-swallowed", "in.jsonl")).JsonLines;

        Assert.Equal("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\nSure,", (string?)lines[0]["rendered"]);
        Assert.EndsWith("<think>\n\n</think>\n\n", (string?)lines[1]["rendered"], StringComparison.Ordinal);
    }

    [Fact]
    public void Special_tokens_are_text_on_request()
    {
        const string Line = """{"text":"<|im_end|>"}""";
        int[] Ids(params string[] options) => [.. Run(["tokenize", _model.Path, .. options], Line).Json["ids"]!.AsArray().Select(id => (int)id!)];

        Assert.Equal([300], Ids());
        Assert.Equal([.. "<|im_end|>"u8], Ids("--split-special-tokens"));
        _model.Write("tokenizer_config.json", """{"split_special_tokens":true}""");
        Assert.Equal([.. "<|im_end|>"u8], Ids());
        AssertError(Run(["tokenize", _model.Path, "--chat", "--split-special-tokens"], Line), 2, "--split-special-tokens");
    }

    [Fact]
    public void Add_bos_token_of_a_class_that_heeds_it_begins_a_text()
    {
        _model.Write("tokenizer_config.json", """{"tokenizer_class":"LlamaTokenizerFast","add_bos_token":true,"bos_token":"<|endoftext|>"}""");

        Assert.Equal("{\"ids\":[298,97]}\n", Run(["tokenize", _model.Path], """{"text":"a"}""").Output);
        Assert.Equal("{\"rendered\":\"\",\"ids\":[]}\n", Run(["tokenize", _model.Path, "--chat"], """{"messages":[]}""").Output);
    }

    [Fact]
    public void A_template_is_chosen_by_name_or_file()
    {
        _model.Write("tokenizer_config.json", """{"bos_token":"<s>"}""");
        Directory.CreateDirectory(Path.Combine(_model.Path, "additional_chat_templates"));
        _model.Write("additional_chat_templates/rag.jinja", "RAG{{ bos_token }}");
        _model.Write("mine.txt", "MINE{{ bos_token }}");
        const string Line = """{"messages":[]}""";

        Assert.Equal("RAG<s>", (string?)Run(["tokenize", _model.Path, "--chat", "--chat-template", "rag"], Line).Json["rendered"]);
        Assert.Equal("MINE<s>", (string?)Run(["tokenize", _model.Path, "--chat", "--chat-template", Path.Combine(_model.Path, "mine.txt")], Line).Json["rendered"]);
        AssertError(Run(["tokenize", _model.Path, "--chat", "--chat-template", "rags"], Line), 1, "\"rags\"", "\"default\", \"rag\"");
        AssertError(Run(["tokenize", _model.Path, "--chat-template", "rag"], Line), 2, "--chat");
    }

    [Fact]
    public void A_byte_order_mark_in_a_file_of_the_model_is_accepted()
    {
        foreach (string name in (string[])["tokenizer.json", "chat_template.jinja"])
        {
            _model.Write(name, "\uFEFF" + File.ReadAllText(Path.Combine(_model.Path, name)));
        }

        _model.Write("tokenizer_config.json", "\uFEFF{\"eos_token\":\"<|im_end|>\"}");
        _model.Write("special_tokens_map.json", "\uFEFF{}");

        Assert.Equal("<|im_start|>user\né<|im_end|>\n", (string?)Run(["tokenize", _model.Path, "--chat"], """{"messages":[{"role":"user","content":"é"}]}""").Json["rendered"]);
    }

    [Fact]
    public void A_directory_without_a_tokenizer_or_a_template_is_an_error()
    {
        using var directory = new TemporaryDirectory();
        AssertError(Run("tokenize", directory.Path), 1, "tokenizer.json", directory.Path);

        File.Copy(Path.Combine(_model.Path, "tokenizer.json"), Path.Combine(directory.Path, "tokenizer.json"));
        AssertError(Run("tokenize", directory.Path, "--chat"), 1, "chat_template.jinja", directory.Path);
    }

    [Fact]
    public void The_published_tokenizer_encodes_as_the_reference_does()
    {
        string directory = Path.GetDirectoryName(Fixtures.Path("qwen3", "tokenizer.json"))!;
        string file = Fixtures.Path("tokenizer", "encode.jsonl");

        AssertLines(Run("tokenize", directory, "--file", file), file, (expected, actual) => JsonNode.DeepEquals(expected["ids"], actual["ids"]));
    }

    [Theory]
    [InlineData("decoded")]
    [InlineData("decoded_skip_special", "--skip-special")]
    public void The_published_tokenizer_decodes_as_the_reference_does(string key, params string[] options)
    {
        string directory = Path.GetDirectoryName(Fixtures.Path("qwen3", "tokenizer.json"))!;
        string file = Fixtures.Path("tokenizer", "decode.jsonl");

        AssertLines(Run(["tokenize", directory, "--decode", "--file", file, .. options]), file, (expected, actual) => (string?)expected[key] == (string?)actual["text"]);
    }

    [Theory]
    [InlineData("qwen3", "Qwen3-0.6B-FP8")]
    [InlineData("qwen3-4b-instruct-2507", "Qwen3-4B-Instruct-2507-FP8")]
    [InlineData("qwen3-4b-thinking-2507", "Qwen3-4B-Thinking-2507")]
    public void The_published_templates_render_as_the_reference_does(string template, string model)
    {
        using var directory = new TemporaryDirectory();
        File.CreateSymbolicLink(Path.Combine(directory.Path, "tokenizer.json"), Fixtures.Path("qwen3", "tokenizer.json"));
        foreach (string file in Directory.GetFiles(Fixtures.Path("qwen3", model)))
        {
            File.CreateSymbolicLink(Path.Combine(directory.Path, Path.GetFileName(file)), file);
        }

        JsonObject[] lines = [.. File.ReadLines(Fixtures.Path("chat", "render.jsonl")).Select(line => JsonNode.Parse(line)!.AsObject()).Where(line => (string?)line["template"] == template)];
        string input = string.Join('\n', lines.Select(line => Pick(line, "messages", "tools", "add_generation_prompt", "enable_thinking").ToJsonString()));

        ToolResult result = Run(["tokenize", directory.Path, "--chat"], input);

        Assert.Equal("", result.Error);
        JsonObject[] actual = result.JsonLines;
        Assert.Equal(lines.Length, actual.Length);
        Assert.NotEmpty(actual);
        for (int i = 0; i < lines.Length; i++)
        {
            bool same = lines[i]["error"] is null
                ? (string?)lines[i]["rendered"] == (string?)actual[i]["rendered"] && JsonNode.DeepEquals(lines[i]["ids"], actual[i]["ids"])
                : actual[i]["error"] is not null;
            Assert.True(same, $"line {lines[i]["id"]}: expected {lines[i].ToJsonString()}, found {actual[i].ToJsonString()}");
        }
    }

    static JsonObject Pick(JsonObject line, params string[] keys)
        => new(keys.Where(line.ContainsKey).Select(key => KeyValuePair.Create(key, line[key]?.DeepClone())));

    static void AssertLines(ToolResult result, string file, Func<JsonObject, JsonObject, bool> same)
    {
        Assert.Equal("", result.Error);
        string[] expected = File.ReadAllLines(file);
        JsonObject[] actual = result.JsonLines;
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(same(JsonNode.Parse(expected[i])!.AsObject(), actual[i]), $"line {i + 1}: expected {expected[i]}, found {actual[i].ToJsonString()}");
        }
    }
}
