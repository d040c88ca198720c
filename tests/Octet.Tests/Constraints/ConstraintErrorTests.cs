namespace Octet.Tests.Constraints;

public class ConstraintErrorTests
{
    [Theory]
    [InlineData("{", ConstraintError.Invalid, "#")]
    [InlineData("1", ConstraintError.Invalid, "#")]
    [InlineData("{\"properties\":{\"\\ud800\":{}}}", ConstraintError.Invalid, "#")]
    [InlineData("""{"type":"int"}""", ConstraintError.Invalid, "#/type")]
    [InlineData("""{"properties":{"a/b":{"type":"string","not":{}}}}""", ConstraintError.Unsupported, "#/properties/a~1b/not")]
    [InlineData("""{"type":"object","patternProperties":{"a":{}}}""", ConstraintError.Unsupported, "#/patternProperties")]
    [InlineData("""{"type":"array","uniqueItems":true}""", ConstraintError.Unsupported, "#/uniqueItems")]
    [InlineData("""{"type":"array","items":[{}]}""", ConstraintError.Unsupported, "#/items")]
    [InlineData("""{"minItems":-1}""", ConstraintError.Invalid, "#/minItems")]
    [InlineData("""{"maxLength":1.5}""", ConstraintError.Invalid, "#/maxLength")]
    [InlineData("""{"minimum":"a"}""", ConstraintError.Invalid, "#/minimum")]
    [InlineData("""{"type":"integer","minimum":1e30}""", ConstraintError.Unsupported, "#/minimum")]
    [InlineData("""{"type":"number","exclusiveMinimum":1e400}""", ConstraintError.Unsupported, "#/exclusiveMinimum")]
    [InlineData("""{"type":"integer","maximum":-1000000000000000000}""", ConstraintError.Unsupported, "#/maximum")]
    [InlineData("""{"multipleOf":0.1}""", ConstraintError.Unsupported, "#/multipleOf")]
    [InlineData("""{"anyOf":[]}""", ConstraintError.Invalid, "#/anyOf")]
    [InlineData("""{"enum":3}""", ConstraintError.Invalid, "#/enum")]
    [InlineData("""{"enum":["a"],"minLength":3}""", ConstraintError.Unsupported, "#/minLength")]
    [InlineData("""{"$ref":"#/$defs/none"}""", ConstraintError.Invalid, "#/$ref")]
    [InlineData("""{"$ref":"https://example.org/schema"}""", ConstraintError.Unsupported, "#/$ref")]
    [InlineData("""{"$ref":"#"}""", ConstraintError.Invalid, "#")]
    [InlineData("""{"anyOf":[{"$ref":"#"},{"type":"null"}]}""", ConstraintError.Invalid, "#")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"number"}]}""", ConstraintError.Unsupported, "#/oneOf")]
    [InlineData("""{"type":"string","pattern":"a","maxLength":3}""", ConstraintError.Unsupported, "#/maxLength")]
    [InlineData("""{"type":"string","pattern":"(?=a)"}""", ConstraintError.Unsupported, "#/pattern, offset 0")]
    [InlineData("""{"required":"a"}""", ConstraintError.Invalid, "#/required")]
    [InlineData("""{"nullable":true}""", ConstraintError.Unsupported, "#/nullable")]
    [InlineData("{\"const\":\"\\ud800\"}", ConstraintError.Invalid, "#")]
    [InlineData("false", ConstraintError.Unsatisfiable, "")]
    [InlineData("""{"type":"integer","minimum":3,"maximum":2}""", ConstraintError.Unsatisfiable, "")]
    [InlineData("""{"properties":{"a":{"$ref":"#"}},"required":["a"]}""", ConstraintError.Unsatisfiable, "")]
    [InlineData("""{"type":"string","minLength":600000}""", ConstraintError.TooLarge, "")]
    [InlineData("""{"type":"array","minItems":3000000}""", ConstraintError.TooLarge, "#/minItems")]
    public void A_schema_that_cannot_be_followed_is_refused_by_its_place(string schema, ConstraintError error, string place)
        => AssertRefused(() => OutputConstraint.JsonSchema(schema), error, place);

    [Theory]
    [InlineData("a(b", ConstraintError.Invalid, "offset 1")]
    [InlineData("ab)", ConstraintError.Invalid, "offset 2")]
    [InlineData("[a", ConstraintError.Invalid, "offset 0")]
    [InlineData("[b-a]", ConstraintError.Invalid, "offset 1")]
    [InlineData("a**", ConstraintError.Invalid, "offset 2")]
    [InlineData("*a", ConstraintError.Invalid, "offset 0")]
    [InlineData("a{3,2}", ConstraintError.Invalid, "offset 1")]
    [InlineData("a\\", ConstraintError.Invalid, "offset 1")]
    [InlineData("\\y", ConstraintError.Invalid, "offset 0")]
    [InlineData("\\u12", ConstraintError.Invalid, "offset 0")]
    [InlineData("a(?=b)", ConstraintError.Unsupported, "offset 1")]
    [InlineData("a(?<!b)", ConstraintError.Unsupported, "offset 1")]
    [InlineData("(a)\\1", ConstraintError.Unsupported, "offset 3")]
    [InlineData("a\\b", ConstraintError.Unsupported, "offset 1")]
    [InlineData("a++", ConstraintError.Unsupported, "offset 1")]
    [InlineData("(?i)a", ConstraintError.Unsupported, "offset 0")]
    [InlineData("a^b", ConstraintError.Unsupported, "offset 1")]
    [InlineData("\\p{Greek}", ConstraintError.Unsupported, "offset 0")]
    [InlineData("a{200000}", ConstraintError.TooLarge, "offset 1")]
    [InlineData("((a{1000}){1000}){1000}b{99999}c{99999}d{99999}", ConstraintError.TooLarge, "")]
    public void A_pattern_that_cannot_be_followed_is_refused_by_its_offset(string pattern, ConstraintError error, string place)
        => AssertRefused(() => OutputConstraint.Regex(pattern), error, place);

    [Theory]
    [InlineData("a ::= \"x\"", ConstraintError.Invalid, "offset 0")]
    [InlineData("root ::= b", ConstraintError.Invalid, "offset 9")]
    [InlineData("root = b", ConstraintError.Invalid, "offset 5")]
    [InlineData("root ::= \"x", ConstraintError.Invalid, "offset 9")]
    [InlineData("root ::= (\"x\"", ConstraintError.Invalid, "offset 9")]
    [InlineData("root ::= \"x\"\nroot ::= \"y\"", ConstraintError.Invalid, "offset 13")]
    [InlineData("root ::= \"x\"**", ConstraintError.Invalid, "offset 13")]
    [InlineData("root ::= <think>", ConstraintError.Unsupported, "offset 9")]
    [InlineData("root ::= root \"x\" | \"y\"", ConstraintError.Unsupported, "root")]
    [InlineData("root ::= a \"x\" | \"y\"\na ::= \"\" | root", ConstraintError.Unsupported, "root")]
    [InlineData("root ::= \"a\" root", ConstraintError.Unsatisfiable, "")]
    public void A_grammar_that_cannot_be_followed_is_refused_by_its_offset(string grammar, ConstraintError error, string place)
        => AssertRefused(() => OutputConstraint.Grammar(grammar), error, place);

    [Fact]
    public void A_choice_has_texts()
    {
        AssertRefused(() => OutputConstraint.Choice([]), ConstraintError.Invalid, "");
        AssertRefused(() => OutputConstraint.Choice(["a", ""]), ConstraintError.Invalid, "option 1");
        AssertRefused(() => OutputConstraint.Choice(["\uD83D"]), ConstraintError.Invalid, "option 0");
    }

    [Fact]
    public void Depth_and_length_have_limits()
    {
        AssertRefused(() => OutputConstraint.JsonSchema(string.Concat(Enumerable.Repeat("{\"items\":", 200)) + "{}" + new string('}', 200)), ConstraintError.Invalid, "#");
        AssertRefused(() => OutputConstraint.JsonSchema("{\"description\":\"" + new string('a', 1 << 20) + "\"}"), ConstraintError.TooLarge, "#");
        AssertRefused(() => OutputConstraint.Regex(new string('(', 300) + new string(')', 300)), ConstraintError.TooLarge, "offset 200");
        AssertRefused(() => OutputConstraint.Regex(new string('a', 1 << 17)), ConstraintError.TooLarge, "offset 0");
    }

    [Fact]
    public void Choices_of_choices_do_not_grow_without_end()
    {
        string branch = """{"anyOf":[{"properties":{"a0":{}}},{"properties":{"b0":{}}}]}""";
        string all = string.Join(',', Enumerable.Range(0, 30).Select(i => branch.Replace("0", $"{i}", StringComparison.Ordinal)));
        AssertRefused(() => OutputConstraint.JsonSchema($$"""{"allOf":[{{all}}]}"""), ConstraintError.TooLarge, "#");
    }

    static void AssertRefused(Func<OutputConstraint> make, ConstraintError error, string place)
    {
        ConstraintException refusal = Assert.Throws<ConstraintException>(make);
        Assert.Equal((error, place), (refusal.Error, refusal.Place));
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.StartsWith(place, refusal.Message, StringComparison.Ordinal);
    }
}
