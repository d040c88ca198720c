namespace Octet.Numerics;

/// <summary>An <see cref="OverflowMode"/> as a type, so that a loop is compiled for each and asks nothing while it runs.</summary>
interface IOverflowRule
{
    static abstract OverflowMode Mode { get; }

    readonly struct NonSaturating : IOverflowRule
    {
        public static OverflowMode Mode => OverflowMode.NonSaturating;
    }

    readonly struct SaturateFinite : IOverflowRule
    {
        public static OverflowMode Mode => OverflowMode.SaturateFinite;
    }

    readonly struct Saturate : IOverflowRule
    {
        public static OverflowMode Mode => OverflowMode.Saturate;
    }
}
