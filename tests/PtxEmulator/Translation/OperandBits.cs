namespace PtxEmulator;

static class OperandBits
{
    /// <summary>The bits of a float constant in an instruction of this type.</summary>
    public static ulong Of(FloatOperand operand, PtxType type, int line)
    {
        double value = operand.IsDouble ? BitConverter.UInt64BitsToDouble(operand.Bits) : BitConverter.UInt32BitsToSingle((uint)operand.Bits);
        return type switch
        {
            PtxType.F64 or PtxType.B64 or PtxType.U64 or PtxType.S64 => operand.IsDouble ? operand.Bits : BitConverter.DoubleToUInt64Bits(value),
            PtxType.F32 or PtxType.B32 or PtxType.U32 or PtxType.S32 or PtxType.TF32 => operand.IsDouble ? BitConverter.SingleToUInt32Bits((float)value) : operand.Bits,
            _ => throw new PtxException(PtxError.UnknownInstruction, line, $"a float constant of type {type}"),
        };
    }
}
