using Octet.Cli.IO;

namespace Octet.Cli.Tests;

public class VisibleTests
{
    [Theory]
    [InlineData("a\tb\nc é 漢 \U0001F600 \u200Fא", "a\tb\nc é 漢 \U0001F600 \u200Fא")]
    [InlineData("\e]52;c;YQ==\a", @"\u001b]52;c;YQ==\u0007")]
    [InlineData("\u009b2J\r\u007f\0", @"\u009b2J\r\u007f\u0000")]
    public void Lines_keep_their_breaks_and_lose_what_steers_a_terminal(string text, string expected) => Assert.Equal(expected, Visible.Lines(text));

    [Fact]
    public void Only_a_terminal_gets_other_text_than_the_models()
        => Assert.Equal(("\e", @"\u001b"), (Standard.Readable("\e", terminal: false), Standard.Readable("\e", terminal: true)));
}
