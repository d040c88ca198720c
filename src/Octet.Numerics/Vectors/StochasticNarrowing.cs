using System.Runtime.CompilerServices;

namespace Octet.Numerics;

/// <summary>Float32 to small floats, by chance.</summary>
readonly ref struct StochasticNarrowing<T>(ReadOnlySpan<float> source, Span<T> destination, ulong seed, long position, OverflowMode mode) : ILaneLoop
    where T : unmanaged, ISmallFloat<T>
{
    const int MaxLanes = 16;

    readonly ReadOnlySpan<float> _source = source;
    readonly Span<T> _destination = destination;

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Run<TLanes, TVector>()
        where TLanes : ILanes<TVector>
    {
        Span<float> random = stackalloc float[MaxLanes];
        int i = 0;
        for (; !Code<T>.IsUnsigned && i <= _source.Length - TLanes.Count; i += TLanes.Count)
        {
            for (int lane = 0; lane < TLanes.Count; lane++)
            {
                random[lane] = BitConverter.UInt32BitsToSingle(RandomBits.At(seed, position + i + lane));
            }

            TVector codes = ConversionKernel<T, TLanes, TVector>.EncodeStochastically(TLanes.Load(in _source[i]), TLanes.Load(in random[0]), mode);
            LaneAccess<T, TLanes, TVector>.Store(codes, ref _destination[i]);
        }

        for (; i < _source.Length; i++)
        {
            _destination[i] = Code<T>.RoundStochastically(_source[i], RandomBits.At(seed, position + i), mode);
        }
    }
}
