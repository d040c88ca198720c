// Weights of linear layers as operands of products: row g = lane / 4 (and g + 8) of 16, and a group of 128 columns.
#pragma once
#include "numbers.cuh"

// A matrix of which a lane takes 16 columns of 8 bits, or 8 of 16 bits, at a time; t = lane % 4.
struct E4M3Weights
{
    static constexpr i32 Bytes = 1;
    static constexpr i32 Loads = 2;
    static constexpr float Factor = E4M3Factor;
    DEVICE u32x2 widen(u32 codes) { return widen_e4m3(codes); }
    DEVICE void multiply(f32x4& sums, u32x4 a, u32 b0, u32 b1) { multiply_f16(sums, a, b0, b1); }
};

struct E5M2Weights
{
    static constexpr i32 Bytes = 1;
    static constexpr i32 Loads = 2;
    static constexpr float Factor = 1;
    DEVICE u32x2 widen(u32 codes) { return widen_e5m2(codes); }
    DEVICE void multiply(f32x4& sums, u32x4 a, u32 b0, u32 b1) { multiply_f16(sums, a, b0, b1); }
};

struct F16Weights
{
    static constexpr i32 Bytes = 2;
    static constexpr i32 Loads = 4;
    static constexpr float Factor = 1;
    DEVICE void multiply(f32x4& sums, u32x4 a, u32 b0, u32 b1) { multiply_f16(sums, a, b0, b1); }
};

struct BF16Weights
{
    static constexpr i32 Bytes = 2;
    static constexpr i32 Loads = 4;
    static constexpr float Factor = 1;
    DEVICE void multiply(f32x4& sums, u32x4 a, u32 b0, u32 b1) { multiply_bf16(sums, a, b0, b1); }
};

// Operand A of product 0 to 7 of a group, out of what was loaded of both rows.
template<typename Weights>
DEVICE u32x4 operand(const u32x4* upper, const u32x4* lower, i32 product)
{
    if constexpr (Weights::Bytes == 1)
    {
        u32x2 a = Weights::widen(upper[product / 4][product % 4]);
        u32x2 b = Weights::widen(lower[product / 4][product % 4]);
        return (u32x4){a.x, b.x, a.y, b.y};
    }
    else
    {
        i32 word = (product % 2) * 2;
        u32x4 a = upper[product / 2];
        u32x4 b = lower[product / 2];
        return (u32x4){a[word], b[word], a[word + 1], b[word + 1]};
    }
}

// Adds the products of a group with 8 columns of inputs, whose chunks of the group (see prepare.cuh) are b.
template<typename Weights>
DEVICE f32x4 group_products(const u32x4* a, const u32x4* b)
{
    // Two sums: a product waits for the one before the last.
    f32x4 even = 0;
    f32x4 odd = 0;
    UNROLL for (i32 i = 0; i < 4; i++)
    {
        Weights::multiply(even, a[2 * i], b[i].x, b[i].y);
        Weights::multiply(odd, a[(2 * i) + 1], b[i].z, b[i].w);
    }

    return even + odd;
}
