using System.Runtime.CompilerServices;

namespace Octet.Numerics;

/// <summary>Float32 to small floats, in a direction.</summary>
readonly ref struct DirectedNarrowing<T>(ReadOnlySpan<float> source, Span<T> destination, RoundingMode rounding, OverflowMode mode) : ILaneLoop
    where T : unmanaged, ISmallFloat<T>
{
    readonly ReadOnlySpan<float> _source = source;
    readonly Span<T> _destination = destination;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Run<TLanes, TVector>()
        where TLanes : ILanes<TVector>
    {
        // An unsigned format's smallest number is a subnormal float32, which lanes do not take apart.
        int i = 0;
        for (; !Code<T>.IsUnsigned && i <= _source.Length - TLanes.Count; i += TLanes.Count)
        {
            TVector codes = ConversionKernel<T, TLanes, TVector>.EncodeDirected(TLanes.Load(in _source[i]), rounding, mode);
            LaneAccess<T, TLanes, TVector>.Store(codes, ref _destination[i]);
        }

        for (; i < _source.Length; i++)
        {
            _destination[i] = Code<T>.Round(_source[i], rounding, mode);
        }
    }
}
