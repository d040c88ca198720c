using Octet.Scheduling;

namespace Octet.Tests.Scheduling;

public class PromptLookupTests
{
    [Fact]
    public void A_text_is_guessed_to_go_on_as_behind_the_last_place_of_its_last_three_tokens()
    {
        var lookup = new PromptLookup();
        Assert.Equal([4, 5], lookup.Guess([1, 2, 3, 4, 5, 9, 1, 2, 3]));
        Assert.Equal([7, 1], lookup.Guess([1, 2, 3, 4, 5, 9, 1, 2, 3, 7, 1, 2, 3]));
    }

    [Fact]
    public void Nothing_is_guessed_behind_what_is_new()
    {
        var lookup = new PromptLookup();
        Assert.Empty(lookup.Guess([]));
        Assert.Empty(lookup.Guess([1, 1]));
        Assert.Empty(lookup.Guess([1, 1, 1]));
        Assert.Equal([1], lookup.Guess([1, 1, 1, 1]));
        Assert.Empty(lookup.Guess([1, 1, 1, 1, 2]));
    }

    [Fact]
    public void Good_guesses_make_longer_ones_and_bad_ones_shorter()
    {
        var lookup = new PromptLookup();
        int[] text = [.. Enumerable.Range(0, 20), 0, 1, 2];
        Assert.Equal(2, lookup.Guess(text).Length);
        lookup.Length.Note(2, 2);
        Assert.Equal(4, lookup.Guess(text).Length);
        lookup.Length.Note(4, 4);
        lookup.Length.Note(8, 8);
        Assert.Equal(GuessLength.Longest, lookup.Guess(text).Length);
        lookup.Length.Note(8, 3);
        Assert.Equal(3, lookup.Guess(text).Length);
        lookup.Length.Note(3, 0);
        Assert.Equal([3], lookup.Guess(text));
    }
}
