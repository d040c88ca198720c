using System.Numerics;

namespace Octet.Numerics;

public partial interface ISmallFloat<TSelf>
{
    static bool INumberBase<TSelf>.TryConvertFromChecked<TOther>(TOther value, out TSelf result)
    {
        if (!NumberSource.TryToDouble(value, out double exact))
        {
            result = default;
            return false;
        }

        // Where the format can say neither "infinite" nor "not a number" there is no answer to give.
        if (double.IsNaN(exact) ? !Code<TSelf>.HasNaN : !Code<TSelf>.HasInfinity && Overflows(exact))
        {
            throw new OverflowException($"{value} is not between {TSelf.MinValue} and {TSelf.MaxValue}, the range of {typeof(TSelf).Name}");
        }

        result = Code<TSelf>.Round(exact);
        return true;
    }

    static bool INumberBase<TSelf>.TryConvertFromSaturating<TOther>(TOther value, out TSelf result) =>
        TryConvert(value, Code<TSelf>.HasInfinity ? OverflowMode.SaturateFinite : OverflowMode.Saturate, out result);

    static bool INumberBase<TSelf>.TryConvertFromTruncating<TOther>(TOther value, out TSelf result) =>
        TryConvert(value, OverflowMode.NonSaturating, out result);

    static bool INumberBase<TSelf>.TryConvertToChecked<TOther>(TSelf value, out TOther result)
    {
        float single = Code<TSelf>.ToSingle(value);
        result = typeof(TOther) == typeof(float) ? Itself<TOther>(single)
            : typeof(TOther) == typeof(decimal) ? TOther.CreateChecked(NumberSource.ToDecimal(single))
            : TOther.CreateChecked((double)single);
        return true;
    }

    static bool INumberBase<TSelf>.TryConvertToSaturating<TOther>(TSelf value, out TOther result)
    {
        float single = Code<TSelf>.ToSingle(value);
        result = typeof(TOther) == typeof(float) ? Itself<TOther>(single)
            : typeof(TOther) == typeof(decimal) && float.Abs(single) < NumberSource.DecimalEnd ? TOther.CreateSaturating(NumberSource.ToDecimal(single))
            : TOther.CreateSaturating((double)single);
        return true;
    }

    static bool INumberBase<TSelf>.TryConvertToTruncating<TOther>(TSelf value, out TOther result)
    {
        float single = Code<TSelf>.ToSingle(value);
        result = typeof(TOther) == typeof(float) ? Itself<TOther>(single)
            : typeof(TOther) == typeof(decimal) && float.Abs(single) < NumberSource.DecimalEnd ? TOther.CreateTruncating(NumberSource.ToDecimal(single))
            : TOther.CreateTruncating((double)single);
        return true;
    }

    // By way of double a signalling NaN would become a quiet one, but only where a compiler does not leave that way out.
    private static TOther Itself<TOther>(float single) => (TOther)(object)single;

    private static bool TryConvert<TOther>(TOther value, OverflowMode mode, out TSelf result)
        where TOther : INumberBase<TOther>
    {
        bool known = NumberSource.TryToDouble(value, out double exact);
        result = known ? Code<TSelf>.Round(exact, mode) : default;
        return known;
    }

    private static bool Overflows(double value) =>
        Code<TSelf>.HasNaN
            ? Code<TSelf>.IsNaN(Code<TSelf>.Of(Code<TSelf>.Round(value)))
            : double.Abs(value) > Code<TSelf>.ToSingle(TSelf.MaxValue);
}
