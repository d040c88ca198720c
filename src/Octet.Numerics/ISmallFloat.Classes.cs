using System.Numerics;

namespace Octet.Numerics;

public partial interface ISmallFloat<TSelf>
{
    static bool INumberBase<TSelf>.IsCanonical(TSelf value) => true;

    static bool INumberBase<TSelf>.IsComplexNumber(TSelf value) => false;

    static bool INumberBase<TSelf>.IsImaginaryNumber(TSelf value) => false;

    static bool INumberBase<TSelf>.IsRealNumber(TSelf value) => !TSelf.IsNaN(value);

    static bool INumberBase<TSelf>.IsFinite(TSelf value) => float.IsFinite(Code<TSelf>.ToSingle(value));

    static bool INumberBase<TSelf>.IsNaN(TSelf value) => Code<TSelf>.IsNaN(Code<TSelf>.Of(value));

    static bool INumberBase<TSelf>.IsInfinity(TSelf value) => float.IsInfinity(Code<TSelf>.ToSingle(value));

    static bool INumberBase<TSelf>.IsPositiveInfinity(TSelf value) => float.IsPositiveInfinity(Code<TSelf>.ToSingle(value));

    static bool INumberBase<TSelf>.IsNegativeInfinity(TSelf value) => float.IsNegativeInfinity(Code<TSelf>.ToSingle(value));

    static bool INumberBase<TSelf>.IsNegative(TSelf value) => (Code<TSelf>.Of(value) & Code<TSelf>.SignMask) != 0;

    static bool INumberBase<TSelf>.IsPositive(TSelf value) => (Code<TSelf>.Of(value) & Code<TSelf>.SignMask) == 0;

    static bool INumberBase<TSelf>.IsZero(TSelf value) => Code<TSelf>.ToSingle(value) == 0;

    static bool INumberBase<TSelf>.IsNormal(TSelf value) =>
        TSelf.IsFinite(value) && (Code<TSelf>.Of(value) & Code<TSelf>.MagnitudeMask) >= Code<TSelf>.MinNormal;

    static bool INumberBase<TSelf>.IsSubnormal(TSelf value) =>
        !TSelf.IsZero(value) && TSelf.IsFinite(value) && (Code<TSelf>.Of(value) & Code<TSelf>.MagnitudeMask) < Code<TSelf>.MinNormal;

    static bool INumberBase<TSelf>.IsInteger(TSelf value) => float.IsInteger(Code<TSelf>.ToSingle(value));

    static bool INumberBase<TSelf>.IsEvenInteger(TSelf value) => float.IsEvenInteger(Code<TSelf>.ToSingle(value));

    static bool INumberBase<TSelf>.IsOddInteger(TSelf value) => float.IsOddInteger(Code<TSelf>.ToSingle(value));

    static bool IBinaryNumber<TSelf>.IsPow2(TSelf value) => float.IsPow2(Code<TSelf>.ToSingle(value));
}
