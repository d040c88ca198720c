using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Octet.Numerics.Tests;

public abstract partial class SmallFloatTests<T>
{
    static readonly JsonSerializerOptions s_named = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };
    static readonly JsonSerializerOptions s_strings = new() { NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.WriteAsString };

    [Fact]
    public void Every_number_is_itself_after_JSON()
    {
        T[] values = [.. Numbers.Select(At).Where(T.IsFinite)];
        string json = JsonSerializer.Serialize(values);

        Assert.Equal($"[{string.Join(',', values.Select(value => value.ToString(null, CultureInfo.InvariantCulture)))}]", json);
        Assert.Equal(values.Select(Code), JsonSerializer.Deserialize<T[]>(json)!.Select(Code));
    }

    [Fact]
    public void Numbers_in_JSON_strings_and_keys_are_read_as_Half_reads_them()
    {
        Assert.Equal("\"1\"", JsonSerializer.Serialize(T.One, s_strings));
        Assert.Equal(T.One, JsonSerializer.Deserialize<T>("\"1.0\"", s_strings));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<T>("\"1.0\""));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<T>("\"1.0\"", s_named));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<T>("true", s_strings));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<T>("null"));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<T>("\"1,0\"", s_strings));

        string keys = JsonSerializer.Serialize(new Dictionary<T, int> { [T.One] = 3 });
        Assert.Equal("{\"1\":3}", keys);
        Assert.Equal(3, JsonSerializer.Deserialize<Dictionary<T, int>>(keys)![T.One]);
    }

    [Fact]
    public void What_JSON_has_no_number_for_is_a_string_where_that_is_allowed()
    {
        foreach ((T value, string text, bool has) in new[] { (T.NaN, "\"NaN\"", T.IsNaN(T.NaN)), (T.PositiveInfinity, "\"Infinity\"", T.IsInfinity(T.PositiveInfinity)), (T.NegativeInfinity, "\"-Infinity\"", T.IsInfinity(T.NegativeInfinity)) })
        {
            Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<T>(text));
            if (has)
            {
                Assert.Equal(text, JsonSerializer.Serialize(value, s_named));
                Assert.Equal(Code(value), Code(JsonSerializer.Deserialize<T>(text, s_named)));
                Assert.Contains("AllowNamedFloatingPointLiterals", Assert.Throws<ArgumentException>(() => JsonSerializer.Serialize(value)).Message, StringComparison.Ordinal);
            }
            else
            {
                Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<T>(text, s_named));
            }
        }
    }

    [Fact]
    public void A_number_beyond_the_range_is_refused_in_JSON()
    {
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<T>("1e400"));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<T>("-1e39"));

        // Rounding comes first: a little more than the largest number is that number.
        double largest = double.CreateChecked(T.MaxValue), step = largest - double.CreateChecked(T.BitDecrement(T.MaxValue));
        Assert.Equal(T.MaxValue, JsonSerializer.Deserialize<T>((largest + 0.49 * step).ToString("R", CultureInfo.InvariantCulture)));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<T>((largest + 0.51 * step).ToString("R", CultureInfo.InvariantCulture)));
    }
}
