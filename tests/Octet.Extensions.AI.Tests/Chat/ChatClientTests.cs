using System.Diagnostics;
using Microsoft.Extensions.AI;
using Octet.Tests;

namespace Octet.Extensions.AI.Tests.Chat;

/// <summary>What dotnet/extensions checks of every chat client, with octet-tiny, as far as it makes sense without a network.</summary>
public class ChatClientTests
{
    const string Question = "What is the bias of E5M2?";
    const string Answer = "The exponent bias of E5M2 is 15.";

    static readonly IChatClient s_client = BuiltInModel.Shared.AsChatClient();

    [Fact]
    public async Task A_question_is_answered_with_all_that_is_known_of_the_answer()
    {
        ChatResponse response = await s_client.GetResponseAsync(Question);
        ChatMessage message = Assert.Single(response.Messages);
        Assert.Equal((Answer, ChatRole.Assistant, "octet-tiny", ChatFinishReason.Stop), (message.Text, message.Role, response.ModelId, response.FinishReason!.Value));
        Assert.NotNull(response.ResponseId);
        Assert.NotNull(message.MessageId);
        Assert.NotNull(response.CreatedAt);
        Assert.Null(response.ConversationId);
        int prompt = BuiltInModel.Shared.Encode([new ChatTurn("user", Question)]).Length;
        Assert.Equal(prompt, response.Usage!.InputTokenCount);
        Assert.True(response.Usage.OutputTokenCount > 5);
        Assert.Equal(response.Usage.InputTokenCount + response.Usage.OutputTokenCount, response.Usage.TotalTokenCount);
        Assert.Equal(response.Usage.OutputTokenCount, Assert.IsType<GenerationUpdate>(response.RawRepresentation).Statistics!.Value.Usage.CompletionTokens);
    }

    [Fact]
    public async Task A_system_message_in_the_middle_is_read_where_the_template_takes_none_there()
    {
        // As Qwen3.5's.
        using Octet.Tests.Reference.TinyCopy copy = new Octet.Tests.Reference.TinyCopy().With("chat_template.jinja", """
            {%- for message in messages %}{%- if message.role == 'system' and not loop.first %}{{- raise_exception('System message must be at the beginning.') }}{%- endif %}
            {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}
            """);
        using LanguageModel model = LanguageModel.Load(copy.Path, new LanguageModelOptions { Threads = 1 });
        ChatResponse response = await model.AsChatClient().GetResponseAsync([new ChatMessage(ChatRole.User, "Hi"), new ChatMessage(ChatRole.System, "Be short.")], new ChatOptions { MaxOutputTokens = 1 });
        Assert.Equal(model.Encode([new ChatTurn("user", "Hi\n\nBe short.")]).Length, response.Usage!.InputTokenCount);
    }

    [Theory]
    [InlineData(ReasoningEffort.High, "xhigh")]
    [InlineData(ReasoningEffort.ExtraHigh, "xhigh")]
    [InlineData(ReasoningEffort.Low, "low")]
    public async Task How_much_to_think_is_said_in_a_word_that_the_template_takes(ReasoningEffort effort, string word)
    {
        // As Qwen3.8's.
        using Octet.Tests.Reference.TinyCopy copy = new Octet.Tests.Reference.TinyCopy().With("chat_template.jinja", """
            {%- if reasoning_effort is defined and reasoning_effort not in ('xhigh', 'medium', 'low') %}{{- raise_exception('Unexpected reasoning effort.') }}{%- endif %}
            {%- for message in messages %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{%- endfor %}{{- '<|im_start|>assistant\n' + reasoning_effort|default('') }}
            """);
        using LanguageModel model = LanguageModel.Load(copy.Path, new LanguageModelOptions { Threads = 1 });
        ChatResponse response = await model.AsChatClient().GetResponseAsync("Hi", new ChatOptions { MaxOutputTokens = 1, Reasoning = new ReasoningOptions { Effort = effort } });
        Assert.Equal(model.Encode([new ChatTurn("user", "Hi")]).Length + model.Encode(word, addSpecialTokens: false).Length, response.Usage!.InputTokenCount);
    }

    [Fact]
    public async Task A_streamed_answer_is_the_same_answer()
    {
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in s_client.GetStreamingResponseAsync(Question))
        {
            updates.Add(update);
        }

