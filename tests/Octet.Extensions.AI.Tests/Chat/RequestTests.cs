using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Octet.Extensions.AI.Tests.Chat;

public class RequestTests
{
    static readonly AIFunction s_weather = AIFunctionFactory.Create((string city) => city, "get_weather", "The weather in a city");

    [Fact]
    public async Task Settings_of_a_call_are_those_of_the_generation()
    {
        GenerationOptions generation = (await Script.AskedFor(new ChatOptions
        {
            MaxOutputTokens = 7,
            Temperature = 0.5f,
            TopP = 0.9f,
            TopK = 40,
            PresencePenalty = 0.1f,
            FrequencyPenalty = 0.2f,
            Seed = 5_000_000_000,
            StopSequences = ["END"],
        })).Generation;
        Assert.Equal((7, 0.5f, 0.9f, 40, 0.1f, 0.2f, 5_000_000_000), (generation.MaxTokens, generation.Temperature, generation.TopP, generation.TopK, generation.PresencePenalty, generation.FrequencyPenalty, generation.Seed));
        Assert.Equal(["END"], generation.StopStrings!);
    }

    [Fact]
    public async Task Additional_properties_reach_what_has_no_property_of_its_own()
    {
        var options = new ChatOptions
        {
            AdditionalProperties = new()
            {
                ["min_p"] = 0.05,
                ["typical_p"] = 0.9f,
                ["repetition_penalty"] = JsonElement.Parse("1.1"),
                ["min_tokens"] = 3L,
                ["no_repeat_ngram_size"] = JsonValue.Create(4),
                ["logit_bias"] = new Dictionary<string, int> { ["12"] = -100 },
                ["stop_token_ids"] = new[] { 1, 2 },
                ["ignore_eos"] = true,
                ["skip_special_tokens"] = false,
                ["somebody_elses"] = new object(),
            },
        };
        GenerationOptions generation = (await Script.AskedFor(options)).Generation;
        Assert.Equal((0.05f, 0.9f, 1.1f, 3, 4), (generation.MinP, generation.TypicalP, generation.RepetitionPenalty, generation.MinTokens, generation.NoRepeatNgramSize));
        Assert.Equal([new(12, -100f)], generation.LogitBias!);
        Assert.Equal([1, 2], generation.StopTokenIds!);
        Assert.True(generation.IgnoreEos);
        Assert.False(generation.SkipSpecialTokens);
    }

    [Theory]
    [InlineData("min_p", "\"x\"", "a number")]
    [InlineData("min_tokens", "1.5", "a whole number")]
    [InlineData("ignore_eos", "1", "true or false")]
    [InlineData("stop_token_ids", "[1,\"2\"]", "a list of token ids")]
    [InlineData("logit_bias", "{\"x\":1}", "an object of numbers by token id")]
    [InlineData("chat_template_kwargs", "[]", "an object")]
    [InlineData("documents", "{}", "a list")]
    public async Task An_additional_property_of_another_type_is_refused_by_name(string name, string value, string expected)
    {
        var options = new ChatOptions { AdditionalProperties = new() { [name] = JsonElement.Parse(value) } };
        ModelException refusal = await Assert.ThrowsAsync<ModelException>(() => Script.AskedFor(options));
        Assert.Equal($"the additional property {name} is {value}: expected {expected}", refusal.Message);
    }

