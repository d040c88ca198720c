// Narrow floats, and products of 16 x 16 and 16 x 8 of them (mma.sync m16n8k16, sums in float32).
//
// Operands of lane (g = lane / 4, t = lane % 4): A holds rows g and g + 8 at the logical columns 2t, 2t + 1, 2t + 8, 2t + 9; B the same columns of
// its column g; the sums are rows g and g + 8 at columns 2t and 2t + 1. Which columns of memory the logical ones are is free, as long as A and B agree:
// a lane takes what lies together.
#pragma once
#include "shim.cuh"

// Two floats, rounded to nearest even; the first in the lower half.
DEVICE u32 pack_bf16(float low, float high)
{
    u32 result;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
    return result;
}

DEVICE u32 pack_f16(float low, float high)
{
    u32 result;
    asm("{ .reg .b16 l, h; cvt.rn.f16.f32 l, %1; cvt.rn.f16.f32 h, %2; mov.b32 %0, {l, h}; }" : "=r"(result) : "f"(low), "f"(high));
    return result;
}

DEVICE float low_bf16(u32 pair) { return float_of(pair << 16); }
DEVICE float high_bf16(u32 pair) { return float_of(pair & 0xffff0000); }

DEVICE float widen_f16(u16 bits)
{
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(bits));
    return result;
}

DEVICE float low_f16(u32 pair) { return widen_f16((u16)pair); }
DEVICE float high_f16(u32 pair) { return widen_f16((u16)(pair >> 16)); }

DEVICE u32 permute_bytes(u32 a, u32 b, u32 selector) { return __nvvm_prmt(a, b, selector); }

// What E4M3 codes are multiplied with after they are widened to float16: before sm_89 bits are only moved, and the exponent's bias stays behind.
#if __CUDA_ARCH__ >= 890
constexpr float E4M3Factor = 1;
#else
constexpr float E4M3Factor = 256;
#endif

// Four codes, as two pairs of float16, times E4M3Factor.
DEVICE u32x2 widen_e4m3(u32 codes)
{
    u32x2 result;
#if __CUDA_ARCH__ >= 890
    asm("{ .reg .b16 l, h; mov.b32 {l, h}, %2; cvt.rn.f16x2.e4m3x2 %0, l; cvt.rn.f16x2.e4m3x2 %1, h; }" : "=r"(result.x), "=r"(result.y) : "r"(codes));
#else
    u32 low = permute_bytes(codes, 0, 0x1404);
    u32 high = permute_bytes(codes, 0, 0x3424);
    result.x = (low & 0x80008000) | ((low & 0x7f007f00) >> 1);
    result.y = (high & 0x80008000) | ((high & 0x7f007f00) >> 1);
#endif
    return result;
}

DEVICE u32x2 widen_e5m2(u32 codes)
{
    u32x2 result;
    result.x = permute_bytes(codes, 0, 0x1404);
    result.y = permute_bytes(codes, 0, 0x3424);
    return result;
}

// The E4M3 value nearest to x, ties to even, beyond 448 it is 448; infinity and NaN are NaN.
DEVICE float round_e4m3(float x)
{
    // Of a normal value three bits stay behind the leading one; below 2^-6 all values are multiples of 2^-9.
    u32 bits = bits_of(x) & 0x7fffffff;
    float normal = float_of((bits + 0x7ffff + ((bits >> 20) & 1)) & 0xfff00000);
    constexpr float Multiples = 1.5f * (1 << 14);
    float subnormal = (float_of(bits) + Multiples) - Multiples;
    float magnitude = bits < 0x3c800000 ? subnormal : __builtin_fminf(normal, 448);
    magnitude = is_finite(x) ? magnitude : float_of(0x7fffffff);
    return float_of(bits_of(magnitude) | (bits_of(x) & 0x80000000));
}

// The code of a value that round_e4m3 or round_e5m2 gave: it has no bits that the code has not.
DEVICE u32 code_e4m3(float value)
{
    u32 sign = (bits_of(value) >> 24) & 0x80;
    float magnitude = __builtin_fabsf(value);
    u32 normal = (bits_of(magnitude) >> 20) - (120 << 3);
    u32 subnormal = (u32)(magnitude * 512);
    return sign | (!is_finite(value) ? 0x7f : magnitude < 0.015625f ? subnormal : normal);
}

// rn(x) in E5M2, which is the upper half of a float16: beyond 57344 it is 57344, infinity and NaN stay.
DEVICE u32 code_e5m2(float x)
{
    u32 bits = bits_of(x) & 0x7fffffff;
    u32 sign = (bits_of(x) >> 24) & 0x80;
    float normal = float_of((bits + 0xfffff + ((bits >> 21) & 1)) & 0xffe00000);
    constexpr float Multiples = 1.5f * (1 << 7);
    float subnormal = (float_of(bits) + Multiples) - Multiples;
    u32 code = bits < 0x38800000 ? (u32)(subnormal * 65536) : (bits_of(__builtin_fminf(normal, 57344)) >> 21) - (112 << 2);
    return sign | (bits > 0x7f800000 ? 0x7f : bits == 0x7f800000 ? 0x7c : code);
}

DEVICE void multiply_f16(f32x4& sums, u32x4 a, u32 b0, u32 b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums.x), "+f"(sums.y), "+f"(sums.z), "+f"(sums.w) : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b0), "r"(b1));
}

DEVICE void multiply_bf16(f32x4& sums, u32x4 a, u32 b0, u32 b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums.x), "+f"(sums.y), "+f"(sums.z), "+f"(sums.w) : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b0), "r"(b1));
}

// The same of 16 x 32 and 32 x 8 values of 8 bits, which are exact; the sums of a product are of some 14 bits (docs/gpu-kernels.md, section 1). A register holds
// four columns of the memory's, where those of 16 bits hold two.
#if __CUDA_ARCH__ >= 890
DEVICE void multiply_e4m3(f32x4& sums, u32x4 a, u32 b0, u32 b1)
{
    asm("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums.x), "+f"(sums.y), "+f"(sums.z), "+f"(sums.w) : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b0), "r"(b1));
}

DEVICE void multiply_e5m2(f32x4& sums, u32x4 a, u32 b0, u32 b1)
{
    asm("mma.sync.aligned.m16n8k32.row.col.f32.e5m2.e4m3.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums.x), "+f"(sums.y), "+f"(sums.z), "+f"(sums.w) : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b0), "r"(b1));
}
#endif
