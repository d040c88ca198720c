using System.Runtime.Intrinsics;

namespace Octet.Numerics;

/// <summary>Byte lanes: what widening needs to treat a whole vector of codes at once, and to lay the halves of the results side by side.</summary>
/// <remarks>
/// Comparisons are signed and give all ones or zero. Shifts move 16-bit words, so that bits cross from byte to byte and are masked after.
/// </remarks>
interface IByteLanes<TVector>
{
    static abstract int Count { get; }

    static abstract TVector Create(byte value);

    /// <summary>Codes in the order that makes <see cref="StoreWords"/> write them in theirs.</summary>
    static abstract TVector LoadForWords(ref readonly byte source);

    /// <summary>Codes in the order that makes <see cref="StoreSingles"/> write them in theirs.</summary>
    static abstract TVector LoadForSingles(ref readonly byte source);

    /// <summary>Writes words, given their lower and upper bytes.</summary>
    static abstract void StoreWords(TVector low, TVector high, ref ushort destination, bool nonTemporal);

    /// <summary>Writes float32, given the lower and upper bytes of their upper halves.</summary>
    static abstract void StoreSingles(TVector low, TVector high, ref float destination, bool nonTemporal);

    static abstract TVector And(TVector left, TVector right);

    static abstract TVector Or(TVector left, TVector right);

    static abstract TVector Add(TVector left, TVector right);

    static abstract TVector ShiftLeft(TVector value, int count);

    static abstract TVector ShiftRight(TVector value, int count);

    static abstract TVector GreaterThan(TVector left, TVector right);

    static abstract TVector Equals(TVector left, TVector right);

    static abstract TVector Select(TVector mask, TVector whenSet, TVector whenClear);

    /// <summary>The entries of a table of 16 at the lower four bits of each index, which is below 128.</summary>
    static abstract TVector Look(Vector128<byte> table, TVector indices);
}
