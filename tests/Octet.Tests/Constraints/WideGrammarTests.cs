using Octet.Constraints;

namespace Octet.Tests.Constraints;

/// <summary>Grammars of which a text can be read in thousands of ways, whose masks take long to find and whose states take much memory.</summary>
public class WideGrammarTests
{
    [Fact]
    public async Task A_mask_that_takes_long_is_found_beside_the_answers_to_others()
    {
        LanguageModel model = BuiltInModel.Shared;
        using var enough = new CancellationTokenSource();
        var options = new GenerationOptions { Constraint = OutputConstraint.Grammar(Wide(1000)), MaxTokens = 30 };
        IAsyncEnumerator<GenerationUpdate> slow = model.GenerateAsync("a", options, enough.Token).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Task<bool> first = slow.MoveNextAsync().AsTask();
        List<GenerationUpdate> other = await BuiltInModel.Collect(model.GenerateAsync("b", new GenerationOptions { MaxTokens = 30, IgnoreEos = true }));
        Assert.Equal(30, other.Count(update => update.TokenId is not null));
        Assert.False(first.IsCompleted, "the mask was found before 30 tokens of another answer came");
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (await first)
            {
                first = slow.MoveNextAsync().AsTask();
            }
        });
        await slow.DisposeAsync();
    }

    [Fact]
    public void A_search_that_was_broken_off_goes_on_to_the_same_mask()
    {
        ConstraintState state = new(Vocabularies.Compile(OutputConstraint.Grammar(Wide(60))));
        ConstraintState other = new(Vocabularies.Compile(OutputConstraint.Grammar(Wide(60))));
        Random random = new(3);
        for (int count = 0; count < 20; count++)
        {
            state.FindMask(10)?.GetAwaiter().GetResult();
            Assert.Equal(other.MaskBits, state.MaskBits);
            List<int> allowed = RandomWriter.Allowed(state);
            int token = allowed[random.Next(allowed.Count)];
            state.Accept(token);
            other.Accept(token);
            if (state.IsComplete)
            {
                break;
            }
        }
    }

    [Fact]
    public void What_was_found_out_is_forgotten_before_it_takes_too_much_memory()
    {
        CompiledConstraint compiled = OutputConstraint.Grammar(Wide(500)).Compile(Vocabularies.Tiny);
        ConstraintState state = new(compiled);
        Random random = new(5);
        for (int count = 0; compiled.Automaton.Forgotten < 2; count++)
        {
            Assert.InRange(count, 0, 300);
            Assert.InRange(compiled.Bytes, 0, 40 << 20);
            List<int> allowed = [.. RandomWriter.Allowed(state).Where(token => token != 'z')];
            int token = allowed[random.Next(allowed.Count)];
            state.Accept(token);
        }
    }

    /// <summary>Each rule goes on to others in three ways that a character often does not tell apart.</summary>
    static string Wide(int rules)
    {
        Random random = new(1);
        string Range()
        {
            int low = random.Next(32, 101);
            return $"[\\x{low:x2}-\\x{Math.Min(126, low + random.Next(15, 61)):x2}]";
        }

        IEnumerable<string> lines = Enumerable.Range(0, rules).Select(rule => $"r{rule} ::= {string.Join(" | ", Enumerable.Range(0, 3).Select(_ => $"{Range()} r{random.Next(rules)}"))} | \"z\"");
        return $"root ::= {string.Join(" | ", Enumerable.Range(0, rules).Select(rule => $"r{rule}"))}\n{string.Join('\n', lines)}";
    }
}
