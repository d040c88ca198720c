using Octet.Scheduling;

namespace Octet.Tests.Scheduling;

public class SpeculationGainTests
{
    [Fact]
    public void Guessing_is_given_up_where_it_makes_steps_slower_than_it_saves_and_tried_again()
    {
        var slow = new SpeculationGain();
        var quick = new SpeculationGain();
        int slowGuesses = 0, quickGuesses = 0;
        for (int step = 0; step < 640; step++)
        {
            bool guesses = slow.Pays(1);
            slowGuesses += guesses ? 1 : 0;
            slow.Note(guesses ? 2 : 1, TimeSpan.FromMilliseconds(guesses ? 25 : 10), guesses);
            guesses = quick.Pays(1);
            quickGuesses += guesses ? 1 : 0;
            quick.Note(guesses ? 3 : 1, TimeSpan.FromMilliseconds(guesses ? 25 : 10), guesses);
        }

        Assert.InRange(slowGuesses, 20, 40);
        Assert.InRange(quickGuesses, 580, 620);
    }

    [Fact]
    public void Tries_in_vain_become_rarer_up_to_the_longest_pause()
    {
        var gain = new SpeculationGain(longestPause: 256);
        List<int> tries = [];
        for (int step = 0; step < 1000; step++)
        {
            bool guesses = gain.Pays(1);
            if (guesses)
            {
                tries.Add(step);
            }

            gain.Note(1, TimeSpan.FromMilliseconds(guesses ? 25 : 10), guesses);
        }

        Assert.Equal([0, 1, 2, 64, 65, 66, 192, 193, 194, 448, 449, 450, 704, 705, 706, 960, 961, 962], tries);
    }

    [Fact]
    public void What_was_measured_for_one_number_of_sequences_holds_for_that_number_alone()
    {
        var gain = new SpeculationGain();
        for (int step = 0; step < 40; step++)
        {
            bool guesses = gain.Pays(1);
            gain.Note(guesses ? 3 : 1, TimeSpan.FromMilliseconds(10), guesses);
            guesses = gain.Pays(2);
            gain.Note(2, TimeSpan.FromMilliseconds(guesses ? 30 : 10), guesses);
        }

        Assert.True(gain.Pays(1));
        Assert.False(gain.Pays(2));
    }

    [Fact]
    public void Reading_a_text_is_worth_what_guesses_at_the_tokens_to_come_save()
    {
        var gain = new SpeculationGain();
        Step(10, 1, guessed: null);
        Assert.Equal(TimeSpan.MaxValue, gain.Worth(100));

        // Nothing was measured with guesses: they may halve the time.
        Step(10, 1, guessed: false);
        Advance(6);
        Assert.Equal(500, gain.Worth(100).TotalMilliseconds, 1e-3);
        Step(12, 2, guessed: true);
        Assert.Equal(400, gain.Worth(100).TotalMilliseconds, 1e-3);
        for (int i = 0; i < 100; i++)
        {
            Step(20, 1, guessed: true);
        }

        Assert.Equal(TimeSpan.Zero, gain.Worth(100));

        void Advance(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                gain.Pays(1);
            }
        }

        void Step(double milliseconds, int tokens, bool? guessed)
        {
            if (guessed is { } kind)
            {
                gain.Note(tokens, TimeSpan.FromMilliseconds(milliseconds), kind);
            }
            else
            {
                gain.Pays(1);
            }
        }
    }

    [Fact]
    public void A_try_of_what_saves_nothing_may_read_for_a_small_part_of_the_pause()
    {
        var gain = new SpeculationGain();
        Assert.True(gain.Pays(1));
        gain.Note(1, TimeSpan.FromMilliseconds(10), guessed: false);
        gain.Note(1, TimeSpan.FromMilliseconds(30), guessed: true);

        // 64 steps of 10 ms, of which 1 / 32.
        Assert.Equal(20, gain.Worth(1000).TotalMilliseconds, 1e-3);
    }
}
