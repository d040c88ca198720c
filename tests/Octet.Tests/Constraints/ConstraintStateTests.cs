using System.Text;
using Octet.Constraints;
using Octet.Generation;
using Octet.Tokenizers;

namespace Octet.Tests.Constraints;

public class ConstraintStateTests
{
    static readonly OutputConstraint s_person = OutputConstraint.JsonSchema("""{"properties":{"name":{"type":"string"},"age":{"type":"integer"}},"required":["name","age"]}""");

    [Fact]
    public void Characters_may_be_cut_into_tokens_anywhere()
    {
        CompiledConstraint compiled = Vocabularies.Compile(OutputConstraint.Regex("\"é日\""));
        ConstraintState state = new(compiled);
        int lead = Token(compiled, [(byte)'"']);
        state.Accept(lead);
        state.Accept(Token(compiled, [0xC3]));
        Assert.Equal([0xA9], RandomWriter.Allowed(state));
        Assert.False(state.Accepts);
        state.Accept(0xA9);
        state.Accept(Token(compiled, [0xE6, 0x97]));
        state.Accept(0xA5);
        Assert.Contains((int)'"', RandomWriter.Allowed(state));
        state.Accept('"');
        Assert.True(state.IsComplete);
    }

    [Fact]
    public void Special_and_other_added_tokens_are_never_allowed()
    {
        Tokenizer tokenizer = Vocabularies.Tiny;
        new RandomWriter(OutputConstraint.JsonObject.Compile(tokenizer), 1).Write(50, state =>
            Assert.DoesNotContain(RandomWriter.Allowed(state), token => tokenizer.IsSpecial(token) || tokenizer.GetToken(token) is "<think>" or "<tool_call>"));
    }

    [Fact]
    public void What_is_certain_is_told_as_the_tokenizer_writes_it()
    {
        Tokenizer tokenizer = Vocabularies.Tiny;
        const string Text = "{\"first\":\"a\",\"second\":\"b\"}";
        ConstraintState state = new(OutputConstraint.Choice([Text]).Compile(tokenizer));
        int[] forced = state.ForcedTokens();
        Assert.Equal(tokenizer.Encode(Text, addSpecialTokens: false), forced);
        foreach (int token in forced)
        {
            state.Accept(token);
        }

        Assert.True(state.IsComplete);
        Assert.Empty(state.ForcedTokens());
    }

    [Fact]
    public void What_is_certain_stops_where_the_model_may_prefer_a_longer_token()
    {
        Tokenizer tokenizer = Vocabularies.Tiny;
        CompiledConstraint compiled = s_person.Compile(tokenizer);
        ConstraintState state = new(compiled);
        int[] forced = state.ForcedTokens();
        string certain = tokenizer.Decode(forced);
        Assert.NotEmpty(forced);
        Assert.StartsWith(certain, "{\"name\":", StringComparison.Ordinal);

        // Of a longer token that could follow none is left out by what was taken.
        string rest = "{\"name\":"[certain.Length..];
        Assert.True(rest.Length > 0 || !compiled.Trie.Tokens.Any(token => Encoding.UTF8.GetString(compiled.Trie.Bytes(token)) == ": "));
    }

    [Fact]
    public void Where_there_is_a_choice_nothing_is_certain()
        => Assert.Empty(new ConstraintState(OutputConstraint.Choice(["a", "b"]).Compile(Vocabularies.Tiny)).ForcedTokens());

    [Fact]
    public void A_copy_goes_its_own_way()
    {
        ConstraintState state = new(Vocabularies.Compile(OutputConstraint.Choice(["ab", "ac"])));
        state.Accept('a');
        ConstraintState copy = state.Clone();
        copy.Accept('b');
        Assert.True(copy.IsComplete);
        Assert.Equal(['b', 'c'], RandomWriter.Allowed(state));
    }

    [Fact]
    public void A_token_that_the_constraint_does_not_allow_is_not_taken()
    {
        ConstraintState state = new(Vocabularies.Compile(OutputConstraint.Choice(["ab"])));
        Assert.Throws<InvalidOperationException>(() => state.Accept('b'));
        state.Accept('a');
        state.Accept('b');
        Assert.True(state.IsComplete);
    }

    [Fact]
    public void A_vocabulary_without_the_bytes_of_any_text_is_refused_and_one_with_some_writes_those()
    {
        TokenTrie trie = TokenTrie.Of([[(byte)'a'], [(byte)'b'], "ca"u8.ToArray()]);
        Assert.Equal(ConstraintError.Unsatisfiable, Assert.Throws<ConstraintException>(() => OutputConstraint.Regex("a+c").Compile(trie, static _ => [])).Error);
        CompiledConstraint some = OutputConstraint.Regex("a(b|cd)").Compile(trie, static _ => []);
        ConstraintState state = new(some);
        state.Accept(0);
        Assert.Equal([1], RandomWriter.Allowed(state));
    }

