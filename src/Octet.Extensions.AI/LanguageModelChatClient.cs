using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Octet.Output;

namespace Octet.Extensions.AI;

/// <summary>What answers a conversation: a model's own method, in tests a script.</summary>
delegate IAsyncEnumerable<GenerationUpdate> Generate(
    IReadOnlyList<ChatTurn> conversation, GenerationOptions options, PromptOptions prompt, CancellationToken cancellationToken);

/// <inheritdoc cref="LanguageModelExtensions.AsChatClient"/>
sealed class LanguageModelChatClient : IChatClient
{
    readonly LanguageModel _model;
    readonly ChatClientOptions _options;
    readonly Generate _generate;
    readonly ChatClientMetadata _metadata;
    readonly ModelName _name;

    internal LanguageModelChatClient(LanguageModel model, ChatClientOptions options, Generate generate)
    {
        _model = model;
        _options = options;
        _generate = generate;
        _name = new ModelName(model.Path, options.ModelId);
        _metadata = new ChatClientMetadata("octet", null, _name.Text);
    }

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in AnswerAsync(messages, options, cancellationToken).ConfigureAwait(false))
        {
            updates.Add(update);
        }

        ChatResponse response = updates.ToChatResponse();
        response.RawRepresentation = updates[^1].RawRepresentation;
        return response;
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return AnswerAsync(messages, options, cancellationToken);
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : serviceType.IsInstanceOfType(_model) ? _model
            : null;
    }

    // The model is somebody else's, unless it was given away.
    public void Dispose()
    {
        if (_options.OwnsModel)
        {
            _model.Dispose();
        }
    }

    async IAsyncEnumerable<ChatResponseUpdate> AnswerAsync(IEnumerable<ChatMessage> messages, ChatOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ChatRequest request = ChatRequest.Create(this, _model, _name, _options.Generation, messages, options);
        ForcedCall? forced = request.IsForcedCall ? new ForcedCall() : null;
        var answer = new AnswerUpdates(_name.Text, request.ShowsReasoning);
        await foreach (GenerationUpdate update in _generate(request.Conversation, request.Generation, request.Prompt, cancellationToken).ConfigureAwait(false))
        {
            if (answer.Next(forced?.Read(update) ?? update) is { } next)
            {
                yield return next;
            }
        }
    }
}
