using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Octet.Tests;

namespace Octet.Extensions.AI.Tests.Chat;

/// <summary>Stands in for a model: says the given texts, one answer after another, a character a token, with the calls of Qwen's format, and keeps what it was asked.</summary>
sealed class Script(params string[] answers)
{
    internal const int PromptTokens = 10;
    internal const int CachedTokens = 4;

    internal List<(IReadOnlyList<ChatTurn> Conversation, GenerationOptions Generation, PromptOptions Prompt)> Calls { get; } = [];

    /// <summary>Why its answers end.</summary>
    internal FinishReason End { get; init; } = FinishReason.Stop;

    internal IChatClient Client(ChatClientOptions? options = null) => new LanguageModelChatClient(BuiltInModel.Shared, options ?? new(), GenerateAsync);

    /// <summary>What one call with these options asks of the model.</summary>
    internal static async Task<(IReadOnlyList<ChatTurn> Conversation, GenerationOptions Generation, PromptOptions Prompt)> AskedFor(
        ChatOptions? options, ChatClientOptions? defaults = null, params ChatMessage[] messages)
    {
        var script = new Script("ok");
        await script.Client(defaults).GetResponseAsync(messages is [] ? [new ChatMessage(ChatRole.User, "hi")] : messages, options);
        return Assert.Single(script.Calls);
    }

    async IAsyncEnumerable<GenerationUpdate> GenerateAsync(
        IReadOnlyList<ChatTurn> conversation, GenerationOptions generation, PromptOptions prompt, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string answer = answers[Calls.Count];
        Calls.Add((conversation, generation, prompt));
        await Task.Yield();
        OutputFormat format = generation.ToolCalls == ToolCallMode.Separate ? OutputFormat.All.First(static format => format.Name == "hermes") : OutputFormat.Plain;
        OutputParser parser = format.CreateParser(prompt.Tools);
        foreach (char character in answer)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new GenerationUpdate("", character, null, null) { Pieces = parser.Append(character.ToString()) };
        }

        var usage = new TokenUsage(PromptTokens, answer.Length + 1, CachedTokens);
        yield return new GenerationUpdate("", 0, End, new GenerationStatistics(usage, default, default, default)) { Pieces = parser.Complete() };
    }
}
