using System.Text.Json;
using Octet.Server.Answers;
using Octet.Server.Anthropic;
using Octet.Server.Http;
using Octet.Server.Responses;
using Octet.Tokenizers.ChatTemplates;
using Octet.Tokenizers.Tests;

namespace Octet.Server.Tests;

/// <summary>Requests of many entries are read in a time that grows with their size and no faster.</summary>
public class LargeRequestTests
{
    public LargeRequestTests() => Assert.SkipWhen(Environment.GetEnvironmentVariable("OCTET_MUTANTS") == "1", "time says nothing about a mutant");

    [Fact]
    public void Biases_of_many_tokens_are_read_in_linear_time()
        => AssertLinear(
            count => $"{{\"logit_bias\":{{{Join(count, i => $"\"{i}\":1")}}}}}",
            fields => Assert.NotEmpty(SamplingFields.Read(fields, null).LogitBias!));

    [Fact]
    public void Results_of_many_tools_are_read_in_linear_time()
    {
        AssertLinear(
            count => $$"""{"messages":[{{Join(count, i => $$"""{"role":"tool","content":"","tool_call_id":"{{i}}"}""")}}]}""",
            fields => ChatMessages.Read(fields));
        AssertLinear(
            count => $$"""{"messages":[{"role":"user","content":[{{Join(count, i => $$"""{"type":"tool_result","tool_use_id":"{{i}}"}""")}}]}]}""",
            fields => MessageTurns.Read(fields, new HashSet<string>()));
        AssertLinear(
            count => $$"""{"input":[{{Join(count, i => $$"""{"type":"function_call_output","call_id":"{{i}}","output":""}""")}}]}""",
            fields => ResponseInput.Read(fields, []));
    }

    [Fact]
    public void Many_tools_and_system_messages_are_read_in_linear_time()
    {
        AssertLinear(
            count => $$"""{"tools":[{{Join(count, i => $$"""{"type":"function","name":"f{{i}}","defer_loading":{{(i % 2 == 0 ? "true" : "false")}}}""")}}],"input":[{"type":"additional_tools","tools":[{{Join(count, i => $$"""{"type":"function","name":"f{{i}}"}""")}}]}]}""",
            fields => ResponseTools.Read(fields));
        AssertLinear(
            count => $$"""{"tools":[{{Join(count, i => $$"""{"name":"f{{i}}","defer_loading":true}""")}}]}""",
            fields => MessageTools.Read(fields, new HashSet<string>()));
        AssertLinear(
            count => $$"""{"tools":[{{Join(count, i => $$"""{"type":"function","function":{"name":"f{{i}}"} }""")}}],"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{{Join(count, i => $$"""{"name":"f{{i}}"}""")}}]} }""",
            fields => ToolSet.ReadChat(fields));
        TemplateTraits traits = new(ChatTemplate.Parse("{%- if messages|length > 1 and messages[1].role == 'system' %}{{ raise_exception('no') }}{% endif %}{{ messages[0].content }}"));
        AssertLinear(
            count => $$"""{"messages":[{"role":"assistant","content":"x"},{{Join(count, i => """{"role":"system","content":"x"}""")}}]}""",
            fields => SystemTurns.Fit(ChatMessages.Read(fields), traits));
    }

    [Fact]
    public void Calls_of_many_tools_are_not_copied_with_each_that_comes()
    {
        const int Few = 250;
        const int Growth = 16;
        Assert.InRange(Allocated(Few * Growth), 1, Allocated(Few) * Growth * 3 / 2);

        static long Allocated(int count)
        {
            using var request = JsonDocument.Parse($$"""{"input":[{{Join(count, i => $$"""{"type":"function_call","call_id":"{{i}}","name":"f","arguments":""}""")}}]}""");
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Single(ResponseInput.Read(new Fields(request.RootElement, ""), []));
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    static string Join(int count, Func<int, string> entry) => string.Join(',', Enumerable.Range(0, count).Select(entry));

    static void AssertLinear(Func<int, string> make, Action<Fields> read)
        => Assert.Null(TimePerByte.Grows(
            size =>
            {
                // It lives as long as the work does.
                var request = JsonDocument.Parse(make(size));
                return () => read(new Fields(request.RootElement, ""));
            },
            2000));
}
