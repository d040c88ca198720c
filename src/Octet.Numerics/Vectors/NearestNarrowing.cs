using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Octet.Numerics;

/// <summary>Float32 to small floats, to nearest even.</summary>
readonly ref struct NearestNarrowing<T>(ReadOnlySpan<float> source, Span<T> destination, OverflowMode mode) : ILaneLoop
    where T : unmanaged, ISmallFloat<T>
{
    readonly ReadOnlySpan<float> _source = source;
    readonly Span<T> _destination = destination;
    readonly OverflowMode _mode = mode;

    public void Run<TLanes, TVector>()
        where TLanes : ILanes<TVector>
    {
        switch (_mode)
        {
            case OverflowMode.SaturateFinite:
                Run<TLanes, TVector, IOverflowRule.SaturateFinite>();
                break;
            case OverflowMode.Saturate:
                Run<TLanes, TVector, IOverflowRule.Saturate>();
                break;
            default:
                Run<TLanes, TVector, IOverflowRule.NonSaturating>();
                break;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void Run<TLanes, TVector, TRule>()
        where TLanes : ILanes<TVector>
        where TRule : IOverflowRule
    {
        ref float from = ref MemoryMarshal.GetReference(_source);
        ref T to = ref MemoryMarshal.GetReference(_destination);
        nint i = 0;
        for (; i <= _source.Length - (4 * TLanes.Count); i += 4 * TLanes.Count)
        {
            ref float at = ref Unsafe.Add(ref from, i);
            TVector first = ConversionKernel<T, TLanes, TVector>.Encode<TRule>(TLanes.Load(ref at));
            TVector second = ConversionKernel<T, TLanes, TVector>.Encode<TRule>(TLanes.Load(ref Unsafe.Add(ref at, TLanes.Count)));
            TVector third = ConversionKernel<T, TLanes, TVector>.Encode<TRule>(TLanes.Load(ref Unsafe.Add(ref at, 2 * TLanes.Count)));
            TVector fourth = ConversionKernel<T, TLanes, TVector>.Encode<TRule>(TLanes.Load(ref Unsafe.Add(ref at, 3 * TLanes.Count)));
            LaneAccess<T, TLanes, TVector>.Store(first, second, third, fourth, ref Unsafe.Add(ref to, i));
        }

        for (; i < _source.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(Unsafe.Add(ref from, i));
            Unsafe.Add(ref to, i) = Code<T>.At(ConversionKernel<T, Lane, uint>.Encode<TRule>(bits));
        }
    }
}
