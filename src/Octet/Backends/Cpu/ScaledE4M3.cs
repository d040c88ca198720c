using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Octet.Backends.Cpu;

/// <summary>
/// E4M3 codes times powers of two of 32 columns each (MXFP8) as bfloat16, which holds every normal product: codes have four bits of its eight, and a power of two adds to its exponent.
/// For products that would have to begin anew with every 32 columns.
/// </summary>
static unsafe class ScaledE4M3
{
    internal const int BlockColumns = 32;

    const int FractionBits = 7;
    const int Bias = 127;
    const ushort TwiceInfinity = 0xFF00;

    // Powers of two with which 2^-9, the smallest code, to 448 are normal numbers.
    const byte SmallestPower = 10;
    const byte LargestPower = 246;

    /// <summary>Whether no product of a code and one of these scales is beyond the normal numbers.</summary>
    internal static bool AreExact(ReadOnlySpan<byte> scales) => !scales.ContainsAnyExceptInRange(SmallestPower, LargestPower);

    /// <summary>In place: codes as bfloat16 become their products with scales.</summary>
    /// <param name="row">A multiple of 32 columns.</param>
    /// <param name="columns">How many.</param>
    /// <param name="scales">Of 32 columns each, as <see cref="AreExact"/> has them.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply(ushort* row, int columns, byte* scales)
    {
        for (ushort* end = row + columns; row < end; row += BlockColumns)
        {
            Multiply(Vector512.Load(row), *scales++).Store(row);
        }
    }

    /// <summary>The same of one block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<ushort> Multiply(Vector512<ushort> numbers, byte scale)
    {
        // Zero has no exponent that could be added to, and NaN has the largest: twice, less two, they are the largest words.
        Vector512<ushort> isNumber = Vector512.LessThan(numbers + numbers - Vector512.Create((ushort)2), Vector512.Create((ushort)(TwiceInfinity - 2)));
        Vector512<ushort> product = numbers + Vector512.Create((ushort)((scale - Bias) << FractionBits));
        return Vector512.ConditionalSelect(isNumber, product, numbers);
    }
}
