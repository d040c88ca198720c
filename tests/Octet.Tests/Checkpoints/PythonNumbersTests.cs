using System.Text;
using Octet.Checkpoints;

namespace Octet.Tests.Checkpoints;

public class PythonNumbersTests
{
    [Theory]
    [InlineData("[0.0, Infinity]", "[0.0, 1e999   ]")]
    [InlineData("[-Infinity]", "[-1e999   ]")]
    [InlineData("{\"a\": Infinity, \"Infinity\": \"to Infinity\"}", "{\"a\": 1e999   , \"Infinity\": \"to Infinity\"}")]
    [InlineData("[\"\\\" Infinity\", Infinity]", "[\"\\\" Infinity\", 1e999   ]")]
    [InlineData("[\"\\\\\", Infinity]", "[\"\\\\\", 1e999   ]")]
    [InlineData("\"\\", "\"\\")]
    [InlineData("[NaN, Infinit]", "[NaN, Infinit]")]
    [InlineData("", "")]
    public void Infinity_is_a_number_outside_of_strings(string text, string expected)
        => Assert.Equal(expected, Encoding.UTF8.GetString(PythonNumbers.Replace(Encoding.UTF8.GetBytes(text)).Span));

    [Fact]
    public void A_config_with_an_infinite_number_is_read_and_the_number_is_no_size()
    {
        ConfigObject config = ConfigObject.Parse("""{"time_step_limit": [0.0, Infinity], "hidden_size": Infinity}"""u8.ToArray(), "config.json");
        Assert.True(config.IsList("time_step_limit"));
        Assert.Contains("hidden_size", Assert.Throws<ModelException>(() => config.Int32("hidden_size", 1)).Message, StringComparison.Ordinal);
    }
}
