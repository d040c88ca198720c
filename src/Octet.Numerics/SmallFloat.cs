using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

#pragma warning disable CA1000 // The analyzer takes an extension block for a generic type; T is inferred from the receiver.

namespace Octet.Numerics;

/// <summary>
/// The static members that every small float has, called on the type: <c>Float8E4M3FN.MaxValue</c>, <c>BFloat16.Parse("1.5")</c>.
/// Generic code finds most of them on its type parameter, by <see cref="IBinaryFloatingPointIeee754{TSelf}"/>.
/// </summary>
public static class SmallFloat
{
    /// <typeparam name="T">The small format.</typeparam>
    extension<T>(T)
        where T : unmanaged, ISmallFloat<T>
    {
        /// <summary>Zero, code 0; NaN in a format without zero.</summary>
        public static T Zero => T.Zero;

        /// <summary>One.</summary>
        public static T One => T.One;

        /// <summary>Minus one.</summary>
        public static T NegativeOne => T.NegativeOne;

        /// <summary>Negative zero; zero where the format has none.</summary>
        public static T NegativeZero => T.NegativeZero;

        /// <summary>The largest finite value.</summary>
        public static T MaxValue => T.MaxValue;

        /// <summary>The lowest finite value.</summary>
        public static T MinValue => T.MinValue;

        /// <summary>The smallest value above zero, a subnormal: what <see cref="double.Epsilon"/> is to double.</summary>
        public static T Epsilon => T.Epsilon;

        /// <summary>The smallest normal value above zero, 2^(1 - bias).</summary>
        public static T MinNormal => Code<T>.At(Code<T>.MinNormal);

        /// <summary>The distance from 1 to the next value, 2^-mantissa bits: "eps" of numpy's <c>finfo</c>.</summary>
        public static T MachineEpsilon => Code<T>.Round(double.ScaleB(1, -T.MantissaBits));

        /// <summary>The quiet NaN that conversions give.</summary>
        public static T NaN => T.NaN;

        /// <summary>Infinity; NaN in a format without it, as ml_dtypes has it, so that a cast of infinity equals this constant.</summary>
        public static T PositiveInfinity => T.PositiveInfinity;

        /// <summary>Negative infinity; NaN in a format without it.</summary>
        public static T NegativeInfinity => T.NegativeInfinity;

        /// <summary>The nearest value to e.</summary>
        public static T E => T.E;

        /// <summary>The nearest value to pi.</summary>
        public static T Pi => T.Pi;

        /// <summary>The nearest value to 2 pi.</summary>
        public static T Tau => T.Tau;

        /// <summary>The nearest value to the Euler-Mascheroni constant, 0.5772156649015329: <c>euler_gamma</c> of Nx and NumPy.</summary>
        public static T EulerGamma => Code<T>.Round(0.57721566490153286);

        /// <summary>Rounds once, to nearest even, with a choice of what becomes of values beyond the largest finite one.</summary>
        /// <param name="value">Any number.</param>
        /// <param name="mode">The rule for overflow.</param>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="mode"/> is not one of the enumeration.</exception>
        public static T FromSingle(float value, OverflowMode mode) => Code<T>.Round(value, mode);

        /// <inheritdoc cref="FromSingle{T}(float, OverflowMode)"/>
        public static T FromDouble(double value, OverflowMode mode) => Code<T>.Round(value, mode);

        /// <summary>Rounds once, in a direction.</summary>
        /// <param name="value">Any number; a float32, Half or bfloat16 widens to it exactly.</param>
        /// <param name="rounding">The direction.</param>
        /// <param name="mode">What becomes of values that the direction leads beyond the largest finite one.</param>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="rounding"/> or <paramref name="mode"/> is not one of its enumeration.</exception>
        public static T FromDouble(double value, RoundingMode rounding, OverflowMode mode = OverflowMode.NonSaturating) =>
            Code<T>.Round(value, rounding, mode);

        /// <summary>Rounds a number of the framework or of this family once, in a direction, from its exact value.</summary>
        /// <param name="value">The number; a decimal or a large integer is not rounded on the way.</param>
        /// <param name="rounding">The direction.</param>
        /// <param name="mode">What becomes of values that the direction leads beyond the largest finite one.</param>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="rounding"/> or <paramref name="mode"/> is not one of its enumeration.</exception>
        /// <exception cref="NotSupportedException">There is no conversion between the types.</exception>
        public static T From<TOther>(TOther value, RoundingMode rounding, OverflowMode mode = OverflowMode.NonSaturating)
            where TOther : INumberBase<TOther> =>
            Code<T>.Round(NumberSource.TryToDouble(value, out double exact) ? exact : double.CreateChecked(value), rounding, mode);

        /// <summary>
        /// Rounds by chance, so that the mean of many results is the value: away from zero where the upper 23 of the random bits, as a
        /// fraction of one, are less than the fraction of a step that the value lies beyond its neighbour toward zero.
        /// </summary>
        /// <param name="value">Any number.</param>
        /// <param name="random">32 random bits, all combinations equally likely.</param>
        /// <param name="mode">What becomes of values beyond the largest finite one.</param>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="mode"/> is not one of the enumeration.</exception>
        public static T FromDoubleStochastic(double value, uint random, OverflowMode mode = OverflowMode.NonSaturating) =>
            Code<T>.RoundStochastically(value, random, mode);

        /// <summary>Rounds a number of the framework or of this family once, to nearest even.</summary>
        /// <exception cref="OverflowException">The value is beyond the range, and the format has no infinity to say so.</exception>
        /// <exception cref="NotSupportedException">There is no conversion between the types.</exception>
        public static T CreateChecked<TOther>(TOther value)
            where TOther : INumberBase<TOther> => T.CreateChecked(value);

        /// <summary>Rounds to nearest even; values beyond the range become the largest finite value, infinity only where the format has none.</summary>
        /// <exception cref="NotSupportedException">There is no conversion between the types.</exception>
        public static T CreateSaturating<TOther>(TOther value)
            where TOther : INumberBase<TOther> => T.CreateSaturating(value);

        /// <summary>Rounds to nearest even; values beyond the range as in a cast.</summary>
        /// <exception cref="NotSupportedException">There is no conversion between the types.</exception>
        public static T CreateTruncating<TOther>(TOther value)
            where TOther : INumberBase<TOther> => T.CreateTruncating(value);

        /// <summary>Whether the value is neither infinite nor NaN.</summary>
        public static bool IsFinite(T value) => T.IsFinite(value);

        /// <summary>Whether the value is infinite; never in a format without infinity.</summary>
        public static bool IsInfinity(T value) => T.IsInfinity(value);

        /// <summary>Whether the value is positive infinity.</summary>
        public static bool IsPositiveInfinity(T value) => T.IsPositiveInfinity(value);

        /// <summary>Whether the value is negative infinity.</summary>
        public static bool IsNegativeInfinity(T value) => T.IsNegativeInfinity(value);

        /// <summary>Whether the value is NaN.</summary>
        public static bool IsNaN(T value) => T.IsNaN(value);

        /// <summary>Whether the sign bit is set, of zero and NaN too.</summary>
        public static bool IsNegative(T value) => T.IsNegative(value);

        /// <summary>Whether the sign bit is clear, of zero and NaN too.</summary>
        public static bool IsPositive(T value) => T.IsPositive(value);

        /// <summary>Whether the value is zero of either sign.</summary>
        public static bool IsZero(T value) => T.IsZero(value);

        /// <summary>Whether the value is finite, not zero, and has its leading one.</summary>
        public static bool IsNormal(T value) => T.IsNormal(value);

        /// <summary>Whether the value is not zero and below the smallest normal one.</summary>
        public static bool IsSubnormal(T value) => T.IsSubnormal(value);

        /// <summary>Whether the value is a whole number.</summary>
        public static bool IsInteger(T value) => T.IsInteger(value);

        /// <summary>The value without its sign.</summary>
        public static T Abs(T value) => T.Abs(value);

        /// <summary>-1, 0 or 1.</summary>
        /// <exception cref="ArithmeticException">The value is NaN.</exception>
        public static int Sign(T value) => T.Sign(value);

        /// <summary>The first value with the sign of the second.</summary>
        public static T CopySign(T value, T sign) => T.CopySign(value, sign);

        /// <summary>The larger; NaN where one is NaN.</summary>
        public static T Max(T x, T y) => T.Max(x, y);

        /// <summary>The smaller; NaN where one is NaN.</summary>
        public static T Min(T x, T y) => T.Min(x, y);

        /// <summary>The nearest value within bounds.</summary>
        /// <exception cref="ArgumentException"><paramref name="min"/> is above <paramref name="max"/>.</exception>
        public static T Clamp(T value, T min, T max) => T.Clamp(value, min, max);

        /// <summary>The square root, rounded once.</summary>
        public static T Sqrt(T value) => T.Sqrt(value);

        /// <summary>left * right + addend, rounded once.</summary>
        public static T FusedMultiplyAdd(T left, T right, T addend) => T.FusedMultiplyAdd(left, right, addend);

        /// <summary>The next value up; beyond the largest finite one, <c>PositiveInfinity</c>.</summary>
        public static T BitIncrement(T value) => T.BitIncrement(value);

        /// <summary>The next value down; beyond the lowest finite one, <c>NegativeInfinity</c>.</summary>
        public static T BitDecrement(T value) => T.BitDecrement(value);

        /// <summary>Reads a number and rounds it once from its exact value, to nearest even; out of range as in a cast.</summary>
        /// <param name="text">The number, in the style <see cref="NumberStyles.Float"/> with thousands separators.</param>
        /// <param name="provider">The culture; null is the current one.</param>
        /// <exception cref="FormatException">The text is not a number.</exception>
        public static T Parse(ReadOnlySpan<char> text, IFormatProvider? provider = null) => T.Parse(text, provider);

        /// <inheritdoc cref="Parse{T}(ReadOnlySpan{char}, IFormatProvider?)"/>
        public static T Parse(string text, IFormatProvider? provider = null) => T.Parse(text, provider);

        /// <summary>Reads a number as <c>Parse</c> does; false where the text is not one.</summary>
        public static bool TryParse(ReadOnlySpan<char> text, IFormatProvider? provider, out T result) =>
            T.TryParse(text, provider, out result);

        /// <summary>Reads a number as <c>Parse</c> does; false where the text is not one.</summary>
        public static bool TryParse([NotNullWhen(true)] string? text, IFormatProvider? provider, out T result) =>
            T.TryParse(text, provider, out result);
    }
}
