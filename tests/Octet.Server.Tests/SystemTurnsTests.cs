using Octet.Server.Answers;
using Octet.Tests.Reference;

namespace Octet.Server.Tests;

/// <summary>System messages by what the model's template does with them.</summary>
public sealed class SystemTurnsTests : IDisposable
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

    readonly List<IDisposable> _open = [];

    public void Dispose() => _open.ForEach(static thing => thing.Dispose());

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
    public async Task A_conversation_with_several_is_answered_by_a_model_that_takes_one()
    {
        using TinyCopy copy = new TinyCopy().With("chat_template.jinja", Strict);
        await using TestServer server = await TestServer.StartAsync(options => options.Models.Add(new ServedModel("strict", copy.Path) { Options = new() { Threads = 1 } }), null, waits: true);
        const string Messages = """[{"role":"system","content":"a"},{"role":"developer","content":"b"},{"role":"user","content":"c"},{"role":"system","content":"d"}]""";
        await server.AskAsync("/v1/chat/completions", $$"""{"max_tokens":1,"messages":{{Messages}}}""");
        await server.AskAsync("/v1/responses", $$"""{"max_output_tokens":1,"instructions":"i","input":{{Messages}}}""");
        await server.AskAsync("/tokenize", $$"""{"messages":{{Messages}}}""");
        await server.AskAsync("/v1/messages", """{"max_tokens":1,"system":"a","messages":[{"role":"user","content":[{"type":"text","text":"b"},{"type":"mid_conv_system","content":[{"type":"text","text":"c"}]}]},{"role":"system","content":"d"}]}""");
    }

    string Fit(string template, string turns)
    {
        TinyCopy copy = new TinyCopy().With("chat_template.jinja", template);
        LanguageModel model = LanguageModel.Load(copy.Path, new LanguageModelOptions { Threads = 1 });
        _open.AddRange([model, copy]);
        return string.Join(' ', SystemTurns.Fit([.. turns.Split(' ').Select(static turn => new ChatTurn(Role(turn[0]), turn[2..]))], model).Select(static turn => $"{turn.Role[0]}:{turn.Content!.Replace("\n\n", "+", StringComparison.Ordinal)}"));
    }

    static string Role(char letter) => letter switch { 's' => "system", 'u' => "user", 'a' => "assistant", _ => "tool" };
}