        Assert.True(updates.Count > 5);
        Assert.Equal(Answer, string.Concat(updates));
        Assert.Equal(Answer, updates.ToChatResponse().Text);
        Assert.Single(updates.SelectMany(static update => update.Contents).OfType<UsageContent>());
    }

    [Fact]
    public async Task An_answer_put_into_the_history_is_built_upon()
    {
        List<ChatMessage> history = [new(ChatRole.User, Question)];
        history.AddMessages(await s_client.GetResponseAsync(history));
        history.Add(new ChatMessage(ChatRole.User, "and E4M3?"));
        Assert.Equal("The exponent bias of E4M3 is 7.", (await s_client.GetResponseAsync(history)).Text);
    }

    [Fact]
    public async Task The_most_tokens_stop_strings_and_the_seed_are_kept_to()
    {
        ChatResponse short3 = await s_client.GetResponseAsync(Question, new ChatOptions { MaxOutputTokens = 3 });
        Assert.Equal((ChatFinishReason.Length, 3), (short3.FinishReason!.Value, short3.Usage!.OutputTokenCount!.Value));
        Assert.Equal("The exponent bias of ", (await s_client.GetResponseAsync(Question, new ChatOptions { StopSequences = ["E5M2"] })).Text);
        var sampled = new ChatOptions { Temperature = 2, Seed = 7, MaxOutputTokens = 20 };
        Assert.Equal((await s_client.GetResponseAsync(Question, sampled)).Text, (await s_client.GetResponseAsync(Question, sampled)).Text);
    }

    [Fact]
    public async Task Requests_at_the_same_time_get_their_own_answers()
    {
        (string Question, string Answer)[] cases = [(Question, Answer), ("What is 3 + 4?", "3 + 4 = 7"), ("Thanks!", "You're welcome!"), ("What is 7 * 8?", "7 * 8 = 56")];
        ChatResponse[] responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => s_client.GetResponseAsync(cases[i % 4].Question)));
        Assert.Equal(Enumerable.Range(0, 8).Select(i => cases[i % 4].Answer), responses.Select(static response => response.Text));
        Assert.Equal(8, responses.Select(static response => response.ResponseId).Distinct().Count());
    }

    [Fact]
    public async Task A_cancelled_answer_ends_with_the_caller_s_token()
    {
        using var cancel = new CancellationTokenSource();
        int count = 0;
        OperationCanceledException end = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate update in s_client.GetStreamingResponseAsync(Question, cancellationToken: cancel.Token))
            {
                count++;
                await cancel.CancelAsync();
            }
        });
        Assert.Equal((cancel.Token, 1), (end.CancellationToken, count));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => s_client.GetResponseAsync(Question, cancellationToken: cancel.Token));
    }

    [Fact]
    public async Task Structured_answers_are_of_their_types()
    {
        // octet-tiny knows little of what it is asked: the form is what is promised.
        var hot = new ChatOptions { Temperature = 1.5f, Seed = 3, MaxOutputTokens = 200 };
        Assert.True((await s_client.GetResponseAsync<Format>(Question, hot)).TryGetResult(out Format? format));
        Assert.InRange(format.Bits, 4, 32);
        Assert.True((await s_client.GetResponseAsync<Kind>(Question, hot)).TryGetResult(out _));
        Assert.True((await s_client.GetResponseAsync<bool>(Question, hot)).TryGetResult(out _));

        // The schema of an int has no bounds; 18 digits are a long.
        Assert.True((await s_client.GetResponseAsync<long>(Question, hot)).TryGetResult(out _));
    }

    [Fact]
    public async Task Null_messages_are_refused_at_once()
    {
        await Assert.ThrowsAsync<ArgumentNullException>(() => s_client.GetResponseAsync((IEnumerable<ChatMessage>)null!));
        Assert.Throws<ArgumentNullException>(() => { s_client.GetStreamingResponseAsync((IEnumerable<ChatMessage>)null!); });
        Assert.Throws<ArgumentNullException>(() => LanguageModelExtensions.AsChatClient(null!));
    }

    [Fact]
    public void Whoever_asks_is_given_the_model_and_what_is_known_of_it()
    {
        ChatClientMetadata metadata = s_client.GetService<ChatClientMetadata>()!;
        Assert.Equal(("octet", null, "octet-tiny"), (metadata.ProviderName, metadata.ProviderUri, metadata.DefaultModelId));
        Assert.Same(BuiltInModel.Shared, s_client.GetService<LanguageModel>());
        Assert.Same(s_client, s_client.GetService<IChatClient>());

        // What both are is the client.
        Assert.Same(s_client, s_client.GetService<IDisposable>());
        Assert.Same(s_client, s_client.GetService<object>());
        Assert.Null(s_client.GetService<string>());
        Assert.Null(s_client.GetService(typeof(LanguageModel), "key"));
    }

    [Fact]
    public async Task A_model_outlives_its_client_unless_it_was_given_away()
    {
        LanguageModel model = LanguageModel.Load(BuiltInModel.Path, new() { Threads = 1 });
        model.AsChatClient().Dispose();
        IChatClient owner = model.AsChatClient(new() { OwnsModel = true });
        Assert.Equal("You're welcome!", (await owner.GetResponseAsync("Thanks!")).Text);
        owner.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => owner.GetResponseAsync("Thanks!"));
    }

    [Fact]
    public async Task Telemetry_of_the_middleware_sees_the_provider_the_model_and_the_counts()
    {
        List<Activity> activities = [];
        string source = nameof(Telemetry_of_the_middleware_sees_the_provider_the_model_and_the_counts);
        using var listener = new ActivityListener
        {
            ShouldListenTo = candidate => candidate.Name == source,
            Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activities.Add,
        };
        ActivitySource.AddActivityListener(listener);
        using IChatClient client = s_client.AsBuilder().UseOpenTelemetry(sourceName: source).Build();
        ChatResponse response = await client.GetResponseAsync("Thanks!");
        Activity chat = Assert.Single(activities);
        Assert.Equal("octet", chat.GetTagItem("gen_ai.provider.name"));
        Assert.Equal("octet-tiny", chat.GetTagItem("gen_ai.response.model"));
        Assert.Equal(response.Usage!.OutputTokenCount, Convert.ToInt64(chat.GetTagItem("gen_ai.usage.output_tokens"), System.Globalization.CultureInfo.InvariantCulture));
    }

    enum Kind
    {
        Integer,
        Float,
    }

    sealed record Format([property: System.ComponentModel.DataAnnotations.Range(4, 32)] int Bits, Kind Kind);
}
