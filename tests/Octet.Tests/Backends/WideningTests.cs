using System.Runtime.Intrinsics;
using Octet.Backends.Cpu;
using Octet.Tests.Reference;

namespace Octet.Tests.Backends;

/// <summary>Every code of every weight format through every vector width, in every lane.</summary>
public unsafe class WideningTests
{
    [Fact]
    public void E4m3_codes_widen_exactly_in_every_lane()
    {
        Check<Simd128, Vector128<float>>(Simd128.WidenE4M3, 1, code => E4M3.Decode((byte)code), 256);
        if (System.Runtime.Intrinsics.X86.Avx2.IsSupported)
        {
            Check<Simd256, Vector256<float>>(Simd256.WidenE4M3, 1, code => E4M3.Decode((byte)code), 256);
        }

        Check<Simd512, Vector512<float>>(Simd512.WidenE4M3, 1, code => E4M3.Decode((byte)code), 256);
        Check<Simd512, Vector512<float>>(VbmiE4M3Weights.Widen, 1, code => E4M3.Decode((byte)code), 256);
    }

    [Fact]
    public void E5m2_codes_widen_exactly_in_every_lane()
    {
        Check<Simd128, Vector128<float>>(Simd128.WidenE5M2, 1, code => E5M2.Decode((byte)code), 256);
        if (System.Runtime.Intrinsics.X86.Avx2.IsSupported)
        {
            Check<Simd256, Vector256<float>>(Simd256.WidenE5M2, 1, code => E5M2.Decode((byte)code), 256);
        }

        Check<Simd512, Vector512<float>>(Simd512.WidenE5M2, 1, code => E5M2.Decode((byte)code), 256);
    }

    [Fact]
    public void Raw_e4m3_codes_are_the_weights_times_a_power_of_two()
    {
        Assert.SkipUnless(System.Runtime.Intrinsics.X86.Avx2.IsSupported, "the form is written for AVX2");
        Check<Simd256, Vector256<float>>(RawE4M3Weights.Widen, 1, code => (code & 0x7F) == 0x7F ? E4M3.Decode((byte)(code - 1)) * 15 / 14 : E4M3.Decode((byte)code), 256, RawE4M3Weights.HalfUnit * RawE4M3Weights.HalfUnit);
    }

    [Fact]
    public void Halves_widen_exactly()
    {
        static double Decode(int code) => (double)BitConverter.UInt16BitsToHalf((ushort)code);
        Check<Simd128, Vector128<float>>(HalfWeights<Simd128, Vector128<float>>.Widen, 2, Decode, 65536);
        Check<Simd256, Vector256<float>>(HalfWeights<Simd256, Vector256<float>>.Widen, 2, Decode, 65536);
        Check<Simd512, Vector512<float>>(HalfWeights<Simd512, Vector512<float>>.Widen, 2, Decode, 65536);
    }

    [Fact]
    public void Bfloat16_widens_exactly()
    {
        static double Decode(int code) => BitConverter.UInt32BitsToSingle((uint)code << 16);
        Check<Simd128, Vector128<float>>(BFloat16Weights<Simd128, Vector128<float>>.Widen, 2, Decode, 65536);
        Check<Simd256, Vector256<float>>(BFloat16Weights<Simd256, Vector256<float>>.Widen, 2, Decode, 65536);
        Check<Simd512, Vector512<float>>(BFloat16Weights<Simd512, Vector512<float>>.Widen, 2, Decode, 65536);
    }

    [Fact]
    public void Bfloat16_narrows_to_nearest_even()
    {
        Narrow<Simd128, Vector128<float>>();
        Narrow<Simd256, Vector256<float>>();
        Narrow<Simd512, Vector512<float>>();
    }

    delegate void Widen<TVector>(byte* source, out TVector a, out TVector b, out TVector c, out TVector d);

    static void Check<TSimd, TVector>(Widen<TVector> widen, int bytes, Func<int, double> decode, int codes, double unit = 1)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        int lanes = 4 * TSimd.Count;
        byte* source = stackalloc byte[lanes * 2];
        float* result = stackalloc float[lanes];
        for (int code = 0; code < codes; code++)
        {
            // Neighbours differ, so that a swapped lane shows.
            for (int lane = 0; lane < lanes; lane++)
            {
                int value = (code + lane * 7) % codes;
                source[lane * bytes] = (byte)value;
                if (bytes == 2)
                {
                    source[lane * 2 + 1] = (byte)(value >> 8);
                }
            }

            widen(source, out TVector a, out TVector b, out TVector c, out TVector d);
            TSimd.Store(result, a);
            TSimd.Store(result + TSimd.Count, b);
            TSimd.Store(result + 2 * TSimd.Count, c);
            TSimd.Store(result + 3 * TSimd.Count, d);
            for (int lane = 0; lane < lanes; lane++)
            {
                // Element e of 32-bit lane i is result e of the vectors that widen that vector of lanes.
                double expected = decode((code + lane * 7) % codes);
                int inLane = 4 / bytes;
                int vector = lane / inLane / TSimd.Count * inLane + lane % inLane;
                double found = result[vector * TSimd.Count + lane / inLane % TSimd.Count] * unit;
                if (!found.Equals(expected) || (!double.IsNaN(expected) && double.IsNegative(found) != double.IsNegative(expected)))
                {
                    Assert.Fail($"{typeof(TSimd).Name}, code {(code + lane * 7) % codes:x}, element {lane}: {found}, expected {expected}");
                }
            }
        }
    }

    static void Narrow<TSimd, TVector>()
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var random = new Random(7);
        float* source = stackalloc float[TSimd.Count];
        ushort* result = stackalloc ushort[TSimd.Count];
        for (int i = 0; i < 20_000; i++)
        {
            for (int lane = 0; lane < TSimd.Count; lane++)
            {
                // Every third is a tie: exactly half way between two bfloat16 values.
                uint bits = (uint)random.NextInt64(1L << 32);
                source[lane] = BitConverter.UInt32BitsToSingle(i % 3 == 0 ? bits & 0xFFFF0000 | 0x8000 : bits);
            }

            TSimd.NarrowBFloat16(TSimd.Load(source), result);
            for (int lane = 0; lane < TSimd.Count; lane++)
            {
                float found = BitConverter.UInt32BitsToSingle((uint)result[lane] << 16);
                if (float.IsNaN(source[lane]))
                {
                    Assert.True(float.IsNaN(found));
                    continue;
                }

                // The two bfloat16 values around x, the nearer of them, the even one when both are as near.
                uint below = BitConverter.SingleToUInt32Bits(source[lane]) & 0xFFFF0000;
                double x = source[lane];
                double low = BitConverter.UInt32BitsToSingle(below);
                uint aboveBits = below + 0x10000;
                double high = (aboveBits & 0x7FFFFFFF) == 0x7F800000 ? Math.CopySign(Math.Pow(2, 128), x) : BitConverter.UInt32BitsToSingle(aboveBits);
                bool up = Math.Abs(high - x) < Math.Abs(x - low) || (Math.Abs(high - x) == Math.Abs(x - low) && (below >> 16) % 2 == 1);
                Assert.Equal(BitConverter.UInt32BitsToSingle(up ? aboveBits : below), found);
            }
        }
    }
}
