namespace Octet.Tests.Backends.MachineCode;

/// <summary>
/// The arithmetic that TDPBF16PS and VDPBF16PS share: bfloat16 to float32, one fused multiply-add to nearest even, subnormal inputs and
/// results zero, whatever MXCSR says.
/// </summary>
static class PairProduct
{
    internal static float Even(uint pair) => BitConverter.UInt32BitsToSingle(pair << 16);

    internal static float Odd(uint pair) => BitConverter.UInt32BitsToSingle(pair & 0xFFFF0000);

    /// <summary>A lane of VDPBF16PS: the odd elements first, then the even ones.</summary>
    internal static float MultiplyPair(uint a, uint b, float sum) => MultiplyAdd(Even(a), Even(b), MultiplyAdd(Odd(a), Odd(b), sum));

    internal static float MultiplyAdd(float a, float b, float c) => Flush(MathF.FusedMultiplyAdd(Flush(a), Flush(b), Flush(c)));

    internal static float Add(float a, float b) => Flush(Flush(a) + Flush(b));

    static float Flush(float value) => float.IsSubnormal(value) ? MathF.CopySign(0, value) : value;
}
