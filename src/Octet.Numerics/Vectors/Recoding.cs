using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Octet.Numerics;

/// <summary>One small format to another: through float32, which holds the values of both, in registers; rounded once.</summary>
readonly ref struct Recoding<TFrom, TTo>(ReadOnlySpan<TFrom> source, Span<TTo> destination, OverflowMode mode) : ILaneLoop
    where TFrom : unmanaged, ISmallFloat<TFrom>
    where TTo : unmanaged, ISmallFloat<TTo>
{
    readonly ReadOnlySpan<TFrom> _source = source;
    readonly Span<TTo> _destination = destination;

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
        ref TFrom from = ref MemoryMarshal.GetReference(_source);
        ref TTo to = ref MemoryMarshal.GetReference(_destination);
        nint i = 0;
        for (; i <= _source.Length - TLanes.Count; i += TLanes.Count)
        {
            TVector single = ConversionKernel<TFrom, TLanes, TVector>.Decode(LaneAccess<TFrom, TLanes, TVector>.Load(ref Unsafe.Add(ref from, i)));
            LaneAccess<TTo, TLanes, TVector>.Store(ConversionKernel<TTo, TLanes, TVector>.Encode<TRule>(single), ref Unsafe.Add(ref to, i));
        }

        for (; i < _source.Length; i++)
        {
            Unsafe.Add(ref to, i) = Code<TTo>.Round(Code<TFrom>.ToSingle(Unsafe.Add(ref from, i)), TRule.Mode);
        }
    }
}
