namespace Octet.Numerics;

/// <summary>How a small float format spells what is not a finite number. The letters are the suffixes of MLIR's type names.</summary>
public enum NonFiniteValues
{
    /// <summary>As IEEE 754: the highest exponent holds infinity (mantissa zero) and the NaNs. E5M2, E4M3, E3M4, bfloat16.</summary>
    Ieee,

    /// <summary>"FN": no infinity; all ones, in either sign, is NaN. E4M3FN (OCP E4M3).</summary>
    AllOnesNaN,

    /// <summary>"FNUZ": no infinity and no negative zero; the code of negative zero is the one NaN. E4M3FNUZ, E5M2FNUZ, E4M3B11FNUZ.</summary>
    NegativeZeroNaN,

    /// <summary>Every code is a finite number. E2M1FN, E2M3FN, E3M2FN.</summary>
    None,

    /// <summary>"FNU": no infinity, no sign, no zero and no subnormal numbers; all ones is NaN. E8M0FNU.</summary>
    UnsignedAllOnesNaN,
}
