using System.Text;
using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tokenizers.Tests.ChatTemplates;

/// <summary>Where a model's folder keeps its templates and special tokens, and in what order they are looked for.</summary>
public sealed class TemplateFilesTests : IDisposable
{
    static readonly JsonArray s_hello = [new JsonObject { ["role"] = "user", ["content"] = "Hello" }];
    static readonly JsonArray s_tools = [new JsonObject()];
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("octet-");

    public void Dispose() => _directory.Delete(recursive: true);

    public static TheoryData<byte[], string> Marks => new()
    {
        { [0xEF, 0xBB, 0xBF], "utf-8" },
        { [0xFF, 0xFE], "utf-16" },
        { [0xFE, 0xFF], "utf-16BE" },
    };

    [Theory]
    [MemberData(nameof(Marks))]
    public void A_byte_order_mark_is_accepted_in_every_file(byte[] mark, string encoding)
    {
        Write("chat_template.jinja", "{{ bos_token }}{{ eos_token }}", mark, encoding);
        Write("additional_chat_templates/rag.jinja", "rag", mark, encoding);
        Write("tokenizer_config.json", """{"bos_token": "<s>"}""", mark, encoding);
        Write("special_tokens_map.json", """{"eos_token": "</s>"}""", mark, encoding);
        Assert.Equal("<s></s>", Load()!.Render(s_hello, null));
        Assert.Equal("rag", Load("rag")!.Render(s_hello, null));

        File.Delete(At("chat_template.jinja"));
        Write("chat_template.json", """{"chat_template": "é"}""", mark, encoding);
        Assert.Equal("é", Load()!.Render(s_hello, null));
    }

