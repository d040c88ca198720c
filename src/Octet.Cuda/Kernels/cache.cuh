// Pages of keys and values: for each layer and head the keys of 32 tokens, [token][dimension], then their values, [dimension][token].
//
// An element's load gives eight values that lie together as two pairs of operands, from a page or, by load_copied, from shared memory, to where its copy
// brings eight.
#pragma once
#include "async_copy.cuh"
#include "numbers.cuh"

constexpr i32 PageTokens = 32;

struct Pages
{
    const u64* addresses;   // of all sequences of a step, one after the other
    const i32* tables;      // of each row, where those of its sequence begin
    const i32* positions;   // of each row
    const float* scales;    // of each head of a layer: the keys', the values'; null: 1
    i32 layer;
    i32 heads;
    i32 dimensions;
};

template<typename Element>
DEVICE u8* head_keys(const Pages& pages, i32 table, i32 page, i32 head)
{
    u64 bytes = (u64)(PageTokens * Element::Bytes) * pages.dimensions;
    return (u8*)pages.addresses[table + page] + (((u64)(pages.layer * pages.heads) + head) * 2 * bytes);
}

// The keys of a page of latents, which all heads have in common: nothing but keys, the beginnings of which are values.
template<typename Element>
DEVICE u8* latent_keys(const Pages& pages, i32 table, i32 page)
{
    return (u8*)pages.addresses[table + page] + ((u64)pages.layer * (u64)(PageTokens * Element::Bytes) * pages.dimensions);
}

template<typename Element>
DEVICE u8* head_values(const Pages& pages, u8* keys) { return keys + ((u64)(PageTokens * Element::Bytes) * pages.dimensions); }

DEVICE float key_scale(const Pages& pages, i32 head) { return pages.scales ? load_global(pages.scales + (((pages.layer * pages.heads) + head) * 2)) : 1; }
DEVICE float value_scale(const Pages& pages, i32 head) { return pages.scales ? load_global(pages.scales + (((pages.layer * pages.heads) + head) * 2) + 1) : 1; }

struct CachedFloat
{
    static constexpr i32 Bytes = 4;
    DEVICE void store(u8* at, float x, float scale) { store_global((float*)at, x); }
};

struct CachedBFloat
{
    static constexpr i32 Bytes = 2;
    static constexpr bool IsScaled = false;
    static constexpr float Factor = 1;
    DEVICE void store(u8* at, float x, float scale) { store_global((u16*)at, (u16)pack_bf16(x, 0)); }
    DEVICE u32x4 load(const u8* at) { return load_once(at); }
    DEVICE u32x4 load_copied(u32 at) { return load_shared(at); }
    DEVICE void copy(u32 to, const u8* from) { copy_async(to, from); }
    DEVICE u32 pack(float low, float high) { return pack_bf16(low, high); }
    DEVICE float low(u32 pair) { return low_bf16(pair); }
    DEVICE float high(u32 pair) { return high_bf16(pair); }
    DEVICE void multiply(f32x4& sums, u32x4 a, u32 b0, u32 b1) { multiply_bf16(sums, a, b0, b1); }
};

// Codes of 8 bits, which are exact in float16. Queries have a power of two as scale there.
struct CachedHalf
{
    static constexpr i32 Bytes = 1;
    static constexpr bool IsScaled = true;
    DEVICE void copy(u32 to, const u8* from) { copy_async_8(to, from); }
    DEVICE u32 pack(float low, float high) { return pack_f16(low, high); }
    DEVICE float low(u32 pair) { return low_f16(pair); }
    DEVICE float high(u32 pair) { return high_f16(pair); }
    DEVICE void multiply(f32x4& sums, u32x4 a, u32 b0, u32 b1) { multiply_f16(sums, a, b0, b1); }
};

struct CachedE4M3 : CachedHalf
{
    static constexpr float Factor = E4M3Factor;
    DEVICE void store(u8* at, float x, float scale) { store_global(at, (u8)code_e4m3(round_e4m3(x / scale))); }
    DEVICE u32x4 load(const u8* at) { return widen(load_global((const u32x2*)at)); }
    DEVICE u32x4 load_copied(u32 at) { return widen(load_shared_8(at)); }
    DEVICE u32x4 widen(u32x2 codes)
    {
        u32x2 first = widen_e4m3(codes.x);
        u32x2 second = widen_e4m3(codes.y);
        return (u32x4){first.x, first.y, second.x, second.y};
    }
};

struct CachedE5M2 : CachedHalf
{
    static constexpr float Factor = 1;
    DEVICE void store(u8* at, float x, float scale) { store_global(at, (u8)code_e5m2(x / scale)); }
    DEVICE u32x4 load(const u8* at) { return widen(load_global((const u32x2*)at)); }
    DEVICE u32x4 load_copied(u32 at) { return widen(load_shared_8(at)); }
    DEVICE u32x4 widen(u32x2 codes)
    {
        u32x2 first = widen_e5m2(codes.x);
        u32x2 second = widen_e5m2(codes.y);
        return (u32x4){first.x, first.y, second.x, second.y};
    }
};
