// Weights of 4 bits, and those whose scales are for fewer than 128 columns, as they lie on the card: tiles of 16 rows and a group of 128 columns, those of
// the same rows one after another. A tile is what the lanes of a warp load, in their order: 16 bytes of each lane for row g = lane / 4, in one, two or four
// loads, then as many for row g + 8; behind the codes lie the scales, where those are in 8 bits too. Rows and columns that fill up a tile are zeros.
//
// Span i of a group is its columns 32 i to 32 i + 31, of which lane t = lane % 4 has those from 32 i + 8 t on: the order of inputs for weights of 16 bits
// (prepare.cuh). So products 2 i and 2 i + 1 are of these columns alone, and what they add up to can be scaled.
#pragma once
#include "async_copy.cuh"
#include "linear.cuh"

constexpr i32 TiledRows = 16;
constexpr i32 Spans = 4;

// Of an object, where DEVICE is of a type.
#define METHOD __attribute__((device)) __attribute__((always_inline)) inline

DEVICE u32 multiply_pairs(u32 a, u32 b)
{
    u32 result;
    asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

// (a & b) | c, one instruction.
DEVICE u32 masked_or(u32 a, u32 b, u32 c)
{
    u32 result;
    asm("lop3.b32 %0, %1, %2, %3, 0xea;" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
}

DEVICE u32 load_shared_word(u32 at)
{
    u32 value;
    asm volatile("ld.shared.u32 %0, [%1];" : "=r"(value) : "r"(at));
    return value;
}

// Codes of a lane's 8 columns of a span, as four pairs of float16 times 1 / Factor.
struct E2M1Codes
{
    static constexpr i32 Loads = 1;
    static constexpr float Factor = 16384;

    // Sign, exponent and fraction of a code, s ee f, are bits 15 and 11 to 9 of its float16. A word has the first code of each pair in its lower half: that of
    // pair 0 in these bits, pair 1 in bits 12 and 8 to 6, pair 2 in 13 and 2 to 0, pair 3 in 14 and 5 to 3.
    DEVICE u32x4 widen(const u32x4* loaded, i32 span)
    {
        constexpr u32 Signs = 0x80008000;
        constexpr u32 Magnitudes = 0x0e000e00;
        u32 word = loaded[0][span];
        u32x4 pairs;
        pairs.x = word & (Signs | Magnitudes);
        pairs.y = (word << 3) & (Signs | Magnitudes);
        pairs.z = masked_or(word << 9, Magnitudes, (word << 2) & Signs);
        pairs.w = masked_or(word << 6, Magnitudes, (word << 1) & Signs);
        return pairs;
    }
};

template<typename Element>
DEVICE u32x4 widen_bytes(const u32x4* loaded, i32 span)
{
    u32x2 first = Element::widen(loaded[span / 2][(span % 2) * 2]);
    u32x2 second = Element::widen(loaded[span / 2][((span % 2) * 2) + 1]);
    return (u32x4){first.x, first.y, second.x, second.y};
}

struct E4M3Codes
{
    static constexpr i32 Loads = 2;
    static constexpr float Factor = E4M3Factor;
    DEVICE u32x4 widen(const u32x4* loaded, i32 span) { return widen_bytes<E4M3Weights>(loaded, span); }
};

struct E5M2Codes
{
    static constexpr i32 Loads = 2;
    static constexpr float Factor = 1;
    DEVICE u32x4 widen(const u32x4* loaded, i32 span) { return widen_bytes<E5M2Weights>(loaded, span); }
};

// E4M3 without NaN but one code, which no weight has, and a bias of 8: bits are moved, on every card.
struct FnuzCodes
{
    static constexpr i32 Loads = 2;
    static constexpr float Factor = 128;
    DEVICE u32x2 widen(u32 codes)
    {
        u32 low = permute_bytes(codes, 0, 0x1404);
        u32 high = permute_bytes(codes, 0, 0x3424);
        return (u32x2){(low & 0x80008000) | ((low & 0x7f007f00) >> 1), (high & 0x80008000) | ((high & 0x7f007f00) >> 1)};
    }

    DEVICE u32x4 widen(const u32x4* loaded, i32 span) { return widen_bytes<FnuzCodes>(loaded, span); }
};

// Float16 itself, a load of a lane for each span: for experts, which have no kernels of rows in it.
struct F16Codes
{
    static constexpr i32 Loads = 4;
    static constexpr float Factor = 1;
    DEVICE u32x4 widen(const u32x4* loaded, i32 span) { return loaded[span]; }
};

// Where a lane's float32 scales are, of rows g and g + 8: one for 2^shift spans, the last at `last`.
struct RowScales
{
    const float* upper;
    const float* lower;
    i32 last;
    i32 shift;
};

// Those of a lane's rows of 16 from the first on; rows behind the last have its scales.
DEVICE RowScales row_scales(const float* scales, i32 block_rows, i32 stride, i32 shift, i32 first_row, i32 rows)
{
    i32 upper = least(first_row + (lane_index() / 4), rows - 1);
    i32 lower = least(first_row + (lane_index() / 4) + 8, rows - 1);
    return {scales + ((u64)(upper / block_rows) * stride), scales + ((u64)(lower / block_rows) * stride), stride - 1, shift};
}

// A tile in the card's memory, or copied to a block's.
struct GlobalTile
{
    const u8* at;
    METHOD u32x4 load_codes(i32 offset) const { return load_once(at + offset); }
    METHOD u32 load_scales(i32 offset) const { return load_global((const u32*)(at + offset)); }
};

struct SharedTile
{
    u32 at;
    METHOD u32x4 load_codes(i32 offset) const { return load_shared(at + offset); }
    METHOD u32 load_scales(i32 offset) const { return load_shared_word(at + offset); }
};

// E8M0 for 32 columns, 4 bytes of each row: sums are multiplied with them, which loses nothing.
struct PowerScales
{
    static constexpr i32 Bytes = TiledRows * Spans;
    static constexpr bool AreFolded = false;
    u32 upper;
    u32 lower;

    template<typename Tile>
    METHOD void load(const Tile& tile, i32 offset, const RowScales&, i32)
    {
        upper = tile.load_scales(offset + (lane_index() & ~3));
        lower = tile.load_scales(offset + (lane_index() & ~3) + (8 * Spans));
    }

    // 2^(code - 127), and 0 for the code 0, 2^-127, which what is quantised to zeros has.
    DEVICE float value(u32 codes, i32 span) { return float_of(((codes >> (8 * span)) << 23) & 0x7f800000); }
    METHOD float upper_scale(i32 span) const { return value(upper, span); }
    METHOD float lower_scale(i32 span) const { return value(lower, span); }
};

// Float32, in a matrix of their own.
struct FloatScales
{
    static constexpr i32 Bytes = 0;
    static constexpr bool AreFolded = false;
    float upper[Spans];
    float lower[Spans];

    template<typename Tile>
    METHOD void load(const Tile&, i32, const RowScales& rows, i32 group)
    {
        UNROLL for (i32 span = 0; span < Spans; span++)
        {
            i32 place = least(((group * Spans) + span) >> rows.shift, rows.last);
            upper[span] = load_global(rows.upper + place);
            lower[span] = load_global(rows.lower + place);
        }
    }

    METHOD float upper_scale(i32 span) const { return upper[span]; }
    METHOD float lower_scale(i32 span) const { return lower[span]; }
};

// E4M3 for 16 columns: 8 bytes of each row, first those for the columns of lanes 0 and 1 of each span, then of 2 and 3. Codes of 4 bits are multiplied with
// them in float16, which loses nothing: 2 and 4 bits make 6, of 2^-10 to 2688. The tensor's own scale comes last.
struct FoldedScales
{
    static constexpr i32 Bytes = TiledRows * Spans * 2;
    static constexpr bool AreFolded = true;
    u32 upper;
    u32 lower;

    template<typename Tile>
    METHOD void load(const Tile& tile, i32 offset, const RowScales&, i32)
    {
        i32 own = ((lane_index() / 4) * 8) + ((lane_index() & 2) * 2);
        upper = tile.load_scales(offset + own);
        lower = tile.load_scales(offset + own + 64);
    }

    // The scale twice: its bits are moved, which leaves 2^-8, and 256 takes that back.
    DEVICE u32 value(u32 codes, i32 span) { return multiply_pairs(permute_bytes(codes, 0, 0x0404 | (span << 4) | (span << 12)) >> 1, 0x5c005c00); }
    DEVICE u32x4 fold(u32 codes, i32 span, u32x4 pairs)
    {
        u32 scale = value(codes, span);
        return (u32x4){multiply_pairs(pairs.x, scale), multiply_pairs(pairs.y, scale), multiply_pairs(pairs.z, scale), multiply_pairs(pairs.w, scale)};
    }
};

template<typename CodesOf, typename ScalesOf>
struct TiledWeights
{
    using Codes = CodesOf;
    using Scales = ScalesOf;
    static constexpr i32 CodeBytes = Codes::Loads * TiledRows * 64;
    static constexpr i32 Bytes = CodeBytes + Scales::Bytes;
};

using MxE2M1 = TiledWeights<E2M1Codes, PowerScales>;
using NvE2M1 = TiledWeights<E2M1Codes, FoldedScales>;
using MxE4M3 = TiledWeights<E4M3Codes, PowerScales>;
using MxE5M2 = TiledWeights<E5M2Codes, PowerScales>;
using SmallE4M3 = TiledWeights<E4M3Codes, FloatScales>;
using SmallE5M2 = TiledWeights<E5M2Codes, FloatScales>;
using SmallFnuz = TiledWeights<FnuzCodes, FloatScales>;
using SmallF16 = TiledWeights<F16Codes, FloatScales>;

template<typename Weights>
struct LoadedTile
{
    u32x4 upper[Weights::Codes::Loads];
    u32x4 lower[Weights::Codes::Loads];
    typename Weights::Scales scales;
};

template<typename Weights, typename Tile>
DEVICE void load_tile(LoadedTile<Weights>& to, const Tile& tile, const RowScales& rows, i32 group)
{
    constexpr i32 Loads = Weights::Codes::Loads;
    UNROLL for (i32 i = 0; i < Loads; i++)
    {
        to.upper[i] = tile.load_codes((i * 512) + (lane_index() * 16));
        to.lower[i] = tile.load_codes(((Loads + i) * 512) + (lane_index() * 16));
    }

    to.scales.load(tile, Weights::CodeBytes, rows, group);
}

// Operands A of the 8 products of a group.
template<typename Weights>
DEVICE void widen_tile(u32x4* operands, const LoadedTile<Weights>& loaded)
{
    UNROLL for (i32 span = 0; span < Spans; span++)
    {
        u32x4 a = Weights::Codes::widen(loaded.upper, span);
        u32x4 b = Weights::Codes::widen(loaded.lower, span);
        if constexpr (Weights::Scales::AreFolded)
        {
            a = Weights::Scales::fold(loaded.scales.upper, span, a);
            b = Weights::Scales::fold(loaded.scales.lower, span, b);
        }

        operands[2 * span] = (u32x4){a.x, b.x, a.y, b.y};
        operands[(2 * span) + 1] = (u32x4){a.z, b.z, a.w, b.w};
    }
}

// The products of a group with 8 columns of inputs, whose chunks of the group are x, times the scales of the group's spans.
template<typename Weights>
DEVICE f32x4 tile_products(const u32x4* operands, const typename Weights::Scales& scales, const u32x4* x)
{
    if constexpr (Weights::Scales::AreFolded)
    {
        // Two sums: a product waits for the one before the last.
        f32x4 even = 0;
        f32x4 odd = 0;
        UNROLL for (i32 span = 0; span < Spans; span++)
        {
            multiply_f16(even, operands[2 * span], x[span].x, x[span].y);
            multiply_f16(odd, operands[(2 * span) + 1], x[span].z, x[span].w);
        }

        return even + odd;
    }
    else
    {
        f32x4 total;
        UNROLL for (i32 span = 0; span < Spans; span++)
        {
            f32x4 sums = 0;
            multiply_f16(sums, operands[2 * span], x[span].x, x[span].y);
            multiply_f16(sums, operands[(2 * span) + 1], x[span].z, x[span].w);
            f32x4 scale = {scales.upper_scale(span), scales.upper_scale(span), scales.lower_scale(span), scales.lower_scale(span)};
            total = span == 0 ? sums * scale : total + (sums * scale);
        }

        return total;
    }
}

// What all sums of a layer are multiplied with at their end.
template<typename Weights>
DEVICE float tile_factor(const float* scales) { return Weights::Scales::AreFolded ? Weights::Codes::Factor * load_global(scales) : Weights::Codes::Factor; }
