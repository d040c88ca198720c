using Octet.Backends.Cpu;
using Octet.Numerics;

namespace Octet.Tests.Backends;

/// <summary>FP8 codes that lie inputs first, as rows of bfloat16.</summary>
public sealed unsafe class TransposedCodesTests
{
    [Theory]
    [InlineData(DataType.Float8E4M3FN, 32, 64, 48)]
    [InlineData(DataType.Float8E4M3FN, 16, 16, 16)]
    [InlineData(DataType.Float8E4M3FN, 31, 45, 50)]
    [InlineData(DataType.Float8E4M3FN, 1, 300, 7)]
    [InlineData(DataType.Float8E4M3FN, 17, 3, 17)]
    [InlineData(DataType.Float8E5M2, 32, 64, 32)]
    [InlineData(DataType.Float8E4M3FNUZ, 5, 70, 9)]
    [InlineData(DataType.Float8E5M2FNUZ, 32, 33, 40)]
    public void Rows_are_the_columns_of_what_is_stored_and_every_code_has_its_value(DataType type, int rows, int columns, int step)
    {
        byte[] stored = new byte[columns * step];
        for (int i = 0; i < stored.Length; i++)
        {
            stored[i] = (byte)(i * 167);
        }

        ushort[] turned = new ushort[(rows * columns) + 1];
        turned[^1] = 0xABCD;
        fixed (byte* source = stored)
        fixed (ushort* destination = turned)
        {
            RowExpansion.ForTransposed(type)!.Turn(source, step, (byte*)destination, rows, columns);
        }

        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                float expected = Value(type, stored[(column * step) + row]);
                float found = BitConverter.Int32BitsToSingle(turned[(row * columns) + column] << 16);
                Assert.True(float.IsNaN(expected) ? float.IsNaN(found) : BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(found), $"[{row}, {column}]: {found}, expected {expected}");
            }
        }

        Assert.Equal(0xABCD, turned[^1]);
    }

    static float Value(DataType type, byte code) => type switch
    {
        DataType.Float8E4M3FN => (float)Float8E4M3FN.FromBits(code),
        DataType.Float8E5M2 => (float)Float8E5M2.FromBits(code),
        DataType.Float8E4M3FNUZ => (float)Float8E4M3FNUZ.FromBits(code),
        _ => (float)Float8E5M2FNUZ.FromBits(code),
    };
}
