using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Octet.Numerics;

/// <summary>Any small floats to float32, a lane each.</summary>
readonly ref struct LaneWidening<T>(ReadOnlySpan<T> source, Span<float> destination) : ILaneLoop
    where T : unmanaged, ISmallFloat<T>
{
    readonly ReadOnlySpan<T> _source = source;
    readonly Span<float> _destination = destination;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Run<TLanes, TVector>()
        where TLanes : ILanes<TVector>
    {
        ref T from = ref MemoryMarshal.GetReference(_source);
        ref float to = ref MemoryMarshal.GetReference(_destination);
        nint i = 0;
        for (; i <= _source.Length - TLanes.Count; i += TLanes.Count)
        {
            TVector codes = LaneAccess<T, TLanes, TVector>.Load(ref Unsafe.Add(ref from, i));
            TLanes.Store(ConversionKernel<T, TLanes, TVector>.Decode(codes), ref Unsafe.Add(ref to, i));
        }

        for (; i < _source.Length; i++)
        {
            Unsafe.Add(ref to, i) = Code<T>.ToSingle(Unsafe.Add(ref from, i));
        }
    }
}
