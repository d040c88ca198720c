using System.Text;
using CsCheck;
using Octet.Generation;

namespace Octet.Tests.Generation;

public class StopStringsTests
{
    [Fact]
    public void Any_chunking_gives_the_text_before_the_first_stop_string()
    {
        // Three letters and a surrogate pair: overlaps and near misses all the time.
        Gen<string> letter = OneOf("a", "b", "c", "\U0001F600", "\U0001F601");
        Gen<string> stop = letter.Array[1, 4].Select(string.Concat);
        Gen.Select(letter.Array[0, 30].Select(string.Concat), stop.Array[0, 4], Gen.Int[1, 5].Array[1, 40]).Sample(
            (text, stops, lengths) =>
            {
                int[] found = [.. stops.Select(s => text.IndexOf(s, StringComparison.Ordinal)).Where(at => at >= 0)];
                string expected = found.Length == 0 ? text : text[..found.Min()];
                var (actual, stopped) = Stream(text, stops, lengths);
                return actual == expected && stopped == (found.Length > 0);
            },
            seed: "0000KhYHIjX4", iter: 20000);
    }

    [Fact]
    public void No_piece_given_out_is_taken_back_or_splits_a_character()
    {
        Gen.Select(OneOf("a", "\U0001F600", "\U0001F601").Array[0, 20].Select(string.Concat), OneOf("a\U0001F600", "\U0001F601a").Array[0, 2])
            .Sample(
                (text, stops) =>
                {
                    var stopStrings = new StopStrings(stops);
                    return text.All(unit => stopStrings.Append(unit.ToString(), out _) is var piece && (piece.Length == 0 || !char.IsHighSurrogate(piece[^1])));
                },
                seed: "0000KhYHIjX4", iter: 2000);
    }

    [Theory]
    [InlineData("aaab", "aab", "a")]
    [InlineData("xababac", "abac", "xab")]
    [InlineData("abc", "bc|abc", "")]
    [InlineData("abd", "abc|b", "a")]
    [InlineData("a\n\nb", "\n\n|\n", "a")]
    public void The_earliest_start_counts(string text, string stops, string expected) =>
        Assert.Equal((expected, true), Stream(text, stops.Split('|'), [1]));

    [Fact]
    public void What_could_begin_a_stop_string_waits_and_is_given_out_when_it_does_not()
    {
        var stops = new StopStrings(["###"]);

        Assert.Equal("a", stops.Append("a##", out bool stopped));
        Assert.False(stopped);
        Assert.Equal("##b", stops.Append("b", out _));
        Assert.Equal("", stops.Append("#", out _));
        Assert.Equal("#", stops.Flush());
    }

    [Fact]
    public void A_match_that_waited_for_an_earlier_one_counts_at_the_end()
    {
        var stops = new StopStrings(["abc", "b"]);

        Assert.Equal("", stops.Append("ab", out bool stopped));
        Assert.False(stopped);
        Assert.Equal("a", stops.Flush());
        Assert.True(stops.Stopped);
    }

    [Fact]
    public void After_a_stop_string_nothing_more_is_given_out()
    {
        var stops = new StopStrings(["x"]);

        Assert.Equal("a", stops.Append("axb", out bool stopped));
        Assert.True(stopped);
        Assert.Equal("", stops.Append("c", out stopped));
        Assert.True(stopped);
        Assert.Equal("", stops.Flush());
    }

    [Fact]
    public void Hidden_pieces_count_for_the_stop_strings_that_hold_them_and_for_no_other()
    {
        // Pieces of a letter each; [ and ] stand for special tokens.
        Gen<string> letter = OneOf("a", "b", "[", "]");
        Gen<string> stop = letter.Array[1, 3].Select(string.Concat);
        Gen.Select(letter.Array[0, 20].Select(string.Concat), stop.Array[0, 4]).Sample(
            (text, stops) =>
            {
                static bool IsHidden(char c) => c is '[' or ']';
                static string Visible(string text) => string.Concat(text.Where(c => !IsHidden(c)));
                var found = new List<(int At, string Stop)>();
                foreach (string s in stops)
                {
                    // By definition: where the text with its hidden pieces, or without them, has the stop string first.
                    int at = s.Any(IsHidden) ? text.IndexOf(s, StringComparison.Ordinal) : Visible(text).IndexOf(s, StringComparison.Ordinal);
                    if (at >= 0)
                    {
                        found.Add((s.Any(IsHidden) ? Visible(text[..at]).Length : at, s));
                    }
                }

                string expected = found.Count == 0 ? Visible(text) : Visible(text)[..found.Min(f => f.At)];
                var stopStrings = new StopStrings(stops, s => s.Any(IsHidden));
                string actual = "";
                foreach (char c in text)
                {
                    actual += IsHidden(c) ? stopStrings.AppendHidden(c.ToString(), out _) : stopStrings.Append(c.ToString(), out _);
                }

                actual += stopStrings.Flush();
                return actual == expected && stopStrings.Stopped == (found.Count > 0) && (stopStrings.Found is null || found.Contains((expected.Length, stopStrings.Found)));
            },
            iter: 20000);
    }

    [Fact]
    public void Without_stop_strings_everything_passes_at_once() => Assert.Equal("abc", new StopStrings([]).Append("abc", out _));

    static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    static (string Text, bool Stopped) Stream(string text, string[] stops, int[] lengths)
    {
        var stopStrings = new StopStrings(stops);
        var output = new StringBuilder();
        for (int at = 0, i = 0; at < text.Length; i++)
        {
            int length = Math.Min(lengths[i % lengths.Length], text.Length - at);
            output.Append(stopStrings.Append(text.Substring(at, length), out bool stopped));
            if (stopped)
            {
                break;
            }

            at += length;
        }

        output.Append(stopStrings.Flush());
        return (output.ToString(), stopStrings.Stopped);
    }
}
