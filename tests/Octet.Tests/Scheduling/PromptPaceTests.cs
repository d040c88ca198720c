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
            tokens = pace.Tokens(512);
            TimeSpan step = Step(tokens, 20, 0.5);
            Assert.True(step <= s_bound, $"step {i} of {tokens} tokens took {step}");
            pace.Note(tokens, step);
        }

        Assert.InRange(Step(tokens, 20, 0.5).TotalMilliseconds, 60, 100);
    }

    [Fact]
    public void A_prompt_goes_on_where_steps_without_it_are_as_long_as_the_bound()
    {
        var pace = new PromptPace(s_bound);
        for (int i = 0; i < 50; i++)
        {
            int tokens = pace.Tokens(512);
            pace.Note(tokens, Step(tokens, 300, 1));
        }

        // A quarter of the step, of a millisecond a token.
        pace.Note(0, Step(0, 300, 0));
        Assert.InRange(pace.Tokens(512), 70, 75);
    }

    [Fact]
    public void The_bound_holds_where_steps_alone_take_most_of_it_and_longer_as_texts_grow()
    {
        var pace = new PromptPace(s_bound);
        int read = 0;
        for (int i = 0; i < 400; i++)
        {
            double alone = 60 + (i * 0.05);
            int tokens = pace.Tokens(512);
            TimeSpan step = Step(tokens, alone, 4);
            Assert.True(step <= s_bound, $"step {i} of {tokens} tokens took {step}");
            pace.Note(tokens, step);
            read += tokens;
        }

        Assert.True(read > 1000, $"{read} tokens were read");
    }

    [Fact]
    public void Now_and_then_a_step_goes_without_so_that_it_is_known_what_the_others_take()
    {
        var pace = new PromptPace(s_bound);
        List<int> steps = [];
        for (int i = 0; i < 40; i++)
        {
            steps.Add(pace.Tokens(512));
            pace.Note(steps[^1], Step(steps[^1], 10, 1));
        }

        Assert.Equal([16, 33], steps.Index().Where(step => step.Item == 0).Select(step => step.Index));
    }

    [Fact]
    public void What_turned_out_too_slow_counts_at_once()
    {
        var pace = new PromptPace(s_bound);
        pace.Note(0, Step(0, 10, 0));
        for (int i = 0; i < 20; i++)
        {
            int tokens = pace.Tokens(4096);
            pace.Note(tokens, Step(tokens, 10, 0.1));
        }

        int before = pace.Tokens(4096);
        pace.Note(before, Step(before, 10, 1));
        Assert.InRange(pace.Tokens(4096), 1, 70);
    }

    [Fact]
    public void There_are_never_more_than_fit()
    {
        var pace = new PromptPace(TimeSpan.FromHours(1));
        for (int i = 0; i < 20; i++)
        {
            int tokens = pace.Tokens(32);
            Assert.InRange(tokens, 0, 32);
            pace.Note(tokens, TimeSpan.FromTicks(1));
        }

        Assert.Equal(32, pace.Tokens(32));
    }

    [Fact]
    public void Asking_again_changes_nothing_and_a_step_at_most_doubles_the_one_before()
    {
        var pace = new PromptPace(TimeSpan.FromHours(1));
        pace.Note(8, TimeSpan.FromMilliseconds(1));
        Assert.Equal([16, 16, 16], Enumerable.Range(0, 3).Select(_ => pace.Tokens(512)));
        pace.Note(16, TimeSpan.FromMilliseconds(1));
        Assert.Equal(32, pace.Tokens(512));
    }
}
