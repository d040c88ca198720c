using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Octet.Numerics;

// The exponent without its bias in one byte, two's complement, and the significand with its leading one in the width of the code, as
// Half and Single hand them out.
public partial interface ISmallFloat<TSelf>
{
    private uint Bits => Code<TSelf>.Of((TSelf)this);

    private sbyte Exponent => (sbyte)((int)((Bits & Code<TSelf>.MagnitudeMask) >> TSelf.MantissaBits) - TSelf.ExponentBias);

    private ushort Significand
    {
        get
        {
            uint magnitude = Bits & Code<TSelf>.MagnitudeMask;
            uint mantissa = magnitude & Code<TSelf>.MantissaMask;
            return (ushort)(magnitude >= Code<TSelf>.MinNormal ? mantissa | (Code<TSelf>.MantissaMask + 1) : mantissa);
        }
    }

    int IFloatingPoint<TSelf>.GetExponentByteCount() => sizeof(sbyte);

    int IFloatingPoint<TSelf>.GetExponentShortestBitLength()
    {
        sbyte exponent = Exponent;
        return exponent >= 0 ? 8 - sbyte.LeadingZeroCount(exponent) : 9 - sbyte.LeadingZeroCount((sbyte)~exponent);
    }

    int IFloatingPoint<TSelf>.GetSignificandByteCount() => Unsafe.SizeOf<TSelf>();

    int IFloatingPoint<TSelf>.GetSignificandBitLength() => TSelf.MantissaBits + 1;

    bool IFloatingPoint<TSelf>.TryWriteExponentBigEndian(Span<byte> destination, out int bytesWritten) =>
        WriteExponent(destination, out bytesWritten);

    bool IFloatingPoint<TSelf>.TryWriteExponentLittleEndian(Span<byte> destination, out int bytesWritten) =>
        WriteExponent(destination, out bytesWritten);

    bool IFloatingPoint<TSelf>.TryWriteSignificandBigEndian(Span<byte> destination, out int bytesWritten) =>
        WriteSignificand(destination, out bytesWritten, BinaryPrimitives.ReverseEndianness(Significand));

    bool IFloatingPoint<TSelf>.TryWriteSignificandLittleEndian(Span<byte> destination, out int bytesWritten) =>
        WriteSignificand(destination, out bytesWritten, Significand);

    private bool WriteExponent(Span<byte> destination, out int bytesWritten)
    {
        bytesWritten = 0;
        if (destination.IsEmpty)
        {
            return false;
        }

        destination[0] = (byte)Exponent;
        bytesWritten = 1;
        return true;
    }

    private bool WriteSignificand(Span<byte> destination, out int bytesWritten, ushort littleEndian)
    {
        bytesWritten = 0;
        if (destination.Length < Unsafe.SizeOf<TSelf>())
        {
            return false;
        }

        if (Unsafe.SizeOf<TSelf>() == 1)
        {
            destination[0] = (byte)Significand;
        }
        else
        {
            BinaryPrimitives.WriteUInt16LittleEndian(destination, littleEndian);
        }

        bytesWritten = Unsafe.SizeOf<TSelf>();
        return true;
    }
}
