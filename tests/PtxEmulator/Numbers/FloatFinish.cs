namespace PtxEmulator;

/// <summary>How an operation on single lanes of float32 takes its operands and rounds its result.</summary>
readonly record struct FloatFinish(Rounding Rounding, bool Flushes, bool Saturates)
{
    public double Operand(uint bits) => FloatBits.FromF32(Flushes ? Flush(bits) : bits);

    public uint Result(double exact)
    {
        if (Saturates)
        {
            exact = exact > 0 ? Math.Min(exact, 1) : 0;
        }

        uint bits = FloatBits.ToF32(exact, Rounding);
        return Flushes ? Flush(bits) : bits;
    }

    static uint Flush(uint bits) => (bits & 0x7f800000) == 0 ? bits & 0x80000000 : bits;
}
