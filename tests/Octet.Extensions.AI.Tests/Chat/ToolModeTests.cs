using System.Text.Json;
using Microsoft.Extensions.AI;
using Octet.Tests;

namespace Octet.Extensions.AI.Tests.Chat;

/// <summary>Calls that octet-tiny must make, or may.</summary>
public class ToolModeTests
{
    const string Schema = """{"type":"object","properties":{"format":{"enum":["E4M3","E5M2"]}},"required":["format"],"additionalProperties":false}""";

    static readonly AIFunction s_weather = AIFunctionFactory.Create((City city) => city.ToString(), "get_weather", "The weather in a city");
    static readonly AIFunction s_time = AIFunctionFactory.Create(() => "12:00", "get_time", "The time");
    static readonly IChatClient s_client = BuiltInModel.Shared.AsChatClient();

    enum City
    {
        Paris,
        Rome,
    }

    [Theory]
    [InlineData(null)]
    [InlineData("get_time")]
    [InlineData("get_weather")]
    public async Task A_call_that_is_required_comes_whatever_is_asked(string? name)
    {
        for (int seed = 0; seed < 3; seed++)
        {
            ChatResponse response = await s_client.GetResponseAsync("Hello", new ChatOptions
            {
                Tools = [s_weather, s_time],
                ToolMode = name is null ? ChatToolMode.RequireAny : ChatToolMode.RequireSpecific(name),
                Temperature = 2,
                Seed = seed,
            });
            FunctionCallContent call = Assert.IsType<FunctionCallContent>(Assert.Single(Assert.Single(response.Messages).Contents));
            Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
            Assert.Contains(call.Name, name is null ? ["get_weather", "get_time"] : (string[])[name]);
            Assert.Null(call.Exception);
            if (call.Name == "get_weather")
            {
                Assert.Contains(((JsonElement)call.Arguments!["city"]!).ToString(), (string[])["Paris", "Rome", "0", "1"]);
            }
        }
    }

    [Fact]
    public async Task Required_calls_are_made_by_the_middleware()
    {
        using IChatClient client = s_client.AsBuilder().UseFunctionInvocation(configure: static invocation => invocation.MaximumIterationsPerRequest = 1).Build();
        ChatResponse response = await client.GetResponseAsync("Hello", new ChatOptions { Tools = [s_time], ToolMode = ChatToolMode.RequireAny });
        Assert.Contains(response.Messages.SelectMany(static message => message.Contents), static content => content is FunctionResultContent { Result: JsonElement result } && result.ToString() == "12:00");
    }

    [Fact]
    public async Task With_a_format_and_tools_either_comes()
    {
        var options = new ChatOptions { Tools = [s_weather, s_time], ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse(Schema)), Temperature = 3 };
        for (int seed = 0; seed < 6; seed++)
        {
            options.Seed = seed;
            ChatResponse response = await s_client.GetResponseAsync("What is E4M3?", options);
            if (response.FinishReason == ChatFinishReason.ToolCalls)
            {
                Assert.All(response.Messages[0].Contents, static content => Assert.IsType<FunctionCallContent>(content));
            }
            else
            {
                Assert.Contains(JsonElement.Parse(response.Text).GetProperty("format").GetString(), (string[])["E4M3", "E5M2"]);
            }
        }
    }

    [Fact]
    public async Task A_call_in_no_form_of_the_model_comes_as_one()
    {
        using var plain = new Octet.Tests.Reference.TinyCopy();
        plain.With("chat_template.jinja", "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{%- endfor %}{{- '<|im_start|>assistant\\n' }}");
        using LanguageModel model = LanguageModel.Load(plain.Path, new() { Threads = 1 });
        Assert.Equal("plain", model.OutputFormat.Name);
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in model.AsChatClient().GetStreamingResponseAsync("Hello", new ChatOptions { Tools = [s_weather], ToolMode = ChatToolMode.RequireAny }))
        {
            updates.Add(update);
        }

        FunctionCallContent call = Assert.Single(updates.SelectMany(static update => update.Contents).OfType<FunctionCallContent>());
        Assert.Equal("get_weather", call.Name);
        Assert.True(call.Arguments!.ContainsKey("city"));
        Assert.Equal("", string.Concat(updates));
    }
}
