// Weights in rows, of which a lane takes four neighbouring columns in float32.
#pragma once
#include "numbers.cuh"

DEVICE f32x4 of_halves(u32x2 pair)
{
    return (f32x4){low_f16(pair.x), high_f16(pair.x), low_f16(pair.y), high_f16(pair.y)};
}

struct E4M3 { static constexpr i32 Bytes = 1; DEVICE f32x4 load(const u8* at) { return of_halves(widen_e4m3(*(const u32*)at)) * E4M3Factor; } };
struct E5M2 { static constexpr i32 Bytes = 1; DEVICE f32x4 load(const u8* at) { return of_halves(widen_e5m2(*(const u32*)at)); } };
struct F16 { static constexpr i32 Bytes = 2; DEVICE f32x4 load(const u8* at) { return of_halves(*(const u32x2*)at); } };
struct F32 { static constexpr i32 Bytes = 4; DEVICE f32x4 load(const u8* at) { return *(const f32x4*)at; } };
struct BF16
{
    static constexpr i32 Bytes = 2;
    DEVICE f32x4 load(const u8* at)
    {
        u32x2 pair = *(const u32x2*)at;
        return (f32x4){low_bf16(pair.x), high_bf16(pair.x), low_bf16(pair.y), high_bf16(pair.y)};
    }
};