    [Fact]
    public void Templates_in_files_of_their_own_replace_those_of_the_config()
    {
        Write("tokenizer_config.json", """{"chat_template": [{"name": "default", "template": "old"}, {"name": "tool_use", "template": "old tools"}, {"name": "rag", "template": "old rag"}]}""");
        Write("chat_template.jinja", "new");
        Assert.Equal("new", Load()!.Render(s_hello, null));
        Assert.Equal("new", Load()!.Render(s_hello, s_tools, false));

        Write("additional_chat_templates/tool_use.jinja", "new tools");
        Assert.Equal("new", Load()!.Render(s_hello, null));
        Assert.Equal("new tools", Load()!.Render(s_hello, s_tools, false));
        Assert.Contains("\"default\", \"tool_use\"", Assert.Throws<ChatTemplateException>(() => Load("rag")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_case_with_a_tool_use_file_takes_it_where_there_are_tools()
    {
        string files = Fixtures.Case("text", "09-additional-chat-templates", "files");
        ChatTemplate template = ChatTemplate.Load(files)!;
        string[] rendered = [.. File.ReadLines(Path.Combine(files, "..", "in.jsonl")).Select(static line => JsonNode.Parse(line)!)
            .Select(line => template.Render(line["messages"]!, line["tools"], (bool?)line["add_generation_prompt"] ?? false).TrimEnd())];
        Assert.Equal(["DEFAULT hi", "TOOLUSE 1"], rendered);
    }

    [Fact]
    public void Additional_templates_stand_beside_the_default_of_the_config()
    {
        Write("tokenizer_config.json", """{"chat_template": "plain"}""");
        Write("additional_chat_templates/tool_use.jinja", "tools");
        Assert.Equal("plain", Load()!.Render(s_hello, null));
        Assert.Equal("tools", Load()!.Render(s_hello, s_tools, false));
    }

    [Theory]
    [InlineData("""[{"name": "default", "template": "d"}, {"name": "rag", "template": "r"}]""")]
    [InlineData("""{"default": "d", "rag": "r"}""")]
    public void A_template_is_chosen_by_its_name(string templates)
    {
        Write("tokenizer_config.json", $$"""{"chat_template": {{templates}}}""");
        Assert.Equal("d", Load()!.Render(s_hello, null));
        Assert.Equal("r", Load("rag")!.Render(s_hello, null));
        Assert.Equal("r", Load("rag")!.Render(s_hello, s_tools, false));
    }

    [Fact]
    public void Without_a_default_the_names_to_choose_from_are_told()
    {
        Write("tokenizer_config.json", """{"chat_template": [{"name": "a", "template": "1"}, {"name": "b", "template": "2"}]}""");
        Assert.Contains("\"a\", \"b\"", Assert.Throws<ChatTemplateException>(() => Load()).Message, StringComparison.Ordinal);
        Assert.Equal("2", Load("b")!.Render(s_hello, null));
    }

    [Fact]
    public void A_template_in_a_file_elsewhere_sees_the_models_special_tokens()
    {
        Write("tokenizer_config.json", """{"bos_token": "<s>", "chat_template": "own"}""");
        Write("elsewhere.txt", "{{ bos_token }} {{ messages[0].content }}");
        Assert.Equal("<s> Hello", Load(At("elsewhere.txt"))!.Render(s_hello, null));
        Assert.Contains("nor a file", Assert.Throws<ChatTemplateException>(() => Load(At("nowhere.txt"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Chat_template_json_is_the_last_place_to_look()
    {
        Write("chat_template.json", """{"chat_template": "processor"}""");
        Assert.Equal("processor", Load()!.Render(s_hello, null));
        Write("tokenizer_config.json", """{"chat_template": "tokenizer"}""");
        Assert.Equal("tokenizer", Load()!.Render(s_hello, null));
    }

    [Fact]
    public void Special_tokens_map_names_the_tokens_that_the_config_does_not()
    {
        Write("chat_template.jinja", "{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}{{ additional_special_tokens|join }}");
        Write("special_tokens_map.json", """{"bos_token": {"content": "<map>"}, "eos_token": "</map>", "pad_token": "<pad>", "additional_special_tokens": ["<x>", {"content": "<y>"}]}""");
        Assert.Equal("<map></map>True<x><y>", Load()!.Render(s_hello, null));

        // As transformers 4: the map wins over an old config, and a config that lists its added tokens over the map.
        Write("tokenizer_config.json", """{"bos_token": "<config>", "pad_token": null}""");
        Assert.Equal("<map></map>True<x><y>", Load()!.Render(s_hello, null));
        Write("tokenizer_config.json", """{"bos_token": "<config>", "pad_token": null, "added_tokens_decoder": {}}""");
        Assert.Equal("<config></map>False<x><y>", Load()!.Render(s_hello, null));
    }

    [Fact]
    public void Tokens_of_one_model_alone_are_variables_too()
    {
        Write("tokenizer_config.json", """{"extra_special_tokens": {"image_token": "<img>"}, "chat_template": "{{ image_token }}"}""");
        Assert.Equal("<img>", Load()!.Render(s_hello, null));
    }

    [Theory]
    [InlineData("tokenizer_config.json", """{"bos_token": "a", "bos_token": "b"}""", "bos_token")]
    [InlineData("tokenizer_config.json", """{"x": {"deep": 1, "deep": 2}}""", "deep")]
    [InlineData("tokenizer_config.json", """{"chat_template": "\ud800"}""", "surrogate")]
    [InlineData("tokenizer_config.json", """{"chat_template": [{"name": "default", "template": "\udc00"}]}""", "surrogate")]
    [InlineData("tokenizer_config.json", """{"bos_token": {"content": "\ud800x"}}""", "bos_token")]
    [InlineData("tokenizer_config.json", """{"\ud800": 1}""", "not usable JSON")]
    [InlineData("tokenizer_config.json", """{"chat_template": [{"name": "default"}]}""", "chat_template")]
    [InlineData("tokenizer_config.json", "[1]", "expected a JSON object")]
    [InlineData("tokenizer_config.json", "{\n\"a\": nul}", "line 2")]
    [InlineData("special_tokens_map.json", """{"eos_token": "a", "eos_token": "b"}""", "eos_token")]
    [InlineData("special_tokens_map.json", "", "it is empty")]
    [InlineData("chat_template.json", """{"chat_template": 5}""", "chat_template")]
    [InlineData("chat_template.json", """{"chat_template": "\udfff"}""", "surrogate")]
    public void What_is_wrong_with_a_file_is_one_line_of_one_type(string file, string json, string part)
    {
        Write(file, json);
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => Load());
        Assert.StartsWith(At(file), error.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("tokenizer_config.json")]
    [InlineData("chat_template.jinja")]
    [InlineData("additional_chat_templates/x.jinja")]
    public void A_file_that_is_not_UTF8_is_refused(string file)
    {
        Write(file, "");
        File.WriteAllBytes(At(file), [(byte)'"', 0xE9, (byte)'"']);
        Assert.Contains("UTF-8", Assert.Throws<ChatTemplateException>(() => Load()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat_template.jinja")]
    [InlineData("tokenizer_config.json")]
    [InlineData("special_tokens_map.json")]
    [InlineData("chat_template.json")]
    [InlineData("additional_chat_templates/x.jinja")]
    public void A_file_too_long_to_be_meant_is_refused_before_it_is_read(string file)
    {
        Write(file, "");
        using (FileStream sparse = File.OpenWrite(At(file)))
        {
            sparse.SetLength(1200L << 20);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => Load());
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20, "the file was read");
        Assert.StartsWith($"{At(file)}: is longer than 67108864 bytes", error.Message, StringComparison.Ordinal);
        if (file.EndsWith("map.json", StringComparison.Ordinal))
        {
            Assert.Throws<TokenizerException>(() => Tokenizer.Load(_directory.FullName));
        }
    }

    [Fact]
    public void A_link_to_a_device_without_an_end_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "there is no /dev/zero");
        File.CreateSymbolicLink(At("chat_template.jinja"), "/dev/zero");
        Assert.Contains("is longer than", Assert.Throws<ChatTemplateException>(() => Load()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_too_long_to_be_meant_is_refused_before_it_is_read()
    {
        using (FileStream sparse = File.OpenWrite(At("tokenizer.json")))
        {
            sparse.SetLength((512L << 20) + 1);
        }

        Assert.Contains("536870913 bytes, expected at most 536870912", Assert.Throws<TokenizerException>(() => Tokenizer.Load(At("tokenizer.json"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(199)]
    [InlineData(200)]
    [InlineData(198)]
    public void A_long_name_in_a_message_is_cut_between_characters(int before)
    {
        Write("chat_template.jinja", "x");
        string message = Assert.Throws<ChatTemplateException>(() => Load(new string('n', before) + "😀😀\ud800")).Message;
        Assert.Contains($"\"{new string('n', before)}", message, StringComparison.Ordinal);
        Assert.DoesNotContain(message.EnumerateRunes(), static rune => rune == Rune.ReplacementChar);
        Assert.True(message.Length < 1000);
    }

    [Fact]
    public void The_built_in_model_has_a_template_and_its_special_tokens()
    {
        ChatTemplate template = ChatTemplate.Load(Path.Combine(Fixtures.Repository, "models", "octet-tiny"))!;
        Assert.Equal("<|im_end|>", (string?)template.SpecialTokens["eos_token"]);
        Assert.EndsWith("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n", template.Render(s_hello, new RenderOptions { AddGenerationPrompt = true }), StringComparison.Ordinal);
    }

    string At(string file) => Path.Combine(_directory.FullName, file);

    ChatTemplate? Load(string? template = null) => ChatTemplate.Load(_directory.FullName, template: template);

    void Write(string file, string text, byte[]? mark = null, string encoding = "utf-8")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(file))!);
        File.WriteAllBytes(At(file), [.. mark ?? [], .. Encoding.GetEncoding(encoding).GetBytes(text)]);
    }
}
