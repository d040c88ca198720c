using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Octet.Numerics;

/// <summary>
/// Small floats in JSON, as System.Text.Json has <see cref="Half"/>: numbers in their shortest text, read with one rounding. NaN and infinity are strings
/// where <see cref="JsonNumberHandling"/> allows it and refused elsewhere, and so is a number beyond the range, even of a type whose casts saturate.
/// </summary>
/// <typeparam name="T">The small format. Its struct names this converter: nobody has to add it.</typeparam>
public sealed class SmallFloatJsonConverter<T> : JsonConverter<T>
    where T : unmanaged, ISmallFloat<T>
{
    // Of the longest text: bfloat16's and E8M0's 17 digits, sign, point and exponent.
    const int LongestText = 32;
    const int LongestShown = 40;

    /// <inheritdoc/>
    /// <exception cref="JsonException">It is not a number, or one that the type does not hold.</exception>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        JsonNumberHandling strings = options.NumberHandling & (JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals);
        if (reader.TokenType == JsonTokenType.Number)
        {
            return Parse(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan);
        }

        if (reader.TokenType != JsonTokenType.String || strings == 0)
        {
            throw new JsonException($"expected a number, found {reader.TokenType}");
        }

        return ReadText(ref reader, allowsNumbers: strings.HasFlag(JsonNumberHandling.AllowReadingFromString));
    }

    /// <inheritdoc/>
    /// <exception cref="JsonException">It is not a number, or one that the type does not hold.</exception>
    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => ReadText(ref reader, allowsNumbers: true);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">NaN or infinity, which JSON has no number for.</exception>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(options);
        Span<byte> buffer = stackalloc byte[LongestText];
        ReadOnlySpan<byte> text = buffer[..Format(value, buffer)];
        JsonNumberHandling strings = JsonNumberHandling.WriteAsString | (T.IsFinite(value) ? 0 : JsonNumberHandling.AllowNamedFloatingPointLiterals);
        if ((options.NumberHandling & strings) != 0)
        {
            writer.WriteStringValue(text);
        }
        else if (T.IsFinite(value))
        {
            writer.WriteRawValue(text, skipInputValidation: true);
        }
        else
        {
            throw new ArgumentException($"JSON has no number for {value.ToString(null, CultureInfo.InvariantCulture)}: set {nameof(JsonNumberHandling)}.{nameof(JsonNumberHandling.AllowNamedFloatingPointLiterals)} to write it as a string", nameof(value));
        }
    }

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        Span<byte> buffer = stackalloc byte[LongestText];
        writer.WritePropertyName(buffer[..Format(value, buffer)]);
    }

    static int Format(T value, Span<byte> buffer)
        => value.TryFormat(buffer, out int written, default, CultureInfo.InvariantCulture) ? written : throw new InvalidOperationException($"a text of more than {LongestText} bytes");

    static T ReadText(ref Utf8JsonReader reader, bool allowsNumbers)
    {
        int length = checked((int)(reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length));
        Span<byte> buffer = length <= 256 ? stackalloc byte[length] : new byte[length];
        ReadOnlySpan<byte> text = buffer[..reader.CopyString(buffer)];
        return text.SequenceEqual("NaN"u8) && T.IsNaN(T.NaN) ? T.NaN
            : text.SequenceEqual("Infinity"u8) && T.IsInfinity(T.PositiveInfinity) ? T.PositiveInfinity
            : text.SequenceEqual("-Infinity"u8) && T.IsInfinity(T.NegativeInfinity) ? T.NegativeInfinity
            : allowsNumbers ? Parse(text)
            : throw Refused(text);
    }

    static T Parse(ReadOnlySpan<byte> text)
        => T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out T value) && T.IsFinite(value) && !Saturates(value, text) ? value : throw Refused(text);

    // Only a type that has neither NaN nor infinity says nothing of a number beyond its range.
    static bool Saturates(T value, ReadOnlySpan<byte> text)
    {
        if (T.IsNaN(T.NaN) || T.Abs(value) != T.MaxValue)
        {
            return false;
        }

        // Half a step beyond the largest number, whose mantissa is odd, a tie goes to what the type does not have.
        double largest = double.CreateChecked(T.MaxValue);
        double step = largest - double.CreateChecked(T.BitDecrement(T.MaxValue));
        return Math.Abs(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)) >= largest + step / 2;
    }

    static JsonException Refused(ReadOnlySpan<byte> text)
    {
        string shown = Encoding.UTF8.GetString(text.Length <= LongestShown ? text : text[..LongestShown]) + (text.Length <= LongestShown ? "" : "...");
        return new JsonException(string.Create(CultureInfo.InvariantCulture, $"expected a number from {T.MinValue} to {T.MaxValue} for {typeof(T).Name}, found {shown}"));
    }
}
