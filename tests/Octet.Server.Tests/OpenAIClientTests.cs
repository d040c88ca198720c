using System.ClientModel;
using System.Text;
using System.Text.Json.Nodes;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using OpenAI.Models;
using OpenAI.Responses;
using ClientCall = OpenAI.Chat.ChatToolCall;

#pragma warning disable OPENAI001 // Seeds and responses are marked as experimental by the client.

namespace Octet.Server.Tests;

/// <summary>OpenAI's own client for .NET, as it is published.</summary>
public class OpenAIClientTests(TinyServer fixture) : IClassFixture<TinyServer>
{
    static readonly ChatTool s_weather = ChatTool.CreateFunctionTool(
        "get_weather", "The weather of a city", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""));

    readonly OpenAIClient _client = Client(fixture.Server);

    [Fact]
    public async Task It_lists_models()
    {
        OpenAIModelCollection models = await _client.GetOpenAIModelClient().GetModelsAsync();
        Assert.Equal(["embedder", "octet-tiny", "reranker"], models.Select(model => model.Id).Order());
        OpenAIModel one = await _client.GetOpenAIModelClient().GetModelAsync("octet-tiny");
        Assert.Equal("octet", one.OwnedBy);
    }

    [Fact]
    public async Task It_gets_an_answer_and_its_counts()
    {
        ChatCompletion answer = await Chat.CompleteChatAsync([new SystemChatMessage("Be kind."), new UserChatMessage("What is E4M3?")], new() { Temperature = 0, MaxOutputTokenCount = 100, EndUserId = "me" });
        Assert.NotEmpty(answer.Content[0].Text);
        Assert.Equal((ChatFinishReason.Stop, ChatMessageRole.Assistant, "octet-tiny"), (answer.FinishReason, answer.Role, answer.Model));
        Assert.Equal(answer.Usage.TotalTokenCount, answer.Usage.InputTokenCount + answer.Usage.OutputTokenCount);
        Assert.NotNull(answer.SystemFingerprint);
    }

    [Fact]
    public async Task It_reads_a_stream()
    {
        var text = new StringBuilder();
        ChatFinishReason? reason = null;
        ChatTokenUsage? usage = null;
        await foreach (StreamingChatCompletionUpdate update in Chat.CompleteChatStreamingAsync([new UserChatMessage("What is E4M3?")], new ChatCompletionOptions { Temperature = 0 }))
        {
            text.Append(string.Concat(update.ContentUpdate.Select(part => part.Text)));
            reason ??= update.FinishReason;
            usage ??= update.Usage;
        }

        Assert.Contains("448", text.ToString(), StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, reason);
        Assert.True(usage!.OutputTokenCount > 10);
    }

    [Fact]
    public async Task It_calls_a_tool_and_tells_the_model_the_result()
    {
        List<ChatMessage> messages = [new UserChatMessage("What is the weather in Paris?")];
        var options = new ChatCompletionOptions { Temperature = 0, Tools = { s_weather }, ToolChoice = ChatToolChoice.CreateAutoChoice() };
        ChatCompletion first = await Chat.CompleteChatAsync(messages, options);
        Assert.Equal(ChatFinishReason.ToolCalls, first.FinishReason);
        ClientCall call = Assert.Single(first.ToolCalls);
        Assert.Equal("Paris", (string?)JsonNode.Parse(call.FunctionArguments)!["city"]);
        messages.Add(new AssistantChatMessage(first));
        messages.Add(new ToolChatMessage(call.Id, """{"temperature": 21, "condition": "sunny"}"""));
        ChatCompletion second = await Chat.CompleteChatAsync(messages, options);
        Assert.Equal("The temperature is 21 and the condition is sunny.", second.Content[0].Text);
    }

    [Fact]
    public async Task It_puts_the_deltas_of_a_call_together()
    {
        var arguments = new StringBuilder();
        string? name = null;
        ChatFinishReason? reason = null;
        await foreach (StreamingChatCompletionUpdate update in Chat.CompleteChatStreamingAsync([new UserChatMessage("What is the weather in Paris?")], new ChatCompletionOptions { Temperature = 0, Tools = { s_weather } }))
        {
            foreach (StreamingChatToolCallUpdate call in update.ToolCallUpdates)
            {
                name ??= call.FunctionName;
                arguments.Append(call.FunctionArgumentsUpdate?.ToString());
            }

            reason ??= update.FinishReason;
        }

        Assert.Equal(("get_weather", ChatFinishReason.ToolCalls), (name, reason));
        Assert.Equal("Paris", (string?)JsonNode.Parse(arguments.ToString())!["city"]);
    }

    [Fact]
    public async Task It_gets_JSON_of_a_schema()
    {
        ChatCompletion answer = await Chat.CompleteChatAsync([new UserChatMessage("What is E4M3?")], new()
        {
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat(
                "fp8", BinaryData.FromString("""{"type":"object","properties":{"bits":{"enum":[4,8]}},"required":["bits"],"additionalProperties":false}"""), jsonSchemaIsStrict: true),
        });
        Assert.Contains((int)JsonNode.Parse(answer.Content[0].Text)!["bits"]!, (int[])[4, 8]);
        ChatCompletion call = await Chat.CompleteChatAsync([new UserChatMessage("Hello")], new() { Tools = { s_weather }, ToolChoice = ChatToolChoice.CreateFunctionChoice("get_weather") });
        Assert.Equal("get_weather", Assert.Single(call.ToolCalls).FunctionName);
    }

    [Fact]
    public async Task It_reads_probabilities()
    {
        ChatCompletion answer = await Chat.CompleteChatAsync([new UserChatMessage("What is E4M3?")], new() { Temperature = 0, IncludeLogProbabilities = true, TopLogProbabilityCount = 3 });
        Assert.Equal(answer.Content[0].Text, string.Concat(answer.ContentTokenLogProbabilities.Select(token => token.Token)));
        Assert.All(answer.ContentTokenLogProbabilities, token =>
        {
            Assert.Equal(3, token.TopLogProbabilities.Count);
            Assert.Equal(token.TopLogProbabilities[0].LogProbability, token.LogProbability);
            Assert.Equal(token.Token, Encoding.UTF8.GetString(token.Utf8Bytes!.Value.Span));
        });

        List<string> tokens = [];
        await foreach (StreamingChatCompletionUpdate update in Chat.CompleteChatStreamingAsync([new UserChatMessage("What is E4M3?")], new ChatCompletionOptions { Temperature = 0, IncludeLogProbabilities = true }))
        {
            tokens.AddRange(update.ContentTokenLogProbabilities.Select(token => token.Token));
        }

        Assert.Equal(answer.ContentTokenLogProbabilities.Select(token => token.Token), tokens);
    }

    [Fact]
    public async Task Stops_and_seeds_are_followed()
    {
        ChatCompletion stopped = await Chat.CompleteChatAsync([new UserChatMessage("What is E4M3?")], new() { Temperature = 0, StopSequences = { "format" } });
        Assert.Equal("E4M3 is an 8-bit floating-point ", stopped.Content[0].Text);
        string[] texts = new string[2];
        for (int i = 0; i < texts.Length; i++)
        {
            ChatCompletion answer = await Chat.CompleteChatAsync([new UserChatMessage("What is E4M3?")], new() { Temperature = 1.9f, Seed = 5, MaxOutputTokenCount = 10 });
            texts[i] = answer.Content[0].Text;
        }

        Assert.Equal(texts[0], texts[1]);
    }

    [Fact]
    public async Task It_gets_vectors()
    {
        EmbeddingClient client = _client.GetEmbeddingClient("embedder");
        OpenAIEmbeddingCollection vectors = await client.GenerateEmbeddingsAsync(["one", "two words"], new() { Dimensions = 8 });
        using var model = EmbeddingModel.Load(TestModels.Embedder.Path);
        float[] expected = model.Embed("two words", new() { Dimensions = 8 });
        Assert.Equal(expected.Length, vectors[1].ToFloats().Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], vectors[1].ToFloats().Span[i], 1e-5f);
        }
    }

    [Fact]
    public async Task It_gets_responses_one_after_another()
    {
        var client = Responses;
        ResponseResult first = await client.CreateResponseAsync(Ask("What is the bias of E5M2?"));
        CreateResponseOptions next = Ask("and E4M3?");
        next.PreviousResponseId = first.Id;
        ResponseResult second = await client.CreateResponseAsync(next);
        Assert.Equal(ResponseStatus.Completed, second.Status);
        Assert.Equal("The exponent bias of E4M3 is 7.", second.GetOutputText());
        Assert.Equal(second.Usage.TotalTokenCount, second.Usage.InputTokenCount + second.Usage.OutputTokenCount);
        ResponseResult stored = await client.GetResponseAsync(second.Id);
        Assert.Equal(second.GetOutputText(), stored.GetOutputText());
    }

    [Fact]
    public async Task It_polls_a_response_that_is_made_in_the_background()
    {
        CreateResponseOptions options = Ask("What is the bias of E5M2?");
        options.BackgroundModeEnabled = true;
        ResponseResult response = await Responses.CreateResponseAsync(options);
        Assert.Equal(ResponseStatus.Queued, response.Status);
        await Eventually.HoldsAsync(async () => (response = await Responses.GetResponseAsync(response.Id)).Status is not (ResponseStatus.Queued or ResponseStatus.InProgress));
        Assert.Equal((ResponseStatus.Completed, "The exponent bias of E5M2 is 15."), (response.Status!.Value, response.GetOutputText()));
    }

    [Fact]
    public async Task It_reads_the_stream_of_a_response()
    {
        CreateResponseOptions options = Ask("What is E4M3?");
        options.StreamingEnabled = true;
        var text = new StringBuilder();
        ResponseResult? last = null;
        await foreach (StreamingResponseUpdate update in await Responses.CreateResponseStreamingAsync(options))
        {
            text.Append((update as StreamingResponseOutputTextDeltaUpdate)?.Delta);
            last = (update as StreamingResponseCompletedUpdate)?.Response ?? last;
        }

        Assert.Contains("448", text.ToString(), StringComparison.Ordinal);
        Assert.Equal(text.ToString(), last!.GetOutputText());
    }

    [Theory]
    [InlineData("gpt-9", 404, "does not exist here")]
    [InlineData("embedder", 400, "makes vectors")]
    public async Task Refusals_are_its_exceptions(string model, int status, string message)
    {
        ClientResultException error = await Assert.ThrowsAsync<ClientResultException>(() => _client.GetChatClient(model).CompleteChatAsync([new UserChatMessage("hi")]));
        Assert.Equal(status, error.Status);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_comes_again_when_it_is_told_to()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.RequestsPerMinute = 60);
        OpenAIModelClient client = Client(server).GetOpenAIModelClient();

        // A burst of a minute's requests, and two more, which wait until they are let in.
        for (int i = 0; i < 62; i++)
        {
            OpenAIModelCollection models = await client.GetModelsAsync();
            Assert.Single(models);
        }

        Assert.Contains(server.State.Requests.All, entry => entry.Status == 429);
    }

    ChatClient Chat => _client.GetChatClient("octet-tiny");

    ResponsesClient Responses => new(new ApiKeyCredential("any"), new ResponsesClientOptions { Endpoint = new Uri(fixture.Server.Url, "/v1") });

    static CreateResponseOptions Ask(string question) => new() { Model = "octet-tiny", InputItems = { ResponseItem.CreateUserMessageItem(question) }, Temperature = 0 };

    static OpenAIClient Client(TestServer server) => new(new ApiKeyCredential("any"), new OpenAIClientOptions { Endpoint = new Uri(server.Url, "/v1") });
}
