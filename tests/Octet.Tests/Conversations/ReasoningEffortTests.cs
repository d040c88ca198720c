using Octet.Tests.Reference;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tests.Conversations;

/// <summary>Words for how much a model is to think, by what its template takes.</summary>
public class ReasoningEffortTests
{
    // What Qwen3.8's checks, https://github.com/QwenLM/Qwen3.8/issues/217.
    const string Qwen38 = """
        {%- set effort = reasoning_effort|default('xhigh') %}{%- if effort not in ('xhigh', 'medium', 'low') %}{{- raise_exception('Unexpected reasoning effort ' + effort + '.') }}{%- endif %}
        {%- for message in messages %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{%- endfor %}
        """;

    // As Mistral's.
    const string Mistral = """
        {%- if reasoning_effort is defined and reasoning_effort not in ['none', 'high'] %}{{- raise_exception('reasoning_effort must be either none or high') }}{%- endif %}{{- messages[0].content }}
        """;

    [Theory]
    [InlineData(Qwen38, "none", "low")]
    [InlineData(Qwen38, "minimal", "low")]
    [InlineData(Qwen38, "low", "low")]
    [InlineData(Qwen38, "medium", "medium")]
    [InlineData(Qwen38, "high", "xhigh")]
    [InlineData(Qwen38, "xhigh", "xhigh")]
    [InlineData(Qwen38, "max", "xhigh")]
    [InlineData(Qwen38, "some", "some")]
    [InlineData(Mistral, "none", "none")]
    [InlineData(Mistral, "minimal", "high")]
    [InlineData(Mistral, "medium", "high")]
    [InlineData(Mistral, "max", "high")]
    [InlineData("{{ messages[0].content }}", "max", "max")]
    [InlineData("{{ raise_exception('no') }}", "max", "max")]
    public void A_word_is_the_nearest_that_the_template_takes(string template, string asked, string told)
        => Assert.Equal(told, ReasoningEfforts.Nearest(asked, new TemplateTraits(ChatTemplate.Parse(template)).TakesEffort));

    [Theory]
    [InlineData("none", "low")]
    [InlineData("minimal", "low")]
    [InlineData("medium", "medium")]
    [InlineData("xhigh", "high")]
    public void Models_of_Harmony_know_three_words(string asked, string told)
    {
        using TinyCopy copy = new TinyCopy().With("chat_template.jinja", "{{- '<|start|>system<|message|>Reasoning: ' + reasoning_effort|default('medium') + '<|channel|>analysis<|end|>' + messages[0].content }}");
        using LanguageModel model = LanguageModel.Load(copy.Path, new LanguageModelOptions { Threads = 1 });
        Assert.Equal("harmony", model.OutputFormat.Name);
        Assert.Equal(told, model.FitEffort(asked));
    }
}
