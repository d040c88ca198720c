using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace Octet.Numerics;

public partial interface ISmallFloat<TSelf>
{
    private const NumberStyles DefaultStyle = NumberStyles.Float | NumberStyles.AllowThousands;

    static TSelf INumberBase<TSelf>.Parse(ReadOnlySpan<char> s, NumberStyles style, IFormatProvider? provider) =>
        SmallFloatText.Parse<TSelf>(s, style, provider);

    static TSelf INumberBase<TSelf>.Parse(string s, NumberStyles style, IFormatProvider? provider)
    {
        ArgumentNullException.ThrowIfNull(s);
        return SmallFloatText.Parse<TSelf>(s, style, provider);
    }

    static TSelf ISpanParsable<TSelf>.Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        SmallFloatText.Parse<TSelf>(s, DefaultStyle, provider);

    static TSelf IParsable<TSelf>.Parse(string s, IFormatProvider? provider)
    {
        ArgumentNullException.ThrowIfNull(s);
        return SmallFloatText.Parse<TSelf>(s, DefaultStyle, provider);
    }

    static bool INumberBase<TSelf>.TryParse(ReadOnlySpan<char> s, NumberStyles style, IFormatProvider? provider, out TSelf result) =>
        SmallFloatText.TryParse(s, style, provider, out result);

    static bool INumberBase<TSelf>.TryParse([NotNullWhen(true)] string? s, NumberStyles style, IFormatProvider? provider, out TSelf result) =>
        SmallFloatText.TryParse(s, style, provider, out result);

    static bool ISpanParsable<TSelf>.TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out TSelf result) =>
        SmallFloatText.TryParse(s, DefaultStyle, provider, out result);

    static bool IParsable<TSelf>.TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out TSelf result) =>
        SmallFloatText.TryParse(s, DefaultStyle, provider, out result);
}
