using System.Numerics;

namespace Octet.Numerics;

public partial interface ISmallFloat<TSelf>
{
    static TSelf IBitwiseOperators<TSelf, TSelf, TSelf>.operator &(TSelf left, TSelf right) =>
        Code<TSelf>.At(Code<TSelf>.Of(left) & Code<TSelf>.Of(right));

    static TSelf IBitwiseOperators<TSelf, TSelf, TSelf>.operator |(TSelf left, TSelf right) =>
        Code<TSelf>.At(Code<TSelf>.Of(left) | Code<TSelf>.Of(right));

    static TSelf IBitwiseOperators<TSelf, TSelf, TSelf>.operator ^(TSelf left, TSelf right) =>
        Code<TSelf>.At(Code<TSelf>.Of(left) ^ Code<TSelf>.Of(right));

    static TSelf IBitwiseOperators<TSelf, TSelf, TSelf>.operator ~(TSelf value) =>
        Code<TSelf>.At(~Code<TSelf>.Of(value) & (Code<TSelf>.SignMask | Code<TSelf>.MagnitudeMask));

    static TSelf INumberBase<TSelf>.Abs(TSelf value) =>
        Code<TSelf>.NaN == Code<TSelf>.SignMask && TSelf.IsNaN(value)
            ? value
            : Code<TSelf>.At(Code<TSelf>.Of(value) & Code<TSelf>.MagnitudeMask);

    static TSelf INumberBase<TSelf>.MaxMagnitude(TSelf x, TSelf y) => Lift(x, y, float.MaxMagnitude);

    static TSelf INumberBase<TSelf>.MinMagnitude(TSelf x, TSelf y) => Lift(x, y, float.MinMagnitude);

    static TSelf INumberBase<TSelf>.MaxMagnitudeNumber(TSelf x, TSelf y) => Lift(x, y, float.MaxMagnitudeNumber);

    static TSelf INumberBase<TSelf>.MinMagnitudeNumber(TSelf x, TSelf y) => Lift(x, y, float.MinMagnitudeNumber);

    static TSelf INumber<TSelf>.Max(TSelf x, TSelf y) => Lift(x, y, float.Max);

    static TSelf INumber<TSelf>.Min(TSelf x, TSelf y) => Lift(x, y, float.Min);

    static TSelf INumber<TSelf>.MaxNumber(TSelf x, TSelf y) => Lift(x, y, float.MaxNumber);

    static TSelf INumber<TSelf>.MinNumber(TSelf x, TSelf y) => Lift(x, y, float.MinNumber);

    static TSelf INumber<TSelf>.CopySign(TSelf value, TSelf sign) => Lift(value, sign, float.CopySign);

    static int INumber<TSelf>.Sign(TSelf value) => float.Sign(Code<TSelf>.ToSingle(value));

    static TSelf IFloatingPoint<TSelf>.Round(TSelf x, int digits, MidpointRounding mode) =>
        Code<TSelf>.Round(double.Round(Code<TSelf>.ToSingle(x), digits, mode));

    static TSelf IFloatingPointIeee754<TSelf>.Ieee754Remainder(TSelf left, TSelf right) =>
        Code<TSelf>.Round(double.Ieee754Remainder(Code<TSelf>.ToSingle(left), Code<TSelf>.ToSingle(right)));

    // The product of two is exact in float64; the sum may not be.
    static TSelf IFloatingPointIeee754<TSelf>.FusedMultiplyAdd(TSelf left, TSelf right, TSelf addend) =>
        Code<TSelf>.Round(OddRounding.Sum((double)Code<TSelf>.ToSingle(left) * Code<TSelf>.ToSingle(right), Code<TSelf>.ToSingle(addend)));

    static TSelf INumberBase<TSelf>.MultiplyAddEstimate(TSelf left, TSelf right, TSelf addend) =>
        TSelf.FusedMultiplyAdd(left, right, addend);

    static TSelf IFloatingPointIeee754<TSelf>.ScaleB(TSelf x, int n) =>
        Code<TSelf>.Round(double.ScaleB(Code<TSelf>.ToSingle(x), n));

    static int IFloatingPointIeee754<TSelf>.ILogB(TSelf x) => float.ILogB(Code<TSelf>.ToSingle(x));

    static TSelf IFloatingPointIeee754<TSelf>.BitIncrement(TSelf x) => Step(x, up: true);

    static TSelf IFloatingPointIeee754<TSelf>.BitDecrement(TSelf x) => Step(x, up: false);

    private static TSelf Lift(TSelf x, TSelf y, Func<float, float, float> operation) =>
        Code<TSelf>.Round(operation(Code<TSelf>.ToSingle(x), Code<TSelf>.ToSingle(y)));

    private static TSelf Step(TSelf x, bool up)
    {
        uint code = Code<TSelf>.Of(x);
        if (Code<TSelf>.IsNaN(code))
        {
            return x;
        }

        uint magnitude = code & Code<TSelf>.MagnitudeMask;
        uint sign = code & Code<TSelf>.SignMask;
        if (Code<TSelf>.IsUnsigned && !up)
        {
            return Code<TSelf>.At(magnitude == 0 ? Code<TSelf>.NaN : magnitude - 1);
        }

        if (magnitude == 0)
        {
            return Code<TSelf>.At(up ? 1 : Code<TSelf>.SignMask | 1);
        }

        // Towards zero the code falls; away from it the code rises, from the largest finite one to infinity or what stands for it.
        if (sign != 0 == up)
        {
            magnitude--;
            return Code<TSelf>.At(magnitude == 0 ? Code<TSelf>.Of(Code<TSelf>.Round(sign != 0 ? -0.0 : 0.0)) : magnitude | sign);
        }

        if (magnitude >= Code<TSelf>.MaxFinite)
        {
            return up ? TSelf.PositiveInfinity : TSelf.NegativeInfinity;
        }

        return Code<TSelf>.At((magnitude + 1) | sign);
    }
}
