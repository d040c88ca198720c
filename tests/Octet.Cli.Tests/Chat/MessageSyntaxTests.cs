using Octet.Cli.Chat;

namespace Octet.Cli.Tests.Chat;

public sealed class MessageSyntaxTests
{
    [Theory]
    [InlineData("a\\\nb\nc\n", "a\nb", "c")]
    [InlineData("a\\\\\nb\n", "a\\\\", "b")]
    [InlineData("\"\"\"\none\n/two \\\n\"\"\"\nlast\n", "one\n/two \\", "last")]
    [InlineData("\"\"\"one\ntwo\"\"\"\n", "one\ntwo")]
    [InlineData("\"\"\"/help\"\"\"\n", "/help")]
    [InlineData("\"\"\"\"\"\"\n", "")]
    [InlineData("say \"\"\"x\ny\n", "say \"\"\"x", "y")]
    [InlineData("ends\\", "ends\n")]
    public void Lines_become_messages(string piped, params string[] messages)
    {
        var source = new PipedMessages(new StringReader(piped).ReadLine);
        List<string> read = [];
        while (source.Read([]) is { } message)
        {
            read.Add(message);
        }

        Assert.Equal(messages, read);
    }

    [Fact]
    public void Quotes_that_stay_open_are_an_error_that_names_their_line()
    {
        var source = new PipedMessages(new StringReader("a\n\"\"\"\nb\n").ReadLine);
        source.Read([]);

        Assert.Contains("line 2", Assert.Throws<CommandException>(() => source.Read([])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/help", true)]
    [InlineData("//help", false)]
    [InlineData("/usr/bin/x\nline", false)]
    [InlineData("help", false)]
    public void A_command_is_one_line_with_one_slash(string text, bool command) => Assert.Equal(command, MessageSyntax.IsCommand(text));
}
