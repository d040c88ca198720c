// Inputs of linear layers as operands of 16 bits: of every row one to three planes, which add up to it, and a scale for each group of 128 columns.
//
// A plane's group is 256 bytes, in the order in which a kernel takes it; codes of a byte each are one plane of 128 bytes a group.
#pragma once
#include "numbers.cuh"

enum Form : i32
{
    // x / s rounded to E4M3; s from the largest magnitude of the group.
    GroupCodes,

    // The same with a scale that is given, or of the whole row.
    GivenCodes,

    // x / s as one or two float16; s is the power of two that brings the largest magnitude into [2^13, 2^14).
    Halves,

    // x as bfloat16, and what that leaves as another, up to three; no scales.
    BFloats,
};

enum Order : i32
{
    // For weights of 16 bits, whose lanes take 8 columns at a time.
    AsTheyAre,

    // For weights of 8 bits, of which a lane t = lane % 4 loads 16 columns at once: chunk by chunk of 8 values, chunk i of lane t is columns
    // 64 (i / 2) + 16 t + 8 (i % 2) and on.
    ForLanes,

    // The same for linear_wide, which takes the inputs of a product of 16 columns as they lie: its columns 2t, 2t + 1, 2t + 8 and 2t + 9 are of product i those
    // from 64 (i / 4) + 16 t + 4 (i % 4) on.
    ForProducts,

    // For products of 8 bits: E4M3, a byte each, columns as they are.
    AsCodes,
};

struct Preparation
{
    u16* planes;      // [row * count + plane][groups of the row * 128]
    float* scales;    // [group][scale_stride], one for each row and plane; null for BFloats
    i32 form;
    i32 count;        // planes of a row
    i32 order;
    i32 is_bfloat;    // codes as bfloat16
    i32 power_of_two; // whether computed scales are rounded up to a power of two
    i32 scale_stride;
    i32 groups;
    float scale;      // GivenCodes: above 0 the scale
    float bound;      // the most that counts as a largest magnitude
};

// Of magnitudes as bits, where NaN is more than infinity.
DEVICE float code_scale(u32 largest, const Preparation& form)
{
    float least_magnitude = 1e-10f;
    float magnitude = float_of(most(largest, bits_of(least_magnitude)));
    float scale = (magnitude > form.bound ? form.bound : magnitude) / 448;
    return form.power_of_two && is_finite(scale) ? float_of((bits_of(scale) + 0x007fffff) & 0xff800000) : scale;
}

DEVICE u32 largest_bits(f32x4 x)
{
    return most(most(bits_of(x.x) & 0x7fffffff, bits_of(x.y) & 0x7fffffff), most(bits_of(x.z) & 0x7fffffff, bits_of(x.w) & 0x7fffffff));
}

DEVICE f32x4 difference(f32x4 x, u32 low, u32 high, bool is_bfloat)
{
    f32x4 result;
    result.x = x.x - (is_bfloat ? low_bf16(low) : low_f16(low));
    result.y = x.y - (is_bfloat ? high_bf16(low) : high_f16(low));
    result.z = x.z - (is_bfloat ? low_bf16(high) : low_f16(high));
    result.w = x.w - (is_bfloat ? high_bf16(high) : high_f16(high));
    return result;
}

// One group of one row, by a warp whose lane i has columns 4 i to 4 i + 3. What is behind the row's end is zero.
DEVICE void prepare_group(const Preparation& to, i32 row, i32 group, f32x4 x, float row_scale)
{
    i32 lane = lane_index();
    bool is_bfloat = to.form == BFloats || to.is_bfloat;
    float scale = row_scale;
    if (to.form == GroupCodes)
    {
        scale = code_scale(warp_most(largest_bits(x)), to);
    }
    else if (to.form == Halves)
    {
        // Below 2^-100 nothing is lost either: there the scale stays, and its inverse is a number.
        u32 exponent = warp_most(largest_bits(x)) >> 23;
        u32 kept = most(exponent, 27u);
        scale = float_of((kept - 13) << 23);
        x = x * float_of((254 + 13 - kept) << 23);
    }

    if (to.form == GroupCodes || to.form == GivenCodes)
    {
        x.x = round_e4m3(x.x / scale);
        x.y = round_e4m3(x.y / scale);
        x.z = round_e4m3(x.z / scale);
        x.w = round_e4m3(x.w / scale);
    }

    i32 first = row * to.count;
    u64 at = ((u64)first * to.groups) + group;
    if (to.order == AsCodes)
    {
        ((u32*)to.planes)[(at * WarpLanes) + lane] = code_e4m3(x.x) | (code_e4m3(x.y) << 8) | (code_e4m3(x.z) << 16) | (code_e4m3(x.w) << 24);
        if (lane == 0)
        {
            to.scales[((u64)group * to.scale_stride) + row] = scale;
        }

        return;
    }

    i32 t = lane % 16 / 4;
    i32 chunk = ((lane / 16) * 2) + ((lane % 4) / 2);
    i32 product = ((lane / 16) * 4) + (lane % 4);
    i32 place = to.order == ForProducts ? (product * 16) + (t * 2) : to.order == ForLanes ? (((chunk * 4) + t) * 8) + ((lane % 2) * 4) : lane * 4;
    u16* plane = to.planes + (at * Group) + place;
    KEEP_LOOP for (i32 i = 0; i < to.count; i++, plane += (u64)to.groups * Group)
    {
        u32x2 packed;
        packed.x = is_bfloat ? pack_bf16(x.x, x.y) : pack_f16(x.x, x.y);
        packed.y = is_bfloat ? pack_bf16(x.z, x.w) : pack_f16(x.z, x.w);
        if (to.order == ForProducts)
        {
            *(u32*)plane = packed.x;
            *(u32*)(plane + 8) = packed.y;
        }
        else
        {
            *(u32x2*)plane = packed;
        }

        x = difference(x, packed.x, packed.y, is_bfloat);
        if (to.scales && lane == 0)
        {
            to.scales[((u64)group * to.scale_stride) + first + i] = scale;
        }
    }
}
