using System.Text;
using System.Text.Json;
using Anthropic;
using Anthropic.Models.Messages;

namespace Octet.Server.Tests;

/// <summary>Anthropic's own client for .NET, as it is published.</summary>
public sealed class AnthropicClientTests(TinyServer fixture) : IClassFixture<TinyServer>, IDisposable
{
    readonly AnthropicClient _client = new() { BaseUrl = fixture.Server.Url.ToString(), ApiKey = "any" };

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task It_gets_a_message_and_its_counts()
    {
        Message message = await _client.Messages.Create(Ask("What is E4M3?"));
        Assert.True(Assert.Single(message.Content).TryPickText(out TextBlock? text));
        Assert.Contains("448", text.Text, StringComparison.Ordinal);
        Assert.Equal("end_turn", message.StopReason!.Raw());
        Assert.True(message.Usage.InputTokens > 5 && message.Usage.OutputTokens > 10);
        MessageTokensCount count = await _client.Messages.CountTokens(new MessageCountTokensParams { Model = "octet-tiny", Messages = [new UserMessageParam("What is E4M3?")] });
        Assert.Equal(message.Usage.InputTokens + (message.Usage.CacheReadInputTokens ?? 0), count.InputTokens);
    }

    [Fact]
    public async Task It_reads_a_stream()
    {
        var text = new StringBuilder();
        bool stopped = false;
        await foreach (RawMessageStreamEvent item in _client.Messages.CreateStreaming(Ask("What is E4M3?")))
        {
            if (item.TryPickContentBlockDelta(out RawContentBlockDeltaEvent? delta) && delta.Delta.TryPickText(out TextDelta? piece))
            {
                text.Append(piece.Text);
            }

            stopped |= item.TryPickStop(out _);
        }

        Assert.Contains("448", text.ToString(), StringComparison.Ordinal);
        Assert.True(stopped);
    }

    [Fact]
    public async Task It_calls_a_tool()
    {
        JsonElement schema = JsonDocument.Parse("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""").RootElement;
        MessageCreateParams ask = Ask("What is the weather in Paris?") with
        {
            Tools = [new Tool { Name = "get_weather", InputSchema = InputSchema.FromRawUnchecked(schema.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value)) }],
        };
        Message message = await _client.Messages.Create(ask);
        Assert.Equal("tool_use", message.StopReason!.Raw());
        Assert.True(Assert.Single(message.Content).TryPickToolUse(out ToolUseBlock? use));
        Assert.Equal(("get_weather", "Paris"), (use.Name, use.Input["city"].GetString()));
    }

    static MessageCreateParams Ask(string question) => new() { Model = "octet-tiny", MaxTokens = 100, Messages = [new UserMessageParam(question)] };
}
