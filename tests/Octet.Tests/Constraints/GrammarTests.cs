namespace Octet.Tests.Constraints;

public class GrammarTests
{
    const string Arithmetic = """
        # a calculation and its result
        root  ::= (expr "=" ws term "\n")+
        expr  ::= term ([-+*/] term)*
        term  ::= ident | num | "(" ws expr ")" ws
        ident ::= [a-z] [a-z0-9_]* ws
        num   ::= [0-9]+ ws
        ws    ::= [ \t\n]*
        """;

    [Theory]
    [InlineData(Arithmetic, "(a +12)*b =c\n", "a+=b\n")]
    [InlineData(Arithmetic, "x=1\ny = 2\n", "x=1")]
    [InlineData("root ::= \"a\" |\n  \"b\"\n", "b", "ab")]
    [InlineData("root ::= \"a\"\n  | \"b\"", "b", "")]
    [InlineData("root ::= item{2,3} # two or three\nitem ::= [^\\n\\]] \"\\n\"", "a\n日\n", "a\n")]
    [InlineData("root ::= \"x\"{2,} .", "xx😀", "x😀")]
    [InlineData("root ::= [\\x41-\\x43\\u00e9] \"\\\"\\\\\"", "é\"\\", "D\"\\")]
    [InlineData("root ::= a-b\na-b ::= (\n\"a\" # first\n\"b\")?", "ab", "a")]
    [InlineData("root ::= \"\" | \"(\" root \")\" root", "(()())()", "(()")]
    [InlineData("root ::= \"a\" root | \"b\"", "aaab", "aaa")]
    public void A_grammar_allows_what_it_makes(string grammar, string accepted, string refused)
    {
        var constraint = OutputConstraint.Grammar(grammar);
        Assert.True(constraint.IsMatch(accepted));
        Assert.False(constraint.IsMatch(refused));
    }

    [Fact]
    public void What_is_written_by_a_grammar_is_of_it()
    {
        foreach (string grammar in (string[])[Arithmetic, "root ::= \"\" | \"(\" root \")\" root", "root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"d\""])
        {
            var constraint = OutputConstraint.Grammar(grammar);
            for (int seed = 0; seed < 30; seed++)
            {
                Assert.True(constraint.IsMatch(new RandomWriter(Vocabularies.Compile(constraint), seed).Write(20)));
            }
        }
    }

    [Fact]
    public void Depth_is_bounded_by_nothing_but_the_text()
    {
        var constraint = OutputConstraint.Grammar("root ::= \"(\" root \")\" | \"x\"");
        Assert.True(constraint.IsMatch(new string('(', 20_000) + "x" + new string(')', 20_000)));
        Assert.False(constraint.IsMatch(new string('(', 20_000) + "x" + new string(')', 20_001)));
    }

    [Fact]
    public void A_text_that_can_be_read_in_too_many_ways_is_an_error_and_no_hang()
    {
        // After n letters there are 2^n ways to go on.
        var constraint = OutputConstraint.Grammar("root ::= \"a\" root \"b\" \"1\" | \"a\" root \"b\" \"2\" | \"d\"");
        ConstraintException refusal = Assert.Throws<ConstraintException>(() => constraint.IsMatch(new string('a', 40)));
        Assert.Equal(ConstraintError.TooLarge, refusal.Error);
    }
}
