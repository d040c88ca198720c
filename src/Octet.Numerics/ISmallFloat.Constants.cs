using System.Numerics;

namespace Octet.Numerics;

public partial interface ISmallFloat<TSelf>
{
    static TSelf INumberBase<TSelf>.Zero => Code<TSelf>.Round(0);

    static TSelf INumberBase<TSelf>.One => Code<TSelf>.Round(1);

    static int INumberBase<TSelf>.Radix => 2;

    static TSelf IAdditiveIdentity<TSelf, TSelf>.AdditiveIdentity => Code<TSelf>.Round(0);

    static TSelf IMultiplicativeIdentity<TSelf, TSelf>.MultiplicativeIdentity => Code<TSelf>.Round(1);

    static TSelf ISignedNumber<TSelf>.NegativeOne => Code<TSelf>.Round(-1);

    static TSelf IMinMaxValue<TSelf>.MaxValue => Code<TSelf>.At(Code<TSelf>.MaxFinite);

    static TSelf IMinMaxValue<TSelf>.MinValue => Code<TSelf>.At(Code<TSelf>.IsUnsigned ? 0 : Code<TSelf>.MaxFinite | Code<TSelf>.SignMask);

    static TSelf IFloatingPointConstants<TSelf>.E => Code<TSelf>.Round(double.E);

    static TSelf IFloatingPointConstants<TSelf>.Pi => Code<TSelf>.Round(double.Pi);

    static TSelf IFloatingPointConstants<TSelf>.Tau => Code<TSelf>.Round(double.Tau);

    static TSelf IFloatingPointIeee754<TSelf>.Epsilon => Code<TSelf>.At(Code<TSelf>.IsUnsigned ? 0u : 1);

    static TSelf IFloatingPointIeee754<TSelf>.NaN => Code<TSelf>.At(Code<TSelf>.NaN);

    static TSelf IFloatingPointIeee754<TSelf>.NegativeZero => Code<TSelf>.Round(-0.0);

    static TSelf IFloatingPointIeee754<TSelf>.PositiveInfinity => Code<TSelf>.Round(double.PositiveInfinity);

    static TSelf IFloatingPointIeee754<TSelf>.NegativeInfinity => Code<TSelf>.Round(double.NegativeInfinity);

    static TSelf IBinaryNumber<TSelf>.AllBitsSet => Code<TSelf>.At(Code<TSelf>.SignMask | Code<TSelf>.MagnitudeMask);
}
