using Octet.Cli.Chat;

namespace Octet.Cli.Tests.Chat;

public sealed class ReadableTurnsTests
{
    // A token for each character, and one for each message.
    static int[] Encode(IReadOnlyList<ChatTurn> turns) => new int[turns.Sum(turn => turn.Content!.Length + 1)];

    [Fact]
    public void All_is_read_while_it_fits()
    {
        Conversation conversation = Exchanges(3, length: 9);

        Assert.Equal(60, ReadableTurns.Encode(conversation, 100, 40, Encode).Length);
        Assert.Equal(0, conversation.FirstRead);
    }

    [Fact]
    public void The_oldest_exchanges_are_left_out_and_the_system_message_stays()
    {
        Conversation conversation = Exchanges(20, length: 9);
        conversation.SetSystem("123456789");

        int[] prompt = ReadableTurns.Encode(conversation, 100, 20, Encode);

        Assert.InRange(prompt.Length, 30, 80);
        Assert.Equal("user", conversation.Turns[conversation.FirstRead].Role);
        Assert.Equal(10 + (conversation.Turns.Count - conversation.FirstRead) * 10, prompt.Length);
    }

    [Fact]
    public void What_was_left_out_stays_left_out()
    {
        Conversation conversation = Exchanges(20, length: 9);
        ReadableTurns.Encode(conversation, 100, 20, Encode);
        int first = conversation.FirstRead;
        conversation.Add(new ChatTurn("assistant", "answer"));
        conversation.Add(new ChatTurn("user", "q"));

        ReadableTurns.Encode(conversation, 100, 20, Encode);

        Assert.Equal(first, conversation.FirstRead);
    }

    [Fact]
    public void A_message_that_leaves_less_room_than_wanted_for_the_answer_is_read()
    {
        Conversation conversation = Exchanges(1, length: 97);

        Assert.Equal(98, ReadableTurns.Encode(conversation, 100, null, Encode).Length);
    }

    [Fact]
    public void A_message_that_fits_no_context_is_refused_and_nothing_is_left_out()
    {
        Conversation conversation = Exchanges(3, length: 9);
        conversation.Add(new ChatTurn("user", new string('x', 200)));

        Assert.Contains("201 tokens", Assert.Throws<CommandException>(() => ReadableTurns.Encode(conversation, 100, null, Encode)).Message, StringComparison.Ordinal);
        Assert.Equal(0, conversation.FirstRead);
    }

    [Fact]
    public void A_long_saved_conversation_is_rendered_a_few_times_only()
    {
        Conversation conversation = Exchanges(10_000, length: 9);
        int rendered = 0;

        ReadableTurns.Encode(conversation, 100, 20, turns =>
        {
            rendered++;
            return Encode(turns);
        });

        Assert.InRange(rendered, 2, 20);
    }

    // Questions and answers in turn; a single one is a question alone.
    static Conversation Exchanges(int count, int length)
    {
        var conversation = new Conversation();
        for (int i = 0; i < count * 2; i++)
        {
            conversation.Add(new ChatTurn(i % 2 == 0 ? "user" : "assistant", new string('x', length)));
        }

        if (count == 1)
        {
            conversation.RemoveLast();
        }

        return conversation;
    }
}
