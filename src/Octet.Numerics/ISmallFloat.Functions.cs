using System.Numerics;

namespace Octet.Numerics;

public partial interface ISmallFloat<TSelf>
{
    static TSelf IExponentialFunctions<TSelf>.Exp(TSelf x) => Lift(x, double.Exp);

    static TSelf IExponentialFunctions<TSelf>.ExpM1(TSelf x) => Lift(x, double.ExpM1);

    static TSelf IExponentialFunctions<TSelf>.Exp2(TSelf x) => Lift(x, double.Exp2);

    static TSelf IExponentialFunctions<TSelf>.Exp2M1(TSelf x) => Lift(x, double.Exp2M1);

    static TSelf IExponentialFunctions<TSelf>.Exp10(TSelf x) => Lift(x, double.Exp10);

    static TSelf IExponentialFunctions<TSelf>.Exp10M1(TSelf x) => Lift(x, double.Exp10M1);

    static TSelf ILogarithmicFunctions<TSelf>.Log(TSelf x) => Lift(x, double.Log);

    static TSelf ILogarithmicFunctions<TSelf>.LogP1(TSelf x) => Lift(x, double.LogP1);

    static TSelf ILogarithmicFunctions<TSelf>.Log2(TSelf x) => Lift(x, double.Log2);

    static TSelf ILogarithmicFunctions<TSelf>.Log2P1(TSelf x) => Lift(x, double.Log2P1);

    static TSelf ILogarithmicFunctions<TSelf>.Log10(TSelf x) => Lift(x, double.Log10);

    static TSelf ILogarithmicFunctions<TSelf>.Log10P1(TSelf x) => Lift(x, double.Log10P1);

    static TSelf ILogarithmicFunctions<TSelf>.Log(TSelf x, TSelf newBase) => Lift(x, newBase, double.Log);

    static TSelf IBinaryNumber<TSelf>.Log2(TSelf value) => Lift(value, double.Log2);

    static TSelf IRootFunctions<TSelf>.Sqrt(TSelf x) => Lift(x, double.Sqrt);

    static TSelf IRootFunctions<TSelf>.Cbrt(TSelf x) => Lift(x, double.Cbrt);

    static TSelf IRootFunctions<TSelf>.Hypot(TSelf x, TSelf y) => Lift(x, y, double.Hypot);

    static TSelf IRootFunctions<TSelf>.RootN(TSelf x, int n) => Code<TSelf>.Round(double.RootN(Code<TSelf>.ToSingle(x), n));

    static TSelf IPowerFunctions<TSelf>.Pow(TSelf x, TSelf y) => Lift(x, y, double.Pow);

    static TSelf IHyperbolicFunctions<TSelf>.Acosh(TSelf x) => Lift(x, double.Acosh);

    static TSelf IHyperbolicFunctions<TSelf>.Asinh(TSelf x) => Lift(x, double.Asinh);

    static TSelf IHyperbolicFunctions<TSelf>.Atanh(TSelf x) => Lift(x, double.Atanh);

    static TSelf IHyperbolicFunctions<TSelf>.Cosh(TSelf x) => Lift(x, double.Cosh);

    static TSelf IHyperbolicFunctions<TSelf>.Sinh(TSelf x) => Lift(x, double.Sinh);

    static TSelf IHyperbolicFunctions<TSelf>.Tanh(TSelf x) => Lift(x, double.Tanh);

    static TSelf ITrigonometricFunctions<TSelf>.Acos(TSelf x) => Lift(x, double.Acos);

    static TSelf ITrigonometricFunctions<TSelf>.AcosPi(TSelf x) => Lift(x, double.AcosPi);

    static TSelf ITrigonometricFunctions<TSelf>.Asin(TSelf x) => Lift(x, double.Asin);

    static TSelf ITrigonometricFunctions<TSelf>.AsinPi(TSelf x) => Lift(x, double.AsinPi);

    static TSelf ITrigonometricFunctions<TSelf>.Atan(TSelf x) => Lift(x, double.Atan);

    static TSelf ITrigonometricFunctions<TSelf>.AtanPi(TSelf x) => Lift(x, double.AtanPi);

    static TSelf ITrigonometricFunctions<TSelf>.Cos(TSelf x) => Lift(x, double.Cos);

    static TSelf ITrigonometricFunctions<TSelf>.CosPi(TSelf x) => Lift(x, double.CosPi);

    static TSelf ITrigonometricFunctions<TSelf>.Sin(TSelf x) => Lift(x, double.Sin);

    static TSelf ITrigonometricFunctions<TSelf>.SinPi(TSelf x) => Lift(x, double.SinPi);

    static TSelf ITrigonometricFunctions<TSelf>.Tan(TSelf x) => Lift(x, double.Tan);

    static TSelf ITrigonometricFunctions<TSelf>.TanPi(TSelf x) => Lift(x, double.TanPi);

    static TSelf ITrigonometricFunctions<TSelf>.DegreesToRadians(TSelf x) => Lift(x, double.DegreesToRadians);

    static TSelf ITrigonometricFunctions<TSelf>.RadiansToDegrees(TSelf x) => Lift(x, double.RadiansToDegrees);

    static (TSelf Sin, TSelf Cos) ITrigonometricFunctions<TSelf>.SinCos(TSelf x) => (TSelf.Sin(x), TSelf.Cos(x));

    static (TSelf SinPi, TSelf CosPi) ITrigonometricFunctions<TSelf>.SinCosPi(TSelf x) => (TSelf.SinPi(x), TSelf.CosPi(x));

    static TSelf IFloatingPointIeee754<TSelf>.Atan2(TSelf y, TSelf x) => Lift(y, x, double.Atan2);

    static TSelf IFloatingPointIeee754<TSelf>.Atan2Pi(TSelf y, TSelf x) => Lift(y, x, double.Atan2Pi);

    static TSelf IFloatingPointIeee754<TSelf>.Lerp(TSelf value1, TSelf value2, TSelf amount) =>
        Code<TSelf>.Round(double.Lerp(Code<TSelf>.ToSingle(value1), Code<TSelf>.ToSingle(value2), Code<TSelf>.ToSingle(amount)));

    static TSelf IFloatingPointIeee754<TSelf>.ReciprocalEstimate(TSelf x) => Code<TSelf>.Round(1.0 / Code<TSelf>.ToSingle(x));

    static TSelf IFloatingPointIeee754<TSelf>.ReciprocalSqrtEstimate(TSelf x) =>
        Code<TSelf>.Round(1.0 / double.Sqrt(Code<TSelf>.ToSingle(x)));

    private static TSelf Lift(TSelf x, Func<double, double> function) => Code<TSelf>.Round(function(Code<TSelf>.ToSingle(x)));

    private static TSelf Lift(TSelf x, TSelf y, Func<double, double, double> function) =>
        Code<TSelf>.Round(function(Code<TSelf>.ToSingle(x), Code<TSelf>.ToSingle(y)));
}
