using System.Runtime.InteropServices;
using Octet.Cli.Chat;

namespace Octet.Cli.Tests.Chat;

public class ChatSessionTests
{
    [Fact]
    public async Task A_message_that_is_taken_back_leaves_the_model_what_it_has_read_before()
    {
        using var files = new TestModel();
        using LanguageModel model = LanguageModel.Load(files.Path, new() { ContextLength = 200, Threads = 1 });
        var conversation = new Conversation();
        for (int i = 0; i < 10; i++)
        {
            conversation.Add(new ChatTurn(i % 2 == 0 ? "user" : "assistant", new string('x', 20)));
        }

        using var interruption = new Interruption();

        // Answers of a special token, which is no text.
        var options = new GenerationOptions { LogitBias = new Dictionary<int, float> { [TestModel.VocabularySize - 2] = 100 }, Temperature = 0 };
        using var session = new ChatSession(model, new PromptOptions(), options, conversation, interruption);
        Task interrupts = Task.Run(() =>
        {
            // Then it has been found that not all of the conversation fits, and nothing is computed yet.
            SpinWait.SpinUntil(() => conversation.FirstRead > 0);
            interruption.Handle(new PosixSignalContext(PosixSignal.SIGINT), 130);
        }, TestContext.Current.CancellationToken);

        Assert.True(await session.RunAsync(new OneMessage(), asksToLeave: false, interruption.Token));
        await interrupts;

        Assert.Equal((10, 0), (conversation.Turns.Count, conversation.FirstRead));
    }

    sealed class OneMessage : IMessageSource
    {
        public string? Read(IReadOnlyList<string> earlier) => earlier.Count == 0 ? "another" : null;
    }
}
