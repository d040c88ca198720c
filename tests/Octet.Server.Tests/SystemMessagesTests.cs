using Octet.Tests.Reference;

namespace Octet.Server.Tests;

public class SystemMessagesTests
{
    // As Qwen3.5's.
    const string Strict = """
        {%- for message in messages %}{%- if message.role == 'system' and not loop.first %}{{- raise_exception('System message must be at the beginning.') }}{%- endif %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}
        """;

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
}
