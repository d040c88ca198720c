using System.Text.Json;
using Octet.Constraints;

namespace Octet.Tests.Constraints;

public class SchemaConformanceTests
{
    const int Schemas = 300;

    [Fact]
    public void Whatever_is_drawn_parses_and_satisfies_the_schema()
    {
        for (int seed = 0; seed < Schemas; seed++)
        {
            string schema = new SchemaMaker(seed).Make();
            var constraint = OutputConstraint.JsonSchema(schema);
            foreach (CompiledConstraint compiled in (CompiledConstraint[])[Vocabularies.Compile(constraint), constraint.Compile(Vocabularies.Tiny)])
            {
                string text = new RandomWriter(compiled, seed).Write(120);
                Assert.True(IsValid(schema, text), $"seed {seed}: {schema} : {text}");
                Assert.True(constraint.IsMatch(text));
            }
        }
    }

    [Fact]
    public void Every_mask_has_exactly_the_tokens_that_can_be_followed()
    {
        Random random = new(7);
        int looked = 0;
        for (int seed = 0; seed < 40; seed++)
        {
            var constraint = OutputConstraint.JsonSchema(new SchemaMaker(seed).Make());
            foreach (CompiledConstraint compiled in (CompiledConstraint[])[Vocabularies.Compile(constraint), constraint.Compile(Vocabularies.Tiny)])
            {
                new RandomWriter(compiled, seed).Write(60, state =>
                {
                    if (random.Next(4) == 0)
                    {
                        looked++;
                        Assert.Equal(Followed(compiled, state), RandomWriter.Allowed(state));
                    }
                });
            }
        }

        Assert.True(looked > 200);
    }

    /// <summary>The same by trying each token alone.</summary>
    static List<int> Followed(CompiledConstraint compiled, ConstraintState state)
    {
        List<int> tokens = [];
        for (int token = 0; token < compiled.Trie.VocabularySize; token++)
        {
            if (compiled.Trie.Bytes(token).IsEmpty)
            {
                continue;
            }

            ConstraintState copy = state.Clone();
            try
            {
                copy.Accept(token);
            }
            catch (InvalidOperationException)
            {
                continue;
            }

            // A token that cannot be followed ends a text that may end.
            if (!(state.Accepts && copy.IsComplete && copy.Mask.SequenceEqual(state.Mask)))
            {
                tokens.Add(token);
            }
        }

        return tokens;
    }

    static bool IsValid(string schema, string text)
    {
        try
        {
            return SchemaChecker.IsValid(schema, text);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
