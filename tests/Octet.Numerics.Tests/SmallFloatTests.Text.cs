using System.Globalization;
using System.Numerics;
using System.Text;

namespace Octet.Numerics.Tests;

public abstract partial class SmallFloatTests<T>
{
    static readonly CultureInfo s_german = CultureInfo.GetCultureInfo("de-DE");

    [Fact]
    public void Every_number_reads_back_from_its_text()
    {
        foreach (int code in Numbers)
        {
            T value = At(code);
            string text = value.ToString(null, CultureInfo.InvariantCulture);
            Assert.Equal(code, Code(T.Parse(text, CultureInfo.InvariantCulture)));
        }
    }

    [Fact]
    public void Text_reads_back_from_utf_8_and_in_any_culture()
    {
        foreach (int code in Sample)
        {
            T value = At(code);
            string text = value.ToString(null, CultureInfo.InvariantCulture);
            Assert.True(T.TryParse(text.AsSpan(), NumberStyles.Float, CultureInfo.InvariantCulture, out T parsed));
            Assert.Equal(code, Code(parsed));
            Assert.Equal(code, Code(T.Parse(Encoding.UTF8.GetBytes(text), CultureInfo.InvariantCulture)));
            Assert.Equal(code, Code(T.Parse(value.ToString(null, s_german), s_german)));
            Assert.Equal(code, Code(T.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)));
        }
    }

    [Fact]
    public void Text_goes_into_spans_that_are_long_enough()
    {
        foreach (int code in Sample)
        {
            T value = At(code);
            string text = value.ToString(null, CultureInfo.InvariantCulture);
            char[] characters = new char[text.Length];
            byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text)];
            Assert.True(value.TryFormat(characters, out int written, default, CultureInfo.InvariantCulture));
            Assert.Equal(text, new string(characters, 0, written));
            Assert.True(((IUtf8SpanFormattable)value).TryFormat(bytes, out written, default, CultureInfo.InvariantCulture));
            Assert.Equal(text, Encoding.UTF8.GetString(bytes, 0, written));
            Assert.False(value.TryFormat(characters.AsSpan(1), out _, default, CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public void A_given_format_prints_the_value_as_float64_does()
    {
        foreach (string format in new[] { "F3", "E4", "N1", "G3", "P0", "0.00" })
        {
            Assert.Equal(Format.Value(Code(T.Pi)).ToString(format, s_german), T.Pi.ToString(format, s_german));
        }

        Assert.Throws<FormatException>(() => T.One.ToString("J", CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Text_next_to_a_midpoint_is_rounded_from_its_exact_value()
    {
        // Half a unit above one: a tie. Digits that float64 cannot hold decide.
        string tie = (1 + double.ScaleB(1, -T.MantissaBits - 1)).ToString("R", CultureInfo.InvariantCulture);
        int one = Code(T.One);
        Assert.Equal(one, Code(Read(tie)));
        Assert.Equal(one, Code(Read(tie + new string('0', 300))));
        Assert.Equal(one + 1, Code(Read(tie + new string('0', 30) + "1")));
        Assert.Equal(one + 1, Code(Read(tie + new string('0', 300) + "1")));
        Assert.Equal(one | Format.SignBit, Code(Read("-" + tie)));
        Assert.Equal((one + 1) | Format.SignBit, Code(Read("-" + tie + new string('0', 30) + "1")));

        // The same in other clothes.
        string above = tie.Replace(".", "", StringComparison.Ordinal) + new string('0', 30) + "1";
        Assert.Equal(one + 1, Code(Read($"  {above}e-{above.Length - 1}  ")));
        Assert.Equal(one + 1, Code(Read($"0.00{above}E+3")));
        Assert.Equal(one + 1, Code(T.Parse(tie.Replace('.', ',') + new string('0', 30) + "1", s_german)));
        Assert.Equal(one + 1, Code(T.Parse($"({above[0]}.{above[1..]})", NumberStyles.Any, CultureInfo.InvariantCulture) is T negative ? -negative : default));

        // Just below the tie, where float64 would read the tie itself.
        string below = tie[..^1] + (char)(tie[^1] - 1) + new string('9', 40);
        Assert.Equal(one, Code(Read(below)));

        static T Read(string text) => T.Parse(text, CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData("")]
    [InlineData("one")]
    [InlineData("1.2.3")]
    [InlineData("0x10")]
    [InlineData("1e")]
    public void Text_that_is_no_number_is_refused(string text)
    {
        Assert.False(T.TryParse(text, CultureInfo.InvariantCulture, out T _));
        Assert.Throws<FormatException>(() => T.Parse(text, CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Text_out_of_range_becomes_what_a_cast_gives()
    {
        Assert.Equal(T.PositiveInfinity, T.Parse("1e39", CultureInfo.InvariantCulture));
        Assert.Equal(T.PositiveInfinity, T.Parse("1e999", CultureInfo.InvariantCulture));
        Assert.Equal(T.Zero, T.Parse("1e-999", CultureInfo.InvariantCulture));
        Assert.True(T.IsNaN(T.Parse("NaN", CultureInfo.InvariantCulture)) == Format.HasNaN);
    }
}
