using Octet.Scheduling;

namespace Octet.Tests.Scheduling;

/// <summary>Chunks of prompts beside sequences that write: as large as the bound of a step allows, found by how long steps took.</summary>
public class PromptPaceTests
{
    static readonly TimeSpan s_bound = TimeSpan.FromMilliseconds(100);

    static TimeSpan Step(int prompt, double alone, double each) => TimeSpan.FromMilliseconds(alone + (prompt * each));

    [Fact]
    public void It_begins_small_and_grows_to_what_the_bound_allows()
    {
        var pace = new PromptPace(s_bound);
        pace.Note(0, Step(0, 20, 0));
        int tokens = 0;
        for (int i = 0; i < 20; i++)
        {
            tokens = pace.Tokens(1, 512);
            TimeSpan step = Step(tokens, 20, 0.5);
            Assert.True(step <= s_bound, $"step {i} of {tokens} tokens took {step}");
            pace.Note(tokens, step);
        }

        Assert.InRange(Step(tokens, 20, 0.5).TotalMilliseconds, 70, 100);
    }

    [Fact]
    public void A_prompt_goes_on_where_steps_without_it_are_as_long_as_the_bound()
    {
        var pace = new PromptPace(s_bound);
        for (int i = 0; i < 50; i++)
        {
            pace.Note(0, Step(0, 300, 0));
            pace.Note(pace.Tokens(1, 512), Step(8, 300, 1));
        }

        Assert.Equal(PromptPace.LeastTokens, pace.Tokens(1, 512));
    }

    [Fact]
    public void What_turned_out_too_slow_counts_at_once()
    {
        var pace = new PromptPace(s_bound);
        pace.Note(0, Step(0, 10, 0));
        for (int i = 0; i < 20; i++)
        {
            pace.Note(pace.Tokens(1, 4096), Step(100, 10, 0.1));
        }

        int before = pace.Tokens(1, 4096);
        pace.Note(before, Step(before, 10, 1));
        Assert.InRange(pace.Tokens(1, 4096), PromptPace.LeastTokens, 70);
    }

    [Fact]
    public void There_are_never_more_than_fit()
    {
        var pace = new PromptPace(TimeSpan.FromHours(1));
        for (int i = 0; i < 20; i++)
        {
            Assert.InRange(pace.Tokens(1, 32), 1, 32);
            pace.Note(32, TimeSpan.FromTicks(1));
        }

        Assert.Equal(32, pace.Tokens(1, 32));
    }

    [Fact]
    public void Asking_again_changes_nothing_and_a_step_at_most_doubles_the_one_before()
    {
        var pace = new PromptPace(TimeSpan.FromHours(1));
        pace.Note(8, TimeSpan.FromMilliseconds(1));
        Assert.Equal([16, 16, 16], Enumerable.Range(0, 3).Select(_ => pace.Tokens(1, 512)));
        pace.Note(16, TimeSpan.FromMilliseconds(1));
        Assert.Equal(32, pace.Tokens(1, 512));
        Assert.Equal(64, pace.Tokens(64, 512));
    }
}
