using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tests.Reference;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tests.Conversations;

/// <summary>Conversations become prompts: what is expected is what the template says, read by eye or rendered by jinja2.</summary>
public class PromptTests
{
    // What Qwen3's, Hermes 4's and a plain template do about thinking, cut to that.
    const string Qwen3Like = """
        {%- for m in messages %}<|im_start|>{{ m.role }}
        {% if m.content is string %}{{ m.content }}{% endif %}<|im_end|>
        {% endfor %}{%- if add_generation_prompt %}<|im_start|>assistant
        {% if enable_thinking is defined and enable_thinking is false %}<think>

        </think>

        {% endif %}{% endif %}
        """;

    const string HermesLike = """
        {%- if not thinking is defined %}{% set thinking = false %}{% endif %}{%- if thinking %}<|im_start|>system
        Think deeply.<|im_end|>
        {% endif %}{%- for m in messages %}<|im_start|>{{ m.role }}
        {{ m.content }}<|im_end|>
        {% endfor %}{%- if add_generation_prompt %}<|im_start|>assistant
        {% endif %}
        """;

    [Fact]
    public void A_message_that_is_null_is_named()
    {
        var error = Assert.Throws<ArgumentException>(() => BuiltInModel.Shared.Encode([new ChatTurn("user", "Hi"), null!]));

        Assert.Equal("message 1 of the conversation is null: expected a ChatTurn (Parameter 'conversation')", error.Message);
    }

    static readonly ChatTurn[] s_question = [new("user", "Hi")];

    [Fact]
    public void Tools_calls_and_their_answers_reach_the_template()
    {
        ChatTurn[] conversation =
        [
            new("user", "12 * 7?"),
            new("assistant", null) { ToolCalls = [new("multiply", """{"a": 12, "b": 7.0}""") { Id = "c" }] },
            new("tool", "84") { ToolCallId = "c", Name = "multiply" },
        ];
        JsonNode tools = JsonNode.Parse("""[{"type":"function","function":{"name":"multiply","parameters":{}}}]""")!;

        Assert.Equal(
            """
            <|im_start|>system
            # Tools

            Call a function when the question asks for it:
            <tools>
            {"type": "function", "function": {"name": "multiply", "parameters": {}}}
            </tools>

            Calls go inside <tool_call></tool_call>.<|im_end|>
            <|im_start|>user
            12 * 7?<|im_end|>
            <|im_start|>assistant
            <tool_call>
            {"name": "multiply", "arguments": {"a": 12, "b": 7.0}}
            </tool_call><|im_end|>
            <|im_start|>user
            <tool_response>
            84
            </tool_response><|im_end|>
            <|im_start|>assistant

            """,
            BuiltInModel.Shared.Render(conversation, new() { Tools = tools }));
    }

    [Theory]
    [InlineData(null, "<|im_start|>assistant\n")]
    [InlineData(true, "<|im_start|>assistant\n")]
    [InlineData(false, "<|im_start|>assistant\n<think>\n\n</think>\n\n")]
    public void Thinking_is_switched_by_the_variable_that_the_template_knows(bool? thinking, string end)
    {
        using LanguageModel model = WithTemplate(Qwen3Like);

        Assert.Equal("enable_thinking", model.ThinkingVariable);
        Assert.Equal("<|im_start|>user\nHi<|im_end|>\n" + end, model.Render(s_question, new() { Thinking = thinking }));
        if (thinking is { } value)
        {
            Assert.Equal(model.Render(s_question, new() { Thinking = value }), model.Render(s_question, new() { Variables = new Dictionary<string, JsonNode?> { ["enable_thinking"] = value } }));
            Assert.Equal(model.Render(s_question), model.Render(s_question, new() { Thinking = value, Variables = new Dictionary<string, JsonNode?> { ["enable_thinking"] = true } }));
        }
    }