    [Fact]
    public void What_counts_far_from_its_bounds_is_like_what_does_not()
    {
        // The same masks as of the plain repetition, until a token could reach the bound.
        CompiledConstraint counted = Vocabularies.Compile(OutputConstraint.Regex("\"[a-z]{0,60}\""));
        CompiledConstraint free = Vocabularies.Compile(OutputConstraint.Regex("\"[a-z]*\""));
        (ConstraintState first, ConstraintState second) = (new(counted), new(free));
        first.Accept('"');
        second.Accept('"');
        for (int i = 0; i < 60; i++)
        {
            int longest = RandomWriter.Allowed(second).Where(token => free.Trie.Bytes(token).IndexOfAnyExceptInRange((byte)'a', (byte)'z') < 0).Max(token => free.Trie.Bytes(token).Length);
            if (60 - i >= longest)
            {
                Assert.Equal(RandomWriter.Allowed(second), RandomWriter.Allowed(first));
            }

            first.Accept('q');
            second.Accept('q');
        }

        Assert.Equal(['"'], RandomWriter.Allowed(first).Where(static token => token < 256));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Where_the_model_thinks_first_the_constraint_begins_behind_it(bool isOpened)
    {
        Tokenizer tokenizer = Vocabularies.Tiny;
        ConstraintState state = new(OutputConstraint.Choice(["yes"]).Compile(tokenizer));
        int open = tokenizer.GetId("<think>")!.Value;
        int close = tokenizer.GetId("</think>")!.Value;
        int[] prompt = tokenizer.Encode("<|im_start|>assistant\n" + (isOpened ? "<think>" : ""), addSpecialTokens: false);
        state.Begin(prompt, mayThink: true);
        if (!isOpened)
        {
            Assert.Contains(open, RandomWriter.Allowed(state));
            state.Accept(open);
        }

        foreach (int token in tokenizer.Encode("whatever {comes}", addSpecialTokens: false))
        {
            Assert.False(state.Accepts);
            Assert.Contains(token, RandomWriter.Allowed(state));
            state.Accept(token);
        }

        Assert.DoesNotContain(tokenizer.GetId("<|im_end|>")!.Value, RandomWriter.Allowed(state));
        Assert.Contains(close, RandomWriter.Allowed(state));
        state.Accept(close);
        int line = tokenizer.GetId("Ċ")!.Value;
        state.Accept(line);
        state.Accept(line);
        Assert.DoesNotContain(line, RandomWriter.Allowed(state));
        foreach (int token in tokenizer.Encode("yes", addSpecialTokens: false))
        {
            state.Accept(token);
        }

        Assert.True(state.IsComplete);
    }

    [Fact]
    public void A_model_that_is_told_not_to_think_does_not()
    {
        Tokenizer tokenizer = Vocabularies.Tiny;
        ConstraintState state = new(OutputConstraint.Choice(["yes"]).Compile(tokenizer));
        state.Begin(tokenizer.Encode("<|im_start|>assistant\n<think>\n\n</think>\n\n", addSpecialTokens: false), mayThink: true);
        Assert.DoesNotContain(tokenizer.GetId("<think>")!.Value, RandomWriter.Allowed(state));
    }

    [Fact]
    public void No_score_and_no_temperature_draws_what_is_masked()
    {
        CompiledConstraint compiled = Vocabularies.Compile(OutputConstraint.Regex("a+b"));
        const int End = 300;
        var settings = new GenerationSettings { Constraint = compiled, StopTokenIds = [End], EndTokenIds = [End], Temperature = 1000, Seed = 5, LogitBias = [('x', 100f)], MinTokens = 3, BannedTokenIds = ['c'] };
        for (int run = 0; run < 50; run++)
        {
            var sampler = new Sampler(settings with { Seed = run }, compiled.Trie.VocabularySize + 100);
            StringBuilder text = new();
            while (!sampler.IsComplete)
            {
                float[] logits = new float[compiled.Trie.VocabularySize + 100];
                logits['b'] = -50;
                int token = sampler.Sample(logits);
                Assert.NotEqual(End, token);
                text.Append(Encoding.UTF8.GetString(compiled.Trie.Bytes(token)));
                sampler.Accept(token);
            }

            Assert.Matches("^a+b\\z", text.ToString());
        }
    }

    [Fact]
    public void An_end_is_drawn_only_where_the_text_is_complete()
    {
        CompiledConstraint compiled = Vocabularies.Compile(OutputConstraint.Choice(["a", "ab"]));
        int end = compiled.Trie.VocabularySize + 1;
        var sampler = new Sampler(new GenerationSettings { Constraint = compiled, StopTokenIds = [end], EndTokenIds = [end] }, end + 1);
        float[] Logits()
        {
            float[] logits = new float[end + 1];
            logits[end] = 9;
            return logits;
        }

        Assert.Equal('a', sampler.Sample(Logits()));
        sampler.Accept('a');
        Assert.Equal(end, sampler.Sample(Logits()));
    }

    [Fact]
    public void Rules_that_leave_nothing_of_what_the_constraint_allows_are_an_error()
    {
        CompiledConstraint compiled = Vocabularies.Compile(OutputConstraint.Choice(["a"]));
        var sampler = new Sampler(new GenerationSettings { Constraint = compiled, BannedTokenIds = ['a'] }, compiled.Trie.VocabularySize);
        ModelException refusal = Assert.Throws<ModelException>(() => sampler.Sample(new float[compiled.Trie.VocabularySize]));
        Assert.Equal(ModelError.InvalidInput, refusal.Error);
        Assert.Contains("Constraint, BannedTokenIds", refusal.Message, StringComparison.Ordinal);
    }

    static int Token(CompiledConstraint compiled, byte[] bytes)
        => Enumerable.Range(0, compiled.Trie.VocabularySize).First(token => compiled.Trie.Bytes(token).SequenceEqual(bytes));
}
