using System.Text;
using Octet.Cli.Chat;

namespace Octet.Cli.Tests.Chat;

public sealed class KeyReaderTests
{
    // Sequences of xterm's control sequence documentation, section "PC-Style Function Keys".
    [Theory]
    [InlineData("\e[A", KeyAction.Up)]
    [InlineData("\eOB", KeyAction.Down)]
    [InlineData("\e[1;5C", KeyAction.WordRight)]
    [InlineData("\e[D", KeyAction.Left)]
    [InlineData("\e[H", KeyAction.Home)]
    [InlineData("\e[4~", KeyAction.End)]
    [InlineData("\e[3~", KeyAction.Delete)]
    [InlineData("\e\r", KeyAction.NewLine)]
    [InlineData("\r", KeyAction.Enter)]
    [InlineData("\u007f", KeyAction.Backspace)]
    [InlineData("\u0003", KeyAction.Interrupt)]
    [InlineData("", KeyAction.Close)]
    [InlineData("\e[38;5;12X", KeyAction.None)]
    internal void A_sequence_is_a_key(string sent, KeyAction action) => Assert.Equal(action, Read(sent)[0].Action);

    [Fact]
    public void A_paste_is_one_text_with_its_line_breaks()
        => Assert.Equal([new Key(KeyAction.Insert, "a\nb\e[200\ncé\n"), new Key(KeyAction.Enter)], Read("\e[200~a\rb\e[200\r\ncé\n\e[201~\r"));

    [Fact]
    public void An_end_mark_that_begins_twice_still_ends_a_paste()
        => Assert.Equal([new Key(KeyAction.Insert, "x\e[20")], Read("\e[200~x\e[20\e[201~"));

    [Fact]
    public void A_key_after_the_escape_key_is_itself()
        => Assert.Equal([default, new Key(KeyAction.Insert, "q")], Read("\eq"));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Characters_come_whole_however_the_bytes_arrive(int chunk)
        => Assert.Equal(["é", "漢", "😀"], Read("é漢😀", chunk).Select(key => key.Text));

    [Theory]
    [InlineData(new byte[] { 0xE9, (byte)'a', (byte)'b' }, "\uFFFD", "a", "b")]
    [InlineData(new byte[] { 0xE6, 0xBC, (byte)'a' }, "\uFFFD", "a")]
    [InlineData(new byte[] { (byte)'a', 0xFF }, "a", "\uFFFD")]
    [InlineData(new byte[] { 0xC0, 0x80 }, "\uFFFD", "\uFFFD")]
    [InlineData(new byte[] { 0xF0, 0x9F }, "\uFFFD")]
    [InlineData(new byte[] { 0x1B, (byte)'[', (byte)'2', (byte)'0', (byte)'0', (byte)'~', (byte)'a', 0xFF, (byte)'b', 0x1B, (byte)'[', (byte)'2', (byte)'0', (byte)'1', (byte)'~' }, "a\uFFFDb")]
    public void What_is_not_UTF_8_is_marked_and_takes_nothing_with_it(byte[] sent, params string[] texts)
        => Assert.Equal(texts, Read(sent, int.MaxValue).Select(key => key.Text));

    [Theory]
    [InlineData(new byte[] { 0xE6, 0x03 })]
    [InlineData(new byte[] { 0x1B, (byte)'[', 0x03 })]
    [InlineData(new byte[] { 0x1B, (byte)'O', 0x03 })]
    public void Ctrl_C_is_heard_in_the_middle_of_a_character_or_sequence(byte[] sent)
        => Assert.Equal(KeyAction.Interrupt, Read(sent, int.MaxValue)[^1].Action);

    [Fact]
    public void Who_shows_what_is_typed_is_called_when_nothing_more_has_come()
    {
        int calls = 0;
        var reader = new KeyReader(new SlowStream("abcdé\e[A"u8.ToArray(), 4), () => calls++);
        while (reader.Read().Action != KeyAction.Close)
        {
        }

        // Twice for the nine bytes in fours, once for the ninth, once for the end.
        Assert.Equal(4, calls);
    }

    static List<Key> Read(string sent, int chunk = int.MaxValue) => Read(Encoding.UTF8.GetBytes(sent), chunk);

    static List<Key> Read(byte[] sent, int chunk)
    {
        var reader = new KeyReader(new SlowStream(sent, chunk));
        List<Key> keys = [];
        while (reader.Read() is { Action: not KeyAction.Close } key)
        {
            keys.Add(key);
        }

        return keys.Count > 0 ? keys : [new Key(KeyAction.Close)];
    }

    sealed class SlowStream(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, chunk));
    }
}