    [Fact]
    public void Some_templates_call_it_thinking()
    {
        using LanguageModel model = WithTemplate(HermesLike);

        Assert.Equal("thinking", model.ThinkingVariable);
        Assert.StartsWith("<|im_start|>system\nThink deeply.", model.Render(s_question, new() { Thinking = true }), StringComparison.Ordinal);
        Assert.StartsWith("<|im_start|>user", model.Render(s_question, new() { Thinking = false }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_without_a_switch_says_so()
    {
        Assert.Null(BuiltInModel.Shared.ThinkingVariable);
        ModelException error = Assert.Throws<ModelException>(() => BuiltInModel.Shared.Render(s_question, new() { Thinking = false }));
        Assert.Equal(ModelError.Unsupported, error.Error);
        Assert.Contains("enable_thinking", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_word_alone_in_a_template_is_no_switch()
    {
        using LanguageModel model = WithTemplate("You are thinking. {{ messages[0].thinking }}{% set thinking = 1 %}{{ messages[0].content }}");

        Assert.Null(model.ThinkingVariable);
    }

    [Fact]
    public void An_answer_that_is_begun_is_gone_on_with()
    {
        ChatTurn[] conversation = [new("user", "What is E4M3?"), new("assistant", "E4M3 is an 8-bit ")];

        Assert.Equal("<|im_start|>user\nWhat is E4M3?<|im_end|>\n<|im_start|>assistant\nE4M3 is an 8-bit", BuiltInModel.Shared.Render(conversation, new() { ContinueFinalMessage = true }));
    }

    [Fact]
    public async Task The_model_goes_on_where_the_answer_was_left()
    {
        ChatTurn[] conversation = [new("user", "What is E4M3?"), new("assistant", "E4M3 is an 8-bit floating-point format with 1 sign bit,")];
        List<GenerationUpdate> updates = await BuiltInModel.Collect(BuiltInModel.Shared.GenerateAsync(conversation, null, new() { ContinueFinalMessage = true }));

        Assert.Equal(" 4 exponent bits and 3 mantissa bits. Its largest value is 448 and it has no infinity.", BuiltInModel.Text(updates));
    }

    [Fact]
    public void Parts_are_a_list_to_a_template_that_knows_them_and_one_text_to_any_other()
    {
        ChatTurn[] conversation = [new("user", null) { ContentParts = ["one", "two"] }];
        using LanguageModel byParts = WithTemplate("{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}[{{ p.text }}]{% endfor %}{% endif %}{% endfor %}");
        using LanguageModel printsLists = WithTemplate("{% for m in messages %}{{ m.content }}{% endfor %}");

        Assert.Equal("[one][two]", byParts.Render(conversation));
        Assert.Equal("one\ntwo", printsLists.Render(conversation));
        Assert.Equal("<|im_start|>user\none\ntwo<|im_end|>\n<|im_start|>assistant\n", BuiltInModel.Shared.Render(conversation));
    }

    [Fact]
    public void Another_template_is_taken_by_its_name_or_from_a_file()
    {
        using var copy = new TinyCopy();
        Directory.CreateDirectory(Path.Combine(copy.Path, "additional_chat_templates"));
        copy.With(Path.Combine("additional_chat_templates", "shout.jinja"), "{{ messages[0].content | upper }}{{ eos_token }}").With("other.jinja", "({{ messages[0].content }})");
        using LanguageModel named = LanguageModel.Load(copy.Path, new() { Threads = 1, ChatTemplate = "shout" });
        using LanguageModel file = LanguageModel.Load(copy.Path, new() { Threads = 1, ChatTemplate = Path.Combine(copy.Path, "other.jinja") });
        using LanguageModel missing = LanguageModel.Load(copy.Path, new() { Threads = 1, ChatTemplate = "whisper" });

        Assert.Equal("HI<|im_end|>", named.Render(s_question));
        Assert.Equal("(Hi)", file.Render(s_question));
        Assert.Contains("whisper", Assert.Throws<ChatTemplateException>(() => missing.Render(s_question)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Qwen3-0.6B-FP8", "enable_thinking")]
    [InlineData("Qwen3-4B-Instruct-2507-FP8", null)]
    public void Published_templates_are_understood(string name, string? variable)
    {
        ChatTemplate template = ChatTemplate.Load(Fixtures.Path("qwen3", name))!;
        var traits = new TemplateTraits(template);

        Assert.Equal(variable, traits.ThinkingVariable);
        Assert.StartsWith("<|im_end|>", traits.BehindAnswer, StringComparison.Ordinal);
    }

    static LanguageModel WithTemplate(string template)
    {
        using var copy = new TinyCopy().With("chat_template.jinja", template);
        LanguageModel model = LanguageModel.Load(copy.Path, new() { Threads = 1 });
        _ = model.ChatTemplate;
        return model;
    }
}
