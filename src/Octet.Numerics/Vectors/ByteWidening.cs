using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Numerics;

/// <summary>Formats of up to 8 bits to bfloat16 and float32, many codes at once.</summary>
/// <remarks>
/// Loops are not inlined, here and in the lane loops: inlined into a caller they exhaust the JIT's budget for inlining, and what a kernel is
/// made of becomes calls, three times as slow.
/// </remarks>
static unsafe class ByteWidening<T>
    where T : unmanaged, ISmallFloat<T>
{
    /// <summary>
    /// Results of this many bytes or more go past the caches: they would drive out all that is there, and every line would be read before
    /// it is written.
    /// </summary>
    internal const long PastCaches = 32L << 20;

    const int StoreAlignment = 64;

    // Two vectors are a step where the codes come from memory, in AVX2 a line of the cache; they are asked for this far ahead.
    const int PrefetchDistance = 2048;

    /// <summary>Whether the processor has what this takes, and the format's subnormal numbers fit a byte permutation.</summary>
    internal static bool IsSupported =>
        Unsafe.SizeOf<T>() == 1 && !Code<T>.IsUnsigned && (Avx2.IsSupported || ByteLanes128.IsSupported);

    internal static void ToSingle(ReadOnlySpan<T> source, Span<float> destination)
    {
        if (Avx512Vbmi.IsSupported)
        {
            TableToSingle(source, destination);
        }
        else if (Avx2.IsSupported)
        {
            ToSingle<ByteLanes256, Vector256<byte>>(source, destination);
        }
        else
        {
            ToSingle<ByteLanes128, Vector128<byte>>(source, destination);
        }
    }

    internal static void ToBFloat16(ReadOnlySpan<T> source, Span<BFloat16> destination)
    {
        if (Avx512Vbmi.IsSupported)
        {
            TableToBFloat16(source, destination);
        }
        else if (Avx2.IsSupported)
        {
            ToBFloat16<ByteLanes256, Vector256<byte>>(source, destination);
        }
        else
        {
            ToBFloat16<ByteLanes128, Vector128<byte>>(source, destination);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void ToSingle<TLanes, TVector>(ReadOnlySpan<T> source, Span<float> destination)
        where TLanes : IByteLanes<TVector>
    {
        fixed (float* to = destination)
        {
            int i = Start(to, sizeof(float), source.Length, out bool past);
            Each(source[..i], destination);
            ref byte from = ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(source));
            for (; past && i <= source.Length - (2 * TLanes.Count); i += 2 * TLanes.Count)
            {
                Ahead(ref Unsafe.Add(ref from, i));
                StepToSingle<TLanes, TVector>(ref Unsafe.Add(ref from, i), to + i, past: true);
                StepToSingle<TLanes, TVector>(ref Unsafe.Add(ref from, i + TLanes.Count), to + i + TLanes.Count, past: true);
            }

            End(past);
            for (; i <= source.Length - TLanes.Count; i += TLanes.Count)
            {
                StepToSingle<TLanes, TVector>(ref Unsafe.Add(ref from, i), to + i, past: false);
            }

            Each(source[i..], destination[i..]);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void ToBFloat16<TLanes, TVector>(ReadOnlySpan<T> source, Span<BFloat16> destination)
        where TLanes : IByteLanes<TVector>
    {
        fixed (BFloat16* to = destination)
        {
            int i = Start(to, sizeof(BFloat16), source.Length, out bool past);
            Each(source[..i], destination);
            ref byte from = ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(source));
            for (; past && i <= source.Length - (2 * TLanes.Count); i += 2 * TLanes.Count)
            {
                Ahead(ref Unsafe.Add(ref from, i));
                StepToBFloat16<TLanes, TVector>(ref Unsafe.Add(ref from, i), to + i, past: true);
                StepToBFloat16<TLanes, TVector>(ref Unsafe.Add(ref from, i + TLanes.Count), to + i + TLanes.Count, past: true);
            }

            End(past);
            for (; i <= source.Length - TLanes.Count; i += TLanes.Count)
            {
                StepToBFloat16<TLanes, TVector>(ref Unsafe.Add(ref from, i), to + i, past: false);
            }

            Each(source[i..], destination[i..]);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void TableToSingle(ReadOnlySpan<T> source, Span<float> destination)
    {
        fixed (float* to = destination)
        {
            int i = Start(to, sizeof(float), source.Length, out bool past);
            Each(source[..i], destination);
            ref byte from = ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(source));
            for (; i <= source.Length - TableLanes512<T>.Count; i += TableLanes512<T>.Count)
            {
                (Vector512<ushort> first, Vector512<ushort> second) = TableLanes512<T>.Words(ref Unsafe.Add(ref from, i));
                Store((Vector512.WidenLower(first) << 16).AsByte(), (byte*)(to + i), past);
                Store((Vector512.WidenUpper(first) << 16).AsByte(), (byte*)(to + i + 16), past);
                Store((Vector512.WidenLower(second) << 16).AsByte(), (byte*)(to + i + 32), past);
                Store((Vector512.WidenUpper(second) << 16).AsByte(), (byte*)(to + i + 48), past);
            }

            End(past);
            Each(source[i..], destination[i..]);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void TableToBFloat16(ReadOnlySpan<T> source, Span<BFloat16> destination)
    {
        fixed (BFloat16* to = destination)
        {
            int i = Start(to, sizeof(BFloat16), source.Length, out bool past);
            Each(source[..i], destination);
            ref byte from = ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(source));
            for (; i <= source.Length - TableLanes512<T>.Count; i += TableLanes512<T>.Count)
            {
                (Vector512<ushort> first, Vector512<ushort> second) = TableLanes512<T>.Words(ref Unsafe.Add(ref from, i));
                Store(first.AsByte(), (byte*)(to + i), past);
                Store(second.AsByte(), (byte*)(to + i + 32), past);
            }

            End(past);
            Each(source[i..], destination[i..]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StepToSingle<TLanes, TVector>(ref byte source, float* destination, bool past)
        where TLanes : IByteLanes<TVector>
    {
        WideningKernel<T, TLanes, TVector>.Split(TLanes.LoadForSingles(ref source), out TVector low, out TVector high);
        TLanes.StoreSingles(low, high, ref *destination, past);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StepToBFloat16<TLanes, TVector>(ref byte source, BFloat16* destination, bool past)
        where TLanes : IByteLanes<TVector>
    {
        WideningKernel<T, TLanes, TVector>.Split(TLanes.LoadForWords(ref source), out TVector low, out TVector high);
        TLanes.StoreWords(low, high, ref *(ushort*)destination, past);
    }

    // What is not there may be asked for.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Ahead(ref byte source)
    {
        if (Sse.IsSupported)
        {
            Sse.PrefetchNonTemporal((byte*)Unsafe.AsPointer(ref source) + PrefetchDistance);
        }
    }

    // How many elements come before the first that a store past the caches may begin at; none where stores are ordinary.
    static int Start(void* destination, int size, int length, out bool past)
    {
        past = Sse2.IsSupported && (long)length * size >= PastCaches && (nuint)destination % (nuint)size == 0;
        return past ? (int)((StoreAlignment - ((nuint)destination % StoreAlignment)) % StoreAlignment) / size : 0;
    }

    // Stores past the caches are not ordered with others: whoever is told that the results are there must find them.
    static void End(bool past)
    {
        if (past)
        {
            Sse.StoreFence();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(Vector512<byte> value, byte* destination, bool past)
    {
        if (past)
        {
            value.StoreAlignedNonTemporal(destination);
        }
        else
        {
            value.Store(destination);
        }
    }

    static void Each(ReadOnlySpan<T> source, Span<float> destination)
    {
        for (int i = 0; i < source.Length; i++)
        {
            destination[i] = Code<T>.ToSingle(source[i]);
        }
    }

    static void Each(ReadOnlySpan<T> source, Span<BFloat16> destination)
    {
        for (int i = 0; i < source.Length; i++)
        {
            destination[i] = Code<BFloat16>.Round(Code<T>.ToSingle(source[i]));
        }
    }
}
