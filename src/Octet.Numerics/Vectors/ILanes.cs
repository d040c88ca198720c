namespace Octet.Numerics;

/// <summary>32-bit lanes: the few operations that conversion needs, so that a kernel is written once for all widths.</summary>
/// <remarks>Comparisons are signed and give all ones or zero. Narrow elements are zero-extended on load and truncated on store.</remarks>
interface ILanes<TVector>
{
    static abstract int Count { get; }

    static abstract TVector Create(uint value);

    static abstract TVector Load(ref readonly byte source);

    static abstract TVector Load(ref readonly ushort source);

    static abstract TVector Load(ref readonly float source);

    static abstract void Store(TVector lanes, ref byte destination);

    /// <summary>Stores four vectors, one after the other; no lane is above 255.</summary>
    static abstract void Store(TVector first, TVector second, TVector third, TVector fourth, ref byte destination);

    static abstract void Store(TVector lanes, ref ushort destination);

    static abstract void Store(TVector lanes, ref float destination);

    static abstract TVector And(TVector left, TVector right);

    static abstract TVector Or(TVector left, TVector right);

    static abstract TVector Add(TVector left, TVector right);

    static abstract TVector Subtract(TVector left, TVector right);

    static abstract TVector ShiftLeft(TVector value, int count);

    static abstract TVector ShiftRight(TVector value, int count);

    static abstract TVector GreaterThan(TVector left, TVector right);

    static abstract TVector Equals(TVector left, TVector right);

    /// <summary>Signed.</summary>
    static abstract TVector Min(TVector left, TVector right);

    /// <summary>Signed.</summary>
    static abstract TVector Max(TVector left, TVector right);

    static abstract TVector Select(TVector mask, TVector whenSet, TVector whenClear);

    static abstract TVector AddSingles(TVector left, TVector right);

    static abstract TVector SubtractSingles(TVector left, TVector right);

    static abstract TVector MultiplySingles(TVector left, TVector right);
}
