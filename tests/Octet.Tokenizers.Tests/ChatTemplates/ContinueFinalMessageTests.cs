using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tokenizers.Tests.ChatTemplates;

/// <summary>An answer that is begun and is to be gone on with: <c>continue_final_message</c> of transformers.</summary>
public class ContinueFinalMessageTests
{
    const string ChatMl = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";

    static readonly RenderOptions s_continue = new() { ContinueFinalMessage = true };

    [Theory]
    [InlineData(ChatMl)]
    [InlineData("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content | trim }}<|im_end|>\n{% endfor %}")]
    public void The_text_ends_behind_the_last_message_without_its_final_blank(string template) =>
        Assert.Equal("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nSure,", Render(template, "Sure, "));

    [Fact]
    public void White_space_at_the_beginning_is_kept_where_the_template_keeps_it() =>
        Assert.EndsWith("assistant\n\n  Sure,", Render(ChatMl, "\n  Sure,\n"), StringComparison.Ordinal);

    [Fact]
    public void An_answer_that_a_later_part_of_the_text_repeats_is_cut_where_it_stands() =>
        Assert.Equal("a: OK", Render("a: {{ messages[-1].content }}. Say OK", "OK"));

    [Fact]
    public void An_empty_answer_is_cut_at_its_place() =>
        Assert.Equal("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant", Render(ChatMl, ""));

    [Fact]
    public void Of_several_parts_the_last_text_is_continued()
    {
        JsonArray parts = [new JsonObject { ["type"] = "text", ["text"] = "one " }, new JsonObject { ["type"] = "text", ["text"] = "two " }, new JsonObject { ["type"] = "image" }];
        Assert.Equal("one two", Render("{% for p in messages[-1].content %}{{ p.text }}{% endfor %}|", parts));
    }

    [Fact]
    public void The_messages_that_were_given_are_left_as_they_are()
    {
        JsonArray messages = [new JsonObject { ["role"] = "assistant", ["content"] = "Sure" }];
        ChatTemplate.Parse(ChatMl).Render(messages, s_continue);
        Assert.Equal("Sure", (string?)messages[0]!["content"]);
    }

    [Theory]
    [InlineData("{{ messages[0].content }}")] // the last message is left out
    [InlineData("{{ messages[-1].content | upper }}")]
    [InlineData("{{ messages[-1].content | replace('r', '') }}")]
    public void A_template_that_rewrites_the_message_is_an_error(string template) =>
        Assert.Contains("does not appear", Refusal(template, new JsonArray(User(), Assistant("Sure"))), StringComparison.Ordinal);

    [Fact]
    public void There_must_be_something_to_continue()
    {
        Assert.Contains("no final message", Refusal(ChatMl, new JsonArray()), StringComparison.Ordinal);
        Assert.Contains("no content", Refusal(ChatMl, new JsonArray(User(), Assistant(null))), StringComparison.Ordinal);
        Assert.Contains("no part", Refusal(ChatMl, new JsonArray(User(), Assistant(new JsonArray(new JsonObject { ["type"] = "image" })))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_answer_cannot_be_begun_at_the_same_time()
    {
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(
            () => ChatTemplate.Parse(ChatMl).Render(new JsonArray(User(), Assistant("Sure")), s_continue with { AddGenerationPrompt = true }));
        Assert.Equal("ValueError", error.Kind);
        Assert.Contains("add_generation_prompt", error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_template_of_the_built_in_model_is_continued_too() => Assert.EndsWith(
        "<|im_start|>assistant\nSure,",
        ChatTemplate.Load(Path.Combine(Fixtures.Repository, "models", "octet-tiny"))!.Render(new JsonArray(User(), Assistant("Sure, ")), s_continue),
        StringComparison.Ordinal);

    [Fact]
    public void Qwen3_goes_on_behind_its_empty_thoughts() => Assert.Equal(
        "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\nSure,",
        ChatTemplate.Load(Fixtures.Path("qwen3", "Qwen3-0.6B-FP8"))!.Render(new JsonArray(User(), Assistant("Sure, ")), s_continue));

    static string Render(string template, JsonNode answer) => ChatTemplate.Parse(template).Render(new JsonArray(User(), Assistant(answer)), s_continue);

    static string Refusal(string template, JsonNode messages)
    {
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template).Render(messages, s_continue));
        Assert.Equal("ValueError", error.Kind);
        return error.Reason;
    }

    static JsonObject User() => new() { ["role"] = "user", ["content"] = "hi" };

    static JsonObject Assistant(JsonNode? content) => new() { ["role"] = "assistant", ["content"] = content };
}
