using Microsoft.Extensions.AI;

namespace Octet.Extensions.AI;

/// <summary>A <see cref="LanguageModel"/> as Microsoft.Extensions.AI knows them.</summary>
public static class LanguageModelExtensions
{
    /// <summary>
    /// The model as a chat client. It keeps no conversation and may be shared by any number of threads. Function invocation, caching, logging and telemetry are the
    /// middleware's of Microsoft.Extensions.AI. What becomes of each setting: docs/chat-client.md.
    /// </summary>
    /// <param name="model">The model; it needs a tokenizer and a chat template.</param>
    /// <param name="options">What holds for every call; null: nothing in particular.</param>
    /// <exception cref="ArgumentException">A value of <see cref="ChatClientOptions.Generation"/> is outside its range.</exception>
    public static IChatClient AsChatClient(this LanguageModel model, ChatClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new ChatClientOptions();
        options.Validate();
        return new LanguageModelChatClient(model, options, model.GenerateAsync);
    }
}
