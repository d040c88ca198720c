namespace Octet.Tests.Constraints;

public class SchemaKeywordTests
{
    [Theory]
    [InlineData("""{"type":"null"}""", "null", "true")]
    [InlineData("""{"type":"boolean"}""", "true", "True")]
    [InlineData("""{"type":"boolean"}""", "false", "0")]
    [InlineData("""{"type":"integer"}""", "0", "00")]
    [InlineData("""{"type":"integer"}""", "-12", "-0")]
    [InlineData("""{"type":"integer"}""", "123456789012345678", "1234567890123456789")]
    [InlineData("""{"type":"integer"}""", "7", "7.0")]
    [InlineData("""{"type":"number"}""", "-0.5e-3", ".5")]
    [InlineData("""{"type":"number"}""", "1E+9", "1.")]
    [InlineData("""{"type":["string","null"]}""", "null", "1")]
    [InlineData("""{"type":"string","nullable":true}""", "null", "1")]
    [InlineData("""{"type":"string"}""", "\"é\\u00e9\\n\\uD83D\\uDE00😀\"", "\"\n\"")]
    [InlineData("""{"type":"string"}""", "\"\"", "\"\\uD83D\"")]
    [InlineData("""{"enum":["a","ab",1,null,true]}""", "\"ab\"", "\"b\"")]
    [InlineData("""{"type":"integer","enum":["a",1,1.5]}""", "1", "1.5")]
    [InlineData("""{"const":{"a":[1,"x"]}}""", """{"a": [1, "x"]}""", """{"a":[1]}""")]
    [InlineData("""{"enum":["\"\n"]}""", "\"\\\"\\n\"", "\"\\\"\\u000a\"")]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"a😀\"", "\"a\"")]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"\\u0041\\uD83D\\uDE00\\n\"", "\"abcd\"")]
    [InlineData("""{"type":"string","pattern":"^a+$"}""", "\"aaa\"", "\"ab\"")]
    [InlineData("""{"type":"string","pattern":"b"}""", "\"abc\"", "\"ac\"")]
    [InlineData("""{"type":"string","pattern":"^[\"\\\\]$"}""", "\"\\\"\"", "\"\\\\\\\\\"")]
    [InlineData("""{"type":"string","format":"date"}""", "\"2024-02-29\"", "\"2023-02-29\"")]
    [InlineData("""{"type":"string","format":"date"}""", "\"2000-02-29\"", "\"1900-02-29\"")]
    [InlineData("""{"type":"string","format":"date"}""", "\"1999-11-30\"", "\"1999-11-31\"")]
    [InlineData("""{"type":"string","format":"time"}""", "\"23:59:59.5+02:00\"", "\"24:00:00Z\"")]
    [InlineData("""{"type":"string","format":"date-time"}""", "\"1985-04-12T23:20:50.52Z\"", "\"1985-04-12 23:20:50Z\"")]
    [InlineData("""{"type":"string","format":"uuid"}""", "\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"", "\"f81d4fae7dec11d0a76500a0c91e6bf6\"")]
    [InlineData("""{"type":"string","format":"email"}""", "\"a.b@example.org\"", "\"a..b@example.org\"")]
    [InlineData("""{"type":"string","format":"ipv4"}""", "\"127.0.0.255\"", "\"127.0.0.256\"")]
    [InlineData("""{"type":"string","format":"hostname"}""", "\"a-b.example\"", "\"-a\"")]
    [InlineData("""{"type":"string","format":"uri"}""", "\"anything\"", "1")]
    [InlineData("""{"type":"integer","minimum":-5,"maximum":12}""", "-5", "-6")]
    [InlineData("""{"type":"integer","minimum":-5,"maximum":12}""", "12", "13")]
    [InlineData("""{"type":"integer","minimum":8,"exclusiveMaximum":1000}""", "999", "1000")]
    [InlineData("""{"type":"integer","exclusiveMinimum":1.5}""", "2", "1")]
    [InlineData("""{"type":"integer","multipleOf":7}""", "-364", "365")]
    [InlineData("""{"type":"integer","multipleOf":7,"minimum":10,"maximum":20}""", "14", "7")]
    [InlineData("""{"type":"number","minimum":0.25,"maximum":10}""", "0.25", "0.249")]
    [InlineData("""{"type":"number","minimum":0.25,"maximum":10}""", "10.00", "10.01")]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1}""", "0.001", "0.0")]
    [InlineData("""{"type":"number","exclusiveMinimum":-1,"maximum":0}""", "-0.999", "-1.0")]
    [InlineData("""{"type":"array","items":{"type":"integer"}}""", "[]", "[a]")]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":3}""", "[1, 2,3]", "[1]")]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":3}""", "[1,2]", "[1,2,3,4]")]
    [InlineData("""{"type":"array","items":{"type":"integer"},"maxItems":0}""", "[]", "[1]")]
    [InlineData("""{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"items":{"type":"null"}}""", "[1,\"a\",null,null]", "[\"a\"]")]
    [InlineData("""{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"items":false}""", "[1]", "[1,\"a\",null]")]
    [InlineData("""{"type":"array","prefixItems":[{"type":"integer"}],"minItems":3}""", "[1,{},[]]", "[1,2]")]
    [InlineData("""{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"maxItems":1}""", "[1]", "[1,\"a\"]")]
    [InlineData("""{"properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["b"]}""", """{"b":"x"}""", """{"a":1}""")]
    [InlineData("""{"properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["b"]}""", """{"a":1, "b": "x"}""", """{"b":"x","a":1}""")]
    [InlineData("""{"properties":{"a":{"type":"integer"},"b":{"type":"string"}}}""", "{}", """{"c":1}""")]
    [InlineData("""{"properties":{"a":{"type":"integer"}},"additionalProperties":{"type":"boolean"}}""", """{"a":1,"b":true,"ab":false,"":true}""", """{"a":1,"a":true}""")]
    [InlineData("""{"properties":{"a":{"type":"integer"}},"additionalProperties":true}""", """{"A":[{"x":null}]}""", """{"A":[{"x":null]}""")]
    [InlineData("""{"type":"object","additionalProperties":{"type":"integer"}}""", """{"x":1,"y":2}""", """{"x":"1"}""")]
    [InlineData("""{"type":"object","additionalProperties":false}""", "{}", """{"x":1}""")]
    [InlineData("""{"type":"object"}""", """{"x":{"y":[1,2.5,"z",{}]}}""", "[]")]
    [InlineData("""{"type":"object","required":["a"],"properties":{"b":{"type":"null"}}}""", """{"b":null,"a":[true]}""", """{"b":null}""")]
    [InlineData("""{"anyOf":[{"type":"integer"},{"type":"string","maxLength":1}]}""", "\"a\"", "\"ab\"")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"string"}]}""", "\"a\"", "null")]
    [InlineData("""{"properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false,"anyOf":[{"properties":{"a":{"minimum":10}}},{"properties":{"a":{"const":1}}}]}""", """{"a":1}""", """{"a":2}""")]
    [InlineData("""{"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"null"}},"required":["b"]}]}""", """{"a":1,"b":null}""", """{"a":1}""")]
    [InlineData("""{"allOf":[{"type":["string","integer"]},{"type":["integer","null"]},{"minimum":3}]}""", "3", "2")]
    [InlineData("""{"$ref":"#/$defs/n","$defs":{"n":{"type":"array","items":{"$ref":"#/$defs/n"}}}}""", "[[],[[]]]", "[1]")]
    [InlineData("""{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["next"],"additionalProperties":false}""", """{"next":{"next":null}}""", """{"next":{}}""")]
    [InlineData("true", """{"a":[1,null,"x"]}""", "{a}")]
    [InlineData("{}", "[1, true]", "[1 ,true]")]
    public void A_keyword_allows_what_satisfies_it_and_nothing_else(string schema, string accepted, string refused)
    {
        var constraint = OutputConstraint.JsonSchema(schema);
        Assert.True(constraint.IsMatch(accepted), accepted);
        Assert.False(constraint.IsMatch(refused), refused);
        Assert.True(SchemaChecker.IsValid(schema, accepted));
    }

    [Theory]
    [InlineData("{ \"a\": 1 }")]
    [InlineData("{\"a\":  1}")]
    [InlineData("{\"a\":\n1}")]
    [InlineData(" {\"a\":1}")]
    [InlineData("{\"a\":1} ")]
    [InlineData("{\"a\" :1}")]
    public void White_space_is_one_space_behind_a_comma_or_a_colon_and_nowhere_else(string text)
        => Assert.False(OutputConstraint.JsonObject.IsMatch(text));

    [Fact]
    public void Any_object_is_an_object_of_any_depth()
    {
        Assert.True(OutputConstraint.JsonObject.IsMatch("{\"a\":" + new string('[', 500) + new string(']', 500) + "}"));
        Assert.False(OutputConstraint.JsonObject.IsMatch("[]"));
    }

    [Fact]
    public void Integers_between_bounds_are_exactly_those()
    {
        for (int low = -23; low <= 23; low += 7)
        {
            for (int high = low + 4; high <= 125; high += 12)
            {
                foreach (int multiple in (int[])[1, 4])
                {
                    string of = multiple == 1 ? "" : $$""","multipleOf":{{multiple}}""";
                    var constraint = OutputConstraint.JsonSchema($$"""{"type":"integer","minimum":{{low}},"maximum":{{high}}{{of}}}""");
                    for (int value = -150; value <= 150; value++)
                    {
                        bool expected = value >= low && value <= high && value % multiple == 0;
                        Assert.Equal(expected, constraint.IsMatch($"{value}"));
                    }
                }
            }
        }
    }

    [Fact]
    public void Formats_that_are_not_held_to_are_named()
        => Assert.Equal(
            ["#/properties/a/format: uri", "#/properties/b/items/format: color"],
            OutputConstraint.JsonSchema("""{"properties":{"a":{"type":"string","format":"uri"},"b":{"items":{"type":"string","format":"color"}},"c":{"format":"date"}}}""").NotChecked);

    [Fact]
    public void What_only_describes_is_passed_over()
        => Assert.True(OutputConstraint.JsonSchema(
            """{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"t","description":"d","default":1,"examples":[2],"$comment":"c","deprecated":true,"x-own":{},"type":"integer"}""").IsMatch("3"));
}
