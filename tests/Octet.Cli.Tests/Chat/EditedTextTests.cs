using Octet.Cli.Chat;

namespace Octet.Cli.Tests.Chat;

public sealed class EditedTextTests
{
    readonly EditedText _text = new();

    [Theory]
    [InlineData("ab", "a")]
    [InlineData("ae\u0301", "a")]
    [InlineData("a👩‍👩‍👧", "a")]
    [InlineData("a\n", "a")]
    [InlineData("", "")]
    public void Backspace_takes_what_a_person_sees_as_one_character(string before, string after)
    {
        _text.Replace(before);

        _text.Backspace();

        Assert.Equal(after, _text.ToString());
    }

    [Fact]
    public void Text_goes_in_at_the_cursor()
    {
        _text.Replace("ad");
        _text.Left();

        _text.Insert("bc");

        Assert.Equal("abcd", _text.ToString());
        Assert.Equal(3, _text.Cursor);
    }

    [Fact]
    public void Words_and_ends_of_lines_are_deleted()
    {
        _text.Replace("one two  three\nfour five");
        _text.DeleteWord();
        Assert.Equal("one two  three\nfour ", _text.ToString());

        _text.DeleteToStart();
        Assert.Equal("one two  three\n", _text.ToString());

        Assert.True(_text.Up());
        _text.WordRight();
        _text.DeleteToEnd();
        Assert.Equal("one\n", _text.ToString());
    }

    [Fact]
    public void Up_and_down_keep_the_column_as_far_as_lines_reach()
    {
        _text.Replace("long line\nab\nanother");
        Assert.True(_text.Up());
        Assert.Equal("long line\nab".Length, _text.Cursor);

        Assert.True(_text.Up());
        Assert.Equal(2, _text.Cursor);
        Assert.False(_text.Up());

        Assert.True(_text.Down());
        Assert.True(_text.Down());
        Assert.False(_text.Down());
    }
}
