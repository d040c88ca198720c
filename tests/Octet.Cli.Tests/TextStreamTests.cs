using System.Text;
using Octet.Cli.IO;

namespace Octet.Cli.Tests;

/// <summary>Text as a stream of UTF-8, however its bytes are cut when they come.</summary>
public sealed class TextStreamTests
{
    // One to four bytes of UTF-8 a character, two units of UTF-16 for the last one.
    const string Text = "a\u00E9\u4F60\uFEFF\n\U0001F600\r\nz";

    public static TheoryData<string> Forms => ["utf-8", "utf-8 marked", "utf-16", "utf-16BE"];

    [Theory]
    [MemberData(nameof(Forms))]
    public void Every_form_gives_the_same_text_at_every_cut(string form)
    {
        byte[] bytes = Bytes(form, Text);
        for (int step = 1; step <= bytes.Length; step++)
        {
            Assert.Equal(Text, Read(bytes, step));
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_long_text_crosses_the_buffer_anywhere(string form)
    {
        string text = string.Concat(Enumerable.Repeat(Text, 20_000));
        Assert.Equal(text, Read(Bytes(form, text), int.MaxValue));
        Assert.Equal(text, Read(Bytes(form, text), 65535));
    }

    // Unicode 17, 3.9, table 3-7: bytes that never occur, overlong forms, surrogates, beyond U+10FFFF, what is cut off.
    [Theory]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xC3 })]
    [InlineData(new byte[] { 0xC3, (byte)'a' })]
    [InlineData(new byte[] { 0xE0, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xE4, 0xBD })]
    [InlineData(new byte[] { 0xF4, 0x90, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xF5 })]
    [InlineData(new byte[] { 0xFF })]
    public void What_is_no_utf_8_is_refused_after_what_comes_before_it(byte[] wrong)
    {
        for (int step = 1; step <= 4; step++)
        {
            using var stream = new TextStream(new Pieces([.. "one\ntwo\nx"u8, .. wrong], step), "input");
            var before = new MemoryStream();
            CommandException error = Assert.Throws<CommandException>(() => stream.CopyTo(before));

            Assert.Equal("one\ntwo\nx", Encoding.UTF8.GetString(before.ToArray()));
            Assert.StartsWith("input, line 3: it is not UTF-8 (byte 0x", error.Message, StringComparison.Ordinal);
            Assert.Equal(error.Message, Assert.Throws<CommandException>(() => stream.ReadByte()).Message);
        }
    }

    [Theory]
    [InlineData("utf-16", new byte[] { 0x3D, 0xD8 })]
    [InlineData("utf-16", new byte[] { 0x00, 0xDE, (byte)'a', 0 })]
    [InlineData("utf-16BE", new byte[] { 0xD8, 0x3D, 0, (byte)'a' })]
    public void Half_a_pair_in_utf_16_is_refused(string form, byte[] wrong)
    {
        byte[] bytes = [.. Bytes(form, "one\n"), .. wrong];
        for (int step = 1; step <= 4; step++)
        {
            Assert.StartsWith("input, line 2: it is not the UTF-16", Assert.Throws<CommandException>(() => Read(bytes, step)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Utf_16_that_ends_within_a_character_is_cut_off()
        => Assert.Contains("it is cut off", Assert.Throws<CommandException>(() => Read([.. Bytes("utf-16", "ab"), 0x41], 3)).Message, StringComparison.Ordinal);

    [Fact]
    public void Nothing_and_a_mark_alone_are_an_empty_text()
    {
        Assert.Equal("", Read([], 1));
        Assert.Equal("", Read([0xEF, 0xBB, 0xBF], 1));
        Assert.Equal("", Read([0xFF, 0xFE], 1));
        Assert.Throws<CommandException>(() => Read([0xEF, 0xBB], 1));
    }

    /// <summary>A partner at the other end of a pipe sends a line and waits for the answer.</summary>
    [Fact]
    public void A_line_is_given_when_it_has_come_before_more_is_asked_for()
    {
        var source = new Pieces([.. "first\nsecond\n"u8], 6);
        var lines = new LineReader(new TextStream(source, "input"));

        Assert.Equal("first", lines.ReadText());
        Assert.Equal(1, source.Reads);
    }

    [Fact]
    public void Lines_end_with_or_without_carriage_return_and_the_last_one_needs_no_end()
    {
        var lines = new LineReader(new Pieces([.. "a\r\n\nb\rc\nlast"u8], 2));

        Assert.Equal(["a", "", "b\rc", "last", null], Enumerable.Range(0, 5).Select(_ => lines.ReadText()));
    }

    static byte[] Bytes(string form, string text) => form switch
    {
        "utf-8" => Encoding.UTF8.GetBytes(text),
        "utf-8 marked" => [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(text)],
        _ => [.. Encoding.GetEncoding(form).GetPreamble(), .. Encoding.GetEncoding(form).GetBytes(text)],
    };

    static string Read(byte[] bytes, int step)
    {
        using var stream = new TextStream(new Pieces(bytes, step), "input");
        var text = new MemoryStream();
        stream.CopyTo(text);
        return Encoding.UTF8.GetString(text.ToArray());
    }

    /// <summary>A stream that gives so many bytes at a time.</summary>
    sealed class Pieces(byte[] bytes, int step) : MemoryStream(bytes)
    {
        internal int Reads { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            Reads++;
            byte[] piece = new byte[Math.Min(step, buffer.Length)];
            int read = base.Read(piece, 0, piece.Length);
            piece.AsSpan(0, read).CopyTo(buffer);
            return read;
        }
    }
}
