using System.Text;

namespace Octet.Tokenizers.Tests;

public class BytePairEncodingTests
{
    [Fact]
    public void Without_merges_the_ids_are_the_bytes()
    {
        Assert.Equal([.. Encoding.UTF8.GetBytes("añ😀 \n").Select(value => (int)value)], new TinyTokenizer().Build().Encode("añ😀 \n"));
    }

    [Fact]
    public void The_lowest_rank_merges_first_even_where_it_stands_to_the_right()
    {
        // "abc": (b, c) has rank 0, so (a, b) never comes together.
        Assert.Equal(['a', 256], new TinyTokenizer("b c", "a b").Build().Encode("abc"));
        Assert.Equal([256, 'c'], new TinyTokenizer("a b", "b c").Build().Encode("abc"));
    }

    [Fact]
    public void Of_equal_ranks_the_leftmost_merges_first() => Assert.Equal([256, 'a'], new TinyTokenizer("a a").Build().Encode("aaa"));

    [Fact]
    public void A_pair_that_a_merge_makes_can_merge_in_turn() =>
        Assert.Equal([258], new TinyTokenizer("a b", "c d", "ab cd").Build().Encode("abcd"));

    [Fact]
    public void Merges_may_be_pairs_of_strings()
    {
        Tokenizer tokenizer = new TinyTokenizer("a b", "ab c").WithModel("merges", """[["a","b"],["ab","c"]]""").Build();

        Assert.Equal([257], tokenizer.Encode("abc"));
    }

    [Fact]
    public void Merges_may_stand_before_the_vocabulary()
    {
        TinyTokenizer tiny = new("a b");
        System.Text.Json.Nodes.JsonNode vocabulary = tiny.Model["vocab"]!.DeepClone();
        tiny.Model.Remove("vocab");
        tiny.Model["vocab"] = vocabulary;

        Assert.Equal([256], tiny.Build().Encode("ab"));
    }

    [Fact]
    public void A_whole_token_wins_over_its_merges_only_with_ignore_merges()
    {
        // "abc" is a token that the merges alone do not reach: (b, c) comes first and leaves nothing for (ab, c).
        string[] merges = ["b c", "a b", "ab c"];
        Assert.Equal(['a', 256], new TinyTokenizer(merges).Build().Encode("abc"));
        Assert.Equal([258], new TinyTokenizer(merges).WithModel("ignore_merges", "true").Build().Encode("abc"));
    }

    [Fact]
    public void Long_pieces_come_out_as_the_definition_says()
    {
        string[] merges = ["a b", "b a", "ab a", "a a", "ab ab", "ba ab", "aa b", "abab ab", "b b", "aba abab"];
        Tokenizer tokenizer = new TinyTokenizer(merges).Build();
        Random random = new(7);
        for (int length = 1; length < 400; length++)
        {
            string text = string.Concat(Enumerable.Range(0, length).Select(_ => random.Next(2) == 0 ? 'a' : 'b'));
            Assert.Equal(MergeByDefinition(text, merges), tokenizer.Encode(text).Select(id => tokenizer.GetToken(id)!));
        }
    }

    /// <summary>The definition: again and again, the leftmost pair of the lowest rank becomes one symbol.</summary>
    static List<string> MergeByDefinition(string text, string[] merges)
    {
        List<string> symbols = [.. text.Select(value => value.ToString())];
        while (true)
        {
            int best = -1;
            int lowest = int.MaxValue;
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                int rank = Array.IndexOf(merges, $"{symbols[i]} {symbols[i + 1]}");
                if (rank >= 0 && rank < lowest)
                {
                    (best, lowest) = (i, rank);
                }
            }

            if (best < 0)
            {
                return symbols;
            }

            symbols[best] += symbols[best + 1];
            symbols.RemoveAt(best + 1);
        }
    }
}