    [Fact]
    public async Task A_value_out_of_range_is_refused_before_anything_is_computed()
    {
        using IChatClient client = Octet.Tests.BuiltInModel.Shared.AsChatClient();
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => client.GetResponseAsync("hi", new ChatOptions { TopP = 2 }));
    }

    [Fact]
    public async Task A_call_goes_before_the_client_and_a_raw_object_before_both()
    {
        var defaults = new ChatClientOptions { Generation = new() { Temperature = 0.1f, TopK = 10, MaxTokens = 5 } };
        GenerationOptions generation = (await Script.AskedFor(new ChatOptions { Temperature = 0.2f }, defaults)).Generation;
        Assert.Equal((0.2f, 10, 5), (generation.Temperature, generation.TopK, generation.MaxTokens));

        var raw = new ChatOptions { Temperature = 0.2f, TopP = 0.5f, RawRepresentationFactory = static _ => new GenerationOptions { Temperature = 0.3f } };
        generation = (await Script.AskedFor(raw, defaults)).Generation;
        Assert.Equal((0.3f, 0.5f, null), (generation.Temperature, generation.TopP, generation.TopK));
    }

    [Fact]
    public async Task Tools_are_told_in_OpenAI_s_form()
    {
        PromptOptions prompt = (await Script.AskedFor(new ChatOptions { Tools = [s_weather] })).Prompt;
        JsonNode function = Assert.Single(Assert.IsType<JsonArray>(prompt.Tools))!["function"]!;
        Assert.Equal(("get_weather", "The weather in a city"), ((string)function["name"]!, (string)function["description"]!));
        Assert.Equal("string", (string)function["parameters"]!["properties"]!["city"]!["type"]!);
        Assert.Equal("city", (string)Assert.Single(function["parameters"]!["required"]!.AsArray())!);
    }

    [Fact]
    public async Task With_the_tool_mode_none_no_tools_are_told_and_no_calls_are_looked_for()
    {
        (_, GenerationOptions generation, PromptOptions prompt) = await Script.AskedFor(new ChatOptions { Tools = [s_weather], ToolMode = ChatToolMode.None });
        Assert.Null(prompt.Tools);
        Assert.Equal(ToolCallMode.Keep, generation.ToolCalls);
    }

    [Fact]
    public async Task Variables_of_the_template_and_documents_reach_the_prompt()
    {
        var options = new ChatOptions
        {
            AdditionalProperties = new() { ["chat_template_kwargs"] = new JsonObject { ["enable_thinking"] = false }, ["documents"] = JsonElement.Parse("""[{"title":"t"}]""") },
        };
        PromptOptions prompt = (await Script.AskedFor(options)).Prompt;
        Assert.False((bool)prompt.Variables!["enable_thinking"]!);
        Assert.Equal("t", (string)prompt.Documents![0]!["title"]!);
    }

    public static TheoryData<ChatOptions, string> Unsupported => new()
    {
        { new ChatOptions { ModelId = "gpt-4o" }, "the call asks for the model gpt-4o, and this client has octet-tiny: expected that name or none" },
        { new ChatOptions { ConversationId = "c1" }, "ConversationId is set, and this client keeps no conversations: send all messages with each call" },
        { new ChatOptions { Tools = [new HostedWebSearchTool()] }, "the tool web_search is a HostedWebSearchTool: expected an AIFunctionDeclaration, hosted tools are not supported" },
    };

    [Theory]
    [MemberData(nameof(Unsupported))]
    public async Task What_is_not_supported_is_refused_by_name(ChatOptions options, string message)
        => Assert.Equal(message, (await Assert.ThrowsAsync<ModelException>(() => Script.AskedFor(options))).Message);

    [Theory]
    [InlineData(null)]
    [InlineData("get_time")]
    public async Task A_call_that_nothing_can_make_is_refused(string? name)
    {
        var options = new ChatOptions { Tools = name is null ? [] : [s_weather], ToolMode = name is null ? ChatToolMode.RequireAny : ChatToolMode.RequireSpecific(name) };
        Assert.Equal(ModelError.InvalidInput, (await Assert.ThrowsAsync<ModelException>(() => Script.AskedFor(options))).Error);
    }

    [Fact]
    public async Task A_call_that_is_required_is_a_constraint_made_once()
    {
        var options = new ChatOptions { Tools = [s_weather], ToolMode = ChatToolMode.RequireAny, ResponseFormat = ChatResponseFormat.Json };
        OutputConstraint constraint = (await Script.AskedFor(options)).Generation.Constraint!;
        Assert.True(constraint.IsMatch("<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\":\"Rome\"}}\n</tool_call>"));
        Assert.False(constraint.IsMatch("{}"));
        Assert.Same(constraint, (await Script.AskedFor(options)).Generation.Constraint);
    }

    [Fact]
    public async Task A_format_beside_tools_leaves_the_choice()
    {
        OutputConstraint constraint = (await Script.AskedFor(new ChatOptions { Tools = [s_weather], ResponseFormat = ChatResponseFormat.Json })).Generation.Constraint!;
        Assert.True(constraint.IsMatch("<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\":\"Rome\"}}\n</tool_call>"));
        Assert.True(constraint.IsMatch("{\"a\":1}"));
        Assert.False(constraint.IsMatch("Sunny."));
        constraint = (await Script.AskedFor(new ChatOptions { Tools = [s_weather], ToolMode = ChatToolMode.None, ResponseFormat = ChatResponseFormat.Json })).Generation.Constraint!;
        Assert.Same(OutputConstraint.JsonObject, constraint);
    }

    [Theory]
    [InlineData("thinking_token_budget", null, 9)]
    [InlineData("reasoning_budget", ReasoningEffort.None, 9)]
    [InlineData(null, ReasoningEffort.None, 0)]
    [InlineData(null, ReasoningEffort.High, 30)]
    [InlineData(null, null, 30)]
    public async Task How_long_the_model_may_think_is_told(string? name, ReasoningEffort? effort, int budget)
    {
        var options = new ChatOptions { Reasoning = new ReasoningOptions { Effort = effort }, AdditionalProperties = name is null ? null : new() { [name] = 9 } };
        Assert.Equal(budget, (await Script.AskedFor(options, new ChatClientOptions { Generation = new() { ReasoningBudget = 30 } })).Generation.ReasoningBudget);
    }

    [Fact]
    public async Task JSON_as_the_response_format_is_a_constraint_made_once()
    {
        var format = new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse("""{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}""")) };
        OutputConstraint constraint = (await Script.AskedFor(format)).Generation.Constraint!;
        Assert.True(constraint.IsMatch("{\"n\":1}"));
        Assert.False(constraint.IsMatch("{\"n\":\"1\"}"));
        Assert.Same(constraint, (await Script.AskedFor(format)).Generation.Constraint);
        Assert.True((await Script.AskedFor(new ChatOptions { ResponseFormat = ChatResponseFormat.Json })).Generation.Constraint!.IsMatch("{}"));
        Assert.Null((await Script.AskedFor(null)).Generation.Constraint);
    }

    [Fact]
    public async Task Text_as_the_response_format_and_the_client_s_own_name_are_taken()
        => Assert.Single((await Script.AskedFor(new ChatOptions { ResponseFormat = ChatResponseFormat.Text, ModelId = "octet-tiny" })).Conversation);

    [Fact]
    public async Task A_name_for_the_model_can_be_chosen()
        => Assert.Single((await Script.AskedFor(new ChatOptions { ModelId = "mine" }, new ChatClientOptions { ModelId = "mine" })).Conversation);

    [Fact]
    public async Task The_caller_s_options_stay_as_they_are()
    {
        var options = new ChatOptions { Tools = [s_weather], Instructions = "Be short.", AdditionalProperties = new() { ["min_p"] = 0.1 } };
        await Script.AskedFor(options);
        Assert.Same(s_weather, Assert.Single(options.Tools));
        Assert.Equal(0.1, options.AdditionalProperties["min_p"]);
        Assert.Null(options.ModelId);
    }
}
