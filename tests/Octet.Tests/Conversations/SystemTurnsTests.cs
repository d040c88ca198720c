using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tests.Conversations;

/// <summary>System messages by what the model's template does with them.</summary>
public class SystemTurnsTests
{
    // As Qwen3.5's.
    const string Strict = """
        {%- for message in messages %}{%- if message.role == 'system' and not loop.first %}{{- raise_exception('System message must be at the beginning.') }}{%- endif %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}
        """;

    // As gpt-oss's.
    const string Forgetful = """
        {%- for message in messages %}{%- if message.role != 'system' or loop.first %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{%- endif %}{%- endfor %}
        {%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}
        """;

    const string Open = """
        {%- for message in messages %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}
        """;

    [Theory]
    [InlineData("s:a u:b", "s:a u:b")]
    [InlineData("u:a", "u:a")]
    [InlineData("s:a s:b u:c", "s:a+b u:c")]
    [InlineData("s:a u:b s:c", "s:a u:b+c")]
    [InlineData("s:a u:b s:c s:d a:e u:f", "s:a u:b+c+d a:e u:f")]
    [InlineData("u:a a:b s:c u:d", "u:a a:b u:c+d")]
    [InlineData("u:a a:b s:c", "u:a a:b u:c")]
    [InlineData("u:a a:b s:c a:d", "u:a a:b u:c a:d")]
    [InlineData("u:a a:b t:c s:d a:e", "u:a a:b t:c+d a:e")]
    [InlineData("u:a a:b s:c t:d", "u:a a:b t:d+c")]
    [InlineData("s:a s:b", "s:a+b")]
    public void They_are_one_at_the_beginning_where_the_template_takes_no_other(string given, string fitted)
    {
        Assert.Equal(fitted, Fit(Strict, given));
        Assert.Equal(fitted, Fit(Forgetful, given));
        Assert.Equal(given, Fit(Open, given));
    }

    [Fact]
    public void Parts_of_a_message_stay_parts()
    {
        var parts = new ChatTurn("user", null) { ContentParts = ["a", "b"] };
        TemplateTraits traits = new(ChatTemplate.Parse(Strict));
        Assert.Equal(["a", "b\n\nc"], Assert.Single(SystemTurns.Fit([parts, new ChatTurn("system", "c")], traits)).ContentParts!);
        Assert.Equal(["c\n\na", "b"], SystemTurns.Fit([new ChatTurn("assistant", "x"), new ChatTurn("system", "c"), parts], traits)[1].ContentParts!);
    }

    static string Fit(string template, string turns)
        => string.Join(' ', SystemTurns.Fit([.. turns.Split(' ').Select(static turn => new ChatTurn(Role(turn[0]), turn[2..]))], new TemplateTraits(ChatTemplate.Parse(template)))
            .Select(static turn => $"{turn.Role[0]}:{turn.Content!.Replace("\n\n", "+", StringComparison.Ordinal)}"));

    static string Role(char letter) => letter switch { 's' => "system", 'u' => "user", 'a' => "assistant", _ => "tool" };
}
